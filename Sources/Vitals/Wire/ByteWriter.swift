/// Appends values in the one byte format of recordings, component states and the change feed: little-endian integers,
/// LEB128 lengths, UTF-8 text, length-prefixed records.
///
/// States are written every second for everybody: all of it can be specialised where it is used.
public struct ByteWriter: Sendable {
    @usableFromInline var buffer: [UInt8]

    @inlinable public var bytes: [UInt8] { buffer }

    @inlinable public init(capacity: Int = 64) {
        buffer = []
        buffer.reserveCapacity(capacity)
    }

    @inlinable public mutating func byte(_ value: UInt8) { buffer.append(value) }

    @inlinable public mutating func integer(_ value: some FixedWidthInteger) {
        buffer.append(addingCapacity: MemoryLayout.size(ofValue: value)) { bytes in
            var rest = value
            for _ in 0..<MemoryLayout.size(ofValue: value) {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
        }
    }

    /// Unsigned LEB128: seven bits a byte, low bits first.
    @inlinable public mutating func count(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }

    /// Zigzag LEB128: short for numbers near zero of either sign.
    @inlinable public mutating func signed(_ value: Int64) {
        count(Int(truncatingIfNeeded: (value << 1) ^ (value >> 63)))
    }

    @inlinable public mutating func bool(_ value: Bool) { buffer.append(value ? 1 : 0) }
    @inlinable public mutating func double(_ value: Double) { integer(value.bitPattern) }
    @inlinable public mutating func float(_ value: Float) { integer(value.bitPattern) }
    @inlinable public mutating func time(_ value: Timestamp) { integer(value.milliseconds) }
    @inlinable public mutating func span(_ value: TimeSpan) { signed(value.milliseconds) }

    @inlinable public mutating func text(_ value: String) {
        count(value.utf8.count)
        buffer.append(contentsOf: value.utf8)
    }

    @inlinable public mutating func blob(_ value: some Collection<UInt8>) {
        count(value.count)
        buffer.append(contentsOf: value)
    }

    @inlinable public mutating func id<T>(_ value: Identifier<T>) {
        integer(value.high.byteSwapped)
        integer(value.low.byteSwapped)
    }

    @inlinable public mutating func list<T>(_ values: some Collection<T>, _ write: (inout ByteWriter, T) -> Void) {
        count(values.count)
        for value in values { write(&self, value) }
    }

    @inlinable public mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
        bool(value != nil)
        if let value { write(&self, value) }
    }

    @inlinable public mutating func wire(_ value: some WireValue) { value.write(to: &self) }

    /// A record: kind, version, length and content, so that a reader can step over what it does not know.
    @inlinable public mutating func record(kind: UInt8, version: UInt8, _ content: (inout ByteWriter) -> Void) {
        var inner = ByteWriter()
        content(&inner)
        byte(kind)
        byte(version)
        blob(inner.buffer)
    }
}

/// A value with a place in the byte format.
public protocol WireValue {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(WireError)
}
