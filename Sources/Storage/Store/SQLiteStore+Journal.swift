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

    /// Reads series and journal, as the writer needs them. What is damaged is put aside first.
    func loadJournal() throws(StoreError) {
        var known: Set<Int64> = []
        try forEachSeries(of: nil, order: "id") { known.insert($0.id) }
        let damaged = try damagedJournalRows(known)
        if let first = damaged.first {
            // Whoever reads it again within a commit has looked at it before.
            guard !connection.isInTransaction else { throw connection.damage(first.reason) }
            try setAside(damaged)
        }
        var places: [Int64: (place: Int, upto: Int64)] = [:]
        try forEachSeries(of: nil, order: "id") { row in
            places[row.id] = (places.count, row.upto)
            intake.load(row)
        }
        intake.catalogue.takenIDs = try connection.integer("SELECT max(key) FROM chunk").map { $0 >> 32 } ?? 0
        try forEachJournalRow { sequence, at, bytes, entries in
            if sealedHour == nil { sealedHour = Self.hour(of: at) }
            intake.fresh.add(bytes, sequence: UInt64(bitPattern: sequence), count: entries.count)
            for entry in entries {
                guard let (place, upto) = places[entry.series], sequence > upto else { continue }
                intake.catalogue.load(entry.time, replaces: entry.replaces, at: place)
            }
        }
        // Whose samples they were is not known.
        if !damaged.isEmpty { try recount { _ in true } }
    }

    /// Rows that cannot be read, or have samples of a series that is not there, with what remains of these.
    private func damagedJournalRows(
        _ known: Set<Int64>
    ) throws(StoreError) -> [(sequence: Int64, reason: String, remains: [UInt8]?)] {
        var damaged: [(Int64, String, [UInt8]?)] = []
        let nobody = DeviceID(high: 0, low: 0)
        try forEachJournalRow(damaged: { damaged.append(($0, $1, nil)) }) { sequence, _, _, entries in
            guard entries.contains(where: { !known.contains($0.series) }) else { return }
            var writer = JournalRow.Writer()
            for entry in entries where known.contains(entry.series) {
                let sample = Sample(
                    metric: .heartRate, value: entry.value, time: Timestamp(milliseconds: entry.time),
                    span: entry.trait.span, received: Timestamp(milliseconds: entry.time &+ entry.trait.delay),
                    source: nobody, quality: Quality(rawValue: entry.trait.quality), revision: entry.trait.revision)
                writer.append(sample, series: entry.series, replaces: entry.replaces)
            }
            let row = writer.row(sequence: UInt64(bitPattern: sequence))
            damaged.append((sequence, "samples of a series that is not there", writer.count > 0 ? row : nil))
        }
        return damaged
    }

    /// Calls `body` with each row of the journal, in the order of the commits: number, time, bytes and samples. Damaged
    /// ones go to `damaged` with a reason, and are an error without it.
    func forEachJournalRow(
        damaged: ((Int64, String) -> Void)? = nil,
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
                guard let damaged else { throw statement.damage(error.reason) }
                return damaged(sequence, error.reason)
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
