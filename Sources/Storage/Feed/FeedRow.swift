import Kernels
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
    static let head = 5

    static func encode(_ commit: Commit, sequence: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(version)
        writer.integer(UInt32(0))
        writer.wire(commit)
        var row = writer.bytes
        let sum = row.withUnsafeBytes { checksum($0, sequence) }
        for i in 0..<4 { row[1 + i] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * i)) }
        return row
    }

    private static func checksum(_ row: UnsafeRawBufferPointer, _ sequence: UInt64) -> UInt32 {
        let seed = withUnsafeBytes(of: sequence.littleEndian) { CRC32C.checksum($0) }
        return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: row[head...]), after: seed)
    }

    /// The commit's bytes.
    ///
    /// - Throws: `Damage` for anything that `encode` did not make for that commit.
    static func decode(_ row: [UInt8], sequence: UInt64) throws(Damage) -> [UInt8] {
        guard row.count >= head, row[0] == version else {
            throw Damage(reason: row.first.map { "a kept commit of format \($0)" } ?? "an empty kept commit")
        }
        let (told, found) = row.withUnsafeBytes {
            (UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self)), checksum($0, sequence))
        }
        guard found == told else { throw Damage(reason: "a kept commit whose checksum differs") }
        return Array(row[head...])
    }
}
