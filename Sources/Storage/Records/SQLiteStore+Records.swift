import Kernels
import Vitals

/// The table `record`: what was written down about people, every kind in the same columns.
extension SQLiteStore {
    // MARK: Writing

    /// The higher revision stays. Of two of the same revision the one that came first stays: they are the same.
    func upsert(_ record: Record, _ sequence: UInt64) throws(StoreError) {
        guard record.payload.count <= Record.mostBytes else {
            throw StoreError(
                .other, path: connection.path,
                "a document of \(record.payload.count) bytes is too large: the store takes \(Record.mostBytes >> 20) MB at most; "
                    + "make it smaller, or keep it elsewhere")
        }
        // Beside the payload, so that a list need not read it.
        var head = record
        head.payload = []
        let content = Content.bytes(of: head)
        try Self.upsert(
            record, content, record.content == nil ? nil : record.payload,
            checksum: Int64(Self.checksum(content, record.payload)), sequence, on: connection)
    }

    /// Writes a row: what stands beside `content` follows from it.
    static func upsert(
        _ record: Record, _ content: [UInt8], _ payload: [UInt8]?, checksum: Int64, _ sequence: UInt64,
        on connection: Connection
    ) throws(StoreError) {
        let insert = try connection.keep(
            """
            INSERT INTO record(id, kind, revision, person, sequence, at, author, text, checksum, content, payload)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE
            SET kind = excluded.kind, revision = excluded.revision, person = excluded.person,
                sequence = excluded.sequence, at = excluded.at, author = excluded.author, text = excluded.text,
                checksum = excluded.checksum, content = excluded.content, payload = excluded.payload
            WHERE excluded.revision > revision
            """)
        insert.bind(1, record.id)
        insert.bind(2, Int64(record.kind.rawValue))
        insert.bind(3, Int64(record.revision))
        insert.bind(4, record.person)
        insert.bind(5, Int64(bitPattern: sequence))
        insert.bind(6, record.at)
        let vault = connection.vault
        insert.bind(7, vault.isSealing ? "" : record.author)
        insert.bind(8, vault.isSealing ? "" : record.text)
        insert.bind(9, vault.isSealing ? 0 : checksum)
        insert.bind(10, try vault.seal(content, of: record.person, at: .record(record.id)))
        if let payload {
            insert.bind(11, try vault.seal(payload, of: record.person, at: .payload(record.id)))
        } else {
            insert.bindNull(11)
        }
        try insert.run()
    }

    /// Writes a record in place of itself: another author, the same revision.
    func rewrite(_ record: Record) throws(StoreError) {
        var head = record
        head.payload = []
        let content = Content.bytes(of: head)
        let update = try connection.prepare("UPDATE record SET author = ?, checksum = ?, content = ? WHERE id = ?")
        let vault = connection.vault
        update.bind(1, vault.isSealing ? "" : record.author)
        update.bind(2, vault.isSealing ? 0 : Int64(Self.checksum(content, record.payload)))
        update.bind(3, try vault.seal(content, of: record.person, at: .record(record.id)))
        update.bind(4, record.id)
        try update.run()
    }

    static func checksum(_ content: [UInt8], _ payload: [UInt8]) -> UInt32 {
        let first = content.withUnsafeBytes { CRC32C.checksum($0) }
        return payload.withUnsafeBytes { CRC32C.checksum($0, after: first) }
    }

    // MARK: Reading

    /// In order of `at`, then of id.
    public func records(of person: PersonID?, kind: Record.Kind?) throws(StoreError) -> [Record] {
        guard version >= Migrations.withRecords else { return [] }
        var conditions = ["payload IS NOT NULL"]
        if person != nil { conditions.append("person = ?1") }
        if kind != nil { conditions.append("kind = ?2") }
        let statement = try connection.keep(
            "SELECT content, id FROM record WHERE \(conditions.joined(separator: " AND ")) ORDER BY at, id")
        if let person { statement.bind(1, person) }
        if let kind { statement.bind(2, Int64(kind.rawValue)) }
        var records: [Record] = []
        try statement.forEachRow { () throws(StoreError) in
            let id: RecordID = try statement.id(1)
            let record: Record = try Content.value(of: statement, column: 0, connection.vault, at: .record(id))
            guard record.id == id else { throw statement.damage("a record that stands under the id of another") }
            records.append(record)
        }
        return records
    }

