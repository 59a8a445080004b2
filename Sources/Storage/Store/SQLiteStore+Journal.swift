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

    /// Reads series and journal, as the writer needs them. What is damaged is put aside, and then they are read again.
    func loadJournal() throws(StoreError) {
        let damaged = try loadUndamaged()
        // Whoever reads it again within a commit has looked at it before.
        guard !connection.isInTransaction else {
            if let first = damaged.first { throw connection.damage(first.reason) }
            return
        }
        if !damaged.isEmpty {
            try setAside(damaged)
            intake = SampleIntake(chunks)
            _ = try loadUndamaged()
            // Whose samples they were is not known.
            try recount { _ in true }
        }
        try require(.journal)
    }

    /// A row that cannot be read, or has samples of a series that is not there, with what remains of these.
    typealias DamagedRow = (sequence: Int64, reason: String, remains: [UInt8]?)

    private func loadUndamaged() throws(StoreError) -> [DamagedRow] {
        var damaged: [DamagedRow] = []
        /// By place: the commit up to which the table counts.
        var counted: [Int64] = []
        try forEachSeries(of: nil, order: "id") { row in
            counted.append(row.upto)
            intake.load(row)
        }
        intake.catalogue.takenIDs = try connection.integer("SELECT max(key) FROM chunk").map { $0 >> 32 } ?? 0
        try forEachJournalRow(damaged: { damaged.append(($0, $1, nil)) }) { sequence, at, entries in
            if sealedHour == nil { sealedHour = Self.hour(of: at) }
            guard !intake.load(entries, sequence, counted: counted) else { return }
            damaged.append((sequence, "samples of a series that is not there", remains(of: entries, sequence)))
        }
        return damaged
    }

    /// A row of those samples whose series is there; `nil` when there are none.
    private func remains(of entries: [JournalRow.Entry], _ sequence: Int64) -> [UInt8]? {
        let known = Set(intake.catalogue.rows.map(\.id))
        let nobody = DeviceID(high: 0, low: 0)
        var writer = JournalRow.Writer()
        for entry in entries where known.contains(entry.series) {
            let sample = Sample(
                metric: .heartRate, value: entry.value, time: Timestamp(milliseconds: entry.time),
                span: entry.trait.span, received: Timestamp(milliseconds: entry.time &+ entry.trait.delay),
                source: nobody, quality: Quality(rawValue: entry.trait.quality), revision: entry.trait.revision)
            writer.append(sample, series: entry.series, replaces: entry.replaces)
        }
        return writer.count > 0 ? writer.row(sequence: UInt64(bitPattern: sequence)) : nil
    }

    /// Calls `body` with each row of the journal, in the order of the commits: number, time and samples. Damaged
    /// ones go to `damaged` with a reason, and are an error without it.
    func forEachJournalRow(
        damaged: ((Int64, String) -> Void)? = nil,
        _ body: (Int64, Timestamp, [JournalRow.Entry]) -> Void
    ) throws(StoreError) {
        let statement = try connection.keep("SELECT sequence, at, bytes FROM journal ORDER BY sequence")
        var entries: [JournalRow.Entry] = []
        try statement.forEachRow { () throws(StoreError) in
            let sequence = statement.int64(0)
            let number = UInt64(bitPattern: sequence)
            let row: [UInt8]
            entries.removeAll(keepingCapacity: true)
            do throws(Damage) {
                row = try statement.withBlob(2) { (bytes) throws(Damage) in
                    try connection.vault.open(bytes, at: .journal(number))
                }
                try JournalRow.read(row, sequence: number) { entries.append($0) }
            } catch {
                guard let damaged else { throw statement.damage(error.reason) }
                return damaged(sequence, error.reason)
            }
            body(sequence, statement.time(1), entries)
        }
    }

    /// A reader's view of the journal, read again when that has changed.
    func readJournal() throws(StoreError) {
        guard !isWriter else { return intake.fresh.sort() }
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
        try forEachJournalRow { _, _, entries in
            var place = 0
            for entry in entries {
                place = intake.fresh.place(of: entry.series, after: place)
                intake.fresh.add(entry.time, entry.value, entry.trait, at: place)
            }
            intake.fresh.keep()
        }
        intake.fresh.sort()
        freshRows = rows
    }
}
