import CSQLite
import Vitals

/// A prepared statement: bind, step, read columns, reset. Belongs to the owner of its connection.
///
/// Finalised by `finalize` or with its last reference. Parameters count from 1 and columns from 0, as in SQLite.
final class Statement {
    private var pointer: OpaquePointer?
    private let path: String
    /// The first error of a `bind` since the last `step`: reported there, so that binding needs no `try`.
    private var bound = SQLITE_OK

    init(_ pointer: OpaquePointer, path: String) {
        self.pointer = pointer
        self.path = path
    }

    deinit { sqlite3_finalize(pointer) }

    /// Frees it at once; later use is an error.
    func finalize() {
        sqlite3_finalize(pointer)
        pointer = nil
    }

    // MARK: Parameters

    @inline(__always) func bind(_ index: Int32, _ value: Int64) { note(sqlite3_bind_int64(pointer, index, value)) }
    @inline(__always) func bind(_ index: Int32, _ value: Int) { bind(index, Int64(value)) }
    /// NaN rests as NULL: SQLite has no other place for it.
    @inline(__always) func bind(_ index: Int32, _ value: Double) { note(sqlite3_bind_double(pointer, index, value)) }
    func bind(_ index: Int32, _ time: Timestamp) { bind(index, time.milliseconds) }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { note(csqlite_bind_text(pointer, index, $0.baseAddress, UInt64($0.count))) }
    }

    func bind(_ index: Int32, _ blob: [UInt8]) {
        blob.withUnsafeBytes { note(csqlite_bind_blob(pointer, index, $0.baseAddress, UInt64($0.count))) }
    }

    /// The id's 16 bytes.
    func bind<T>(_ index: Int32, _ id: Identifier<T>) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) {
            note(csqlite_bind_blob(pointer, index, $0.baseAddress, UInt64($0.count)))
        }
    }

    func bindNull(_ index: Int32) { note(sqlite3_bind_null(pointer, index)) }

    @inline(__always) private func note(_ code: Int32) {
        if code != SQLITE_OK, bound == SQLITE_OK { bound = code }
    }

    // MARK: Steps

    /// Goes to the next row; `false` after the last. After an error the statement is reset.
    @inline(__always) func step() throws(StoreError) -> Bool {
        guard bound == SQLITE_OK else { throw fail(bound) }
        let code = sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw fail(code)
    }

    /// Runs a statement whose rows do not matter, and resets it.
    @inline(__always) func run() throws(StoreError) {
        while try step() {}
        reset()
    }

    /// Makes it ready for the next run; bound values stay.
    @inline(__always) func reset() { sqlite3_reset(pointer) }

    /// Calls `body` with each row on it, then resets.
    func forEachRow(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        defer { reset() }
        while try step() { try body() }
    }

    @inline(never) private func fail(_ code: Int32) -> StoreError {
        let sql = pointer.flatMap { sqlite3_sql($0) }.map { String(cString: $0) } ?? "a finished statement"
        let verb = sql.split(separator: "(").first.map { String($0) } ?? sql
        let connection = pointer.flatMap { sqlite3_db_handle($0) }
        let error = SQLiteError(code, of: connection, doing: "run \(verb)")
        bound = SQLITE_OK
        sqlite3_reset(pointer)
        return error.storeError(path: path)
    }

    // MARK: Columns of the current row

    @inline(__always) func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
    @inline(__always) func double(_ column: Int32) -> Double { sqlite3_column_double(pointer, column) }
    @inline(__always) func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }
    @inline(__always) func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: int64(column)) }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(pointer, column) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Lends the bytes of a column; they go with the next step.
    func withBlob<R, E: Error>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let start = sqlite3_column_blob(pointer, column)
        return try body(
            UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(pointer, column))))
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(pointer, column) else { return [] }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The id in a column of 16 bytes; anything else is damage.
    func id<T>(_ column: Int32) throws(StoreError) -> Identifier<T> {
        guard let start = sqlite3_column_blob(pointer, column), sqlite3_column_bytes(pointer, column) == 16 else {
            throw damage("an id that is not 16 bytes")
        }
        return Identifier(
            high: UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// What to throw when a row holds what vitald never writes.
    func damage(_ what: String) -> StoreError {
        StoreError(.damaged, path: path, "it holds \(what): the file is damaged; \(SQLiteError.rescue)")
    }
}
