import Vitals

/// What is sealed, and the keys to it.
extension StoreRepair {
    /// What was seen of keys.
    struct Keys {
        /// Whether a row has the form of a wrapped key.
        var isWrapped = false
        /// Whether a row's value is sealed, or is not.
        var isSealed = false
        var isPlain = false
        /// The highest id that a value names.
        var last: UInt32 = 0
    }

    /// Something in a store's pages whose value cannot be read.
    struct UnopenedRow {
        var table: String
        /// By what it would be found in the new store.
        var key: [(column: String, value: FoundRow.Value)]
        /// `nil` for the hub.
        var owner: PersonID?
        var reason: String
    }

    // MARK: Keys

    /// Finds the wrapped data keys, page by page: of the table `key`, and of the index that says the same once more.
    mutating func collectKeys(_ place: StorePlace) throws(StoreError) {
        guard let key else { return }
        draft.vault = Vault(draft, key)
        try draft.execute(Migrations.withoutViews)
        try forEachPage { (repair, rows, _) throws(StoreError) in
            for row in rows {
                guard let (id, person, wrapped) = Self.wrappedKey(row) else { continue }
                repair.keys.isWrapped = true
                _ = try repair.draft.vault.adopt(wrapped, id, of: person)
            }
        }
        if keys.isWrapped, draft.vault.isEmpty { throw Vault.Refusal.wrong.error(place.given) }
    }

    /// A row of the table `key`, or of the index `key_copy`: person, wrapped key, and the key's id.
    private static func wrappedKey(_ row: FoundRow) -> (UInt32, PersonID, [UInt8])? {
        guard row.values.count == 3 else { return nil }
        let values = row.id.map { row.values[1...] + [.integer($0)] } ?? row.values[...]
        guard let person = values.first?.blob.flatMap({ PersonID(bytes: $0) }),
            let wrapped = values.dropFirst().first?.blob, Vault.isWrapped(wrapped),
            let id = values.last?.integer.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        return (id, person, wrapped)
    }

    /// Of a repair without a key: whether one is needed.
    mutating func noteKey(_ row: FoundRow) {
        if Self.wrappedKey(row) != nil { keys.isSealed = true }
    }

    /// Refuses what is encrypted and has no key here, or the other way round.
    func checkKeys(_ place: StorePlace) throws(StoreError) {
        guard key != nil else {
            if keys.isSealed { throw Vault.Refusal.missing.error(place.given) }
            return
        }
        guard draft.vault.isEmpty else { return }
        if keys.isPlain { throw Vault.Refusal.needless.error(place.given) }
        throw StoreError(
            .damaged, path: place.given,
            "none of its data keys is left, and without them nothing in it can be read: restore a backup; it was left "
                + "untouched")
    }

    /// Gives the hub a key where its own is lost, and what hangs on that.
    func completeKeys() throws(StoreError) {
        guard key != nil else { return }
        try draft.vault.complete(last: keys.last)
        var marks: [(number: Int64, mark: String)] = []
        let read = try draft.prepare("SELECT number, event, content FROM outbox")
        try read.forEachRow { () throws(StoreError) in
            let event: EventID = try read.id(1)
            let recipient = try draft.vault.blob(read, 2, at: .outbox(event))
            marks.append((read.int64(0), try draft.vault.mark(of: String(decoding: recipient, as: UTF8.self))))
        }
        let update = try draft.prepare("UPDATE OR IGNORE outbox SET recipient = ? WHERE number = ?")
        for (number, mark) in marks {
            update.bind(1, mark)
            update.bind(2, number)
            try update.run()
        }
        try draft.execute("UPDATE outbox SET sum = \(SummedTable.outbox.sum())")
    }

    // MARK: Rows

    /// Whether what a row seals opens with the keys that are there; what does not is told. In a plain store its sum suffices.
    mutating func isOpening(_ row: FoundRow, _ layout: RowLayout) -> Bool {
        func value(_ name: String) -> FoundRow.Value? { layout.value(name, of: row) }
        guard let (column, place) = CellPlace.sealed(in: layout.table, value) else { return true }
        let cell = value(column)?.blob ?? []
        if column == "content", !cell.isEmpty {
            if Self.isWire(cell) { keys.isPlain = true } else { keys.isSealed = true }
        }
        do throws(Damage) { _ = try draft.vault.open(cell, at: place) } catch {
            // What a sum covers is what was written: its id is one that was given.
            keys.last = max(keys.last, cell.withUnsafeBytes { SealedCell.keyID(of: $0) } ?? 0)
            unopened.append(
                UnopenedRow(
                    table: layout.table.name, key: Self.key(of: layout.table).map { ($0, value($0) ?? .null) },
                    owner: Self.owner(row, layout), reason: error.reason))
            return false
        }
        return true
    }

    /// Whether a value is whole in the byte format: none that is sealed is.
    private static func isWire(_ bytes: [UInt8]) -> Bool {
        var reader = ByteReader(bytes)
        do throws(WireError) { _ = try reader.record() } catch { return false }
        return reader.isAtEnd
    }

    private static func key(of table: SummedTable) -> [String] {
        switch table.name {
        case SummedTable.state.name: ["person", "component"]
        case SummedTable.outbox.name: ["event", "person"]
        default: ["id"]
        }
    }

    private static func owner(_ row: FoundRow, _ layout: RowLayout) -> PersonID? {
        let column = layout.table.name == SummedTable.person.name ? "id" : "person"
        return layout.value(column, of: row)?.blob.flatMap { PersonID(bytes: $0) }
    }

    /// What does not open and was not found elsewhere either, a line for each table and owner.
    func unopenedLines(_ connection: Connection) throws(StoreError) -> [String] {
        var counts: [String: Int] = [:]
        for row in unopened {
            let condition = row.key.map { "\($0.column) IS ?" }.joined(separator: " AND ")
            let find = try connection.keep("SELECT 1 FROM \(row.table) WHERE \(condition)")
            for (i, part) in row.key.enumerated() { find.bind(Int32(i + 1), part.value) }
            defer { find.reset() }
            guard try !find.step() else { continue }
            counts["\(row.table) of \(row.owner.map { "\($0)" } ?? "the hub"): \(row.reason)", default: 0] += 1
        }
        return counts.map { "\($0.value) × \($0.key)" }.sorted()
    }
}
