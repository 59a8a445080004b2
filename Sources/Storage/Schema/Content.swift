import Vitals

/// The column `content`: one value in the wire format, which is a record of its own (kind, version, length), so that a
/// row can travel as it is and a later version knows what it reads.
enum Content {
    static func bytes(of value: some WireValue) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.wire(value)
        return writer.bytes
    }

    /// The value in a column of the current row, which is at `place`. What does not open or decode is damage.
    static func value<T: WireValue>(
        of statement: Statement, column: Int32, _ vault: Vault, at place: @autoclosure () -> CellPlace
    ) throws(StoreError) -> T {
        var reader = ByteReader(try vault.blob(statement, column, at: place()))
        do throws(WireError) {
            return try reader.wire()
        } catch {
            throw statement.damage("a row that cannot be read (\(error))")
        }
    }
}
