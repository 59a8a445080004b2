import Vitals

extension SQLiteStore {
    /// What is wrong with the store, a line each; nothing when all is well.
    ///
    /// Verifies SQLite's own structure, the checksum of every chunk and journal row, what stands beside each chunk, and the
    /// count of every table and series. Reads everything once, and goes on behind what is damaged.
    public func check() throws(StoreError) -> [String] {
        guard connection.isOpen else { throw connection.closed }
        var problems: [String] = []
        /// What cannot be read at all ends a part of the check, not the others.
        func part(_ body: () throws(StoreError) -> [String]) throws(StoreError) {
            do throws(StoreError) { problems += try body() } catch {
                guard error.code == .damaged else { throw error }
                problems.append(error.message)
            }
        }
        try part { () throws(StoreError) in
            try connection.read { () throws(StoreError) in
                try part { () throws(StoreError) in try structureProblems() }
                guard version >= 3 else { return [] }
                try part { () throws(StoreError) in try rowProblems() }
                var keys: [Int64: SeriesKey] = [:]
                // Without it no sample has an owner, and nothing more can be told.
                if problems.contains(where: { $0.hasPrefix("series:") }) { return [] }
                try forEachSeries(of: nil, order: "id") { keys[$0.id] = $0.key }
                try part { () throws(StoreError) in try chunkProblems(keys) }
                try part { () throws(StoreError) in try rollupProblems(keys) }
                try part { () throws(StoreError) in try journalProblems(keys) }
                try part { () throws(StoreError) in try feedProblems() }
                try part { () throws(StoreError) in try recordProblems() }
                if problems.isEmpty { problems = try countProblems() }
                try part { () throws(StoreError) in
                    try tallyProblems(isKnown: problems.contains { !$0.contains(Self.earlier) })
                }
                return []
            }
        }
        return problems
    }

    private func structureProblems() throws(StoreError) -> [String] {
        var problems: [String] = []
        let structure = try connection.prepare("PRAGMA integrity_check(20)")
        try structure.forEachRow {
            if structure.text(0) != "ok" { problems.append("structure: \(structure.text(0))") }
        }
        return problems
    }

    /// How lines tell what is known, and harms nothing any more.
    static let earlier = "found damaged earlier"

    private func rowProblems() throws(StoreError) -> [String] {
        guard version >= Migrations.summed else { return [] }
        var problems: [String] = []
        for table in SummedTable.all {
            let count = try connection.integer("SELECT count(*) FROM \(table.name) WHERE NOT (\(table.isIntact))") ?? 0
            if count > 0 {
                problems.append("\(table.name): \(count) row\(count == 1 ? "" : "s") whose checksum differs")
            }
        }
        let aside = try connection.prepare("SELECT place, reason FROM damaged_row ORDER BY number")
        try aside.forEachRow {
            problems.append("\(aside.text(0)): \(Self.earlier) (\(aside.text(1))), and put aside")
        }
        return problems
    }

    /// Rows that lack, or are not those that were written. Where damage is known already, changed rows are told by that.
    private func tallyProblems(isKnown: Bool) throws(StoreError) -> [String] {
        guard version >= Migrations.withTally else { return [] }
        let told = try Tally(of: connection)
        var problems: [String] = []
        for table in TalliedTable.all {
            let found = try Tally.count(table, connection)
            guard !isKnown || found.rows != told[table].rows else { continue }
            if let difference = table.difference(found, told[table]) { problems.append(difference) }
        }
        return problems
    }

    private func chunkProblems(_ keys: [Int64: SeriesKey]) throws(StoreError) -> [String] {
        var problems: [String] = []
        let aside = try connection.prepare("SELECT key FROM damaged_chunk ORDER BY number")
        try aside.forEachRow {
            let key = ChunkKey(aside.int64(0))
            problems.append("\(Self.name(keys[key.series], key)): \(Self.earlier), and put aside")
        }
        var last: (series: Int64, time: Int64)?
        let statement = try connection.prepare(
            """
            SELECT key, bytes, first, last, count\(hasRollups ? ", " + ChunkTable.totals : "") FROM chunk ORDER BY key
            """)
        try statement.forEachRow { () throws(StoreError) in
            let key = ChunkKey(statement.int64(0))
            let name = Self.name(keys[key.series], key)
            guard let series = keys[key.series] else {
                return problems.append("\(name): of a series that is not there")
            }
            let samples: SampleColumns
            do throws(Damage) {
                samples = try chunks.samples(statement, column: 1, key: key)
            } catch {
                return problems.append("\(name): \(error.reason)")
            }
            let summary = ChunkSummary(samples, isIncrement: series.metric.kind == .increment)
            let isTold =
                summary.first == statement.int64(2) && summary.last == statement.int64(3)
                && summary.count == statement.int64(4)
            let isSummed =
                !hasRollups || connection.vault.isSealing || ChunkTable.total(statement, from: 5) == summary.total
            if !isTold || !isSummed { problems.append("\(name): its sums are not those of its samples") }
            if summary.first < key.start || last.map({ $0.series == key.series && $0.time >= key.start }) == true {
                problems.append("\(name): its samples reach out of its place")
            }
            last = (key.series, summary.last)
        }
        return problems
    }

    static func name(_ series: SeriesKey?, _ key: ChunkKey) -> String {
        let what = series.map { "\($0.metric.name) of \($0.person)" } ?? "series \(key.series)"
        return "chunk of \(what) from \(ISO8601.format(Timestamp(milliseconds: key.start)))"
    }

    private func journalProblems(_ keys: [Int64: SeriesKey]) throws(StoreError) -> [String] {
        var problems: [String] = []
        let statement = try connection.prepare("SELECT sequence, bytes FROM journal ORDER BY sequence")
        try statement.forEachRow {
            let sequence = UInt64(bitPattern: statement.int64(0))
            var strangers = 0
            do throws(Damage) {
                let row = try statement.withBlob(1) { (bytes) throws(Damage) in
                    try connection.vault.open(bytes, at: .journal(sequence))
                }
                try JournalRow.read(row, sequence: sequence) { if keys[$0.series] == nil { strangers += 1 } }
                if strangers > 0 { problems.append("commit \(sequence): samples of a series that is not there") }
            } catch {
                problems.append("commit \(sequence): \(error.reason)")
            }
        }
        return problems
    }

    /// Whether each series has as many samples as it says.
    private func countProblems() throws(StoreError) -> [String] {
        var problems: [String] = []
        try readJournal()
        for row in try seriesRows(of: nil) {
            var cursor = try cursor(
                of: row, in: TimeRange(Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)))
            var count: Int64 = 0
            if try cursor.refill() { while try cursor.give(upTo: .max, { _ in count += 1 }) {} }
            let told = row.extent.count
            if count != told {
                problems.append("\(row.key.metric.name) of \(row.key.person): \(count) samples where \(told) are told")
            }
        }
        return problems
    }
}
