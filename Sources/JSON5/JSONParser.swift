/// A recursive-descent reader of JSON5 (https://spec.json5.org, 1.0.0).
///
/// Stricter than the specification in three points, because documents are configuration: an object names a key once,
/// a number literal fits into a `Double`, and a surrogate escape has its partner.
struct JSONParser {
    var cursor: SourceCursor
    let file: String
    private var depth = 0

    /// How deep arrays and objects may be nested: far beyond what people write, far below the stack's end.
    static let deepest = 64

    init(_ text: String, file: String) {
        cursor = SourceCursor(Array(text.utf8))
        self.file = file
    }

    /// Reads one value and the end of the text. Complexity: O(length of the text).
    mutating func document() throws(JSONError) -> JSONNode {
        try skipSpace()
        if cursor.byte == nil { throw error(at: cursor.location, "the document is empty, expected a value") }
        let root = try value()
        try skipSpace()
        if cursor.byte != nil { throw unexpected("expected the end of the document") }
        return root
    }

    /// The cursor is on the first character of the value.
    private mutating func value() throws(JSONError) -> JSONNode {
        let location = cursor.location
        switch cursor.scalar {
        case "{": return JSONNode(value: .object(try nested(Self.object)), location: location)
        case "[": return JSONNode(value: .array(try nested(Self.array)), location: location)
        case "\"", "'": return JSONNode(value: .string(try string()), location: location)
        case .some("0"..."9"), ".", "+", "-":
            return JSONNode(value: .number(try number()), location: location)
        default: return JSONNode(value: try word(), location: location)
        }
    }

    private mutating func nested<Content>(
        _ content: (inout JSONParser) throws(JSONError) -> Content
    ) throws(JSONError) -> Content {
        guard depth < Self.deepest else {
            throw error(.tooDeep, at: cursor.location, "nested deeper than \(Self.deepest) levels")
        }
        depth += 1
        defer { depth -= 1 }
        return try content(&self)
    }

    private static func object(_ parser: inout JSONParser) throws(JSONError) -> JSONObject {
        let opening = parser.cursor.location
        parser.cursor.advance()
        var object = JSONObject()
        try parser.skipSpace()
        while !parser.take("}") {
            let keyLocation = parser.cursor.location
            let key = try parser.key(of: opening)
            if let first = object.member(key) {
                throw parser.error(
                    .duplicateKey, at: keyLocation,
                    "duplicate key \(quoted(key)), first at line \(first.keyLocation.line), "
                        + "column \(first.keyLocation.column)")
            }
            try parser.skipSpace()
            guard parser.take(":") else { throw parser.unexpected("expected ':' after the key \(quoted(key))") }
            try parser.skipSpace()
            object.append(JSONObject.Member(key: key, keyLocation: keyLocation, node: try parser.value()))
            try parser.endOfItem(closing: "}", opening)
        }
        return object
    }

    private static func array(_ parser: inout JSONParser) throws(JSONError) -> [JSONNode] {
        let opening = parser.cursor.location
        parser.cursor.advance()
        var elements: [JSONNode] = []
        try parser.skipSpace()
        while !parser.take("]") {
            elements.append(try parser.value())
            try parser.endOfItem(closing: "]", opening)
        }
        return elements
    }

    /// Moves over the comma between two items; leaves the closing bracket to the caller.
    private mutating func endOfItem(closing: Unicode.Scalar, _ opening: SourceLocation) throws(JSONError) {
        try skipSpace()
        if take(",") { return try skipSpace() }
        guard cursor.scalar == closing else {
            throw unexpected("expected ',' or '\(closing)' for the bracket at line \(opening.line)")
        }
    }

    private mutating func key(of opening: SourceLocation) throws(JSONError) -> String {
        switch cursor.scalar {
        case "\"", "'": return try string()
        case "\\": return try identifier()
        case .some(let scalar) where scalar.startsIdentifier: return try identifier()
        case .some("0"..."9"):
            throw error(at: cursor.location, "a key that begins with a digit must be in quotes")
        default: throw unexpected("expected a key or '}' for the bracket at line \(opening.line)")
        }
    }

    private mutating func word() throws(JSONError) -> JSONValue {
        let start = cursor
        guard let first = cursor.scalar, first.startsIdentifier else { throw unexpected("expected a value") }
        while let scalar = cursor.scalar, scalar.continuesIdentifier { cursor.advance() }
        let text = String(decoding: start.bytes[start.location.offset..<cursor.location.offset], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "Infinity": return .number(.infinity)
        case "NaN": return .number(.nan)
        default:
            throw JSONError(
                .syntax, file: file, at: start.location, "expected a value, found \(quoted(text)); text needs quotes",
                hint: didYouMean(text, in: ["null", "true", "false", "Infinity", "NaN"]), sourceLine: start.line)
        }
    }

    /// Moves over white space and comments.
    mutating func skipSpace() throws(JSONError) {
        while let scalar = cursor.scalar {
            if scalar.isJSON5Space {
                cursor.advance()
            } else if scalar == "/", cursor.byte(ahead: 1) == UInt8(ascii: "/") {
                while let scalar = cursor.scalar, !scalar.isLineTerminator { cursor.advance() }
            } else if scalar == "/", cursor.byte(ahead: 1) == UInt8(ascii: "*") {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(JSONError) {
        let opening = cursor
        cursor.advance(by: 2)
        while let byte = cursor.byte {
            if byte == UInt8(ascii: "*"), cursor.byte(ahead: 1) == UInt8(ascii: "/") { return cursor.advance(by: 2) }
            cursor.advance()
        }
        throw JSONError(
            .syntax, file: file, at: opening.location, "this comment has no end, expected '*/'",
            sourceLine: opening.line)
    }

    /// Moves over a character, if it is the next one.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard cursor.scalar == scalar else { return false }
        cursor.advance()
        return true
    }

    /// The error that names the character at the cursor.
    func unexpected(_ expectation: String) -> JSONError {
        guard let scalar = cursor.scalar else {
            return error(at: cursor.location, "the text ends here, \(expectation)")
        }
        return error(at: cursor.location, "unexpected \(quoted(String(scalar))), \(expectation)")
    }

    func error(_ code: JSONError.Code = .syntax, at location: SourceLocation, _ message: String) -> JSONError {
        JSONError(
            code, file: file, at: location, message, sourceLine: SourceCursor(cursor.bytes, at: location).line)
    }
}
