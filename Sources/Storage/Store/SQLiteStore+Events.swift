import Vitals

extension SQLiteStore {
    // MARK: Writing

    /// An event that is there already stays as it is: an id decides its content.
    func insert(_ event: Event, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep("\(SummedTable.event.insertion) ON CONFLICT DO NOTHING")
        insert.bind(1, event.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, event.person)
        insert.bind(4, event.kind.rawValue)
        insert.bind(5, event.phase.rawValue)
        let vault = connection.vault
        insert.bind(6, vault.isSealing ? "" : event.rule)
        insert.bind(7, Int64(event.severity.rawValue))
        insert.bind(8, event.onset)
        insert.bind(9, event.decided)
        insert.bind(10, vault.isSealing ? "" : event.title)
        insert.bind(11, vault.isSealing ? "" : event.text)
        insert.bind(12, try vault.seal(Content.bytes(of: event), of: event.person, at: .event(event.id)))
        try insert.run()
    }

    func insert(_ item: OutboxItem, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep("\(SummedTable.outbox.insertion) ON CONFLICT DO NOTHING")
        let vault = connection.vault
        insert.bind(1, item.event)
        insert.bind(2, try vault.mark(of: item.recipient))
        insert.bind(3, Int64(bitPattern: sequence))
        insert.bind(4, item.person)
        if vault.isSealing {
            insert.bind(5, try vault.seal(Array(item.recipient.utf8), of: item.person, at: .outbox(item.event)))
        } else {
            insert.bindNull(5)
        }
        try insert.run()
    }

    // MARK: Reading

    /// Events in order of `decided`, those of one moment in the order they were committed.
    public func events(_ filter: EventFilter) throws(StoreError) -> [Event] {
        let limit = filter.limit ?? .max
        guard limit > 0 else { return [] }
        var conditions = ["decided >= ?1", "decided < ?2"]
        if filter.person != nil { conditions.append("person = ?3") }
        if filter.kind != nil { conditions.append("kind = ?4") }
        let statement = try connection.keep(
            """
            SELECT content, id, \(isIntact(.event)), number FROM event WHERE \(conditions.joined(separator: " AND "))
            ORDER BY decided DESC, number DESC LIMIT ?5
            """)
        statement.bind(1, filter.range.start)
        statement.bind(2, filter.range.end)
        if let person = filter.person { statement.bind(3, person) }
        if let kind = filter.kind { statement.bind(4, kind.rawValue) }
        statement.bind(5, limit)
        return try events(from: statement).reversed()
    }

    /// Events whose id begins with these hexadecimal digits, either case, hyphens ignored; none for anything else.
    public func events(idPrefix: String) throws(StoreError) -> [Event] {
        var digits: [UInt8] = []
        for character in idPrefix where character != "-" {
            guard character.isASCII, let digit = character.hexDigitValue else { return [] }
            digits.append(UInt8(truncatingIfNeeded: digit))
        }
        guard digits.count <= 32 else { return [] }
        let statement = try connection.keep(
            """
            SELECT content, id, \(isIntact(.event)), number FROM event WHERE id BETWEEN ? AND ?
            ORDER BY decided, number
            """)
        for (index, filler) in [(Int32(1), UInt8(0)), (2, 15)] {
            let padded = digits + [UInt8](repeating: filler, count: 32 - digits.count)
            statement.bind(index, stride(from: 0, to: 32, by: 2).map { padded[$0] << 4 | padded[$0 + 1] })
        }
        return try events(from: statement)
    }

    /// A writer puts what is damaged aside and goes on; a reader, who cannot, says so.
    private func events(from statement: Statement) throws(StoreError) -> [Event] {
        var events: [Event] = []
        var damaged: [Int64] = []
        try statement.forEachRow { () throws(StoreError) in
            do throws(StoreError) {
                try requireIntact(statement, column: 2, .event)
                let id: EventID = try statement.id(1)
                events.append(try Content.value(of: statement, column: 0, connection.vault, at: .event(id)))
            } catch {
                guard isWriter, error.code == .damaged else { throw error }
                damaged.append(statement.int64(3))
            }
        }
        for number in damaged { try setAside(.event, where: "number = \(number)") }
        return events
    }

    /// What waits to be delivered, oldest first.
    public func outbox() throws(StoreError) -> [OutboxItem] {
        let statement = try connection.keep(
            """
            SELECT event, person, recipient, \(isIntact(.outbox)), \(version >= Migrations.withKeys ? "content" : "NULL")
            FROM outbox ORDER BY number
            """)
        var items: [OutboxItem] = []
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 3, .outbox)
            let event: EventID = try statement.id(0)
            var recipient = statement.text(2)
            if connection.vault.isSealing {
                recipient = String(decoding: try connection.vault.blob(statement, 4, at: .outbox(event)), as: UTF8.self)
            }
            items.append(OutboxItem(event: event, person: try statement.id(1), recipient: recipient))
        }
        return items
    }
}
