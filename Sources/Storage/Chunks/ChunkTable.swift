import Vitals

/// The table `chunk`: where samples rest, series by series, with their sums beside them.
struct ChunkTable {
    let connection: Connection
    /// Whether the file has a place for the first and last value of a chunk, and for rollups; before version 7 it has not.
    var keepsRollups = true

    var rollups: RollupTable { RollupTable(connection: connection) }
    /// Where chunks that are put aside are noted.
    var damage = DamageLog()

    /// Samples after which a chunk takes no further quarter: an hour at one a second.
    static let full = 3600

    /// What is known of a chunk without decoding it.
    struct Place {
        var key: ChunkKey
        var count: Int
        var first: Int64
        var last: Int64
    }

    // MARK: Looking

    /// The chunk that holds, or would hold, the times of that quarter.
    func place(of key: ChunkKey) throws(StoreError) -> Place? {
        let statement = try connection.keep(
            "SELECT key, count, first, last FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1")
        statement.bind(1, ChunkKey(series: key.series, quarter: .min).row)
        statement.bind(2, key.row)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return Place(
            key: ChunkKey(statement.int64(0)), count: Int(statement.int64(1)), first: statement.int64(2),
            last: statement.int64(3))
    }

    /// The key of the series' next chunk.
    func key(after key: ChunkKey) throws(StoreError) -> ChunkKey? {
        guard key.quarter < .max else { return nil }
        let statement = try connection.keep("SELECT key FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1")
        statement.bind(1, key.row + 1)
        statement.bind(2, ChunkKey(series: key.series, quarter: .max).row)
        defer { statement.reset() }
        return try statement.step() ? ChunkKey(statement.int64(0)) : nil
    }

    func load(_ key: ChunkKey) throws(StoreError) -> SampleColumns {
        let statement = try connection.keep("SELECT bytes FROM chunk WHERE key = ?")
        statement.bind(1, key.row)
        defer { statement.reset() }
        guard try statement.step() else { throw statement.damage("no chunk where its index has one") }
        return try decode(statement, column: 0, key: key)
    }

    /// The samples in a column of the current row.
    func decode(_ statement: Statement, column: Int32, key: ChunkKey) throws(StoreError) -> SampleColumns {
        do throws(Damage) { return try samples(statement, column: column, key: key) } catch {
            throw statement.damage(error.reason)
        }
    }

    /// The same, where damage is no surprise.
    func samples(_ statement: Statement, column: Int32, key: ChunkKey) throws(Damage) -> SampleColumns {
        try statement.withBlob(column) { (bytes) throws(Damage) in
            guard connection.vault.isSealing else { return try ChunkCodec.decode(bytes, key: key.row) }
            let plain = try connection.vault.open(bytes, at: .chunk(key))
            return try ChunkCodec.decode(plain, key: key.row)
        }
    }

    /// The samples of a chunk that more are to join; none of one that is damaged.
    ///
    /// That is moved to the table `damaged_chunk`, where `check` finds it and what is readable in it is not lost. Left where it
    /// is, it would keep all that comes later in the journal, for ever. Only in a write transaction.
    func loadOrSetAside(_ key: ChunkKey) throws(StoreError) -> SampleColumns {
        let statement = try connection.keep("SELECT bytes FROM chunk WHERE key = ?")
        statement.bind(1, key.row)
        let reason: String
        do {
            defer { statement.reset() }
            guard try statement.step() else { throw statement.damage("no chunk where its index has one") }
            do throws(Damage) { return try samples(statement, column: 0, key: key) } catch { reason = error.reason }
        }
        try setAside(key)
        try connection.tally?.settle(.chunk, on: connection)
        damage.add(key, reason)
        return SampleColumns()
    }

    /// Moves a chunk to the table `damaged_chunk`.
    func setAside(_ key: ChunkKey) throws(StoreError) {
        for sql in [
            "INSERT INTO damaged_chunk(key, bytes) SELECT key, coalesce(bytes, x'') FROM chunk WHERE key = ?",
            "DELETE FROM chunk WHERE key = ?",
        ] {
            let statement = try connection.keep(sql)
            statement.bind(1, key.row)
            try statement.run()
        }
    }

    // MARK: Sealing

    /// Lays samples to rest: merges them with those that rest already, in chunks of an hour or so.
    ///
    /// Doing it again changes nothing. A chunk grows until it is full or its UTC day ends, so that a series of a sample a
    /// minute has one a day; it is split at quarters, never within one.
    ///
    /// - Parameters:
    ///   - samples: of one series, in strictly increasing order of time.
    ///   - person: whose they are.
    /// - Returns: samples written, those that rested already included: what it cost.
    @discardableResult
    func rest(
        _ samples: SampleColumns, series: Int64, of person: PersonID, isIncrement: Bool
    ) throws(StoreError) -> Int {
        var written = 0
        var start = 0
        while start < samples.count {
            let quarter = ChunkKey.quarter(of: samples.times[start])
            let key = ChunkKey(series: series, quarter: quarter)
            let next = try self.key(after: key)
            let end = next.map { samples.index(notBefore: $0.start) } ?? samples.count
            var joined = samples[start..<end]
            var begin = quarter
            var old: ClosedRange<Int32>?
            if let place = try place(of: key), joins(joined, quarter, place) {
                joined = try loadOrSetAside(place.key).merged(with: joined)
                begin = place.key.quarter
                old = begin...max(begin, ChunkKey.quarter(of: place.last))
            }
            let pieces = Self.pieces(of: joined, from: begin)
            for (range, quarter) in pieces {
                try write(joined[range], ChunkKey(series: series, quarter: quarter), of: person, isIncrement)
            }
            if keepsRollups {
                try rollups.rest(joined, pieces, series: series, of: person, isIncrement: isIncrement, old: old)
            }
            written += joined.count
            start = end
        }
        return written
    }

