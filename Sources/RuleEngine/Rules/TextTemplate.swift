import Vitals

/// A text with `{expression}` and `{expression:decimals}` in it, compiled once and filled in per event.
///
/// `{{` and `}}` stand for braces. A number is rounded to its decimals (0 unless given), a duration prints as minutes,
/// hours or days, `time_of_day` as a clock; what is unknown prints as that word.
struct TextTemplate: Sendable {
    enum Piece: Sendable {
        case literal(String)
        case number(Expression, decimals: Int)
        case duration(Expression)
        case clock(Expression)
    }

    private(set) var pieces: [Piece] = []

    /// More digits than any sensor gives.
    static let mostDecimals = 6

    /// - Throws: `Fault` with an offset into `text`.
    init(_ text: String, table: inout FeatureTable, fullness: Fullness = Fullness()) throws(Fault) {
        let bytes = Array(text.utf8)
        let open = UInt8(ascii: "{")
        let close = UInt8(ascii: "}")
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let isDoubled = position + 1 < bytes.count && bytes[position + 1] == byte
            if byte == open || byte == close, isDoubled {
                literal.append(byte)
                position += 2
            } else if byte == open {
                guard let end = bytes[position...].firstIndex(of: close) else {
                    throw Fault(.syntax, at: position, "this brace is never closed", hint: "write {{ for a brace")
                }
                if !literal.isEmpty { pieces.append(.literal(Self.spaced(literal))) }
                literal = []
                pieces.append(
                    try Self.placeholder(
                        bytes[position + 1..<end], at: position + 1, table: &table, fullness))
                position = end + 1
            } else if byte == close {
                throw Fault(
                    .syntax, at: position, "a closing brace without an opening one", hint: "write }} for a brace")
            } else {
                literal.append(byte)
                position += 1
            }
        }
        if !literal.isEmpty { pieces.append(.literal(Self.spaced(literal))) }
    }

    /// Runs of spaces, as line continuations in rule files leave them, become one.
    private static func spaced(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for byte in bytes where byte != 0x20 || result.last != 0x20 { result.append(byte) }
        return String(decoding: result, as: UTF8.self)
    }

    private static func placeholder(
        _ bytes: ArraySlice<UInt8>, at offset: Int, table: inout FeatureTable, _ fullness: Fullness
    ) throws(Fault) -> Piece {
        var expressionBytes = bytes
        var decimals: Int?
        // `:2` at the end; a clock time such as 09:00 has two digits behind its colon.
        if let last = bytes.last, UInt8(ascii: "0")...UInt8(ascii: "9") ~= last,
            bytes.dropLast().last == UInt8(ascii: ":")
        {
            decimals = Int(last - UInt8(ascii: "0"))
            expressionBytes = bytes.dropLast(2)
        }
        if let decimals, decimals > mostDecimals {
            throw Fault(.invalidValue, at: offset + bytes.count - 1, "at most \(mostDecimals) decimals")
        }
        let expression: Expression
        do {
            expression = try Expression(
                String(decoding: expressionBytes, as: UTF8.self), table: &table, fullness: fullness)
        } catch {
            throw Fault(error.code, at: offset + error.offset, error.message, hint: error.hint)
        }
        switch expression.type {
        case .number: return .number(expression, decimals: decimals ?? 0)
        case .duration:
            guard decimals == nil else {
                throw Fault(.type, at: offset, "a duration is printed as minutes or hours and takes no decimals")
            }
            if case .feature(let slot) = expression.term.operation, table.features[slot] == .timeOfDay {
                return .clock(expression)
            }
            return .duration(expression)
        case .boolean:
            throw Fault(
                .type, at: offset, "a yes/no value cannot be printed", hint: "print the number behind it instead")
        }
    }

    /// The text without its placeholders, which become spaces: what its author is answerable for.
    var literals: String {
        pieces.map { if case .literal(let text) = $0 { text } else { " " } }.joined()
    }

    func render(_ source: some FeatureSource, words: TextWords) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .number(let expression, let decimals):
                let value = expression.evaluate(source)
                text += value.isNaN ? words.unknown : fixed(value, decimals: decimals)
            case .duration(let expression):
                let value = expression.evaluate(source)
                text += value.isNaN ? words.unknown : words.duration(milliseconds: value)
            case .clock(let expression):
                let value = expression.evaluate(source)
                text += value.isNaN ? words.unknown : words.clock(milliseconds: value)
            }
        }
        return text
    }
}

/// The number with so many decimals, rounded half away from zero; no exponent up to 10^15.
func fixed(_ value: Double, decimals: Int) -> String {
    let places = min(max(decimals, 0), TextTemplate.mostDecimals)
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    // Beyond 10^15 a Double holds no decimals to print.
    guard let scaled = Int64(exactly: (value * scale).rounded(.toNearestOrAwayFromZero)), abs(value) < 1e15 else {
        return "\(value)"
    }
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = scaled < 0 ? "-" : ""
    guard places > 0 else { return sign + padded }
    return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
}
