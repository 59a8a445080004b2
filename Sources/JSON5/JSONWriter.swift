/// Builds compact JSON text (RFC 8259), the same bytes for the same calls: members stay in the order given.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { json in
///     json.member("metric", "heart_rate")
///     json.member("values", [61, 61.5])
///     json.object("source") { $0.member("device", "strap") }
/// }
/// json.text   // {"metric":"heart_rate","values":[61,61.5],"source":{"device":"strap"}}
/// ```
///
/// Calls with a key belong into an object, calls without one into an array or to the top. Several values at the top
/// are written one a line (JSON Lines).
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var text = ""
    private var needsSeparator = false
    private var depth = 0

    public init() {}

    /// Writes a value: the next element of an array, or a value at the top.
    public mutating func value(_ value: some JSONWritable) {
        value.write(to: &self)
    }

    /// Writes a member of an object. An optional that is `nil` is written as `null`.
    public mutating func member(_ key: String, _ value: some JSONWritable) {
        writeKey(key)
        value.write(to: &self)
    }

    /// Writes a member of an object, or nothing when the value is `nil`.
    public mutating func member(_ key: String, ifPresent value: (some JSONWritable)?) {
        if let value { member(key, value) }
    }

    /// Writes an object; `content` writes its members.
    public mutating func object<Failure: Error>(
        _ content: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try nested("{", "}", content)
    }

    /// Writes a member that is an object; `content` writes its members.
    public mutating func object<Failure: Error>(
        _ key: String, _ content: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        writeKey(key)
        try nested("{", "}", content)
    }

    /// Writes an array; `content` writes its elements.
    public mutating func array<Failure: Error>(
        _ content: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try nested("[", "]", content)
    }

    /// Writes a member that is an array; `content` writes its elements.
    public mutating func array<Failure: Error>(
        _ key: String, _ content: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        writeKey(key)
        try nested("[", "]", content)
    }

    /// Writes `null`.
    public mutating func null() { writeScalar("null") }

    /// Writes a member that is `null`.
    public mutating func null(_ key: String) {
        writeKey(key)
        null()
    }

    /// Writes a value that is JSON already: a number, a word, or the text of another writer.
    public mutating func raw(_ json: String) { writeScalar(json) }

    private mutating func nested<Failure: Error>(
        _ opening: String, _ closing: String, _ content: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        separate()
        text += opening
        needsSeparator = false
        depth += 1
        defer {
            text += closing
            needsSeparator = true
            depth -= 1
        }
        try content(&self)
    }

    private mutating func writeKey(_ key: String) {
        separate()
        writeQuoted(key)
        text += ":"
        needsSeparator = false
    }

    private mutating func writeScalar(_ json: String) {
        separate()
        text += json
        needsSeparator = true
    }

    mutating func writeString(_ string: some StringProtocol) {
        separate()
        writeQuoted(string)
        needsSeparator = true
    }

    private mutating func separate() {
        if needsSeparator { text += depth == 0 ? "\n" : "," }
    }

    /// Escapes what RFC 8259, clause 7, asks for: quote, backslash and the characters below U+0020.
    private mutating func writeQuoted(_ string: some StringProtocol) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{08}": text += "\\b"
            case "\u{0C}": text += "\\f"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
