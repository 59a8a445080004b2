/// Reads decimal numbers from bytes.
enum FieldNumber {
    /// Powers of ten that a `Double` holds exactly.
    private static let exact: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// Sign, digits, a fraction after `.` (or `,`), an exponent; nothing else. `nil` for anything that is not a finite
    /// number. Correctly rounded up to 15 significant digits, within one unit in the last place beyond.
    @inline(__always) static func parse(_ bytes: UnsafeRawBufferPointer) -> Double? {
        let end = bytes.count
        // Heart rates and steps: one to four digits.
        if end >= 1, end <= 4 {
            var value = 0
            var offset = 0
            while offset < end {
                let digit = Int(bytes[offset]) - 0x30
                if digit < 0 || digit > 9 { break }
                value = value * 10 + digit
                offset += 1
            }
            if offset == end { return Double(value) }
        }
        return parseAny(bytes)
    }

    private static func parseAny(_ bytes: UnsafeRawBufferPointer) -> Double? {
        let end = bytes.count
        var offset = 0
        var isNegative = false
        if offset < end, bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+") {
            isNegative = bytes[offset] == UInt8(ascii: "-")
            offset += 1
        }
        var mantissa: UInt64 = 0
        var exponent = 0
        var digits = 0
        var hasPoint = false
        while offset < end {
            let byte = bytes[offset]
            if byte >= 0x30, byte <= 0x39 {
                digits += 1
                if mantissa < 100_000_000_000_000_000 {
                    mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
                    if hasPoint { exponent -= 1 }
                } else if !hasPoint {
                    exponent += 1
                }
            } else if byte == UInt8(ascii: ".") || byte == UInt8(ascii: ","), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            offset += 1
        }
        guard digits > 0 else { return nil }
        if offset < end, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            guard let power = self.exponent(bytes, from: offset + 1) else { return nil }
            exponent += power
            offset = end
        }
        guard offset == end else { return nil }
        return scaled(mantissa, exponent).map { isNegative ? -$0 : $0 }
    }

    private static func exponent(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        var isNegative = false
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+") {
            isNegative = bytes[offset] == UInt8(ascii: "-")
            offset += 1
        }
        guard offset < bytes.count else { return nil }
        var power = 0
        while offset < bytes.count {
            guard bytes[offset] >= 0x30, bytes[offset] <= 0x39 else { return nil }
            power = min(power * 10 + Int(bytes[offset] - 0x30), 9999)
            offset += 1
        }
        return isNegative ? -power : power
    }

    private static func scaled(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        var value = Double(mantissa)
        var rest = exponent
        while rest < 0, value != 0 {
            value /= exact[min(-rest, 22)]
            rest += min(-rest, 22)
        }
        while rest > 0, value != 0, value.isFinite {
            value *= exact[min(rest, 22)]
            rest -= min(rest, 22)
        }
        return value.isFinite ? value : nil
    }
}
