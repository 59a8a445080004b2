extension JSONParser {
    /// What one step through a string literal yields.
    private enum StringUnit {
        case scalar(Unicode.Scalar)
        case continuation
        case end
    }

    /// Reads a string in single or double quotes; the cursor is on the opening quote.
    mutating func string() throws(JSONError) -> String {
        let opening = cursor
        cursor.advance()
        var text = ""
        while true {
            switch try stringUnit(of: opening) {
            case .scalar(let scalar): text.unicodeScalars.append(scalar)
            case .continuation: continue
            case .end: return text
            }
        }
    }

    /// Where the scalar stands that holds byte `offset` of the decoded string; the cursor is on the opening quote.
    ///
    /// An offset behind the last byte gives the closing quote.
    mutating func location(ofUTF8Offset offset: Int) throws(JSONError) -> SourceLocation {
        let opening = cursor
        cursor.advance()
        var decoded = 0
        while true {
            let start = cursor.location
            switch try stringUnit(of: opening) {
            case .scalar(let scalar):
                decoded += UTF8.width(scalar)
                if decoded > offset { return start }
            case .continuation: continue
            case .end: return start
            }
        }
    }

    /// Reads one character, one escape or the closing quote of a string.
    private mutating func stringUnit(of opening: SourceCursor) throws(JSONError) -> StringUnit {
        guard let scalar = cursor.scalar, scalar != "\n", scalar != "\r" else {
            throw JSONError(
                .syntax, file: file, at: opening.location, "this string has no end on its line",
                hint: "close it, or end the line with a backslash to go on", sourceLine: opening.line)
        }
        if scalar == "\\" { return try escape().map(StringUnit.scalar) ?? .continuation }
        cursor.advance()
        return scalar == opening.scalar ? .end : .scalar(scalar)
    }

    /// Reads an escape sequence (JSON5, clause 5.1); `nil` for a line continuation.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar? {
        let backslash = cursor.location
        cursor.advance()
        if cursor.advanceOverLineTerminator() { return nil }
        guard let scalar = cursor.scalar else { throw unexpected("expected the rest of the string") }
        cursor.advance()
        switch scalar {
        case "b": return "\u{08}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "x": return try Unicode.Scalar(UInt8(truncatingIfNeeded: hexadecimal(2, at: backslash)))
        case "u": return try codePoint(at: backslash)
        case "0":
            if case .some("0"..."9") = cursor.scalar { throw error(at: backslash, "octal escapes are not JSON5") }
            return "\0"
        case "1"..."9": throw error(at: backslash, "a backslash before a digit is not JSON5")
        default: return scalar
        }
    }

    /// Reads what follows `\u`: four digits, or two such escapes that form a surrogate pair.
    private mutating func codePoint(at backslash: SourceLocation) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal(4, at: backslash)
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, cursor.byte == UInt8(ascii: "\\"), cursor.byte(ahead: 1) == UInt8(ascii: "u") {
            cursor.advance(by: 2)
            let second = try hexadecimal(4, at: backslash)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw error(at: backslash, "this surrogate escape has no partner")
    }

    private mutating func hexadecimal(_ count: Int, at backslash: SourceLocation) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = cursor.byte.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw error(at: backslash, "this escape needs \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            cursor.advance()
        }
        return value
    }

    /// Reads an unquoted key: an IdentifierName of ECMAScript 5.1, clause 7.6.
    mutating func identifier() throws(JSONError) -> String {
        var name = ""
        while let scalar = cursor.scalar {
            let start = cursor.location
            var part = scalar
            if scalar == "\\" {
                cursor.advance()
                guard take("u") else { throw error(at: start, "a key without quotes allows only \\u escapes") }
                part = try codePoint(at: start)
                guard name.isEmpty ? part.startsIdentifier : part.continuesIdentifier else {
                    throw error(at: start, "this character is not allowed in a key without quotes")
                }
            } else if scalar.continuesIdentifier {
                cursor.advance()
            } else {
                break
            }
            name.unicodeScalars.append(part)
        }
        return name
    }
}
