/// Why a document could not be read, and where.
public struct JSONError: Error, Sendable {
    /// What kind of mistake it is.
    public enum Code: String, Sendable {
        /// The file is missing, not a regular file, not readable or not UTF-8.
        case unreadable
        /// The file or a number literal is longer than allowed.
        case tooLarge
        /// The text is not JSON5.
        case syntax
        /// Arrays and objects are nested deeper than allowed.
        case tooDeep
        /// An object names a key twice.
        case duplicateKey
        /// An object has a key that means nothing there.
        case unknownKey
        /// An object lacks a key.
        case missingKey
        /// A value is of another kind than expected.
        case wrongType
        /// A value is of the right kind, but not an allowed one.
        case invalidValue
    }

    /// What kind of mistake it is.
    public var code: Code
    /// The path of the file as it was given, if the text has one.
    public var file: String?
    /// Where the mistake begins.
    public var location: SourceLocation
    /// What is wrong and what was expected, in one line.
    public var message: String
    /// A suggestion, in one line: "did you mean 'heart_rate'?".
    public var hint: String?
    /// The line of the text that holds `location`, without its line end.
    public var sourceLine: String?

    public init(
        _ code: Code, file: String?, at location: SourceLocation, _ message: String, hint: String? = nil,
        sourceLine: String? = nil
    ) {
        self.code = code
        self.file = file
        self.location = location
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
    }
}

extension JSONError: CustomStringConvertible {
    /// `file:line:column: message`, then the source line, then a caret under the column with the hint.
    ///
    /// Fit for a terminal: of a very long line only the part around the caret is shown, control characters are
    /// replaced, tabs are kept and wide (Chinese, Japanese, Korean) characters count two cells.
    public var description: String {
        let place = file.map { "\($0):\(location)" } ?? "\(location)"
        var text = "\(place): \(message)"
        if let sourceLine {
            let excerpt = Excerpt(of: sourceLine, column: location.column)
            text += "\n\(excerpt.line)\n\(excerpt.padding)^"
            if let hint { text += " \(hint)" }
        } else if let hint {
            text += "\n\(hint)"
        }
        return text
    }
}
