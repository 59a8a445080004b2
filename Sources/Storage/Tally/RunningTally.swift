import CSQLite
import Vitals

/// A writer's tally. Every row that comes, goes or changes tells it, by temporary triggers that only this connection has, so
/// that no statement can forget to.
final class RunningTally {
    private(set) var now: Tally
    /// What the head tells.
    private var kept: Tally

    /// The triggers' function: a table's place, and the marks of what went and of what came; NULL for none.
    private static let function = "vitald_tally"

    init(on connection: Connection) throws(StoreError) {
        now = try Tally(of: connection)
        kept = now
        let code = sqlite3_create_function_v2(
            connection.handle, Self.function, 3, SQLITE_UTF8, Unmanaged.passUnretained(self).toOpaque(),
            { context, _, values in
                guard let values, let this = sqlite3_user_data(context) else { return }
                Unmanaged<RunningTally>.fromOpaque(this).takeUnretainedValue().note(values)
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw connection.failure(code, doing: "count its rows") }
        // Rows that others take the place of go by the triggers, too.
        try connection.execute("PRAGMA recursive_triggers = ON")
        for (place, table) in TalliedTable.all.enumerated() {
            for (name, gone, come) in [("INSERT", "", "new."), ("DELETE", "old.", ""), ("UPDATE", "old.", "new.")] {
                let marks = [gone, come].map { $0.isEmpty ? "NULL" : table.mark(of: $0) }.joined(separator: ", ")
                try connection.execute(
                    """
                    CREATE TEMP TRIGGER tally_\(table.name)_\(name) AFTER \(name) ON main.\(table.name)
                    BEGIN SELECT \(Self.function)(\(place), \(marks)); END
                    """)
            }
        }
    }

    private func note(_ values: UnsafeMutablePointer<OpaquePointer?>) {
        let place = Int(sqlite3_value_int64(values[0]))
        for (value, sign) in [(values[1], Int64(-1)), (values[2], 1)] where sqlite3_value_type(value) != SQLITE_NULL {
            now.counts[place].rows += sign
            now.counts[place].marks += sign * sqlite3_value_int64(value)
        }
    }

    /// Counts a table anew from which damaged rows were taken: their marks are not those they came with. Where more lacks than
    /// those, that goes on being told.
    func settle(_ table: TalliedTable, on connection: Connection) throws(StoreError) {
        guard let place = TalliedTable.all.firstIndex(where: { $0.name == table.name }) else { return }
        let found = try Tally.count(table, connection)
        if found.rows == now.counts[place].rows { now.counts[place] = found }
    }

    /// Tells the head what changed, within the transaction under way.
    func write(on connection: Connection) throws(StoreError) {
        if now != kept { try now.write(on: connection) }
    }

    /// The transaction succeeded.
    func keep() { kept = now }

    /// The transaction failed: the rows are those of before.
    func undo() { now = kept }
}
