/// Reads little-endian fields of foreign bytes; every read that goes beyond the end is `nil`.
struct OctetReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

    var remaining: Int { bytes.count - offset }

    mutating func uint8() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) -> T? {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { return nil }
        var value: T = 0
        for i in 0..<size { value |= T(truncatingIfNeeded: bytes[offset + i]) << T(8 * i) }
        offset += size
        return value
    }

    mutating func uint16() -> UInt16? { integer() }
    mutating func uint32() -> UInt32? { integer() }

    /// The next `count` bytes.
    mutating func octets(_ count: Int) -> [UInt8]? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// All that is left.
    mutating func rest() -> [UInt8] { octets(remaining) ?? [] }

    /// An address and its type. An address of Bluetooth Classic (type 0) reads as `.some(nil)`.
    mutating func address() -> BluetoothAddress?? {
        guard let octets = octets(6), let type = uint8() else { return nil }
        return .some(BluetoothAddress.Kind(rawValue: type).flatMap { BluetoothAddress(littleEndian: octets, kind: $0) })
    }
}

extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// An address and its type, as the management interface has them.
    mutating func append(_ address: BluetoothAddress) {
        append(contentsOf: address.littleEndian)
        append(address.kind.rawValue)
    }
}
