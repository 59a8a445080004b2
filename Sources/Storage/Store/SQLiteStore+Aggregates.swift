import Vitals

extension SQLiteStore {
    /// What samples come to, bucket by bucket, from one snapshot.
    ///
    /// Buckets that begin at multiples of five minutes are answered from rollups, an hour or more of a day also from the
    /// columns beside chunks; samples are decoded only where a bucket cuts those, and where the journal has more. Costs
    /// O(series + quarters of an hour with many samples + other samples), and for a reader the journal.
    public func aggregates(
        of person: PersonID?, metrics: Set<Metric>, in buckets: TimeBuckets
    ) throws(StoreError) -> [SeriesAggregates] {
        try connection.read { () throws(StoreError) in
            try readJournal()
            let retired = hasRollups ? try chunks.rollups.allRetired() : [:]
            var found: [SeriesAggregates] = []
            for row in try seriesRows(of: person) where metrics.isEmpty || metrics.contains(row.key.metric) {
                let isRetired = retired[row.id] != nil
                guard row.extent.count > 0 || isRetired,
                    row.extent.last >= buckets.range.start.milliseconds || isRetired,
                    row.extent.first < buckets.range.end.milliseconds || isRetired
                else { continue }
                let sums = try sums(of: row, in: buckets, retired[row.id] ?? .min)
                if !sums.isEmpty { found.append(SeriesAggregates(key: row.key, aggregates: sums.aggregates)) }
            }
            return found
        }
    }

    private func sums(
        of row: SeriesRow, in buckets: TimeBuckets, _ retired: Int32
    ) throws(StoreError) -> SeriesAggregation {
        let isIncrement = row.key.metric.kind == .increment
        // Whole quarters of an hour, since what a sample covers depends on its neighbours there.
        let first = ChunkKey(series: row.id, quarter: ChunkKey.quarter(of: buckets.range.start.milliseconds)).start
        let end = ChunkKey.quarter(of: buckets.range.end.milliseconds - 1)
        let last = end < .max ? ChunkKey(series: row.id, quarter: end + 1).start : Int64.max
        guard hasRollups else {
            // A store of an earlier version is read sample by sample.
            var samples = SampleColumns()
            var cursor = try cursor(
                of: row, in: TimeRange(Timestamp(milliseconds: first), Timestamp(milliseconds: last)))
            if try cursor.refill() { while try cursor.give(upTo: .max, { samples.append($0) }) {} }
            var sums = SeriesAggregation(buckets)
            sums.add(samples, 0..<samples.count, isIncrement: isIncrement)
            return sums
        }
        let fresh = intake.fresh.samples(of: row.id)?.columns(from: first, to: last) ?? SampleColumns()
        var reading = SeriesReading(
            chunks, series: row.id, isIncrement: isIncrement, fresh: fresh, retired: retired, buckets: buckets)
        try reading.run()
        return reading.sums
    }
}
