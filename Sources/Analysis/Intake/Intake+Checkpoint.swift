import Vitals

extension Intake {
    func write(to writer: inout ByteWriter) {
        writer.list(pending) { $0.wire($1) }
        writer.list(devices) {
            $0.id($1.id)
            $1.sensor.write(to: &$0)
            $1.beat.write(to: &$0)
            $0.list($1.counters) { $1.write(to: &$0) }
        }
    }

    init(from reader: inout ByteReader, version: Int) throws(WireError) {
        pending = try reader.list { (r: inout ByteReader) throws(WireError) in
            let sample: Sample = try r.wire()
            guard Self.isMoment(sample.time), Self.isMoment(sample.received), sample.value.isFinite else {
                throw WireError(.malformed("a sample that cannot be"), at: r.offset)
            }
            return sample
        }
        devices = try reader.list { (r: inout ByteReader) throws(WireError) in
            var device = DeviceTrack(id: try r.id())
            device.sensor = try SensorState(from: &r)
            device.beat = try BeatClock(from: &r, version: version)
            device.counters = try r.list { (r: inout ByteReader) throws(WireError) in
                try CounterTrack(from: &r, version: version)
            }
            return device
        }
    }
}
