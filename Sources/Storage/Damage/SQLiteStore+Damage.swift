import Vitals

/// What is damaged costs itself and nothing else: a writer puts it aside, says so, and goes on. Readers, who cannot, throw.
extension SQLiteStore {
    /// What was found damaged and put aside since the last call, a line each. A store that is opened for writing may have
    /// lines at once.
    public func takeDamage() -> [String] { damage.takeLines() }

    /// Whether commits lie in the log behind damage, where no reader sees them: a writer refuses such a store, and `repair` keeps
    /// them. Only where nobody writes. Reads the log.
    public var hidesCommits: Bool {
        guard let place = try? StorePlace(connection.path) else { return false }
        return WriteAheadLog(path: place.path + "-wal")?.hasLost == true
    }

    /// SQL that is true for rows as they were written; those of earlier versions are taken for that.
    func isIntact(_ table: SummedTable) -> String { version >= Migrations.summed ? table.isIntact : "1" }

    func requireIntact(_ row: Statement, column: Int32, _ table: SummedTable) throws(StoreError) {
        guard row.int64(column) == 1 else { throw row.damage("a row of \(table.name) whose checksum differs") }
    }

    // MARK: Rows

    /// Makes certain that everything is there by which a hub goes when it starts: the trees that lead to it, and every row
    /// that the head counts. Damaged rows are put aside.
    ///
    /// Head and series are no rows to go on without, and a row that no tree leads to cannot be put aside: those are for
    /// ``StoreRepair``, and an error here.
    func requireAll() throws(StoreError) {
        for table in TalliedTable.first {
            let structure = try connection.prepare("PRAGMA integrity_check(\(table.name))")
            defer { structure.finalize() }
            guard try structure.step(), structure.text(0) == "ok" else {
                throw connection.damage("\(table.name): \(structure.text(0))")
            }
            if let rows = SummedTable.all.first(where: { $0.name == table.name }), rows.name != SummedTable.series.name,
                try connection.integer("SELECT EXISTS (SELECT 1 FROM \(rows.name) WHERE NOT (\(rows.isIntact)))") == 1
            {
                try setAside(rows, where: "NOT (\(rows.isIntact))")
            }
            try require(table)
        }
    }

    /// Throws where a table's rows are not those that the head counts.
    func require(_ table: TalliedTable) throws(StoreError) {
        guard let told = connection.tally?.now[table] else { return }
        if let difference = table.difference(try Tally.count(table, connection), told) {
            throw connection.damage(difference)
        }
    }

    /// Moves rows to the table `damaged_row`, as text.
    func setAside(_ table: SummedTable, where condition: String) throws(StoreError) {
        let reason = "a row of \(table.name) whose checksum differs"
        let content = table.columns.map { "quote(\($0))" }.joined(separator: " || ', ' || ")
        try connection.write { () throws(StoreError) in
            let insert = try connection.prepare(
                "INSERT INTO damaged_row(place, reason, content) SELECT ?, ?, \(content) FROM \(table.name) "
                    + "WHERE \(condition)")
            insert.bind(1, table.name)
            insert.bind(2, reason)
            try insert.run()
            for _ in 0..<connection.changes { damage.add("it held \(reason): the row was put aside") }
            try connection.execute("DELETE FROM \(table.name) WHERE \(condition)")
            if let tallied = TalliedTable.all.first(where: { $0.name == table.name }) {
                try connection.tally?.settle(tallied, on: connection)
            }
        }
    }

    /// Moves rows of the journal aside. Of one that is readable in part, `remains` is what stays in its place.
    func setAside(_ rows: [(sequence: Int64, reason: String, remains: [UInt8]?)]) throws(StoreError) {
        try connection.write { () throws(StoreError) in
            for row in rows {
                let insert = try connection.keep(
                    """
                    INSERT INTO damaged_row(place, reason, content)
                    SELECT 'journal ' || sequence, ?, coalesce(bytes, x'') FROM journal WHERE sequence = ?
                    """)
                insert.bind(1, row.reason)
                insert.bind(2, row.sequence)
                try insert.run()
                if let remains = row.remains {
                    let update = try connection.keep("UPDATE journal SET bytes = ? WHERE sequence = ?")
                    let number = UInt64(bitPattern: row.sequence)
                    update.bind(1, try connection.vault.seal(remains, of: nil, at: .journal(number)))
                    update.bind(2, row.sequence)
                    try update.run()
                } else {
                    let delete = try connection.keep("DELETE FROM journal WHERE sequence = ?")
                    delete.bind(1, row.sequence)
                    try delete.run()
                }
            }
            try connection.tally?.settle(.journal, on: connection)
        }
        for row in rows {
            damage.add("commit \(row.sequence): it held \(row.reason): its samples were put aside")
        }
    }

    // MARK: Chunks

    /// Puts the chunks aside that reading came upon. Where that fails, they are found again.
    func setFoundAside() {
        guard isWriter, !damage.chunks.isEmpty, !connection.isInTransaction else { return }
        do throws(StoreError) {
            try connection.write { () throws(StoreError) in
                for chunk in damage.chunks { try chunks.setAside(chunk.key) }
                try connection.tally?.settle(.chunk, on: connection)
            }
        } catch {
            damage.add(error.message)
        }
        tellDamage()
    }

    /// After the transaction that put chunks aside: counts their series anew, and has it told.
    func tellDamage() {
        guard !damage.chunks.isEmpty else { return }
        let found = damage.takeChunks()
        let series = Set(found.map(\.key.series))
        for chunk in found {
            let key = intake.catalogue.rows.first { $0.id == chunk.key.series }?.key
            damage.add(
                "\(Self.name(key, chunk.key)): it held \(chunk.reason): it was put aside, and everything else is kept")
        }
        do throws(StoreError) { try recount { series.contains($0) } } catch { damage.add(error.message) }
    }

    /// Counts what is there of the series whose ids are chosen. Reads all their samples.
    func recount(_ isChosen: (Int64) -> Bool) throws(StoreError) {
        intake.fresh.sort()
        for position in intake.catalogue.rows.indices where isChosen(intake.catalogue.rows[position].id) {
            let row = intake.catalogue.rows[position]
            var cursor = try cursor(
                of: SeriesRow(id: row.id, key: row.key, extent: row.extent, upto: 0),
                in: TimeRange(Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)))
            var extent = SeriesCatalogue.Extent.empty
            if try cursor.refill() {
                while try cursor.give(upTo: .max, { extent.add($0.time.milliseconds, replaces: false) }) {}
            }
            intake.catalogue.correct(extent, at: position)
        }
        try connection.write { () throws(StoreError) in
            for position in intake.catalogue.rows.indices where isChosen(intake.catalogue.rows[position].id) {
                try intake.writeExtent(position, lastSequence, evenEmpty: true)
            }
        }
        // What reading came upon now.
        setFoundAside()
    }
}
