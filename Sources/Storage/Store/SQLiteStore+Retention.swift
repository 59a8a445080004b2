import Vitals

/// One round of retention: what is too old in each series, series by series. In slices, so that no commit waits for it; a
/// round that is cut off is begun anew and goes on where that one was.
struct RetentionPass {
    /// What ages are counted from.
    let now: Timestamp
    /// Place of the series it comes to next.
    var place = 0
}

extension SQLiteStore {
    /// Sizes of retention.
    private enum Retiring {
        /// Samples decoded in one slice, beyond which no further chunk is begun: a few milliseconds.
        static let samples = 1 << 15
        /// Rows of sums that one slice removes, and series it visits.
        static let rows = 16
        static let series = 256
    }

    /// After a commit, when nothing is sealed: does a slice of a round, which begins once a day.
    func retire() throws(StoreError) {
        guard !retention.isEmpty else { return }
        if retentionPass == nil {
            let day = retentionTime.floored(to: .days(1))
            guard retiredDay != day else { return }
            retiredDay = day
            retentionPass = RetentionPass(now: retentionTime)
        }
        try advanceRetention()
    }

    /// Retires at once all that is too old at `now`.
    public func retireAll(at now: Timestamp) throws(StoreError) {
        guard isWriter else { return }
        retentionPass = RetentionPass(now: now)
        while retentionPass != nil { try advanceRetention() }
    }

    /// One slice, in a transaction of its own; nothing where nothing is too old.
    func advanceRetention() throws(StoreError) {
        guard var pass = retentionPass else { return }
        let end = min(pass.place + Retiring.series, intake.catalogue.rows.count)
        while pass.place < end {
            let row = intake.catalogue.rows[pass.place]
            let keep = retention.retention(of: row.key)
            if try retire(row, at: pass.place, keep, pass.now) {
                retentionPass = pass
                return
            }
            pass.place += 1
        }
        retentionPass = pass.place < intake.catalogue.rows.count ? pass : nil
    }

    /// Retires some of a series; `false` where nothing is too old.
    private func retire(
        _ row: SeriesCatalogue.Row, at place: Int, _ keep: Retention, _ now: Timestamp
    ) throws(StoreError) -> Bool {
        if let age = keep.samples {
            let end = Self.day(now - age)
            let keys = try chunks.keys(of: row.id, before: end * ChunkKey.day)
            if !keys.isEmpty {
                try retire(keys, at: place, keep)
                return true
            }
        }
        if let age = keep.minutes, try removeRollups(.minute, of: row, before: Self.day(now - age)) { return true }
        if let age = keep.fiveMinutes {
            let coarse = keep.quarters.map { $0 > age } ?? true
            if try removeRollups(
                .fiveMinutes, of: row, before: Self.day(now - age), leaving: coarse ? .quarter : nil)
            {
                return true
            }
        }
        if let age = keep.quarters { return try removeRollups(.quarter, of: row, before: Self.day(now - age)) }
        return false
    }

    /// The UTC day of a time.
    private static func day(_ time: Timestamp) -> Int32 {
        let day = RollupKey.day(ofQuarter: ChunkKey.quarter(of: time.milliseconds))
        return min(max(day, 1 - RollupKey.reach), RollupKey.reach - 1)
    }

    /// Lets sums stand for the samples of some chunks, the oldest of their series.
    private func retire(
        _ keys: [ChunkKey], at place: Int, _ keep: Retention
    ) throws(StoreError) {
        let row = intake.catalogue.rows[place]
        // Sums that would be too old themselves are not made.
        var steps: [RollupStep] = []
        if keep.minutes.map({ $0 > keep.samples ?? $0 }) ?? true { steps.append(.minute) }
        if keep.quarters.map({ $0 > keep.samples ?? $0 }) ?? true { steps.append(.fiveMinutes) }
        intake.rested.removeAll()
        var removed: Int64 = 0
        try connection.write { () throws(StoreError) in
            var decoded = 0
            for key in keys where decoded < Retiring.samples {
                let (count, end) = try chunks.retire(
                    key, of: row.key.person, into: steps, isIncrement: row.key.metric.kind == .increment)
                decoded += count
                removed += Int64(count)
                if end > (try chunks.rollups.retired(row.id)) { try chunks.rollups.save(retired: end, row.id) }
            }
            try setCount(row.extent.count - removed, of: row)
        }
        intake.catalogue.retire(removed, at: place)
    }

    /// Tells the table how many samples are left. When the series began stays: sums go back to there.
    private func setCount(_ count: Int64, of row: SeriesCatalogue.Row) throws(StoreError) {
        let update = try connection.keep("UPDATE series SET count = ?, first = ?, last = ?, upto = ? WHERE id = ?")
        update.bind(1, max(0, count))
        update.bind(2, row.extent.first)
        update.bind(3, row.extent.last)
        update.bind(4, Int64(bitPattern: lastSequence))
        update.bind(5, row.id)
        try update.run()
    }

    /// Removes rows of sums, the oldest first, and leaves longer sums in their place; `false` where there are none.
    private func removeRollups(
        _ step: RollupStep, of row: SeriesCatalogue.Row, before day: Int32, leaving longer: RollupStep? = nil
    ) throws(StoreError) -> Bool {
        let series = row.id
        let find = try connection.keep(
            "SELECT key FROM rollup WHERE key >= ? AND key < ? ORDER BY key LIMIT \(Retiring.rows)")
        find.bind(1, RollupKey(series: series, step: step, day: 1 - RollupKey.reach).row)
        find.bind(2, RollupKey(series: series, step: step, day: day).row)
        var keys: [RollupKey] = []
        try find.forEachRow { if let key = RollupKey(find.int64(0)) { keys.append(key) } }
        guard !keys.isEmpty else { return false }
        try connection.write { () throws(StoreError) in
            for key in keys {
                if let longer, let rollup = try? chunks.rollups.load(key) {
                    let place = RollupKey(series: series, step: longer, day: key.day)
                    var whole = try chunks.rollups.load(place) ?? Rollup(longer)
                    whole.replace(with: rollup.coarsened(to: longer))
                    try chunks.rollups.save(whole, place, of: row.key.person)
                }
                try chunks.rollups.save(Rollup(step), key, of: row.key.person)
            }
        }
        return true
    }
}
