import Vitals

/// A commit as the table `feed` holds it: the bytes that followers read, behind a version and a checksum.
///
/// ```
/// version  1 byte, 1
/// checksum 4 bytes, CRC-32C over the commit's number (8 bytes, little-endian) and all that follows
/// commit   in the byte format (``WireValue``)
/// ```
enum FeedRow {
    static let version: UInt8 = 1
    static let head = SummedBlock.head

    static func encode(_ commit: Commit, sequence: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(version)
        writer.integer(UInt32(0))
        writer.wire(commit)
        var row = writer.bytes
        SummedBlock.finish(&row, key: Int64(bitPattern: sequence))
        return row
    }

    /// The commit's bytes.
    ///
    /// - Throws: `Damage` for anything that `encode` did not make for that commit.
    static func decode(_ row: [UInt8], sequence: UInt64) throws(Damage) -> [UInt8] {
        try SummedBlock.body(of: row, version: version, key: Int64(bitPattern: sequence), "a kept commit")
    }
}
