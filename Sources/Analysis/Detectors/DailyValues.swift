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

    struct Entry: Hashable, Sendable {
        var metric: Metric
        var day: Int32
        var time: Int64
        var value: Float
        var revision: UInt8
        var source: DeviceID
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
    func zscore(_ metric: Metric, days: Int, today: Int32) -> Double {
        let values = before(today, days: days, metric)
        guard values.count >= Self.enough, let now = entry(metric, day: today),
            let median = OrderedSamples.quantile(0.5, of: values),
            let mad = OrderedSamples.quantile(0.5, of: values.map { Float(abs(Double($0) - median)) }), mad > 0
        else { return .nan }
        return (Double(now.value) - median) / (Self.madScale * mad)
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
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        entries = try reader.list { (r: inout ByteReader) throws(WireError) in
            Entry(
                metric: try r.raw(), day: try r.integer(), time: try r.integer(), value: try r.float(),
                revision: try r.byte(), source: try r.id())
        }
        for i in entries.indices.dropFirst() where !Self.before(entries[i - 1], entries[i]) {
            throw WireError(.malformed("daily values out of order"), at: reader.offset)
        }
    }
}
