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

    /// A component of a person, or of the hub for `nil`.
    static func state(_ person: PersonID?, _ component: String) -> CellPlace {
        let owner = person ?? Vault.hub
        return CellPlace(
            "state", withUnsafeBytes(of: (owner.high.bigEndian, owner.low.bigEndian)) { Array($0) } + component.utf8)
    }
}

extension Vault {
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
