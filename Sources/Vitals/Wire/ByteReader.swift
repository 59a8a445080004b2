/// Reads what `ByteWriter` wrote. Never trusts its input: every length is checked before it is used.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    public private(set) var offset: Int
    private let end: Int

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], from offset: Int, to end: Int) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    public var isAtEnd: Bool { offset >= end }
    public var remaining: Int { end - offset }

    public mutating func byte() throws(WireError) -> UInt8 {
        guard offset < end else { throw WireError(.truncated, at: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    public mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(WireError) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw WireError(.truncated, at: offset) }
        var value: T = 0
        for i in 0..<size { value |= T(truncatingIfNeeded: bytes[offset + i]) << T(8 * i) }
        offset += size
        return value
    }

    public mutating func count() throws(WireError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return Int(truncatingIfNeeded: value) }
        }
        throw WireError(.malformed("a number longer than ten bytes"), at: offset)
    }

    /// A count of things that take at least one byte each, so it cannot exceed what is left.
    public mutating func length() throws(WireError) -> Int {
        let value = try count()
        guard value >= 0, value <= remaining else { throw WireError(.truncated, at: offset) }
        return value
    }

    public mutating func signed() throws(WireError) -> Int64 {
        let raw = UInt64(bitPattern: Int64(try count()))
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    public mutating func bool() throws(WireError) -> Bool { try byte() != 0 }
    public mutating func double() throws(WireError) -> Double { Double(bitPattern: try integer()) }
    public mutating func float() throws(WireError) -> Float { Float(bitPattern: try integer()) }
    public mutating func time() throws(WireError) -> Timestamp { Timestamp(milliseconds: try integer()) }
    public mutating func span() throws(WireError) -> TimeSpan { TimeSpan(milliseconds: try signed()) }

    public mutating func blob() throws(WireError) -> [UInt8] {
        let size = try length()
        defer { offset += size }
        return Array(bytes[offset..<offset + size])
    }

    public mutating func text() throws(WireError) -> String {
        let start = offset
        guard let text = String(validating: try blob(), as: UTF8.self) else {
            throw WireError(.malformed("text that is not UTF-8"), at: start)
        }
        return text
    }

    public mutating func id<T>() throws(WireError) -> Identifier<T> {
        let high: UInt64 = try integer()
        let low: UInt64 = try integer()
        return Identifier(high: high.byteSwapped, low: low.byteSwapped)
    }

    public mutating func list<T>(_ read: (inout ByteReader) throws(WireError) -> T) throws(WireError) -> [T] {
        let size = try length()
        var values: [T] = []
        values.reserveCapacity(min(size, 4096))
        for _ in 0..<size { values.append(try read(&self)) }
        return values
    }

    public mutating func optional<T>(_ read: (inout ByteReader) throws(WireError) -> T) throws(WireError) -> T? {
        try bool() ? try read(&self) : nil
    }

    public mutating func wire<T: WireValue>(_: T.Type = T.self) throws(WireError) -> T { try T(from: &self) }

    /// The next record: its kind, version and a reader of its content.
    public mutating func record() throws(WireError) -> (kind: UInt8, version: UInt8, content: ByteReader) {
        let kind = try byte()
        let version = try byte()
        let size = try length()
        let content = ByteReader(bytes, from: offset, to: offset + size)
        offset += size
        return (kind, version, content)
    }

    /// A raw value of an enum, refused when unknown.
    public mutating func raw<T: RawRepresentable>(_: T.Type = T.self) throws(WireError) -> T
    where T.RawValue: FixedWidthInteger {
        let at = offset
        let raw: T.RawValue = try integer()
        guard let value = T(rawValue: raw) else { throw WireError(.malformed("unknown \(T.self) \(raw)"), at: at) }
        return value
    }
}

/// Where bytes stopped making sense.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        case truncated
        case malformed(String)
    }

    public var code: Code
    public var offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String {
        switch code {
        case .truncated: "the data ends too early, at byte \(offset)"
        case .malformed(let what): "\(what) at byte \(offset)"
        }
    }
}