    public func record(_ id: RecordID) throws(StoreError) -> Record? {
        guard version >= Migrations.withRecords else { return nil }
        let statement = try connection.keep("SELECT content, payload, checksum, id FROM record WHERE id = ?")
        statement.bind(1, id)
        defer { statement.reset() }
        return try statement.step() ? try record(statement) : nil
    }

    /// The record in the current row: content, payload, checksum and id.
    private func record(_ statement: Statement) throws(StoreError) -> Record {
        let id: RecordID = try statement.id(3)
        let vault = connection.vault
        let content = try vault.blob(statement, 0, at: .record(id))
        var record: Record = try Content.value(of: statement, column: 0, vault, at: .record(id))
        if !statement.isNull(1) { record.payload = try vault.blob(statement, 1, at: .payload(id)) }
        // A checksum of what is sealed would tell a guess of it from a wrong one; sealing proves it better.
        guard vault.isSealing || Int64(Self.checksum(content, record.payload)) == statement.int64(2) else {
            throw statement.damage("a record whose checksum differs (\(record.kind.name) \(record.id))")
        }
        return record
    }

    /// Every record with its payload, tombstones too.
    func forEachRecord(_ body: (Record) throws(StoreError) -> Void) throws(StoreError) {
        guard version >= Migrations.withRecords else { return }
        let statement = try connection.prepare("SELECT content, payload, checksum, id FROM record ORDER BY at, id")
        try statement.forEachRow { () throws(StoreError) in try body(try record(statement)) }
    }

    /// What is wrong with records, a line each.
    func recordProblems() throws(StoreError) -> [String] {
        guard version >= Migrations.withRecords else { return [] }
        var problems: [String] = []
        let statement = try connection.prepare(
            "SELECT content, payload, checksum, id, text FROM record ORDER BY at, id")
        try statement.forEachRow {
            do throws(StoreError) {
                let record = try record(statement)
                if !connection.vault.isSealing, record.text != statement.text(4) {
                    problems.append("\(record.kind.name) \(record.id): its text beside it differs")
                }
            } catch {
                problems.append(error.message)
            }
        }
        return problems
    }

    /// Every command that was applied, in order of the commits that have them.
    public func commands() throws(StoreError) -> [(sequence: UInt64, command: AppliedCommand)] {
        let statement = try connection.keep(
            "SELECT content, at, sequence, id, \(isIntact(.command)) FROM command ORDER BY sequence, id")
        var commands: [(sequence: UInt64, command: AppliedCommand)] = []
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 4, .command)
            let id: CommandID = try statement.id(3)
            let applied = AppliedCommand(
                command: try Content.value(of: statement, column: 0, connection.vault, at: .command(id)),
                at: statement.time(1))
            commands.append((UInt64(bitPattern: statement.int64(2)), applied))
        }
        return commands
    }

    /// The events that certain commits brought, in their order; those of a command's commit are its effect. Looks at each
    /// event's row.
    public func events(ofCommits commits: Set<UInt64>) throws(StoreError) -> [UInt64: [Event]] {
        let statement = try connection.keep("SELECT sequence, content, id FROM event ORDER BY number")
        var events: [UInt64: [Event]] = [:]
        try statement.forEachRow { () throws(StoreError) in
            let sequence = UInt64(bitPattern: statement.int64(0))
            guard commits.contains(sequence) else { return }
            let id: EventID = try statement.id(2)
            events[sequence, default: []].append(
                try Content.value(of: statement, column: 1, connection.vault, at: .event(id)))
        }
        return events
    }
}
