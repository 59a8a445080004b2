import CSQLite
import Vitals

/// One SQLite connection.
///
/// Not `Sendable`: it is opened without SQLite's own mutexes, so only its owner may use it, from one thread at a time.
/// Statements made by it must not be used after `close`; using them then is an error, not a trap.
final class Connection {
    /// Path of the store, for messages.
    let path: String
    private(set) var handle: OpaquePointer?
    private var kept: [String: Statement] = [:]
    /// Seals and opens values; a plain store's hands them on as they are.
    lazy var vault = Vault(plain: self)
    /// Counts the rows of a store that is open for writing.
    private(set) var tally: RunningTally?

    /// Opens `file`, a path or `file:` address, with SQLite's open flags.
    init(path: String, file: String, flags: Int32) throws(StoreError) {
        self.path = path
        let code = sqlite3_open_v2(file, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, handle != nil else {
            let error = SQLiteError(code, of: handle, doing: "open it")
            sqlite3_close(handle)
            handle = nil
            throw error.storeError(path: path)
        }
        let registered = handle.map { RowSum.register(on: $0) } ?? SQLITE_MISUSE
        guard registered == SQLITE_OK else { throw failure(registered, doing: "open it") }
    }

    deinit { close() }

    var isOpen: Bool { handle != nil }

    /// Finalises the kept statements and closes. Idempotent.
    func close() {
        for statement in kept.values { statement.finalize() }
        kept = [:]
        if sqlite3_close(handle) == SQLITE_BUSY {
            // A statement is still held somewhere: SQLite closes when it goes.
            sqlite3_close_v2(handle)
        }
        handle = nil
    }

    /// Runs statements that return nothing of interest.
    func execute(_ sql: String) throws(StoreError) {
        guard let handle else { throw closed }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code, doing: "run \(sql)") }
    }

    /// A new statement, finalised when its last reference goes.
    func prepare(_ sql: String) throws(StoreError) -> Statement {
        try prepare(sql, flags: 0)
    }

    /// The statement of that text, made once and kept until `close`. Whoever uses it resets it.
    func keep(_ sql: String) throws(StoreError) -> Statement {
        if let statement = kept[sql] { return statement }
        let statement = try prepare(sql, flags: UInt32(SQLITE_PREPARE_PERSISTENT))
        kept[sql] = statement
        return statement
    }

    private func prepare(_ sql: String, flags: UInt32) throws(StoreError) -> Statement {
        guard let handle else { throw closed }
        var pointer: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, flags, &pointer, nil)
        guard code == SQLITE_OK, let pointer else {
            let error = failure(code, doing: "prepare \(sql)")
            // Statements are vitald's own: a table or a column that one of them does not find was there.
            guard code & 0xFF == SQLITE_ERROR else { throw error }
            throw StoreError(.damaged, path: path, "\(error.message): the file is damaged; \(SQLiteError.rescue)")
        }
        return Statement(pointer, path: path)
    }

    /// The integer that a one-row statement returns, e.g. a pragma; `nil` without a row.
    func integer(_ sql: String) throws(StoreError) -> Int64? {
        let statement = try prepare(sql)
        defer { statement.finalize() }
        return try statement.step() ? statement.int64(0) : nil
    }

    /// Rows changed by the last completed statement.
    @inline(__always) var changes: Int32 { sqlite3_changes(handle) }

    /// Whether a transaction is open.
    var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    func configure(_ option: Int32, _ on: Bool) {
        guard let handle else { return }
        _ = csqlite_configure(handle, option, on ? 1 : 0)
    }

    /// Runs `body` in a write transaction: all of it is durable when this returns, none of it when this throws.
    func write<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        rollback()
        try run("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let result = try body()
            try tally?.write(on: self)
            try run("COMMIT")
            // Keys that were made within go with what they sealed.
            vault.keep()
            tally?.keep()
            return result
        } catch {
            rollback()
            vault.undo()
            tally?.undo()
            throw error
        }
    }

    /// Begins to count rows, from what the head tells.
    func beginTally() throws(StoreError) { tally = try RunningTally(on: self) }

    /// Runs `body` on one snapshot of the store.
    func read<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        guard !isInTransaction else { return try body() }
        try run("BEGIN")
        do throws(StoreError) {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            rollback()
            throw error
        }
    }

    private func rollback() {
        // SQLite has already rolled back by itself after some errors (full disk, failed write).
        guard isInTransaction else { return }
        try? run("ROLLBACK")
    }

    private func run(_ sql: String) throws(StoreError) {
        try keep(sql).run()
    }

    func failure(_ code: Int32, doing: String) -> StoreError {
        SQLiteError(code, of: handle, doing: doing).storeError(path: path)
    }

    /// What to throw when the file holds what vitald never writes.
    func damage(_ what: String) -> StoreError {
        StoreError(.damaged, path: path, "it holds \(what): the file is damaged; \(SQLiteError.rescue)")
    }

    var closed: StoreError { StoreError(.other, path: path, "the store is closed: open it again") }
}
