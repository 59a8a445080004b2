/// A JSON5 text that was read: its values, and what is needed to say where something is wrong in it.
///
/// The language is that of https://spec.json5.org, so plain JSON is read as well. Beyond the specification a
/// duplicate key, a number too large for a `Double` and a lone surrogate escape are errors, and nesting ends at 64
/// levels. No input traps.
public struct JSONDocument: Sendable {
    /// The value of the whole text.
    public let root: JSONNode
    /// The path of the file, as it was given; it is what errors print.
    public let file: String
    /// The text that was read.
    public let text: String

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: JSON5; a byte order mark at its beginning is white space.
    ///   - file: the name that errors print.
    /// - Throws: `JSONError` with the first mistake.
    /// - Complexity: O(length of the text).
    public static func parse(_ text: String, file: String) throws(JSONError) -> JSONDocument {
        var parser = JSONParser(text, file: file)
        return JSONDocument(root: try parser.document(), file: file, text: text)
    }

    /// A reader of the whole document.
    public var reader: JSONReader { JSONReader(self) }

    /// Where in the text a part of a decoded string stands, across escapes and line continuations.
    ///
    /// An expression inside a string can so be blamed at the character that is wrong.
    ///
    /// - Parameters:
    ///   - offset: a distance from the beginning of the decoded string in UTF-8 bytes. Within a character or an
    ///     escape it stands for its beginning; behind the last byte for the closing quote.
    ///   - node: a string of this document.
    /// - Returns: the place; for a node that is not a string the beginning of the node.
    /// - Complexity: O(length of the text).
    public func location(ofUTF8Offset offset: Int, in node: JSONNode) -> SourceLocation {
        guard case .string = node.value else { return node.location }
        var parser = JSONParser(text, file: file)
        parser.cursor = SourceCursor(parser.cursor.bytes, at: node.location)
        return (try? parser.location(ofUTF8Offset: offset)) ?? node.location
    }

    /// An error of this document, for whoever finds a mistake in what a value means.
    ///
    /// - Parameters:
    ///   - location: where the mistake begins, as a node or `location(ofUTF8Offset:in:)` gave it.
    ///   - message: what is wrong and what was expected, in one line.
    ///   - hint: a suggestion; `didYouMean(_:in:)` makes one.
    ///   - code: the kind of mistake.
    /// - Complexity: O(length of the text).
    public func error(
        at location: SourceLocation, _ message: String, hint: String? = nil, code: JSONError.Code = .invalidValue
    ) -> JSONError {
        JSONError(
            code, file: file, at: location, message, hint: hint,
            sourceLine: SourceCursor(Array(text.utf8), at: location).line)
    }
}
