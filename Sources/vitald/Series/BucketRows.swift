import Storage
import Vitals

/// What samples come to in stretches of time, a row for each: `vitald samples --by`.
struct BucketRows {
    struct Wanted {
        var people: [Person]
        /// Empty for all.
        var metrics: Set<Metric>
        var source: DeviceID?
        var range: TimeRange
        var step: TimeSpan
        /// Whether people and sources are added up.
        var isTogether: Bool
    }

    private let store: any Store
    private let wanted: Wanted
    private let zone: Zone
    private let sources: [DeviceID: String]

    /// - Parameter zone: whose midnight stretches begin at.
    init(_ store: any Store, _ wanted: Wanted, _ zone: Zone, _ sources: [DeviceID: String]) {
        self.store = store
        self.wanted = wanted
        self.zone = zone
        self.sources = sources
    }

    func print(as format: RowFormat, on console: Console) throws {
        let ids = Set(wanted.people.map(\.id))
        // Who asks for one person waits for no other.
        let person = wanted.people.count == 1 ? wanted.people.first?.id : nil
        var rows = RowWriter(columns, as: format, on: console)
        if let range = try extent(of: person, ids) {
            guard let buckets = TimeBuckets(range, by: wanted.step, in: zone) else {
                throw CommandError.usage(
                    "--by \(wanted.step) cuts \(range.length) into too many stretches: take a longer one, or --from and --to"
                )
            }
            let series = try store.aggregates(of: person, metrics: wanted.metrics, in: buckets).filter {
                ids.contains($0.key.person) && (wanted.source == nil || $0.key.source == wanted.source)
            }
            if wanted.isTogether {
                for (metric, sums) in together(series, buckets.count) {
                    write(sums, in: buckets, to: &rows) { [.text(metric.name)] + $0 + [.text(metric.unit)] }
                }
            } else {
                let names = Dictionary(wanted.people.map { ($0.id, $0.name) }) { first, _ in first }
                for one in series {
                    let key = one.key
                    write(one.aggregates, in: buckets, to: &rows) {
                        [.text(names[key.person] ?? "\(key.person)"), .text(key.metric.name)] + $0
                            + [.text(key.metric.unit), .text(sources[key.source] ?? "\(key.source)")]
                    }
                }
            }
        }
        rows.end()
        if rows.count == 0 { console.note("no such samples") }
    }

    private var columns: [RowWriter.Column] {
        let numbers = ["count", "mean", "minimum", "maximum", "sum"] + (wanted.isTogether ? [] : ["first", "last"])
        return [.init("time", zone: zone)] + (wanted.isTogether ? [] : [.init("person")]) + [.init("metric")]
            + numbers.map { .init($0, isNumber: true) }
            + (wanted.isTogether ? [] : [.init("coverage", isNumber: true)]) + [.init("unit")]
            + (wanted.isTogether ? [] : [.init("source")])
    }

    /// The range that was asked for, as far as there is anything in it.
    private func extent(of person: PersonID?, _ people: Set<PersonID>) throws(StoreError) -> TimeRange? {
        var range: TimeRange?
        for series in try store.series(of: person)
        where people.contains(series.key.person)
            && (wanted.metrics.isEmpty || wanted.metrics.contains(series.key.metric))
            && (wanted.source == nil || wanted.source == series.key.source)
        {
            let own = TimeRange(series.first, series.last + .milliseconds(1))
            range = TimeRange(min(range?.start ?? own.start, own.start), max(range?.end ?? own.end, own.end))
        }
        guard let range else { return nil }
        // Whole stretches, where nobody said otherwise.
        let (start, end) = (max(range.start, wanted.range.start), min(range.end, wanted.range.end))
        let whole = TimeRange(
            start == wanted.range.start ? start : zone.start(of: zone.day(of: start)),
            end == wanted.range.end ? end : zone.start(of: zone.day(of: end) + 1))
        return whole.start < whole.end ? whole : nil
    }

    /// The series of each metric in one; in order of metric.
    private func together(_ series: [SeriesAggregates], _ count: Int) -> [(Metric, [Aggregate])] {
        var sums: [Metric: [Aggregate]] = [:]
        for one in series {
            var total = sums[one.key.metric] ?? [Aggregate](repeating: Aggregate(), count: count)
            for (i, aggregate) in one.aggregates.enumerated() { total[i].add(aggregate) }
            sums[one.key.metric] = total
        }
        return sums.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }

    private func write(
        _ sums: [Aggregate], in buckets: TimeBuckets, to rows: inout RowWriter, _ surrounded: ([Cell]) -> [Cell]
    ) {
        for (i, sum) in sums.enumerated() {
            guard let mean = sum.mean else { continue }
            var cells: [Cell] = [
                .integer(sum.count), .number(Self.rounded(mean)), .number(Double(sum.minimum)),
                .number(Double(sum.maximum)), .number(Self.rounded(sum.sum)),
            ]
            if !wanted.isTogether {
                let share = Double(sum.covered) / Double(buckets[i].length.milliseconds)
                cells += [.number(Double(sum.first)), .number(Double(sum.last)), .share(min(1, Self.rounded(share)))]
            }
            rows.row([.time(buckets[i].start, zone)] + surrounded(cells))
        }
    }

    /// To a millionth of a unit, beyond what any sensor knows.
    private static func rounded(_ value: Double) -> Double {
        value.magnitude < 1e9 ? (value * 1e6).rounded() / 1e6 : value
    }
}
