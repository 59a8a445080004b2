/// A position in UTF-8 text that moves forward by Unicode scalars and counts lines and columns.
struct SourceCursor {
    let bytes: [UInt8]
    private(set) var location: SourceLocation

    init(_ bytes: [UInt8], at location: SourceLocation = .start) {
        self.bytes = bytes
        self.location = location
    }

    /// The byte at the position, or `nil` at the end.
    var byte: UInt8? { byte(ahead: 0) }

    /// The byte `distance` bytes further, or `nil` beyond the end.
    func byte(ahead distance: Int) -> UInt8? {
        let index = location.offset + distance
        return bytes.indices.contains(index) ? bytes[index] : nil
    }

    /// The scalar at the position, or `nil` at the end. Malformed UTF-8 reads as U+FFFD.
    var scalar: Unicode.Scalar? {
        guard let first = byte else { return nil }
        if first < 0x80 { return Unicode.Scalar(first) }
        let length = Self.length(ofScalarStartingWith: first)
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for distance in 1..<max(2, length) {
            value = value << 6 | UInt32(byte(ahead: distance) ?? 0) & 0x3F
        }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    /// Moves over one scalar; at the end does nothing.
    mutating func advance() {
        guard let first = byte else { return }
        location.offset = min(location.offset + Self.length(ofScalarStartingWith: first), bytes.count)
        if first == UInt8(ascii: "\n") || (first == UInt8(ascii: "\r") && byte != UInt8(ascii: "\n")) {
            location.line += 1
            location.column = 1
        } else {
            location.column += 1
        }
    }

    /// Moves over `count` scalars.
    mutating func advance(by count: Int) {
        for _ in 0..<count { advance() }
    }

    /// Moves over one line terminator of JSON5 (CR LF is one), if there is one.
    mutating func advanceOverLineTerminator() -> Bool {
        guard let scalar, scalar.isLineTerminator else { return false }
        advance()
        if scalar == "\r", byte == UInt8(ascii: "\n") { advance() }
        return true
    }

    /// The whole line that holds the position, without its line end. Complexity: O(length of the line).
    var line: String {
        let isEnd = { (byte: UInt8) in byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
        let offset = min(max(location.offset, 0), bytes.count)
        let start = bytes[..<offset].lastIndex(where: isEnd).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(where: isEnd) ?? bytes.count
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private static func length(ofScalarStartingWith byte: UInt8) -> Int {
        switch byte {
        case 0xF0...: 4
        case 0xE0...: 3
        case 0xC0...: 2
        default: 1
        }
    }
}

extension Unicode.Scalar {
    /// LineTerminator of ECMAScript 5.1, clause 7.3.
    var isLineTerminator: Bool {
        switch self {
        case "\n", "\r", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// White space of JSON5, clause 8, line terminators included.
    var isJSON5Space: Bool {
        switch self {
        case "\t", "\u{0B}", "\u{0C}", " ", "\u{A0}", "\u{FEFF}": true
        default: isLineTerminator || (value > 0x7F && properties.generalCategory == .spaceSeparator)
        }
    }

    /// IdentifierStart of ECMAScript 5.1, clause 7.6, without escapes.
    var startsIdentifier: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "$", "_": return true
        default: break
        }
        guard value > 0x7F else { return false }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber:
            return true
        default: return false
        }
    }

    /// IdentifierPart of ECMAScript 5.1, clause 7.6, without escapes.
    var continuesIdentifier: Bool {
        if startsIdentifier { return true }
        switch self {
        case "0"..."9", "\u{200C}", "\u{200D}": return true
        default: break
        }
        guard value > 0x7F else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}
