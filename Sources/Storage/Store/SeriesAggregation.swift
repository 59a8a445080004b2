import Vitals

/// Adds up the samples of one series in buckets, in order of time.
struct SeriesAggregation {
    let edges: [Int64]
    private(set) var aggregates: [Aggregate]
    private(set) var isEmpty = true
    /// The bucket of what came last.
    private var place = 0

    init(_ buckets: TimeBuckets) {
        edges = buckets.edges.map(\.milliseconds)
        aggregates = [Aggregate](repeating: Aggregate(), count: buckets.count)
    }

    /// Goes to the bucket of a time that is not before that of the last one; `false` where there is none.
    @inline(__always) private mutating func find(_ time: Int64) -> Bool {
        guard time >= edges[place] else { return false }
        if time < edges[place + 1] { return true }
        guard time < edges[edges.count - 1] else { return false }
        // Mostly the next one.
        if time < edges[place + 2] {
            place += 1
        } else {
            place = edges.firstIndex(in: place..<edges.count) { $0 <= time } - 1
        }
        return true
    }

    /// Takes in what begins at `time`.
    mutating func add(_ aggregate: Aggregate, at time: Int64) {
        guard !aggregate.isEmpty, find(time) else { return }
        aggregates[place].add(aggregate)
        isEmpty = false
    }

    /// Takes in a stretch that lies in one bucket; `false` where it does not.
    mutating func add(_ aggregate: Aggregate, from first: Int64, to last: Int64) -> Bool {
        guard find(first), last < edges[place + 1] else { return false }
        add(aggregate, at: first)
        return true
    }

    /// Takes in samples of whole quarters of an hour.
    mutating func add(_ samples: SampleColumns, _ range: Range<Int>, isIncrement: Bool) {
        samples.forEachUsable(in: range, isIncrement: isIncrement) { i, covered in
            guard find(samples.times[i]) else { return }
            aggregates[place].add(samples.values[i], covered: covered)
            isEmpty = false
        }
    }

    /// Takes in sums of a quarter of an hour of a rollup.
    mutating func add(_ rollup: Rollup, quarter: Int, of key: RollupKey) {
        for i in rollup.cells(of: quarter) {
            add(rollup.cells[i], at: key.start + Int64(rollup.places[i]) * rollup.step.length)
        }
    }
}
