import Vitals

extension IllnessCusum {
    /// Baseline, W and what is gathered of the first baseline; what follows from them is made anew on reading.
    func write(to writer: inout ByteWriter) {
        writer.list(baseline) { writer, day in for hour in day { hour.write(to: &writer) } }
        writer.list(gathered) { writer, one in
            writer.integer(one.day)
            for hour in one.hours { hour.write(to: &writer) }
        }
        writer.bool(isCoarse)
        writer.list(tail) { $0.double($1) }
        writer.double(sum)
        writer.count(run)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        let at = reader.offset
        baseline = try reader.list { (r: inout ByteReader) throws(WireError) in try Hour.day(from: &r) }
        gathered = try reader.list {
            (r: inout ByteReader) throws(WireError) -> (day: Int32, hours: [Hour]) in
            (try r.integer(), try Hour.day(from: &r))
        }
        isCoarse = try reader.bool()
        tail = try reader.list { (r: inout ByteReader) throws(WireError) in try r.double() }
        sum = try reader.double()
        run = try reader.count()
        guard baseline.count <= Self.baselineDays, gathered.count < Self.baselineDays, tail.count < Self.smoothing,
            baseline.isEmpty || gathered.isEmpty, gathered.allSatisfy({ DetectorDay.canBe($0.day) }), sum >= 0,
            sum.isFinite, run >= 0, run < 1_000_000
        else { throw WireError(.malformed("a baseline that cannot be"), at: at) }
        if !baseline.isEmpty { compare() }
    }
}

extension IllnessCusum.Hour {
    func write(to writer: inout ByteWriter) {
        writer.byte(UInt8(clamping: Int(count)))
        guard count > 0 else { return }
        writer.double(mean)
        writer.double(deviations)
    }

    private init(from reader: inout ByteReader) throws(WireError) {
        count = Double(try reader.byte())
        guard count > 0 else { return }
        mean = try reader.double()
        deviations = try reader.double()
        guard count <= 60, mean.isFinite, deviations >= 0, deviations.isFinite else {
            throw WireError(.malformed("an hour of \(count) minutes with mean \(mean)"), at: reader.offset)
        }
    }

    static func day(from reader: inout ByteReader) throws(WireError) -> [Self] {
        var hours: [Self] = []
        for _ in 0..<24 { hours.append(try Self(from: &reader)) }
        return hours
    }
}

extension IllnessCusum.Excursion {
    func write(to writer: inout ByteWriter) {
        for number in [hours, hoursToMost] { writer.count(number) }
        writer.double(most)
        writer.optional(alarm) { $1.write(to: &$0) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        hours = try reader.count()
        hoursToMost = try reader.count()
        most = try reader.double()
        alarm = try reader.optional { (r: inout ByteReader) throws(WireError) in try IllnessCusum.Result(from: &r) }
        guard hours >= 0, hours < 1_000_000, hoursToMost >= 0, hoursToMost <= hours, most.isFinite else {
            throw WireError(.malformed("an excursion of \(hours) hours"), at: reader.offset)
        }
    }
}

extension IllnessCusum.Result {
    func write(to writer: inout ByteWriter) {
        writer.integer(day)
        writer.byte(UInt8(clamping: hour))
        for number in [residual, sum, threshold, share] { writer.double(number) }
        writer.count(run)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        day = try reader.integer()
        hour = Int(try reader.byte())
        residual = try reader.double()
        sum = try reader.double()
        threshold = try reader.double()
        share = try reader.double()
        run = try reader.count()
        guard hour < 24, run >= 0 else { throw WireError(.malformed("hour \(hour)"), at: reader.offset) }
    }
}
