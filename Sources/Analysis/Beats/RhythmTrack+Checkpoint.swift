import Kernels
import Vitals

extension RhythmTrack {
    func write(to writer: inout ByteWriter) {
        writer.list(raw) { $1.write(to: &$0) }
        writer.count(waiting)
        writer.double(mean)
        writer.list(beats) { $1.write(to: &$0) }
        writer.integer(Int64(seen))
        writer.list(entropy.ring) { $0.integer($1) }
        writer.count(entropy.next)
        writer.integer(entropy.before)
        writer.integer(entropy.last)
        writer.list(looks) {
            $0.integer($1.time)
            $0.byte($1.look.rawValue)
            $0.bool($1.isIrregular)
        }
        writer.bool(isIrregular)
        writer.count(contrary)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        raw = try reader.list { (r: inout ByteReader) throws(WireError) in try Beat(from: &r) }
        waiting = try reader.count()
        mean = try reader.double()
        beats = try reader.list { (r: inout ByteReader) throws(WireError) in try Beat(from: &r) }
        seen = Int(clamping: try reader.integer(Int64.self))
        let ring = try reader.list { (r: inout ByteReader) throws(WireError) in try r.integer(UInt32.self) }
        let next = try reader.count()
        let before: Int32 = try reader.integer()
        let last: Int32 = try reader.integer()
        guard let entropy = WordEntropy(ring: ring, next: next, before: before, last: last) else {
            throw WireError(.malformed("words of a rhythm that cannot be"), at: reader.offset)
        }
        self.entropy = entropy
        looks = try reader.list {
            (r: inout ByteReader) throws(WireError) -> (time: Int64, look: Look, isIrregular: Bool) in
            (try r.integer(), try r.raw(), try r.bool())
        }
        isIrregular = try reader.bool()
        let window = Swift.min(seen, Self.window, beats.count)
        gaps = (1..<(window + 1)).count { beats[(seen - $0) % Self.kept].isFirst }
        contrary = try reader.count()
        // Indices are made of these.
        guard raw.count < Self.mostRaw, waiting <= raw.count, waiting <= Self.reach, seen >= 0,
            beats.count == Swift.min(seen, Self.kept), looks.count <= Self.delay, contrary < Self.agreeing,
            looks.isEmpty || seen >= Self.window
        else { throw WireError(.malformed("a rhythm that cannot be"), at: reader.offset) }
    }
}

extension RhythmTrack.Beat {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.integer(time)
        writer.double(interval)
        writer.bool(isFirst)
    }

    fileprivate init(from reader: inout ByteReader) throws(WireError) {
        self.init(time: try reader.integer(), interval: try reader.double(), isFirst: try reader.bool())
        guard (0...Intake.lastTime).contains(time), interval.isFinite, interval >= 0 else {
            throw WireError(.malformed("a beat that cannot be"), at: reader.offset)
        }
    }
}
