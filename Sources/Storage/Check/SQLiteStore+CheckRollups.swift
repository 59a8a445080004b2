import Vitals

extension SQLiteStore {
    var hasRollups: Bool { version >= Migrations.withRollups }

    /// Rollups that cannot be read, or are not the sums of what rests in chunks.
    func rollupProblems(_ keys: [Int64: SeriesKey]) throws(StoreError) -> [String] {
        guard hasRollups else { return [] }
        var problems: [String] = []
        let aside = try connection.prepare("SELECT key FROM damaged_rollup ORDER BY number")
        try aside.forEachRow {
            guard let key = RollupKey(aside.int64(0)) else { return }
            problems.append("\(Self.name(keys[key.series], key)): found damaged earlier, and set aside")
        }
        let rows = try connection.prepare("SELECT key, bytes FROM rollup ORDER BY key")
        var days: Set<Int64> = []
        try rows.forEachRow { () throws(StoreError) in
            guard let key = RollupKey(rows.int64(0)), let series = keys[key.series] else {
                return problems.append("a rollup numbered \(rows.int64(0)): of a series or day that is not there")
            }
            if key.step == .fiveMinutes { days.insert(key.row) }
            let stored: Rollup
            do throws(Damage) {
                stored = try self.chunks.rollups.rollup(rows, column: 1, key: key)
            } catch {
                return problems.append("\(Self.name(series, key)): \(error.reason)")
            }
            if key.step == .fiveMinutes, try !isTrue(stored, key, series) {
                problems.append("\(Self.name(series, key)): not the sums of its samples")
            }
        }
        // Sums that ought to be there.
        let chunks = try connection.prepare("SELECT key FROM chunk ORDER BY key")
        var last: RollupKey?
        try chunks.forEachRow { () throws(StoreError) in
            let chunk = ChunkKey(chunks.int64(0))
            let key = RollupKey(
                series: chunk.series, step: .fiveMinutes, day: RollupKey.day(ofQuarter: chunk.quarter))
            guard key != last, key.isInReach, !days.contains(key.row), let series = keys[key.series] else { return }
            last = key
            let isIncrement = series.metric.kind == .increment
            if try !self.chunks.rollups.made(key, isIncrement: isIncrement).isEmpty {
                problems.append("\(Self.name(series, key)): missing")
            }
        }
        return problems
    }

    /// Whether a rollup says of its samples what they come to, as far as these can be read.
    private func isTrue(_ stored: Rollup, _ key: RollupKey, _ series: SeriesKey) throws(StoreError) -> Bool {
        var stored = stored
        var (rollup, unreadable) = try chunks.rollups.comparable(
            key, isIncrement: series.metric.kind == .increment)
        let aside = try connection.keep("SELECT count(*) FROM damaged_chunk WHERE key BETWEEN ? AND ?")
        aside.bind(1, ChunkKey(series: key.series, quarter: key.quarter).row)
        aside.bind(2, ChunkKey(series: key.series, quarter: key.quarter + ChunkKey.day - 1).row)
        defer { aside.reset() }
        // What was set aside is told already, and which quarters it had is not known.
        if try aside.step(), aside.int64(0) > 0 {
            for quarter in 0..<Int(ChunkKey.day) where !rollup.speaks(for: quarter) {
                stored.forget(quarter..<quarter + 1)
            }
        }
        stored.forget(key.places(before: try chunks.rollups.retired(key.series)))
        for quarters in unreadable {
            stored.forget(key.places(of: quarters))
            rollup.forget(key.places(of: quarters))
        }
        return stored == rollup
    }

    private static func name(_ series: SeriesKey?, _ key: RollupKey) -> String {
        let what = series.map { "\($0.metric.name) of \($0.person)" } ?? "series \(key.series)"
        return "rollup of \(what) from \(ISO8601.format(Timestamp(milliseconds: key.start)))"
    }
}
