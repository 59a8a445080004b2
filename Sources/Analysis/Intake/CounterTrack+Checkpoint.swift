import Vitals

extension CounterTrack {
    func write(to writer: inout ByteWriter) {
        func put(_ mark: Mark, _ writer: inout ByteWriter) {
            writer.double(mark.value)
            writer.integer(mark.time)
            writer.integer(mark.day)
        }
        writer.integer(metric.rawValue)
        writer.optional(baseline) { put($1, &$0) }
        writer.optional(held) {
            put($1.mark, &$0)
            $0.bool($1.counts)
        }
        ledger.write(to: &writer)
        writer.optional(lastDelta) { $0.integer($1) }
    }

    init(from reader: inout ByteReader, version: Int) throws(WireError) {
        func mark(_ r: inout ByteReader) throws(WireError) -> Mark {
            Mark(value: try r.double(), time: try r.integer(), day: try r.integer())
        }
        metric = try reader.raw()
        baseline = try reader.optional { (r: inout ByteReader) throws(WireError) in try mark(&r) }
        held = try reader.optional { (r: inout ByteReader) throws(WireError) in
            Held(mark: try mark(&r), counts: try r.bool())
        }
        if version > 2 {
            ledger = try Ledger(from: &reader)
        } else {
            let blocks = try reader.list { (r: inout ByteReader) throws(WireError) in
                let (start, value, to): (Int64, Double, Int64) = (try r.integer(), try r.double(), try r.integer())
                return Ledger.Claim(from: start, to: to, amount: value, isBlock: true, stamp: to)
            }
            let deltas = try reader.list { (r: inout ByteReader) throws(WireError) in
                let one = try mark(&r)
                return Ledger.Claim(from: one.time, to: one.time, amount: one.value)
            }
            ledger = Ledger(blocks: blocks, deltas: deltas)
        }
        lastDelta = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.integer() }
    }
}
