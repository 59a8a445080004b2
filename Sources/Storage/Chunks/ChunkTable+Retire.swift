import Vitals

extension ChunkTable {
    /// The oldest chunks of a series, all of whose samples are before a quarter of an hour; an hour's worth of hours at most.
    func keys(of series: Int64, before quarter: Int32) throws(StoreError) -> [ChunkKey] {
        let statement = try connection.keep(
            "SELECT key FROM chunk WHERE key >= ? AND key < ? AND last < ? ORDER BY key LIMIT 24")
        statement.bind(1, ChunkKey(series: series, quarter: .min).row)
        statement.bind(2, ChunkKey(series: series, quarter: quarter).row)
        statement.bind(3, ChunkKey(series: series, quarter: quarter).start)
        var keys: [ChunkKey] = []
        try statement.forEachRow { keys.append(ChunkKey(statement.int64(0))) }
        return keys
    }

    /// Adds a chunk up and removes it. One that is damaged is moved to the table `damaged_chunk`.
    ///
    /// Sums of quarters that were retired before stay as they are: what came later is not in them.
    ///
    /// - Returns: the samples that it held, and the quarter of an hour behind its last one.
    func retire(
        _ key: ChunkKey, of person: PersonID, into steps: [RollupStep], isIncrement: Bool
    ) throws(StoreError) -> (count: Int, end: Int32) {
        guard let place = try place(of: key), place.key == key else { return (0, .min) }
        let last = ChunkKey.quarter(of: place.last)
        let samples = try loadOrSetAside(key)
        let day = RollupKey.day(ofQuarter: key.quarter)
        let raw = try rollups.retired(key.series)
        for step in steps where !samples.isEmpty {
            let place = RollupKey(series: key.series, step: step, day: day)
            guard place.isInReach else { continue }
            var sums = Rollup(step, of: samples, 0..<samples.count, start: place.start, isIncrement: isIncrement)
            sums.forget(place.places(before: raw))
            var whole = (try? rollups.load(place)) ?? Rollup(step)
            whole.replace(with: sums)
            try rollups.save(whole, place, of: person)
        }
        let delete = try connection.keep("DELETE FROM chunk WHERE key = ?")
        delete.bind(1, key.row)
        try delete.run()
        return (place.count, last < .max ? last + 1 : last)
    }
}
