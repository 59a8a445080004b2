extension JSONParser {
    /// The longest number literal, in characters: `Double` needs 17 digits; more than this is not written by people.
    static let longestNumber = 1000

    /// Reads a number (JSON5, clause 6); the cursor is on its sign, point or first digit.
    mutating func number() throws(JSONError) -> Double {
        let start = cursor.location
        let isNegative = cursor.byte == UInt8(ascii: "-")
        if cursor.byte == UInt8(ascii: "+") || isNegative { cursor.advance() }
        let magnitude: Double
        if let first = cursor.scalar, first.startsIdentifier {
            magnitude = try namedNumber(at: start)
        } else if cursor.byte == UInt8(ascii: "0"), let mark = cursor.byte(ahead: 1), mark | 0x20 == UInt8(ascii: "x") {
            magnitude = try hexadecimalNumber(at: start)
        } else {
            magnitude = try decimalNumber(at: start)
        }
        if let next = cursor.scalar, next.continuesIdentifier || next == "." || next == "\\" {
            throw unexpected("expected the end of the number")
        }
        return isNegative ? -magnitude : magnitude
    }

    private mutating func namedNumber(at start: SourceLocation) throws(JSONError) -> Double {
        switch try identifier() {
        case "Infinity": return .infinity
        case "NaN": return .nan
        default: throw error(at: start, "expected a number after the sign")
        }
    }

    private mutating func hexadecimalNumber(at start: SourceLocation) throws(JSONError) -> Double {
        let first = cursor.location.offset
        cursor.advance(by: 2)
        let digits = skipDigits { $0.isHexDigit }
        guard digits > 0 else { throw error(at: start, "expected hexadecimal digits after '0x'") }
        return try double(from: first, at: start)
    }

    private mutating func decimalNumber(at start: SourceLocation) throws(JSONError) -> Double {
        let first = cursor.location.offset
        let whole = skipDigits(where: Self.isDecimalDigit)
        if whole > 1, cursor.bytes[first] == UInt8(ascii: "0") {
            throw error(at: start, "a number must not begin with a superfluous 0")
        }
        let fraction = take(".") ? skipDigits(where: Self.isDecimalDigit) : 0
        guard whole + fraction > 0 else { throw unexpected("expected a digit") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard skipDigits(where: Self.isDecimalDigit) > 0 else {
                throw unexpected("expected digits of the exponent")
            }
        }
        return try double(from: first, at: start)
    }

    private static func isDecimalDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character)
    }

    /// Moves over ASCII digits and counts them.
    private mutating func skipDigits(where isDigit: (Character) -> Bool) -> Int {
        var count = 0
        while let byte = cursor.byte, byte < 0x80, isDigit(Character(Unicode.Scalar(byte))) {
            cursor.advance()
            count += 1
        }
        return count
    }

    private func double(from first: Int, at start: SourceLocation) throws(JSONError) -> Double {
        let literal = cursor.bytes[first..<cursor.location.offset]
        guard literal.count <= Self.longestNumber else {
            throw error(.tooLarge, at: start, "this number has more than \(Self.longestNumber) characters")
        }
        guard let value = Double(String(decoding: literal, as: UTF8.self)) else {
            throw error(at: start, "this is not a number")
        }
        guard value.isFinite else { throw error(.invalidValue, at: start, "this number is too large") }
        return value
    }
}
