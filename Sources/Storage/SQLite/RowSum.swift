import CSQLite
import Kernels

/// The checksum that rows carry beside their values: CRC-32C over the table's name and the values, each behind its type.
///
/// SQLite does not notice a bit that flips inside a value. In SQL the sum is a function, so that a statement computes it
/// from what it binds and compares it with what it reads; ``RowSum`` itself is for rows that were found without SQL.
struct RowSum {
    /// The function's name in SQL; its arguments are the table's name and the values.
    static let function = "vitald_sum"

    /// What precedes a value: SQLite's own numbers of types (sqlite.org/c3ref/c_blob.html).
    private enum Kind {
        static let integer: UInt8 = 1
        static let real: UInt8 = 2
        static let text: UInt8 = 3
        static let blob: UInt8 = 4
        static let null: UInt8 = 5
    }

    private(set) var value: UInt32 = 0

    mutating func addNull() { add(Kind.null, 0) }
    mutating func add(_ integer: Int64) { add(Kind.integer, UInt64(bitPattern: integer)) }
    mutating func add(_ real: Double) { add(Kind.real, real.bitPattern) }
    mutating func add(text: UnsafeRawBufferPointer) { add(Kind.text, text) }
    mutating func add(blob: UnsafeRawBufferPointer) { add(Kind.blob, blob) }

    mutating func add(text: String) {
        var text = text
        text.withUTF8 { add(text: UnsafeRawBufferPointer($0)) }
    }

    /// A number, or the length of what follows.
    private mutating func add(_ kind: UInt8, _ word: UInt64) {
        withUnsafeBytes(of: (word.littleEndian, kind)) {
            value = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<9]), after: value)
        }
    }

    private mutating func add(_ kind: UInt8, _ bytes: UnsafeRawBufferPointer) {
        add(kind, UInt64(bytes.count))
        value = CRC32C.checksum(bytes, after: value)
    }

    // MARK: In SQL

    /// Makes the function known to a connection; returns SQLite's code.
    static func register(on handle: OpaquePointer) -> Int32 {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC
        return sqlite3_create_function_v2(
            handle, function, -1, flags, nil,
            { context, count, values in
                var sum = RowSum()
                for i in 0..<Int(count) { sum.add(values?[i]) }
                sqlite3_result_int64(context, Int64(sum.value))
            }, nil, nil, nil)
    }

    private mutating func add(_ value: OpaquePointer?) {
        switch sqlite3_value_type(value) {
        case SQLITE_INTEGER: add(sqlite3_value_int64(value))
        case SQLITE_FLOAT: add(sqlite3_value_double(value))
        case SQLITE_TEXT:
            let start = sqlite3_value_text(value)
            add(text: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))))
        case SQLITE_BLOB:
            let start = sqlite3_value_blob(value)
            add(blob: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))))
        default: addNull()
        }
    }
}
