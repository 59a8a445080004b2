import Vitals

extension SQLiteStore {
    // MARK: Writing

    // What is written again unchanged keeps its sequence number: a daemon commits its configuration at every start.

    func upsert(_ person: Person, _ sequence: UInt64) throws(StoreError) {
        let content = Content.bytes(of: person)
        let vault = connection.vault
        if vault.isSealing, try isStored(content, in: "person", person.id, at: .person(person.id)) { return }
        let insert = try connection.keep(
            """
            \(SummedTable.person.insertion) ON CONFLICT(id) DO UPDATE
            SET sequence = excluded.sequence, name = excluded.name, zone = excluded.zone, content = excluded.content,
                sum = excluded.sum
            WHERE content <> excluded.content
            """)
        insert.bind(1, person.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, vault.isSealing ? "" : person.name)
        insert.bind(4, vault.isSealing ? "" : person.zone)
        insert.bind(5, try vault.seal(content, of: person.id, at: .person(person.id)))
        try insert.run()
    }

    func upsert(_ device: Device, _ sequence: UInt64) throws(StoreError) {
        let content = Content.bytes(of: device)
        let vault = connection.vault
        if vault.isSealing, try isStored(content, in: "device", device.id, at: .device(device.id)) { return }
        let insert = try connection.keep(
            """
            \(SummedTable.device.insertion) ON CONFLICT(id) DO UPDATE
            SET sequence = excluded.sequence, name = excluded.name, profile = excluded.profile,
                content = excluded.content, sum = excluded.sum
            WHERE content <> excluded.content
            """)
        insert.bind(1, device.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, vault.isSealing ? "" : device.name)
        if let profile = device.profile, !vault.isSealing { insert.bind(4, profile) } else { insert.bindNull(4) }
        insert.bind(5, try vault.seal(content, of: nil, at: .device(device.id)))
        try insert.run()
    }

    /// Sealed twice, the same bytes look different: what is there is opened.
    private func isStored<T>(
        _ content: [UInt8], in table: String, _ id: Identifier<T>, at place: CellPlace
    ) throws(StoreError) -> Bool {
        let statement = try connection.keep("SELECT content FROM \(table) WHERE id = ?")
        statement.bind(1, id)
        defer { statement.reset() }
        guard try statement.step() else { return false }
        return try connection.vault.holds(statement, 0, content, at: place)
    }

    /// Keyed by device, its user slot and the beginning: the person or the end may be corrected.
    func upsert(_ assignment: Assignment, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep(
            """
            \(SummedTable.assignment.insertion) ON CONFLICT(device, device_user, start) DO UPDATE
            SET stop = excluded.stop, person = excluded.person, sequence = excluded.sequence, sum = excluded.sum
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
    public func people() throws(StoreError) -> [Person] {
        let people: [Person] = try contents(.person) { .person($0) }
        return people.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// Every source, in order of name.
    public func devices() throws(StoreError) -> [Device] {
        let devices: [Device] = try contents(.device) { .device($0) }
        return devices.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    private func contents<T: WireValue, Named>(
        _ table: SummedTable, _ place: (Identifier<Named>) -> CellPlace
    ) throws(StoreError) -> [T] {
        let statement = try connection.keep("SELECT content, id, \(isIntact(table)) FROM \(table.name)")
        var values: [T] = []
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 2, table)
            let id: Identifier<Named> = try statement.id(1)
            values.append(try Content.value(of: statement, column: 0, connection.vault, at: place(id)))
        }
        return values
    }

    /// Who wore what and when, in order of device, its user slot and beginning.
    public func assignments() throws(StoreError) -> [Assignment] {
        let statement = try connection.keep(
            """
            SELECT device, device_user, start, stop, person, \(isIntact(.assignment)) FROM assignment
            ORDER BY device, device_user, start
            """)
        var assignments: [Assignment] = []
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 5, .assignment)
            assignments.append(
                Assignment(
                    device: try statement.id(0), deviceUser: UInt8(truncatingIfNeeded: statement.int64(1)),
                    person: try statement.id(4), from: statement.time(2), to: statement.time(3)))
        }
        return assignments
    }
}
