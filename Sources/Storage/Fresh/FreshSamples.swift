/// The samples of the journal, by series: what rests in no chunk yet.
///
/// A commit adds its journal row as it is. Rows are sorted into their series later, many at a time: in a house of
/// thousands, a sample appended to its own series finds nothing of that in the processor's caches.
struct FreshSamples {
    private struct Row {
        var sequence: UInt64
        var bytes: [UInt8]
        var count: Int
    }

    /// Samples of rows that wait to be sorted into their series, before that is done without being asked: so many that in a
    /// house of thousands of series each gets dozens at a time, so few that it takes milliseconds.
    static let mostWaiting = 1 << 16

    private(set) var series: [FreshSeries] = []
    /// Place of a series by its row id.
    private var places: [Int64: Int] = [:]
    /// Row id of a series by its place.
    private var ids: [Int64] = []
    private var waiting: [Row] = []
    private(set) var waitingCount = 0
    /// All of them.
    private(set) var count = 0

    /// The place of the series with that row id, made when it is new.
    mutating func place(of id: Int64) -> Int {
        if let place = places[id] { return place }
        places[id] = series.count
        ids.append(id)
        series.append(FreshSeries(place: series.count))
        return series.count - 1
    }

    /// Forgets a series that holds nothing; it is the last one.
    mutating func removeLast(_ id: Int64) {
        guard let place = places.removeValue(forKey: id), place == series.count - 1 else { return }
        series.removeLast()
        ids.removeLast()
    }

    /// Adds a row of the journal, which has `count` samples.
    mutating func add(_ bytes: [UInt8], sequence: UInt64, count number: Int) {
        waiting.append(Row(sequence: sequence, bytes: bytes, count: number))
        waitingCount += number
        count += number
    }

    /// Sorts all rows into their series.
    ///
    /// - Throws: `Damage` for rows that no writer made; then nothing is sorted.
    mutating func sort() throws(Damage) {
        guard !waiting.isEmpty else { return }
        var batch = Batch(capacity: waitingCount)
        var (last, place) = (Int64.min, 0)
        for row in waiting {
            try JournalRow.read(row.bytes, sequence: row.sequence) { entry in
                if entry.series != last {
                    // Ids mostly follow one another, and so do places.
                    let next = place + 1
                    let isNext = next < ids.count && ids[next] == entry.series
                    place = isNext ? next : self.place(of: entry.series)
                    last = entry.series
                }
                batch.append(entry, of: place)
            }
        }
        waiting.removeAll(keepingCapacity: true)
        count += batch.count - waitingCount
        waitingCount = 0
        distribute(batch)
    }

    /// Samples of many series in the order in which they came. Their traits are few: each is kept once, by number.
    private struct Batch {
        private(set) var owners: [Int32] = []
        private(set) var times: [Int64] = []
        private(set) var values: [Float] = []
        private(set) var numbers: [Int32] = []
        private(set) var traits: [SampleTrait] = []

        var count: Int { owners.count }

        init(capacity: Int) {
            owners.reserveCapacity(capacity)
            times.reserveCapacity(capacity)
            values.reserveCapacity(capacity)
            numbers.reserveCapacity(capacity)
        }

        @inline(__always) mutating func append(_ entry: JournalRow.Entry, of place: Int) {
            owners.append(Int32(truncatingIfNeeded: place))
            times.append(entry.time)
            values.append(entry.value)
            numbers.append(number(of: entry.trait))
        }

        /// Looks at the latest ones only: the same trait may have several numbers.
        private mutating func number(of trait: SampleTrait) -> Int32 {
            var place = traits.count
            while place > 0, place > traits.count - 4 {
                place -= 1
                if traits[place] == trait { return Int32(truncatingIfNeeded: place) }
            }
            traits.append(trait)
            return Int32(truncatingIfNeeded: traits.count - 1)
        }
    }

    /// Appends samples to the series they belong to, each series at a time, in their order.
    private mutating func distribute(_ batch: Batch) {
        var ends = [Int](repeating: 0, count: series.count + 1)
        for owner in batch.owners { ends[Int(owner) + 1] += 1 }
        for i in 1..<ends.count { ends[i] += ends[i - 1] }
        var next = ends
        var times = [Int64](repeating: 0, count: batch.count)
        var values = [Float](repeating: 0, count: batch.count)
        var numbers = [Int32](repeating: 0, count: batch.count)
        for (i, owner) in batch.owners.enumerated() {
            let place = next[Int(owner)]
            next[Int(owner)] = place + 1
            times[place] = batch.times[i]
            values[place] = batch.values[i]
            numbers[place] = batch.numbers[i]
        }
        for place in series.indices where ends[place] < ends[place + 1] {
            let range = ends[place]..<ends[place + 1]
            series[place].append(times[range], values[range], numbers[range], of: batch.traits)
        }
    }

    /// The sorted samples of a series; `nil` when it has none.
    func samples(of id: Int64) -> FreshSeries? {
        guard let place = places[id], series[place].count > 0 else { return nil }
        return series[place]
    }

    mutating func forget(first number: Int, at place: Int) {
        series[place].forget(first: number)
        count -= number
    }

    mutating func removeAll() { self = FreshSamples() }
}
