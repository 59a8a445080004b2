import Kernels

/// How chunks, sums, journal rows and kept commits begin:
///
/// ```
/// version  1 byte
/// checksum 4 bytes, CRC-32C over the row's key (8 bytes, little-endian) and all that follows
/// body
/// ```
///
/// The key is in the checksum, so that a block in another's place is noticed.
enum SummedBlock {
    static let head = 5

    /// Fills in the checksum of a block whose head is there and body complete.
    static func finish(_ block: inout [UInt8], key: Int64) {
        let sum = block.withUnsafeBytes { checksum($0, key) }
        for i in 0..<4 { block[1 + i] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * i)) }
    }

    /// The body of a block.
    ///
    /// - Parameter name: what a damaged one is called: "a chunk".
    /// - Throws: `Damage` for another version, and for anything that was not finished for that key.
    static func body(
        of block: UnsafeRawBufferPointer, version: UInt8, key: Int64, _ name: String
    ) throws(Damage) -> UnsafeRawBufferPointer {
        guard let format = block.first else { throw Damage(reason: "\(name) without content") }
        guard format == version else {
            throw Damage(reason: "\(name) of format \(format), which this vitald does not know")
        }
        guard block.count >= head else { throw Damage(reason: "\(name) cut short") }
        let told = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        guard checksum(block, key) == told else { throw Damage(reason: "\(name) whose checksum differs") }
        return UnsafeRawBufferPointer(rebasing: block[head...])
    }

    /// The same of bytes that are held.
    static func body(of block: [UInt8], version: UInt8, key: Int64, _ name: String) throws(Damage) -> [UInt8] {
        var result = Result<[UInt8], Damage>.success([])
        block.withUnsafeBytes { bytes in
            do throws(Damage) {
                result = .success(Array(try body(of: bytes, version: version, key: key, name)))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private static func checksum(_ block: UnsafeRawBufferPointer, _ key: Int64) -> UInt32 {
        let seed = withUnsafeBytes(of: key.littleEndian) { CRC32C.checksum($0) }
        return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: block[head...]), after: seed)
    }
}
