/// Reads packed bytes from the front. Never reads beyond their end.
///
/// Borrows memory: valid as long as the buffer it was made of.
public struct PackedBytes {
    @usableFromInline let base: UnsafeRawPointer?
    public let count: Int
    @usableFromInline var offset = 0

    @inlinable public init(_ bytes: UnsafeRawBufferPointer) {
        base = bytes.baseAddress
        count = bytes.count
    }

    @inlinable public var remaining: Int { count - offset }

    /// The next `size` bytes.
    @inlinable public mutating func take(_ size: Int) throws(PackingError) -> UnsafeRawBufferPointer {
        guard size >= 0, size <= remaining else { throw .truncated }
        defer { offset += size }
        return UnsafeRawBufferPointer(start: next, count: size)
    }

    /// Where the next bytes begin; `nil` of an empty buffer.
    @inlinable var next: UnsafeRawPointer? { base.map { $0 + offset } }

    @inlinable public mutating func byte() throws(PackingError) -> UInt8 {
        guard offset < count, let base else { throw .truncated }
        defer { offset += 1 }
        return base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Little-endian, in so many bytes (0 to 8).
    @inlinable public mutating func integer(bytes size: Int) throws(PackingError) -> UInt64 {
        guard size <= 8 else { throw .malformed }
        var value: UInt64 = 0
        for (i, byte) in try take(size).enumerated() { value |= UInt64(byte) << UInt64(8 * i) }
        return value
    }

    /// Unsigned LEB128, of ten bytes at most.
    @inlinable public mutating func varint() throws(PackingError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let next = try byte()
            // The tenth byte has room for one bit.
            guard shift < 63 || next < 2 else { throw .malformed }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw .malformed
    }

    /// A zigzag varint.
    @inlinable public mutating func signed() throws(PackingError) -> Int64 { Int64(zigzag: try varint()) }
}

extension [UInt8] {
    /// Appends `value` little-endian in `size` bytes.
    mutating func append(_ value: UInt64, bytes size: Int) {
        for i in 0..<size { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * i))) }
    }

    /// Appends an unsigned LEB128: what `PackedBytes.varint` reads.
    public mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Appends a zigzag varint: what `PackedBytes.signed` reads.
    public mutating func append(signed value: Int64) { append(varint: value.zigzag) }
}

extension Int64 {
    /// 0, -1, 1, -2, … as 0, 1, 2, 3, …: small for numbers near zero of either sign.
    @inlinable public var zigzag: UInt64 { UInt64(bitPattern: (self << 1) ^ (self >> 63)) }

    @inlinable public init(zigzag: UInt64) { self = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1) }
}