    /// Whether samples that begin in `quarter` belong into a chunk that is there, or into one of their own after it.
    private func joins(_ samples: SampleColumns, _ quarter: Int32, _ place: Place) -> Bool {
        if quarter <= ChunkKey.quarter(of: place.last) { return true }
        return Self.day(quarter) == Self.day(place.key.quarter)
            && place.count + Self.end(of: quarter, in: samples, from: 0) <= Self.full
    }

    /// How samples are cut into chunks, and the quarter of each.
    static func pieces(of samples: SampleColumns, from begin: Int32) -> [(Range<Int>, Int32)] {
        var pieces: [(Range<Int>, Int32)] = []
        var start = 0
        var place = begin
        var i = 0
        while i < samples.count {
            let quarter = ChunkKey.quarter(of: samples.times[i])
            let end = end(of: quarter, in: samples, from: i)
            if i > start, end - start > full || day(quarter) != day(place) {
                pieces.append((start..<i, place))
                start = i
                place = quarter
            }
            i = end
        }
        if start < samples.count { pieces.append((start..<samples.count, place)) }
        return pieces
    }

    /// Index of the first sample after a quarter.
    private static func end(of quarter: Int32, in samples: SampleColumns, from start: Int) -> Int {
        guard quarter < .max else { return samples.count }
        let end = (Int64(quarter) + 1) * ChunkKey.length
        // Mostly within an hour of samples: no search through a month of them.
        let near = min(start + full, samples.count)
        if near == samples.count || samples.times[near] >= end {
            return samples.index(notBefore: end, in: start..<near)
        }
        return samples.index(notBefore: end, in: near..<samples.count)
    }

    /// UTC days since 1970.
    private static func day(_ quarter: Int32) -> Int32 { RollupKey.day(ofQuarter: quarter) }

    func write(
        _ samples: SampleColumns, _ key: ChunkKey, of person: PersonID, _ isIncrement: Bool
    ) throws(StoreError) {
        guard samples.count <= ChunkCodec.largest else {
            throw StoreError(
                .other, path: connection.path,
                "a series has \(samples.count) samples in a quarter of an hour of the year "
                    + "\(1970 + Int64(key.quarter) / 35_064): they stay in the journal")
        }
        let summary = ChunkSummary(samples, isIncrement: isIncrement)
        let (columns, places) = keepsRollups ? (", opening, closing", ", ?, ?") : ("", "")
        let insert = try connection.keep(
            """
            INSERT OR REPLACE INTO chunk(key, first, last, count, usable, minimum, maximum, sum, covered, bytes\(columns))
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?\(places))
            """)
        insert.bind(1, key.row)
        insert.bind(2, summary.first)
        insert.bind(3, summary.last)
        insert.bind(4, summary.count)
        // What a body did is sealed; when it was measured and how often is not.
        let total = connection.vault.isSealing ? Aggregate() : summary.total
        insert.bind(5, total.count)
        Self.bind(total.minimum, of: total, to: insert, 6)
        Self.bind(total.maximum, of: total, to: insert, 7)
        insert.bind(8, total.sum)
        insert.bind(9, total.covered)
        insert.bind(
            10, try connection.vault.seal(ChunkCodec.encode(samples, key: key.row), of: person, at: .chunk(key)))
        if keepsRollups {
            Self.bind(total.first, of: total, to: insert, 11)
            Self.bind(total.last, of: total, to: insert, 12)
        }
        try insert.run()
    }

    /// Of no samples there is no such value.
    private static func bind(_ value: Float, of total: Aggregate, to statement: Statement, _ column: Int32) {
        if total.isEmpty { statement.bindNull(column) } else { statement.bind(column, Double(value)) }
    }

    /// Columns that `total` reads.
    static let totals = "usable, minimum, maximum, sum, covered, opening, closing"

    /// What the usable samples of the chunk in the current row come to, from the columns `totals`.
    static func total(_ statement: Statement, from column: Int32) -> Aggregate {
        var total = Aggregate()
        total.count = Int(statement.int64(column))
        guard total.count > 0 else { return total }
        total.minimum = Float(statement.double(column + 1))
        total.maximum = Float(statement.double(column + 2))
        total.sum = statement.double(column + 3)
        total.covered = statement.int64(column + 4)
        total.first = Float(statement.double(column + 5))
        total.last = Float(statement.double(column + 6))
        return total
    }
}
