import Vitals

/// How the aggregates of one series are found: from rollups, from what stands beside chunks, and from samples where neither
/// tells it.
struct SeriesReading {
    let chunks: ChunkTable
    let series: Int64
    let isIncrement: Bool
    /// Samples of the journal, of whole quarters of an hour, in order of time.
    let fresh: SampleColumns
    /// The quarter of an hour before which samples are gone.
    let retired: Int32
    /// Quarters of an hour of which rollups do not tell what is asked for, in increasing order: what is fresh joins them, or a
    /// bucket begins inside a step.
    private let special: [Int32]
    /// The same without what is fresh.
    private let cut: [Int32]
    /// The quarters of an hour that are asked for.
    private let asked: Range<Int32>
    private let usesRollups: Bool
    private(set) var sums: SeriesAggregation

    /// A range of so many milliseconds at most, in buckets of so many at least, is answered without rollups: from the few
    /// columns beside its chunks.
    private static let short = (range: Int64(26 * 3_600_000), bucket: Int64(3_600_000))

    init(
        _ chunks: ChunkTable, series: Int64, isIncrement: Bool, fresh: SampleColumns, retired: Int32,
        buckets: TimeBuckets
    ) {
        self.chunks = chunks
        self.series = series
        self.isIncrement = isIncrement
        self.fresh = fresh
        self.retired = retired
        sums = SeriesAggregation(buckets)
        let edges = sums.edges
        let last = edges[edges.count - 1] - 1
        let end = ChunkKey.quarter(of: last)
        asked = ChunkKey.quarter(of: edges[0])..<(end < .max ? end + 1 : end)
        var cut: [Int32] = []
        for edge in edges where edge % RollupStep.fiveMinutes.length != 0 {
            let quarter = ChunkKey.quarter(of: edge)
            if cut.last != quarter { cut.append(quarter) }
        }
        self.cut = cut
        var dirty: [Int32] = []
        fresh.forEachQuarter(in: 0..<fresh.count) { quarter, _ in dirty.append(quarter) }
        special = dirty.isEmpty ? cut : cut.isEmpty ? dirty : Set(cut + dirty).sorted()
        let length = last - edges[0]
        usesRollups =
            length > Self.short.range || length / Int64(buckets.count) < Self.short.bucket - 1
    }

    /// Adds up all there is.
    mutating func run() throws(StoreError) {
        try addRetired()
        let start = max(asked.lowerBound, retired)
        guard start < asked.upperBound || asked.upperBound == .max else { return }
        var open = start
        if usesRollups { open = try addRollups(from: start) }
        try addRaw(open, asked.upperBound)
    }

    // MARK: Rollups

    /// Adds what rollups tell of quarters from `start` on, and samples of quarters between those.
    ///
    /// - Returns: the quarter behind the last one that was added.
    private mutating func addRollups(from start: Int32) throws(StoreError) -> Int32 {
        let (first, last) = Self.days(start, asked.upperBound)
        guard first <= last else { return start }
        let rows = try chunks.connection.prepare("SELECT key, bytes FROM rollup WHERE key BETWEEN ? AND ? ORDER BY key")
        rows.bind(1, RollupKey(series: series, step: .fiveMinutes, day: first).row)
        rows.bind(2, RollupKey(series: series, step: .fiveMinutes, day: last).row)
        var open = start
        var next = special.firstIndex(in: special.indices) { $0 < start }
        while try rows.step() {
            guard let key = RollupKey(rows.int64(0)) else { continue }
            let rollup: Rollup
            do throws(StoreError) {
                rollup = try chunks.rollups.decode(rows, column: 1, key: key)
            } catch {
                // The samples tell the same, more slowly.
                guard error.code == .damaged else { throw error }
                continue
            }
            let inside = Range(uncheckedBounds: (max(start, key.quarter), min(asked.upperBound, key.quarter + 96)))
            guard inside.lowerBound < inside.upperBound else { continue }
            for quarter in inside {
                while next < special.count, special[next] < quarter { next += 1 }
                let isSpecial = next < special.count && special[next] == quarter
                guard !isSpecial, rollup.speaks(for: Int(quarter - key.quarter)) else { continue }
                try addRaw(open, quarter)
                sums.add(rollup, quarter: Int(quarter - key.quarter), of: key)
                open = quarter + 1
            }
        }
        rows.finalize()
        return open
    }

