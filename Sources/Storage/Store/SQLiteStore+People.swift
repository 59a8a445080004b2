import Vitals

extension SQLiteStore {
    // MARK: Writing

    // What is written again unchanged keeps its sequence number: a daemon commits its configuration at every start.

    func upsert(_ person: Person, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep(
            """
            INSERT INTO person(id, sequence, name, zone, content) VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE
            SET sequence = excluded.sequence, name = excluded.name, zone = excluded.zone, content = excluded.content
            WHERE content <> excluded.content
            """)
        insert.bind(1, person.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, person.name)
        insert.bind(4, person.zone)
        insert.bind(5, Content.bytes(of: person))
        try insert.run()
    }

    func upsert(_ device: Device, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep(
            """
            INSERT INTO device(id, sequence, name, profile, content) VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE
            SET sequence = excluded.sequence, name = excluded.name, profile = excluded.profile,
                content = excluded.content
            WHERE content <> excluded.content
            """)
        insert.bind(1, device.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, device.name)
        if let profile = device.profile { insert.bind(4, profile) } else { insert.bindNull(4) }
        insert.bind(5, Content.bytes(of: device))
        try insert.run()
    }

    /// Keyed by device, its user slot and the beginning: the person or the end may be corrected.
    func upsert(_ assignment: Assignment, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep(
            """
            INSERT INTO assignment(device, device_user, start, stop, person, sequence) VALUES(?, ?, ?, ?, ?, ?)
            ON CONFLICT(device, device_user, start) DO UPDATE
            SET stop = excluded.stop, person = excluded.person, sequence = excluded.sequence
            WHERE stop <> excluded.stop OR person <> excluded.person
            """)
        insert.bind(1, assignment.device)
        insert.bind(2, Int64(assignment.deviceUser))
        insert.bind(3, assignment.from)
        insert.bind(4, assignment.to)
        insert.bind(5, assignment.person)
        insert.bind(6, Int64(bitPattern: sequence))
        try insert.run()
    }

    // MARK: Reading

    /// Everyone, in order of name.
    public func people() throws(StoreError) -> [Person] { try contents("person") }

    /// Every source, in order of name.
    public func devices() throws(StoreError) -> [Device] { try contents("device") }

    private func contents<T: WireValue>(_ table: String) throws(StoreError) -> [T] {
        let statement = try connection.keep("SELECT content FROM \(table) ORDER BY name, id")
        var values: [T] = []
        try statement.forEachRow { () throws(StoreError) in
            values.append(try Content.value(of: statement, column: 0))
        }
        return values
    }

    /// Who wore what and when, in order of device, its user slot and beginning.
    public func assignments() throws(StoreError) -> [Assignment] {
        let statement = try connection.keep(
            "SELECT device, device_user, start, stop, person FROM assignment ORDER BY device, device_user, start")
        var assignments: [Assignment] = []
        try statement.forEachRow { () throws(StoreError) in
            assignments.append(
                Assignment(
                    device: try statement.id(0), deviceUser: UInt8(truncatingIfNeeded: statement.int64(1)),
                    person: try statement.id(4), from: statement.time(2), to: statement.time(3)))
        }
        return assignments
    }
}
