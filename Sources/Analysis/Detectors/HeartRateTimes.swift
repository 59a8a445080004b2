import Vitals

/// How long a person's heart beat at each rate in one local day, to the whole beat a minute: what a day's load and its
/// zones are computed from once the day's resting heart rate is known.
///
/// Whole milliseconds, so that no order of adding matters. A value counts until the next one, for at most `longestHold`
/// or the usual distance of its source's values, whichever is longer; the last one before a pause that leads into another
/// day counts for nothing, since nobody knows for how long it held. Late values count in minutes of which nothing was
/// known in time.
struct HeartRateTimes: Sendable, Equatable {
    /// Values further apart count for this long; ten seconds is what training software takes for a pause.
    static let longestHold: Int64 = 10_000
    static let rates = 20...250

    private(set) var day: DaySpan
    /// Milliseconds at each of `rates`.
    private(set) var spent: [UInt32] = Array(repeating: 0, count: HeartRateTimes.rates.count)
    /// A bit for each minute of the day that holds a timely value.
    private var timely: [UInt64] = Array(repeating: 0, count: 25)

    init(day: DaySpan) { self.day = day }

    /// Milliseconds in all.
    var total: Int64 { spent.reduce(0) { $0 + Int64($1) } }

    private func minute(_ time: Int64) -> Int { Int(Swift.min(Swift.max(0, (time - day.start) / 60_000), 25 * 64 - 1)) }

    func isTimely(_ time: Int64) -> Bool { timely[minute(time) / 64] >> UInt64(minute(time) % 64) & 1 == 1 }

    mutating func markTimely(_ time: Int64) { timely[minute(time) / 64] |= 1 << UInt64(minute(time) % 64) }

    /// Counts `span` ms at a rate.
    mutating func add(_ rate: Float, for span: Int64) {
        guard span > 0, rate.isFinite, rate >= Float(Self.rates.lowerBound), rate <= Float(Self.rates.upperBound) else {
            return
        }
        let place = Int(rate.rounded()) - Self.rates.lowerBound
        spent[place] = UInt32(clamping: Int64(spent[place]) + span)
    }

    /// Minutes at or above a rate.
    func minutes(from limit: Double) -> Double {
        var sum: Int64 = 0
        for (n, ms) in spent.enumerated() where Double(n + Self.rates.lowerBound) >= limit { sum += Int64(ms) }
        return Double(sum) / 60_000
    }
}

extension HeartRateTimes {
    func write(to writer: inout ByteWriter) {
        writer.integer(day.number)
        writer.integer(day.start)
        writer.integer(day.end)
        let used = spent.indices.filter { spent[$0] > 0 }
        writer.list(used) {
            $0.byte(UInt8($1))
            $0.count(Int(spent[$1]))
        }
        for word in timely { writer.integer(word) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let number: Int32 = try reader.integer()
        let start: Int64 = try reader.integer()
        let end: Int64 = try reader.integer()
        guard start >= -86_400_000 * 2, end > start, end - start <= 26 * 3_600_000, end <= Intake.lastTime + 172_800_000
        else { throw WireError(.malformed("a day from \(start) to \(end)"), at: reader.offset) }
        self.init(day: DaySpan(number: number, start: start, end: end))
        let used = try reader.list { (r: inout ByteReader) throws(WireError) -> (place: Int, ms: Int) in
            (Int(try r.byte()), try r.count())
        }
        for (place, ms) in used {
            guard place < spent.count else { throw WireError(.malformed("a rate out of range"), at: reader.offset) }
            spent[place] = UInt32(clamping: ms)
        }
        for n in timely.indices { timely[n] = try reader.integer() }
    }
}