    private static func days(_ start: Int32, _ end: Int32) -> (Int32, Int32) {
        let reach = RollupKey.reach - 1
        return (
            min(max(RollupKey.day(ofQuarter: start), -reach), reach),
            min(max(RollupKey.day(ofQuarter: end), -reach), reach)
        )
    }

    /// Adds what is left of quarters whose samples are retired: of each the sums that fit the buckets best.
    private mutating func addRetired() throws(StoreError) {
        let end = min(asked.upperBound, retired)
        guard asked.lowerBound < end else { return }
        let (first, last) = Self.days(asked.lowerBound, end)
        var days: Set<Int32> = []
        for step in RollupStep.allCases {
            let keys = try chunks.connection.keep("SELECT key FROM rollup WHERE key BETWEEN ? AND ?")
            keys.bind(1, RollupKey(series: series, step: step, day: first).row)
            keys.bind(2, RollupKey(series: series, step: step, day: last).row)
            try keys.forEachRow { if let key = RollupKey(keys.int64(0)) { days.insert(key.day) } }
        }
        for day in days.sorted() {
            var known: [RollupStep: Rollup] = [:]
            for place in 0..<Int(ChunkKey.day) {
                let quarter = day * ChunkKey.day + Int32(place)
                guard asked.lowerBound <= quarter, quarter < end else { continue }
                let at = cut.firstIndex(in: cut.indices) { $0 < quarter }
                let isCut = at < cut.count && cut[at] == quarter
                for step in isCut ? [RollupStep.minute, .fiveMinutes, .quarter] : [.fiveMinutes, .minute, .quarter] {
                    let key = RollupKey(series: series, step: step, day: day)
                    if known[step] == nil { known[step] = try chunks.rollups.load(key) ?? Rollup(step) }
                    guard let rollup = known[step], rollup.speaks(for: place) else { continue }
                    sums.add(rollup, quarter: place, of: key)
                    break
                }
            }
        }
    }

    // MARK: Samples

    /// Adds what rests in chunks and what is fresh of some quarters.
    private mutating func addRaw(_ start: Int32, _ end: Int32) throws(StoreError) {
        guard start < end || end == .max else { return }
        // The outermost quarter has no end of its own.
        let to = end == .max ? Int64.max : ChunkKey(series: series, quarter: end).start
        var place = fresh.index(notBefore: ChunkKey(series: series, quarter: start).start)
        let freshEnd = end == .max ? fresh.count : fresh.index(notBefore: to)
        let first = ChunkKey(series: series, quarter: start)
        let rows = try chunks.connection.keep(
            "SELECT key, last, bytes, \(ChunkTable.totals) FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key")
        rows.bind(1, try chunks.place(of: first)?.key.row ?? first.row)
        rows.bind(2, ChunkKey(series: series, quarter: end == .max ? .max : end - 1).row)
        defer { rows.reset() }
        while try rows.step() {
            let key = ChunkKey(rows.int64(0))
            let last = ChunkKey.quarter(of: rows.int64(1))
            guard last >= start else { continue }
            let before = min(fresh.index(notBefore: key.start), freshEnd)
            if before > place { sums.add(fresh, place..<before, isIncrement: isIncrement) }
            place = max(place, before)
            // Fresh samples of the chunk's own quarters.
            let behind = last == .max ? freshEnd : fresh.index(notBefore: (Int64(last) + 1) * ChunkKey.length)
            let joined = place..<max(place, min(behind, freshEnd))
            if !chunks.connection.vault.isSealing, joined.isEmpty, key.quarter >= start, last < end,
                sums.add(ChunkTable.total(rows, from: 3), from: key.start, to: rows.int64(1))
            {
                continue
            }
            var samples = try chunks.decode(rows, column: 2, key: key)
            samples = samples.merged(with: fresh[joined])
            place = joined.upperBound
            let low = samples.index(notBefore: first.start)
            let high = end == .max ? samples.count : samples.index(notBefore: to)
            if low < high { sums.add(samples, low..<high, isIncrement: isIncrement) }
        }
        if freshEnd > place { sums.add(fresh, place..<freshEnd, isIncrement: isIncrement) }
    }
}
