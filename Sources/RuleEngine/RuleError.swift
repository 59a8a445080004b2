import JSON5

/// Why a rule file or an expression was refused: what is wrong, where, and what to write instead.
///
/// Prints as compilers do: `file:line:column: message`, the source line, and a caret under the exact character.
public struct RuleError: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        /// The expression does not follow the grammar.
        case syntax
        /// Types or units that do not fit together.
        case type
        /// A metric, function, field or person's field that does not exist.
        case unknownName
        /// Reserved for a later version.
        case unsupported
        /// A value outside what is allowed.
        case invalidValue
        /// A text uses a word that a wellness instrument must not use.
        case wording
        /// Two files define a rule of the same name.
        case duplicate
        /// Longer or deeper than allowed.
        case tooLarge
        /// The file is not the JSON5 that a rule is made of.
        case json(JSONError.Code)
    }

    public var code: Code
    /// Path of the rule file; `nil` for an expression given alone.
    public var file: String?
    /// From 1; columns count Unicode scalars.
    public var line: Int
    public var column: Int
    /// What is wrong and what was expected, in one line.
    public var message: String
    /// A suggestion in one line.
    public var hint: String?
    /// The whole source line, for the caret.
    public var sourceLine: String?

    public init(
        _ code: Code, file: String?, line: Int, column: Int, _ message: String, hint: String? = nil,
        sourceLine: String? = nil
    ) {
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
    }

    init(_ error: JSONError, code: Code? = nil) {
        self.init(
            code ?? .json(error.code), file: error.file, line: error.location.line, column: error.location.column,
            error.message, hint: error.hint, sourceLine: error.sourceLine)
    }

    /// A fault in an expression that stands alone.
    init(_ fault: Fault, in text: String) {
        let before = text.utf8.prefix(max(0, fault.offset))
        let lastBreak = before.lastIndex(of: UInt8(ascii: "\n"))
        let lineStart = lastBreak.map { text.utf8.index(after: $0) } ?? text.utf8.startIndex
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let head = String(decoding: text.utf8[lineStart..<before.endIndex], as: UTF8.self)
        let rest = text.utf8[lineStart...].prefix { $0 != UInt8(ascii: "\n") }
        self.init(
            fault.code, file: nil, line: line, column: head.unicodeScalars.count + 1, fault.message, hint: fault.hint,
            sourceLine: String(decoding: rest, as: UTF8.self))
    }
}

extension RuleError: CustomStringConvertible {
    public var description: String {
        JSONError(
            .invalidValue, file: file, at: SourceLocation(line: line, column: column, offset: 0), message, hint: hint,
            sourceLine: sourceLine
        ).description
    }
}

/// A mistake at a byte of an expression's own text, before it is known where that text stands in a file.
struct Fault: Error {
    var code: RuleError.Code
    /// UTF-8 bytes from the beginning of the expression.
    var offset: Int
    var message: String
    var hint: String?

    init(_ code: RuleError.Code, at offset: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.offset = offset
        self.message = message
        self.hint = hint
    }
}
