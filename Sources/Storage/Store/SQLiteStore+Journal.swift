import Vitals

extension SQLiteStore {
    /// Writes the samples of a commit.
    func insert(_ row: [UInt8], _ sequence: UInt64, at: Timestamp) throws(StoreError) {
        let insert = try connection.keep("INSERT INTO journal(sequence, at, bytes) VALUES(?, ?, ?)")
        insert.bind(1, Int64(bitPattern: sequence))
        insert.bind(2, at)
        insert.bind(3, try connection.vault.seal(row, of: nil, at: .journal(sequence)))
        try insert.run()
    }

    /// Reads series and journal, as the writer needs them.
    func loadJournal() throws(StoreError) {
        var places: [Int64: (place: Int, upto: Int64)] = [:]
        try forEachSeries(of: nil, order: "id") { row in
            places[row.id] = (places.count, row.upto)
            intake.load(row)
        }
        var stranger: Int64?
        try forEachJournalRow { sequence, at, bytes, entries in
            if sealedHour == nil { sealedHour = Self.hour(of: at) }
            intake.fresh.add(bytes, sequence: UInt64(bitPattern: sequence), count: entries.count)
            for entry in entries {
                guard let (place, upto) = places[entry.series] else {
                    stranger = entry.series
                    continue
                }
                if sequence > upto { intake.catalogue.load(entry.time, replaces: entry.replaces, at: place) }
            }
        }
        if let stranger { throw connection.damage("samples of a series \(stranger) that is not there") }
    }

    /// Calls `body` with each row of the journal, in the order of the commits: number, time, bytes and samples.
    func forEachJournalRow(
        _ body: (Int64, Timestamp, [UInt8], [JournalRow.Entry]) -> Void
    ) throws(StoreError) {
        let statement = try connection.keep("SELECT sequence, at, bytes FROM journal ORDER BY sequence")
        var entries: [JournalRow.Entry] = []
        try statement.forEachRow { () throws(StoreError) in
            let sequence = statement.int64(0)
            let row = try connection.vault.blob(statement, 2, at: .journal(UInt64(bitPattern: sequence)))
            entries.removeAll(keepingCapacity: true)
            do throws(Damage) {
                try JournalRow.read(row, sequence: UInt64(bitPattern: sequence)) { entries.append($0) }
            } catch {
                throw statement.damage(error.reason)
            }
            body(sequence, statement.time(1), row, entries)
        }
    }

    /// A reader's view of the journal, read again when that has changed.
    func readJournal() throws(StoreError) {
        guard !isWriter else { return try intake.sort() }
        guard version >= 3 else { return }
        let ends = try connection.keep("SELECT min(sequence), max(sequence) FROM journal")
        defer { ends.reset() }
        guard try ends.step(), !ends.isNull(0) else {
            freshRows = nil
            return intake.fresh.removeAll()
        }
        let rows = ends.int64(0)...max(ends.int64(0), ends.int64(1))
        guard rows != freshRows else { return }
        freshRows = nil
        intake.fresh.removeAll()
        let statement = try connection.keep("SELECT sequence, bytes FROM journal ORDER BY sequence")
        try statement.forEachRow { () throws(StoreError) in
            let sequence = UInt64(bitPattern: statement.int64(0))
            let row = try connection.vault.blob(statement, 1, at: .journal(sequence))
            intake.fresh.add(row, sequence: sequence, count: 0)
        }
        try intake.sort()
        freshRows = rows
    }
}
