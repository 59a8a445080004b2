import Vitals

/// Cuts an expression into tokens.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0

    /// A rule's expression is a few lines; a longer text is a mistake or an attack.
    static let longestExpression = 4096

    init(_ text: String) { bytes = Array(text.utf8) }

    /// All tokens; the last is `end`. Complexity: O(length).
    static func tokens(of text: String) throws(Fault) -> [Token] {
        guard text.utf8.count <= longestExpression else {
            throw Fault(.tooLarge, at: 0, "this expression is longer than \(longestExpression) bytes")
        }
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private static func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLetter(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
    }

    private mutating func next() throws(Fault) -> Token {
        while let byte = peek(), byte == 0x20 || 0x09...0x0D ~= byte { position += 1 }
        let start = position
        guard let byte = peek() else { return Token(kind: .end, range: start..<start) }
        let kind: Token.Kind
        if Self.isDigit(byte) {
            kind = try number()
        } else if Self.isLetter(byte) {
            kind = .name(name())
        } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            kind = .text(try quotedText(byte))
        } else {
            kind = .symbol(try symbol())
        }
        return Token(kind: kind, range: start..<position)
    }

    /// Letters, digits, `_`, and dots between letters.
    private mutating func name() -> String {
        let start = position
        while true {
            if Self.isLetter(peek()) || Self.isDigit(peek()) {
                position += 1
            } else if peek() == UInt8(ascii: "."), Self.isLetter(peek(1)) {
                position += 1
            } else {
                return String(decoding: bytes[start..<position], as: UTF8.self)
            }
        }
    }

    /// A number, a duration (`10m`, `1h30m`) or a clock time (`09:00`).
    private mutating func number() throws(Fault) -> Token.Kind {
        let start = position
        while Self.isDigit(peek()) { position += 1 }
        if peek() == UInt8(ascii: ":") { return try clock(from: start) }
        if peek() == UInt8(ascii: "."), Self.isDigit(peek(1)) {
            position += 1
            while Self.isDigit(peek()) { position += 1 }
        }
        guard Self.isLetter(peek()) else {
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            guard let value = Double(text), value.isFinite else {
                throw Fault(.syntax, at: start, "this number is too large")
            }
            return .number(value)
        }
        while Self.isLetter(peek()) || Self.isDigit(peek()) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let span = TimeSpan(text) else {
            throw Fault(
                .syntax, at: start, "'\(text)' is neither a number nor a duration",
                hint: "durations: 30s, 10m, 6h, 28d, 1h30m (units d h m s ms)")
        }
        return .duration(span.milliseconds)
    }

    private mutating func clock(from start: Int) throws(Fault) -> Token.Kind {
        let hours = bytes[start..<position]
        position += 1
        let minutesStart = position
        while Self.isDigit(peek()) { position += 1 }
        let minutes = bytes[minutesStart..<position]
        guard let time = ClockTime(hours: hours, minutes: minutes) else {
            throw Fault(.syntax, at: start, "expected a time of day from 00:00 to 24:00", hint: "such as 09:30")
        }
        return .clock(time.milliseconds)
    }

    private mutating func quotedText(_ quote: UInt8) throws(Fault) -> String {
        let start = position
        position += 1
        while let byte = peek() {
            position += 1
            if byte == quote { return String(decoding: bytes[start + 1..<position - 1], as: UTF8.self) }
        }
        throw Fault(.syntax, at: start, "this quote is never closed")
    }

    private mutating func symbol() throws(Fault) -> Token.Symbol {
        let start = position
        for length in [2, 1] where start + length <= bytes.count {
            let text = String(decoding: bytes[start..<start + length], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: text) {
                position += length
                return symbol
            }
        }
        let scalar = String(decoding: bytes[start...].prefix(4), as: UTF8.self).unicodeScalars.first ?? " "
        throw Fault(
            .syntax, at: start, "unexpected character '\(scalar.properties.isWhitespace ? " " : Character(scalar))'",
            hint: Self.substitutes[scalar].map { "write \($0)" })
    }

    /// What people type in other languages, or from other programming languages, and what is meant.
    private static let substitutes: [Unicode.Scalar: String] = [
        "=": "== to compare", "&": "and", "|": "or", "!": "not (or != to compare)", "≥": ">=", "≤": "<=", "≠": "!=",
        "×": "*", "÷": "/", "−": "-", "–": "-", "，": ",", "（": "(", "）": ")", "＞": ">", "＜": "<", "＝": "==",
        "＋": "+", "－": "-", "“": "'", "”": "'", "‘": "'", "’": "'", "%": "a share such as 0.7", "[": "(", "]": ")",
        "：": ":", "\u{A0}": "an ordinary space", "\u{3000}": "an ordinary space",
    ]
}
