/// Numbers in ASCII digits.
enum DecimalNumber {
    /// 10⁰ … 10²², the powers of ten that a `Double` holds exactly.
    static let powers: [Double] = {
        var powers = [1.0]
        for _ in 0..<22 { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()

    /// mantissa × 10^exponent. Correctly rounded for |exponent| ≤ 22 and mantissas below 2⁵³; may be infinite.
    static func scaled(_ mantissa: Double, exponent: Int) -> Double {
        var value = mantissa
        var rest = min(max(exponent, -700), 700)
        while rest > 0 {
            let step = min(rest, 22)
            value *= powers[step]
            rest -= step
        }
        while rest < 0 {
            let step = min(-rest, 22)
            value /= powers[step]
            rest += step
        }
        return value
    }

    /// Reads a number that fills `range`: a sign, digits, a point, digits. NaN for anything else.
    static func plain(_ text: Span<UInt8>, _ range: Range<Int>) -> Double {
        var place = range.lowerBound
        var isNegative = false
        if place < range.upperBound, text[place] == UInt8(ascii: "-") || text[place] == UInt8(ascii: "+") {
            isNegative = text[place] == UInt8(ascii: "-")
            place += 1
        }
        var digits = Digits()
        digits.read(text, &place, range.upperBound)
        if place < range.upperBound, text[place] == UInt8(ascii: ".") {
            place += 1
            digits.isFraction = true
            digits.read(text, &place, range.upperBound)
        }
        guard place == range.upperBound, digits.count > 0 else { return .nan }
        let value = digits.value
        return value.isFinite ? (isNegative ? -value : value) : .nan
    }

    /// Decimal digits as they are read.
    struct Digits {
        private var mantissa: UInt64 = 0
        /// Power of ten of the mantissa.
        var exponent = 0
        var count = 0
        var isFraction = false

        mutating func read(_ text: Span<UInt8>, _ place: inout Int, _ end: Int) {
            while place < end {
                let digit = text[place] &- UInt8(ascii: "0")
                guard digit <= 9 else { return }
                // Eighteen digits are more than a Double keeps; further ones only move the point.
                if mantissa < 100_000_000_000_000_000 {
                    mantissa = mantissa * 10 + UInt64(digit)
                    if isFraction { exponent -= 1 }
                } else if !isFraction {
                    exponent += 1
                }
                count += 1
                place += 1
            }
        }

        var value: Double { DecimalNumber.scaled(Double(mantissa), exponent: exponent) }
    }
}
