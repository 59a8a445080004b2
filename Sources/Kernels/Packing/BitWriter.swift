/// Appends numbers of any width to bytes, low bits first.
struct BitWriter {
    private var pending: UInt64 = 0
    private var count = 0

    /// `bits` is at most 56, and `value` has no more.
    @inline(__always) mutating func append(_ value: UInt64, bits: Int, to bytes: inout [UInt8]) {
        pending |= value << UInt64(count)
        count += bits
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    /// A number of up to 64 bits.
    @inline(__always) mutating func append(wide value: UInt64, bits: Int, to bytes: inout [UInt8]) {
        if bits <= 32 { return append(value, bits: bits, to: &bytes) }
        append(value & 0xFFFF_FFFF, bits: 32, to: &bytes)
        append(value >> 32, bits: bits - 32, to: &bytes)
    }

    /// Writes what is left of a byte.
    mutating func finish(_ bytes: inout [UInt8]) {
        if count > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        pending = 0
        count = 0
    }
}

/// Reads what `BitWriter` wrote.
struct BitReader {
    private let base: UnsafeRawPointer?
    private let end: Int
    private var bit = 0

    /// From where `bytes` stands.
    init(_ bytes: PackedBytes) {
        base = bytes.next
        end = bytes.remaining
    }

    /// Bytes that were touched.
    var bytesRead: Int { (bit + 7) / 8 }

    /// A number of up to 56 bits.
    @inline(__always) mutating func read(_ bits: Int) throws(PackingError) -> UInt64 {
        guard bit + bits <= end * 8, let base else {
            if bits == 0 { return 0 }
            throw .truncated
        }
        let byte = bit >> 3
        var word: UInt64 = 0
        if byte + 8 <= end {
            word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
        } else {
            for i in 0..<end - byte {
                word |= UInt64(base.load(fromByteOffset: byte + i, as: UInt8.self)) << UInt64(8 * i)
            }
        }
        word >>= UInt64(bit & 7)
        bit += bits
        return word & ((1 << UInt64(bits)) - 1)
    }

    /// A number of up to 64 bits.
    @inline(__always) mutating func readWide(_ bits: Int) throws(PackingError) -> UInt64 {
        if bits <= 32 { return try read(bits) }
        let low = try read(32)
        return try low | read(bits - 32) << 32
    }
}
