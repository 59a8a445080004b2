/// The checksum CRC-32C (Castagnoli; RFC 3720, appendix B.4): finds every burst of damage up to 32 bits, and any other
/// with a chance of 1 − 2⁻³².
public enum CRC32C {
    /// The checksum of `bytes`, going on from that of what came before. Eight bytes a step (Kounavis and Berry 2005).
    public static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            guard let table = tables.baseAddress, let base = bytes.baseAddress else { return previous }
            var crc = ~previous
            var i = 0
            while i + 8 <= bytes.count {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: i, as: UInt64.self)) ^ UInt64(crc)
                var next: UInt32 = 0
                for k in 0..<8 { next ^= table[(7 - k) << 8 | Int(truncatingIfNeeded: word >> UInt64(8 * k)) & 0xFF] }
                crc = next
                i += 8
            }
            while i < bytes.count {
                crc = crc >> 8 ^ table[Int(truncatingIfNeeded: crc) & 0xFF ^ Int(bytes[i])]
                i += 1
            }
            return ~crc
        }
    }

    /// Table `k` carries a byte over `k` more zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 << 8)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            // The polynomial 0x1EDC6F41, its bits reversed.
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
            tables[byte] = crc
        }
        for k in 1..<8 {
            for byte in 0..<256 {
                let last = tables[(k - 1) << 8 | byte]
                tables[k << 8 | byte] = last >> 8 ^ tables[Int(last & 0xFF)]
            }
        }
        return tables
    }()
}
