/// A typed look at one value of a document: what is not as expected becomes a `JSONError` that names the place, what
/// was expected and what was found.
///
/// ```swift
/// let rule = try JSONDocument.load(path: path).reader.object(known: ["rule", "when", "repeat", "then"])
/// let name = try rule.string("rule")
/// let then = try rule.object("then", known: ["kind", "severity"])
/// let kind = try then.oneOf("kind", allowed: ["alert", "reminder"])
/// ```
///
/// The accessors without a key read the value itself (an element of an array, say); those with a key read a member,
/// see `JSONReader+Members.swift`.
public struct JSONReader: Sendable {
    /// The document that holds the value.
    public let document: JSONDocument
    /// The value.
    public let node: JSONNode
    /// How the value is reached from the root, as messages name it: `then.title`, `tests[2].given`. Empty at the root.
    public let path: String

    /// A reader of the root of a document.
    public init(_ document: JSONDocument) {
        self.init(document, document.root, path: "")
    }

    /// A reader of a node of a document.
    public init(_ document: JSONDocument, _ node: JSONNode, path: String) {
        self.document = document
        self.node = node
        self.path = path
    }

    /// The largest integer that `integer` reads, 2^53 - 1: from there on a `Double` no longer tells neighbours apart.
    public static let largestInteger = (1 << 53) - 1

    /// The beginning of the value.
    public var location: SourceLocation { node.location }

    /// Whether the value is `null`.
    public var isNull: Bool {
        if case .null = node.value { true } else { false }
    }

    /// Reads an object and refuses members that nobody would look at.
    ///
    /// - Parameters:
    ///   - known: all keys that mean something here.
    ///   - allowExtensions: whether keys that start with `x-` are free for notes of the author.
    /// - Returns: a reader of this object.
    /// - Throws: `JSONError` when the value is no object, or at the first unknown key, with a hint.
    @discardableResult
    public func object(known: [String], allowExtensions: Bool = true) throws(JSONError) -> JSONReader {
        let names = Set(known)
        for member in try object().members where !names.contains(member.key) {
            if allowExtensions, member.key.hasPrefix("x-") { continue }
            let place = path.isEmpty ? "" : " in \(quoted(path))"
            throw document.error(
                at: member.keyLocation, "unknown key \(quoted(member.key))\(place)",
                hint: didYouMean(member.key, in: known) ?? "known keys: \(known.joined(separator: ", "))",
                code: .unknownKey)
        }
        return self
    }

    /// Reads an object whose keys are free.
    public func object() throws(JSONError) -> JSONObject {
        guard case .object(let object) = node.value else { throw mismatch("an object") }
        return object
    }

    /// Reads an array; each element has its reader.
    public func array() throws(JSONError) -> [JSONReader] {
        guard case .array(let elements) = node.value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONReader(document, $1, path: "\(path)[\($0)]") }
    }

    /// Reads an array of strings.
    public func stringList() throws(JSONError) -> [String] {
        guard case .array = node.value else { throw mismatch("an array of strings") }
        return try array().map { (element) throws(JSONError) in try element.string() }
    }

    /// Reads a string.
    public func string() throws(JSONError) -> String {
        guard case .string(let text) = node.value else { throw mismatch("a string") }
        return text
    }

    /// Reads a boolean.
    public func bool() throws(JSONError) -> Bool {
        guard case .bool(let flag) = node.value else { throw mismatch("true or false") }
        return flag
    }

    /// Reads a finite number; NaN and infinity are refused.
    ///
    /// - Parameter range: the allowed numbers; `nil` allows all.
    public func number(in range: ClosedRange<Double>? = nil) throws(JSONError) -> Double {
        guard case .number(let number) = node.value else { throw mismatch("a number") }
        guard number.isFinite else { throw error("\(subject) must be a finite number") }
        if let range, !range.contains(number) {
            throw error("\(subject) must be from \(range.lowerBound) to \(range.upperBound), but is \(number)")
        }
        return number
    }

    /// Reads a whole number; a fraction is refused, and so is a magnitude above `largestInteger`.
    ///
    /// - Parameter range: the allowed numbers; `nil` allows all.
    public func integer(in range: ClosedRange<Int>? = nil) throws(JSONError) -> Int {
        guard case .number(let number) = node.value else { throw mismatch("an integer") }
        guard let integer = Int(exactly: number) else {
            guard abs(number) > Double(Self.largestInteger) else { throw error("\(subject) must be an integer") }
            throw tooLargeInteger
        }
        guard integer.magnitude <= Self.largestInteger else { throw tooLargeInteger }
        if let range, !range.contains(integer) {
            throw error("\(subject) must be from \(range.lowerBound) to \(range.upperBound), but is \(integer)")
        }
        return integer
    }

    /// The whole number as the text has it, also beyond 2^53, where `Double` no longer tells neighbours apart; `nil` for
    /// anything but decimal digits with or without a minus.
    public var writtenInteger: Int64? {
        guard case .number = node.value else { return nil }
        let bytes = document.text.utf8
        var place = bytes.index(bytes.startIndex, offsetBy: location.offset)
        var digits = ""
        while place < bytes.endIndex, digits.utf8.count <= 20 {
            let character = Character(Unicode.Scalar(bytes[place]))
            guard character.isNumber || (character == "-" && digits.isEmpty) else {
                if character == "." || character == "_" || character.isLetter { return nil }
                break
            }
            digits.append(character)
            bytes.formIndex(after: &place)
        }
        return Int64(digits)
    }

    private var tooLargeInteger: JSONError {
        error("\(subject) is beyond ±(2^53 - 1), where integers are no longer exact; write it as a string")
    }

    /// Reads a string that is one of a few words.
    public func oneOf(allowed: [String]) throws(JSONError) -> String {
        let word = try string()
        guard allowed.contains(word) else {
            throw error(
                "\(subject) must be one of \(allowed.joined(separator: ", ")), but is \(quoted(word))",
                hint: didYouMean(word, in: allowed))
        }
        return word
    }

    /// Reads a string that names a case of an enumeration.
    public func oneOf<Choice>(_ type: Choice.Type) throws(JSONError) -> Choice
    where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
        let word = try oneOf(allowed: type.allCases.map(\.rawValue))
        guard let choice = Choice(rawValue: word) else { throw mismatch("a known word") }
        return choice
    }

    /// An error at the beginning of the value.
    public func error(
        _ message: String, hint: String? = nil, code: JSONError.Code = .invalidValue
    ) -> JSONError {
        document.error(at: location, message, hint: hint, code: code)
    }

    /// An error inside a string; for `offset` see `JSONDocument.location(ofUTF8Offset:in:)`.
    public func error(atUTF8Offset offset: Int, _ message: String, hint: String? = nil) -> JSONError {
        document.error(at: document.location(ofUTF8Offset: offset, in: node), message, hint: hint)
    }

    /// How messages name the value.
    var subject: String { path.isEmpty ? "the document" : quoted(path) }

    private func mismatch(_ expectation: String) -> JSONError {
        error("\(subject) must be \(expectation), but is \(node.value.kind)", code: .wrongType)
    }
}
