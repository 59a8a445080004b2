/// The address of a Bluetooth LE device or of an adapter.
public struct BluetoothAddress: Hashable, Sendable {
    /// Who gave the address; the same number under another kind is another device.
    public enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        /// Registered with the IEEE; `BDADDR_LE_PUBLIC` of the kernel.
        case `public` = 1
        /// Chosen by the device, for good or for a while; `BDADDR_LE_RANDOM` of the kernel.
        case random = 2
    }

    /// 48 bits; the first byte people write is the highest.
    public var number: UInt64
    public var kind: Kind

    public init(number: UInt64, kind: Kind) {
        self.number = number & 0xFFFF_FFFF_FFFF
        self.kind = kind
    }

    /// Reads `C0:11:22:33:44:55`, in either case.
    public init?(_ text: String, kind: Kind) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var number: UInt64 = 0
        for part in parts {
            guard part.utf8.count == 2, part.utf8.first != UInt8(ascii: "+"), part.utf8.first != UInt8(ascii: "-"),
                let byte = UInt8(part, radix: 16)
            else { return nil }
            number = number << 8 | UInt64(byte)
        }
        self.init(number: number, kind: kind)
    }

    /// Takes the six bytes of a `bdaddr_t`, the lowest first; `nil` for another count.
    public init?(littleEndian bytes: some Collection<UInt8>, kind: Kind) {
        guard bytes.count == 6 else { return nil }
        self.init(number: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }, kind: kind)
    }

    /// The six bytes of a `bdaddr_t`, the lowest first.
    public var littleEndian: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    /// How a random address is to be understood (Core 5.4, vol. 6, part B, 1.3.2): by its two highest bits.
    public enum Privacy: Hashable, Sendable {
        /// Stays until the device loses power, and mostly for its life.
        case `static`
        /// Changes every few minutes; only who holds the device's identity key knows it again.
        case resolvable
        /// Changes, and nobody knows it again.
        case nonResolvable
    }

    /// `nil` for public addresses.
    public var privacy: Privacy? {
        guard kind == .random else { return nil }
        return switch number >> 46 {
        case 0b11: .static
        case 0b01: .resolvable
        default: .nonResolvable
        }
    }
}

extension BluetoothAddress: CustomStringConvertible {
    /// Without the kind, as BlueZ's tools print it.
    public var description: String {
        littleEndian.reversed().map { byte in
            let text = String(byte, radix: 16, uppercase: true)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }
}

extension BluetoothAddress {
    /// Whether the device is found at it again: public or random and static.
    public var isKept: Bool { kind == .public || privacy == .static }
}
