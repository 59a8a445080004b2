import CSodium
import Vitals

/// Erasing a person from every table, within a transaction.
extension SQLiteStore {
    /// Names somebody without naming them, see ``Forgotten``.
    static func digest(of person: PersonID) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256(&digest, person.bytes, 16)
        return digest
    }

    public func forgotten() throws(StoreError) -> [Forgotten] {
        guard version >= Migrations.withRecords else { return [] }
        let statement = try connection.keep("SELECT digest, at FROM forgotten ORDER BY at, digest")
        var forgotten: [Forgotten] = []
        try statement.forEachRow { forgotten.append(Forgotten(digest: statement.blob(0), at: statement.time(1))) }
        return forgotten
    }

    /// Erases whom a commit says to forget, and keeps that it was said. Returns whether anything was there to erase.
    ///
    /// Costs a look at everything the store keeps in rows of several people: the journal, commands, kept commits.
    func erase(_ forgotten: [Forgotten], _ sequence: UInt64) throws(StoreError) -> Bool {
        let digests = Set(forgotten.map(\.digest))
        var isChanged = false
        for person in try everybody() where digests.contains(Self.digest(of: person)) {
            try erase(person)
            isChanged = true
        }
        let insert = try connection.keep(
            "INSERT INTO forgotten(digest, sequence, at) VALUES(?, ?, ?) ON CONFLICT DO NOTHING")
        for one in forgotten {
            insert.bind(1, one.digest)
            insert.bind(2, Int64(bitPattern: sequence))
            insert.bind(3, one.at)
            try insert.run()
        }
        return isChanged
    }

    /// The ids of all of whom anything is stored.
    func everybody() throws(StoreError) -> [PersonID] {
        let columns = PersonTables.all.compactMap { table, reference in
            if case .person(let column) = reference {
                "SELECT \(column) FROM \(table) WHERE length(\(column)) = 16"
            } else {
                nil
            }
        }
        let statement = try connection.prepare(columns.joined(separator: " UNION "))
        var people: [PersonID] = []
        try statement.forEachRow { () throws(StoreError) in people.append(try statement.id(0)) }
        // The hub's own key is nobody's.
        return people.filter { $0 != Vault.hub }
    }

    /// Removes every row about a person, and what is theirs in rows about several.
    private func erase(_ person: PersonID) throws(StoreError) {
        let subject = try Subject(person, in: self)
        try eraseFromJournal(subject)
        try eraseFromCommands(subject)
        try eraseFromFeed(subject)
        try eraseFromRecords(subject)
        try eraseFromHubStates(subject)
        for device in subject.devices {
            let delete = try connection.prepare("DELETE FROM device WHERE id = ?")
            delete.bind(1, device)
            try delete.run()
        }
        for (table, reference) in PersonTables.all {
            guard let sql = PersonTables.deletion(table, reference) else { continue }
            let delete = try connection.prepare(sql)
            delete.bind(1, person)
            try delete.run()
        }
        try connection.vault.forget(person)
        // What was put aside as damaged may be anybody's, and so are chunks of a series that is not there.
        try connection.execute(
            """
            DELETE FROM damaged_row;
            DELETE FROM damaged_chunk WHERE key >> 32 NOT IN (SELECT id FROM series);
            DELETE FROM chunk WHERE key >> 32 NOT IN (SELECT id FROM series)
            """)
        // Samples of index keys may be in what the query planner knows; it learns anew.
        let statistics = try connection.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'")
        var names: [String] = []
        try statistics.forEachRow { names.append(statistics.text(0)) }
        for name in names { try connection.execute("DELETE FROM \(name)") }
    }

    private func eraseFromJournal(_ subject: Subject) throws(StoreError) {
        var changed: [(Int64, [UInt8]?)] = []
        try forEachJournalRow { sequence, _, entries in
            guard entries.contains(where: { subject.series.contains($0.series) }) else { return }
            var writer = JournalRow.Writer()
            for entry in entries where !subject.series.contains(entry.series) {
                // Metric and source stand in the series.
                let time = Timestamp(milliseconds: entry.time)
                let sample = Sample(
                    metric: .heartRate, value: entry.value, time: time, span: entry.trait.span,
                    received: Timestamp(milliseconds: entry.time &+ entry.trait.delay),
                    source: DeviceID(high: 0, low: 0),
                    quality: Quality(rawValue: entry.trait.quality), revision: entry.trait.revision)
                writer.append(sample, series: entry.series, replaces: entry.replaces)
            }
            changed.append(
                (sequence, writer.count > 0 ? writer.row(sequence: UInt64(bitPattern: sequence)) : nil))
        }
        for (sequence, row) in changed {
            let statement = try connection.prepare(
                row == nil
                    ? "DELETE FROM journal WHERE sequence = ?1" : "UPDATE journal SET bytes = ?2 WHERE sequence = ?1")
            statement.bind(1, sequence)
            if let row {
                let place = CellPlace.journal(UInt64(bitPattern: sequence))
                statement.bind(2, try connection.vault.seal(row, of: nil, at: place))
            }
            try statement.run()
        }
    }

    private func eraseFromCommands(_ subject: Subject) throws(StoreError) {
        for (_, applied) in try commands() {
            let command = applied.command
            let kept = subject.without(command)
            if subject.concerns(command) {
                let delete = try connection.prepare("DELETE FROM command WHERE id = ?")
                delete.bind(1, command.id)
                try delete.run()
            } else if kept != command {
                let update = try connection.prepare(
                    """
                    UPDATE command SET actor = ?1, content = ?2,
                        sum = \(SummedTable.command.sum(of: ["id", "sequence", "at", "?1", "?2"])) WHERE id = ?3
                    """)
                let vault = connection.vault
                update.bind(1, vault.isSealing ? "" : kept.actor)
                update.bind(2, try vault.seal(Content.bytes(of: kept), of: nil, at: .command(command.id)))
                update.bind(3, command.id)
                try update.run()
            }
        }
    }

    /// What the person wrote about others stays, without who it was.
    private func eraseFromRecords(_ subject: Subject) throws(StoreError) {
        guard let name = subject.name else { return }
        // Authors of an encrypted store are sealed.
        let isOpen = !connection.vault.isSealing
        let written = try connection.prepare(
            "SELECT id FROM record WHERE person <> ?1\(isOpen ? " AND author = ?2" : "")")
        written.bind(1, subject.person)
        if isOpen { written.bind(2, name) }
        var ids: [RecordID] = []
        try written.forEachRow { () throws(StoreError) in ids.append(try written.id(0)) }
        for id in ids {
            guard let record = try record(id), record.author == name else { continue }
            try rewrite(subject.without(record))
        }
    }

    private func eraseFromHubStates(_ subject: Subject) throws(StoreError) {
        for state in try states(of: nil) {
            let kept = subject.without(state)
            guard kept != state else { continue }
            let statement = try connection.prepare(
                kept == nil
                    ? "DELETE FROM state WHERE person = x'' AND component = ?1"
                    : """
                    UPDATE state SET bytes = ?2,
                        sum = \(SummedTable.state.sum(of: ["person", "component", "sequence", "version", "?2"]))
                    WHERE person = x'' AND component = ?1
                    """)
            statement.bind(1, state.component)
            if let kept {
                statement.bind(2, try connection.vault.seal(kept.bytes, of: nil, at: .state(nil, kept.component)))
            }
            try statement.run()
        }
    }

    private static func row(
        _ row: [UInt8], of sequence: UInt64, without subject: Subject
    ) throws(Damage) -> [UInt8] {
        let bytes = try FeedRow.decode(row, sequence: sequence)
        let commit: Commit
        do throws(WireError) { commit = try FeedCommit(sequence: sequence, bytes: bytes).commit() } catch {
            throw Damage(reason: "a kept commit that cannot be read (\(error))")
        }
        return FeedRow.encode(commit.without(subject), sequence: sequence)
    }

    /// Kept commits are written again without the person: the one thing that changes what followers read. Who has them already
    /// is told by the tombstone.
    private func eraseFromFeed(_ subject: Subject) throws(StoreError) {
        var total: Int64?
        let rows = try connection.prepare("SELECT sequence FROM feed ORDER BY sequence")
        let update = try connection.prepare("UPDATE feed SET total = ?, bytes = ? WHERE sequence = ?")
        var sequences: [Int64] = []
        try rows.forEachRow { sequences.append(rows.int64(0)) }
        let row = try connection.prepare("SELECT total, bytes FROM feed WHERE sequence = ?")
        for sequence in sequences {
            row.bind(1, sequence)
            guard try row.step() else { continue }
            let number = UInt64(bitPattern: sequence)
            let size = row.withBlob(1) { $0.count }
            var bytes = try connection.vault.blob(row, 1, at: .feed(number))
            let before = total ?? row.int64(0) - Int64(size)
            row.reset()
            do throws(Damage) {
                bytes = try Self.row(bytes, of: number, without: subject)
            } catch {
                throw connection.damage(error.reason)
            }
            bytes = try connection.vault.seal(bytes, of: nil, at: .feed(number))
            total = before + Int64(bytes.count)
            update.bind(1, total ?? 0)
            update.bind(2, bytes)
            update.bind(3, sequence)
            try update.run()
        }
    }
}
