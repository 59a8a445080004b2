/// A Bluetooth UUID: 16-bit assigned numbers are widened with the Bluetooth base UUID, so both spellings are equal.
public struct BluetoothUUID: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 0000xxxx-0000-1000-8000-00805F9B34FB (Bluetooth Core 5.4, vol. 3, part B, 2.5.1).
    public init(assigned number: UInt16) {
        high = UInt64(number) << 32 | 0x1000
        low = 0x8000_0080_5F9B_34FB
    }

    /// Reads `180D` or `00030001-78fc-48fe-8e23-433b3a1942d0`, in either case.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.count == 4 {
            guard let number = UInt16(text, radix: 16), bytes[0] != UInt8(ascii: "+") else { return nil }
            self.init(assigned: number)
            return
        }
        guard bytes.count == 36 else { return nil }
        var digits: [UInt64] = []
        for (index, byte) in bytes.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = byte.hexDigit else { return nil }
                digits.append(UInt64(digit))
            }
        }
        self.init(high: digits[..<16].reduce(0) { $0 << 4 | $1 }, low: digits[16...].reduce(0) { $0 << 4 | $1 })
    }

    /// The assigned number, if the UUID is one.
    public var assignedNumber: UInt16? {
        let number = UInt16(truncatingIfNeeded: high >> 32)
        return self == BluetoothUUID(assigned: number) ? number : nil
    }
}

extension BluetoothUUID: CustomStringConvertible {
    /// Four digits for assigned numbers, else the long form, in capitals.
    public var description: String {
        if let number = assignedNumber { return Self.hex(UInt64(number), digits: 4) }
        return [
            Self.hex(high >> 32, digits: 8), Self.hex(high >> 16 & 0xFFFF, digits: 4),
            Self.hex(high & 0xFFFF, digits: 4), Self.hex(low >> 48, digits: 4),
            Self.hex(low & 0xFFFF_FFFF_FFFF, digits: 12),
        ].joined(separator: "-")
    }

    private static func hex(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension UInt8 {
    /// The value of the ASCII hexadecimal digit, or `nil`.
    var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
