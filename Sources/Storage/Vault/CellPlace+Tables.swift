import Vitals

/// The sealed values of each table, and what they belong to.
extension CellPlace {
    static func chunk(_ key: ChunkKey) -> CellPlace { CellPlace("chunk", key.row) }
    static func rollup(_ key: RollupKey) -> CellPlace { CellPlace("rollup", key.row) }
    static func journal(_ sequence: UInt64) -> CellPlace { CellPlace("journal", Int64(bitPattern: sequence)) }
    static func feed(_ sequence: UInt64) -> CellPlace { CellPlace("feed", Int64(bitPattern: sequence)) }
    static func person(_ id: PersonID) -> CellPlace { CellPlace("person", id) }
    static func device(_ id: DeviceID) -> CellPlace { CellPlace("device", id) }
    static func event(_ id: EventID) -> CellPlace { CellPlace("event", id) }
    static func outbox(_ event: EventID) -> CellPlace { CellPlace("outbox", event) }
    static func command(_ id: CommandID) -> CellPlace { CellPlace("command", id) }
    /// A record without its payload, and that.
    static func record(_ id: RecordID) -> CellPlace { CellPlace("record", id) }
    static func payload(_ id: RecordID) -> CellPlace { CellPlace("record.payload", id) }

    /// A row that was found damaged.
    static func damagedRow(_ number: Int64) -> CellPlace { CellPlace("damaged_row", number) }

    /// A component of a person, or of the hub for `nil`.
    static func state(_ person: PersonID?, _ component: String) -> CellPlace {
        let owner = person ?? Vault.hub
        return CellPlace(
            "state", withUnsafeBytes(of: (owner.high.bigEndian, owner.low.bigEndian)) { Array($0) } + component.utf8)
    }
}

extension CellPlace {
    /// Which column of a row with a sum is sealed, and what it belongs to; `nil` where nothing is.
    ///
    /// - Parameter value: the row's values, by column.
    static func sealed(
        in table: SummedTable, _ value: (String) -> FoundRow.Value?
    ) -> (column: String, place: CellPlace)? {
        func place<T>(_ column: String, _ place: (Identifier<T>) -> CellPlace) -> (String, CellPlace)? {
            value(column)?.blob.flatMap { Identifier<T>(bytes: $0) }.map { ("content", place($0)) }
        }
        switch table.name {
        case SummedTable.event.name: return place("id") { .event($0) }
        case SummedTable.outbox.name: return place("event") { .outbox($0) }
        case SummedTable.command.name: return place("id") { .command($0) }
        case SummedTable.person.name: return place("id") { .person($0) }
        case SummedTable.device.name: return place("id") { .device($0) }
        case SummedTable.state.name:
            guard case .text(let component)? = value("component") else { return nil }
            let person = value("person")?.blob.flatMap { PersonID(bytes: $0) }
            return ("bytes", .state(person, String(decoding: component, as: UTF8.self)))
        default: return nil
        }
    }
}

extension Vault {
    /// Opens bytes that are held.
    func open(_ cell: [UInt8], at place: @autoclosure () -> CellPlace) throws(Damage) -> [UInt8] {
        try cell.lend { (bytes) throws(Damage) in try open(bytes, at: place()) }
    }

    /// Whether the value in a column of the current row is this one; what is damaged is not, and is to be written anew.
    func holds(
        _ statement: Statement, _ column: Int32, _ plain: [UInt8], at place: CellPlace
    ) throws(StoreError) -> Bool {
        do throws(StoreError) { return try blob(statement, column, at: place) == plain } catch {
            guard error.code == .damaged else { throw error }
            return false
        }
    }

    /// The value in a column of the current row.
    func blob(
        _ statement: Statement, _ column: Int32, at place: @autoclosure () -> CellPlace
    ) throws(StoreError) -> [UInt8] {
        guard isSealing else { return statement.blob(column) }
        do throws(Damage) {
            return try statement.withBlob(column) { (cell) throws(Damage) in try open(cell, at: place()) }
        } catch {
            throw statement.damage(error.reason)
        }
    }
}
