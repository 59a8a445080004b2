import Vitals

/// The values of the daily series (resting heart rate …), one per local day.
struct DailyValues: Sendable {
    /// Baselines look back 60 days at least; a quarter is kept.
    static let kept = 92
    /// A baseline of fewer days is no baseline.
    static let enough = 7
    /// A bare daily metric is known for this long (DESIGN §8).
    static let hold: Int64 = 48 * 3_600_000
    /// Makes the median absolute deviation of a normal distribution its standard deviation.
    static let madScale = 1.4826

    struct Entry: Sendable {
        var metric: Metric
        var day: Int32
        var time: Int64
        var value: Float
        var revision: UInt8
        var source: DeviceID
        /// The tick at which the value was put in force; the largest number where history was made anew since.
        var known: Int64
        /// The value as it was known in time; NaN when there was none.
        var timely: Float
    }

    /// By metric, then day.
    private(set) var entries: [Entry] = []
    var isChanged = false

    private static func before(_ a: Entry, _ b: Entry) -> Bool {
        (a.metric.rawValue, a.day) < (b.metric.rawValue, b.day)
    }

    /// Keeps the value of a day; of two the higher revision wins, and among equals the first.
    mutating func put(_ entry: Entry) {
        var i = entries.count
        while i > 0, Self.before(entry, entries[i - 1]) { i -= 1 }
        if i > 0, entries[i - 1].metric == entry.metric, entries[i - 1].day == entry.day {
            guard entry.revision > entries[i - 1].revision else { return }
            entries[i - 1] = entry
        } else {
            entries.insert(entry, at: i)
            let own = range(of: entry.metric)
            if own.count > Self.kept { entries.remove(at: own.lowerBound) }
        }
        isChanged = true
    }

    mutating func remove(_ metric: Metric, day: Int32) {
        let count = entries.count
        entries.removeAll { $0.metric == metric && $0.day == day }
        if entries.count != count { isChanged = true }
    }

    private func range(of metric: Metric) -> Range<Int> {
        var low = 0
        while low < entries.count, entries[low].metric.rawValue < metric.rawValue { low += 1 }
        var high = low
        while high < entries.count, entries[high].metric == metric { high += 1 }
        return low..<high
    }

    func of(_ metric: Metric) -> ArraySlice<Entry> { entries[range(of: metric)] }

    func entry(_ metric: Metric, day: Int32) -> Entry? { of(metric).first { $0.day == day } }

    /// Values of the `days` local days before `today`.
    func before(_ today: Int32, days: Int, _ metric: Metric) -> [Float] {
        let from = Int64(today) - Int64(clamping: Swift.max(0, days))
        return of(metric).filter { Int64($0.day) >= from && $0.day < today }.map(\.value)
    }

    /// Median over the days before today; NaN for fewer than seven.
    func baseline(_ metric: Metric, days: Int, today: Int32) -> Double {
        let values = before(today, days: days, metric)
        guard values.count >= Self.enough else { return .nan }
        return OrderedSamples.quantile(0.5, of: values) ?? .nan
    }

    /// (today − median) / (1.4826 MAD); NaN without today's value, with fewer than seven days, or when they are all alike.
    ///
    /// - Parameter delay: how late today's value may have come, in ms; the days before count as they are known now.
    func zscore(_ metric: Metric, days: Int, today: Int32, within delay: Int64 = .max) -> Double {
        let values = before(today, days: days, metric)
        guard values.count >= Self.enough,
            let now = entry(metric, day: today).flatMap({ Self.seen($0, within: delay) }),
            let median = OrderedSamples.quantile(0.5, of: values),
            let mad = OrderedSamples.quantile(0.5, of: values.map { Float(abs(Double($0) - median)) }), mad > 0
        else { return .nan }
        return (Double(now) - median) / (Self.madScale * mad)
    }
}

extension DailyValues {
    func write(to writer: inout ByteWriter) {
        writer.list(entries) {
            $0.integer($1.metric.rawValue)
            $0.integer($1.day)
            $0.integer($1.time)
            $0.float($1.value)
            $0.byte($1.revision)
            $0.id($1.source)
            $0.integer($1.known)
            $0.float($1.timely)
        }
    }

    init(from reader: inout ByteReader, version: Int) throws(WireError) {
        entries = try reader.list { (r: inout ByteReader) throws(WireError) in
            var entry = Entry(
                metric: try r.raw(), day: try r.integer(), time: try r.integer(), value: try r.float(),
                revision: try r.byte(), source: try r.id(), known: 0, timely: .nan)
            // Versions before 6 did not tell what came late.
            (entry.known, entry.timely) =
                version > 5 ? (try r.integer(), try r.float()) : (entry.time, entry.value)
            return entry
        }
        guard entries.allSatisfy({ (0...Intake.lastTime * 2).contains($0.time) && $0.known >= 0 }) else {
            throw WireError(.malformed("a daily value at no time"), at: reader.offset)
        }
        for i in entries.indices.dropFirst() where !Self.before(entries[i - 1], entries[i]) {
            throw WireError(.malformed("daily values out of order"), at: reader.offset)
        }
    }
}
