/// Appends values in the one byte format of recordings, component states and the change feed: little-endian integers,
/// LEB128 lengths, UTF-8 text, length-prefixed records.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8]

    public init(capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func byte(_ value: UInt8) { bytes.append(value) }

    public mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Unsigned LEB128: seven bits a byte, low bits first.
    public mutating func count(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Zigzag LEB128: short for numbers near zero of either sign.
    public mutating func signed(_ value: Int64) {
        count(Int(truncatingIfNeeded: (value << 1) ^ (value >> 63)))
    }

    public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }
    public mutating func double(_ value: Double) { integer(value.bitPattern) }
    public mutating func float(_ value: Float) { integer(value.bitPattern) }
    public mutating func time(_ value: Timestamp) { integer(value.milliseconds) }
    public mutating func span(_ value: TimeSpan) { signed(value.milliseconds) }

    public mutating func text(_ value: String) {
        count(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    public mutating func blob(_ value: some Collection<UInt8>) {
        count(value.count)
        bytes.append(contentsOf: value)
    }

    public mutating func id<T>(_ value: Identifier<T>) {
        integer(value.high.byteSwapped)
        integer(value.low.byteSwapped)
    }

    public mutating func list<T>(_ values: some Collection<T>, _ write: (inout ByteWriter, T) -> Void) {
        count(values.count)
        for value in values { write(&self, value) }
    }

    public mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
        bool(value != nil)
        if let value { write(&self, value) }
    }

    public mutating func wire(_ value: some WireValue) { value.write(to: &self) }

    /// A record: kind, version, length and content, so that a reader can step over what it does not know.
    public mutating func record(kind: UInt8, version: UInt8, _ content: (inout ByteWriter) -> Void) {
        var inner = ByteWriter()
        content(&inner)
        byte(kind)
        byte(version)
        blob(inner.bytes)
    }
}

/// A value with a place in the byte format.
public protocol WireValue {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(WireError)
}
