import Vitals

/// The table `rollup`: sums of short stretches of time, series by series, so that a plot of months reads kilobytes.
///
/// Sums of five minutes are kept, from the seal on, of chunks that have many samples for each; others are as quick to decode.
struct RollupTable {
    let connection: Connection

    /// Samples for each sum of five minutes, at least, of a chunk whose sums are kept.
    private static let fewest = 16

    /// - Throws: `.damaged` for a row that cannot be read.
    func load(_ key: RollupKey) throws(StoreError) -> Rollup? {
        let statement = try connection.keep("SELECT bytes FROM rollup WHERE key = ?")
        statement.bind(1, key.row)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return try decode(statement, column: 0, key: key)
    }

    func decode(_ statement: Statement, column: Int32, key: RollupKey) throws(StoreError) -> Rollup {
        do throws(Damage) { return try rollup(statement, column: column, key: key) } catch {
            throw statement.damage(error.reason)
        }
    }

    /// The same, where damage is no surprise.
    func rollup(_ statement: Statement, column: Int32, key: RollupKey) throws(Damage) -> Rollup {
        try statement.withBlob(column) { (bytes) throws(Damage) in
            guard connection.vault.isSealing else { return try RollupCodec.decode(bytes, key: key) }
            let plain = try connection.vault.open(bytes, at: .rollup(key))
            return try RollupCodec.decode(plain, key: key)
        }
    }

    /// Writes a row, or removes it when there is nothing to say.
    func save(_ rollup: Rollup, _ key: RollupKey, of person: PersonID) throws(StoreError) {
        guard !rollup.isEmpty else {
            let delete = try connection.keep("DELETE FROM rollup WHERE key = ?")
            delete.bind(1, key.row)
            return try delete.run()
        }
        let insert = try connection.keep("INSERT OR REPLACE INTO rollup(key, bytes) VALUES(?, ?)")
        insert.bind(1, key.row)
        let bytes = RollupCodec.encode(rollup, key: key.row)
        insert.bind(2, try connection.vault.seal(bytes, of: person, at: .rollup(key)))
        try insert.run()
    }

    // MARK: Sealing

    /// Whether sums of a chunk are worth their room.
    static func isWorthwhile(_ samples: SampleColumns, _ range: Range<Int>) -> Bool {
        var quarters = 0
        samples.forEachQuarter(in: range) { _, _ in quarters += 1 }
        return range.count >= quarters * RollupStep.fiveMinutes.perQuarter * fewest
    }

    /// Keeps the sums of chunks that were just written.
    ///
    /// Of quarters of an hour that are retired they stay as they are.
    ///
    /// - Parameters:
    ///   - samples: all that rests of the series in those chunks.
    ///   - pieces: each chunk, and its quarter.
    ///   - old: the quarters of an hour that the chunk before had, which these take the place of.
    func rest(
        _ samples: SampleColumns, _ pieces: [(Range<Int>, Int32)], series: Int64, of person: PersonID,
        isIncrement: Bool,
        old: ClosedRange<Int32>? = nil
    ) throws(StoreError) {
        let raw = try retired(series)
        var day: (key: RollupKey, rollup: Rollup, before: Rollup?)?
        for (range, quarter) in pieces {
            let key = RollupKey(series: series, step: .fiveMinutes, day: RollupKey.day(ofQuarter: quarter))
            guard key.isInReach, let last = range.last else { continue }
            if day?.key != key {
                if let day, day.rollup != day.before { try save(day.rollup, day.key, of: person) }
                let (rollup, isAnew) = try loadOrMakeAnew(key, of: person, isIncrement: isIncrement)
                day = (key, rollup, isAnew ? nil : rollup)
                if let old { day?.rollup.forget(key.places(of: old, from: raw)) }
            }
            let end = ChunkKey.quarter(of: samples.times[last])
            day?.rollup.forget(key.places(of: quarter...end, from: raw))
            guard Self.isWorthwhile(samples, range) else { continue }
            var sums = Rollup(.fiveMinutes, of: samples, range, start: key.start, isIncrement: isIncrement)
            sums.forget(key.places(before: raw))
            day?.rollup.replace(with: sums)
        }
        if let day, day.rollup != day.before { try save(day.rollup, day.key, of: person) }
    }

    /// A row to be changed. One that is damaged is made anew of what rests in chunks; sums of what is retired are lost then,
    /// and it is moved to the table `damaged_rollup`, where `check` finds it.
    ///
    /// - Returns: also whether it is made anew, and to be written whatever it says.
    private func loadOrMakeAnew(
        _ key: RollupKey, of person: PersonID, isIncrement: Bool
    ) throws(StoreError) -> (Rollup, isAnew: Bool) {
        do throws(StoreError) {
            return (try load(key) ?? Rollup(key.step), false)
        } catch {
            guard error.code == .damaged else { throw error }
        }
        if try retired(key.series) > key.quarter {
            let keep = try connection.keep(
                "INSERT INTO damaged_rollup(key, bytes) SELECT key, coalesce(bytes, x'') FROM rollup WHERE key = ?")
            keep.bind(1, key.row)
            try keep.run()
        }
        try save(Rollup(key.step), key, of: person)
        try connection.tally?.settle(.rollup, on: connection)
        return (try made(key, isIncrement: isIncrement), true)
    }

    /// What a row of five minutes must say of what rests in chunks.
    func made(_ key: RollupKey, isIncrement: Bool) throws(StoreError) -> Rollup {
        try comparable(key, isIncrement: isIncrement).rollup
    }

    /// The same, and the quarters of an hour that rest in chunks that cannot be read.
    func comparable(
        _ key: RollupKey, isIncrement: Bool
    ) throws(StoreError) -> (rollup: Rollup, unreadable: [ClosedRange<Int32>]) {
        var rollup = Rollup(key.step)
        var unreadable: [ClosedRange<Int32>] = []
        let raw = try retired(key.series)
        let statement = try connection.keep("SELECT key, bytes, last FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key")
        statement.bind(1, ChunkKey(series: key.series, quarter: key.quarter).row)
        statement.bind(2, ChunkKey(series: key.series, quarter: key.quarter + ChunkKey.day - 1).row)
        try statement.forEachRow { () throws(StoreError) in
            let chunk = ChunkKey(statement.int64(0))
            let samples: SampleColumns
            do throws(StoreError) {
                samples = try ChunkTable(connection: connection).decode(statement, column: 1, key: chunk)
            } catch {
                guard error.code == .damaged else { throw error }
                let last = ChunkKey.quarter(of: statement.int64(2))
                return unreadable.append(chunk.quarter...max(chunk.quarter, last))
            }
            guard Self.isWorthwhile(samples, 0..<samples.count) else { return }
            rollup.replace(
                with: Rollup(key.step, of: samples, 0..<samples.count, start: key.start, isIncrement: isIncrement))
        }
        rollup.forget(key.places(before: raw))
        return (rollup, unreadable)
    }
}

extension RollupKey {
    /// Places within the day of some quarters, without those before `first`.
    func places(of quarters: ClosedRange<Int32>, from first: Int32 = .min) -> Range<Int> {
        let low = place(max(Int(quarters.lowerBound), Int(first)))
        return low..<max(low, place(Int(quarters.upperBound) + 1))
    }

    /// Places within the day of all quarters before one.
    func places(before end: Int32) -> Range<Int> { 0..<place(Int(end)) }

    private func place(_ other: Int) -> Int { min(max(0, other - Int(quarter)), Int(ChunkKey.day)) }
}
