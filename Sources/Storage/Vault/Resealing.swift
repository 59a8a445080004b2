import Vitals

/// The values of all tables, opened with one vault and sealed with another's, within a transaction on a copy of the store.
struct Resealing {
    let from: Vault
    let copy: Connection

    private var to: Vault { copy.vault }

    func run() throws(StoreError) {
        try rows("journal", "sequence", "bytes") { (row) throws(StoreError) in
            (nil, .journal(UInt64(bitPattern: row.int64(0))))
        }
        try rows("feed", "sequence", "bytes") { (row) throws(StoreError) in
            (nil, .feed(UInt64(bitPattern: row.int64(0))))
        }
        try countFeed()
        try rows("damaged_chunk", "number", "bytes", "key", mayBeDamaged: true) { (row) throws(StoreError) in
            let key = ChunkKey(row.int64(2))
            return (try owner(of: key), .chunk(key))
        }
        try rows("damaged_rollup", "number", "bytes", "key", mayBeDamaged: true) { (row) throws(StoreError) in
            try rollup(row.int64(2))
        }
        try rows("damaged_row", "number", "content", mayBeDamaged: true) { (row) throws(StoreError) in
            (nil, .damagedRow(row.int64(0)))
        }
        try rows("rollup", "key", "bytes") { (row) throws(StoreError) in try rollup(row.int64(0)) }
        try rows("state", "number", "bytes", "person, component") { (row) throws(StoreError) in
            let person: PersonID? = row.blob(2).isEmpty ? nil : try row.id(2)
            return (person, .state(person, row.text(3)))
        }
        try rows("person", "rowid", "content", "id") { (row) throws(StoreError) in
            let id: PersonID = try row.id(2)
            return (id, .person(id))
        }
        try rows("device", "rowid", "content", "id") { (row) throws(StoreError) in (nil, .device(try row.id(2))) }
        try rows("command", "rowid", "content", "id") { (row) throws(StoreError) in (nil, .command(try row.id(2))) }
        try rows("event", "number", "content", "id, person") { (row) throws(StoreError) in
            (try row.id(3), .event(try row.id(2)))
        }
        try rows("record", "rowid", "content", "id, person") { (row) throws(StoreError) in
            (try row.id(3), .record(try row.id(2)))
        }
        try rows("record", "rowid", "payload", "id, person", "payload IS NOT NULL") { (row) throws(StoreError) in
            (try row.id(3), .payload(try row.id(2)))
        }
        try chunks()
        try outbox()
        try names()
    }

    // MARK: One value a row

    /// - Parameters:
    ///   - more: columns that `place` reads, from the third on; the first two are key and value.
    ///   - place: whose a row is, and what it belongs to.
    private func rows(
        _ table: String, _ key: String, _ column: String, _ more: String = "NULL", _ condition: String = "TRUE",
        mayBeDamaged: Bool = false,
        _ place: (Statement) throws(StoreError) -> (PersonID?, CellPlace)
    ) throws(StoreError) {
        let list = try copy.prepare("SELECT \(key) FROM \(table) WHERE \(condition)")
        var numbers: [Int64] = []
        try list.forEachRow { numbers.append(list.int64(0)) }
        let read = try copy.prepare("SELECT \(key), \(column), \(more) FROM \(table) WHERE \(key) = ?")
        let update = try copy.prepare("UPDATE \(table) SET \(column) = ? WHERE \(key) = ?")
        for number in numbers {
            read.bind(1, number)
            guard try read.step() else { continue }
            defer { read.reset() }
            let (person, place) = try place(read)
            let plain: [UInt8]
            do throws(StoreError) { plain = try from.blob(read, 1, at: place) } catch {
                // What was set aside as damaged stays as it is.
                guard mayBeDamaged, error.code == .damaged else { throw error }
                continue
            }
            update.bind(1, try to.seal(plain, of: person, at: place))
            update.bind(2, number)
            try update.run()
        }
    }

    /// `total` counts bytes as they rest.
    private func countFeed() throws(StoreError) {
        try copy.execute(
            """
            UPDATE feed SET total = counted.total
            FROM (SELECT sequence, sum(length(bytes)) OVER (ORDER BY sequence) AS total FROM feed) AS counted
            WHERE counted.sequence = feed.sequence
            """)
    }

    private func owner(of key: ChunkKey) throws(StoreError) -> PersonID {
        let statement = try copy.keep("SELECT person FROM series WHERE id = ?")
        statement.bind(1, key.series)
        defer { statement.reset() }
        guard try statement.step() else { throw statement.damage("a chunk of a series that is not there") }
        return try statement.id(0)
    }

    /// Whose sums a row of the table `rollup` has.
    private func rollup(_ number: Int64) throws(StoreError) -> (PersonID?, CellPlace) {
        guard let key = RollupKey(number) else { throw copy.damage("a rollup of no day") }
        return (try owner(of: ChunkKey(series: key.series, quarter: 0)), .rollup(key))
    }

    // MARK: Tables that tell more where they are plain

    private func chunks() throws(StoreError) {
        let table = ChunkTable(connection: copy)
        let list = try copy.prepare(
            "SELECT chunk.key, series.person, series.metric FROM chunk JOIN series ON series.id = chunk.key >> 32")
        var all: [(key: ChunkKey, person: PersonID, isIncrement: Bool)] = []
        try list.forEachRow { () throws(StoreError) in
            let metric = UInt16(exactly: list.int64(2)).flatMap(Metric.init(rawValue:))
            all.append((ChunkKey(list.int64(0)), try list.id(1), metric?.kind == .increment))
        }
        let read = try copy.prepare("SELECT bytes FROM chunk WHERE key = ?")
        for chunk in all {
            read.bind(1, chunk.key.row)
            guard try read.step() else { continue }
            let bytes = try from.blob(read, 0, at: .chunk(chunk.key))
            read.reset()
            let samples: SampleColumns
            do throws(Damage) { samples = try ChunkCodec.decode(bytes, key: chunk.key.row) } catch {
                throw copy.damage(error.reason)
            }
            try table.write(samples, chunk.key, of: chunk.person, chunk.isIncrement)
        }
    }

    private func outbox() throws(StoreError) {
        let read = try copy.prepare("SELECT number, event, person, recipient, content FROM outbox")
        var items: [(number: Int64, item: OutboxItem)] = []
        try read.forEachRow { () throws(StoreError) in
            let event: EventID = try read.id(1)
            var recipient = read.text(3)
            if from.isSealing {
                recipient = String(decoding: try from.blob(read, 4, at: .outbox(event)), as: UTF8.self)
            }
            items.append((read.int64(0), OutboxItem(event: event, person: try read.id(2), recipient: recipient)))
        }
        let update = try copy.prepare("UPDATE outbox SET recipient = ?, content = ? WHERE number = ?")
        for (number, item) in items {
            update.bind(1, try to.mark(of: item.recipient))
            if to.isSealing {
                update.bind(2, try to.seal(Array(item.recipient.utf8), of: item.person, at: .outbox(item.event)))
            } else {
                update.bindNull(2)
            }
            update.bind(3, number)
            try update.run()
        }
    }

    /// What stands beside a sealed value in a plain store only, for indices and SQL users.
    private func names() throws(StoreError) {
        guard !to.isSealing else {
            return try copy.execute(
                """
                UPDATE person SET name = '', zone = ''; UPDATE device SET name = '', profile = NULL;
                UPDATE command SET actor = ''; UPDATE record SET author = '', text = '', checksum = 0;
                UPDATE event SET rule = '', title = '', text = '';
                """)
        }
        func values<T: WireValue, Named>(
            _ table: String, _ place: (Identifier<Named>) -> CellPlace
        ) throws(StoreError) -> [(Identifier<Named>, T)] {
            let read = try copy.prepare("SELECT id, content FROM \(table)")
            var values: [(Identifier<Named>, T)] = []
            try read.forEachRow { () throws(StoreError) in
                let id: Identifier<Named> = try read.id(0)
                values.append((id, try Content.value(of: read, column: 1, to, at: place(id))))
            }
            return values
        }
        func set(_ sql: String, _ texts: [String?], _ bindID: (Statement, Int32) -> Void) throws(StoreError) {
            let update = try copy.keep(sql)
            for (i, text) in texts.enumerated() {
                if let text { update.bind(Int32(i + 1), text) } else { update.bindNull(Int32(i + 1)) }
            }
            bindID(update, Int32(texts.count + 1))
            try update.run()
        }
        let people: [(PersonID, Person)] = try values("person") { .person($0) }
        for (id, person) in people {
            try set("UPDATE person SET name = ?, zone = ? WHERE id = ?", [person.name, person.zone]) { $0.bind($1, id) }
        }
        let devices: [(DeviceID, Device)] = try values("device") { .device($0) }
        for (id, device) in devices {
            try set("UPDATE device SET name = ?, profile = ? WHERE id = ?", [device.name, device.profile]) {
                $0.bind($1, id)
            }
        }
        let commands: [(CommandID, Command)] = try values("command") { .command($0) }
        for (id, command) in commands {
            try set("UPDATE command SET actor = ? WHERE id = ?", [command.actor]) { $0.bind($1, id) }
        }
        let records: [(RecordID, Record)] = try values("record") { .record($0) }
        for (id, record) in records {
            try set("UPDATE record SET author = ?, text = ? WHERE id = ?", [record.author, record.text]) {
                $0.bind($1, id)
            }
        }
        try sumRecords()
        let events: [(EventID, Event)] = try values("event") { .event($0) }
        for (id, event) in events {
            try set(
                "UPDATE event SET rule = ?, title = ?, text = ? WHERE id = ?", [event.rule, event.title, event.text]
            ) { $0.bind($1, id) }
        }
    }

    /// Checksums of records, which a sealed store has none of.
    private func sumRecords() throws(StoreError) {
        let read = try copy.prepare("SELECT rowid, content, payload FROM record")
        var sums: [(Int64, UInt32)] = []
        try read.forEachRow { sums.append((read.int64(0), SQLiteStore.checksum(read.blob(1), read.blob(2)))) }
        let update = try copy.prepare("UPDATE record SET checksum = ? WHERE rowid = ?")
        for (row, sum) in sums {
            update.bind(1, Int64(sum))
            update.bind(2, row)
            try update.run()
        }
    }
}
