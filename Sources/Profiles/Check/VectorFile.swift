import JSON5
import Vitals

/// A file of vectors for many profiles: bytes of devices, and what they must mean.
///
/// ```swift
/// let file = try VectorFile(path: "VECTORS.json")
/// let outcome = library.run(file)   // outcome.failures is empty when all came true
/// ```
///
/// The form is that of `lab-device-vectors/1`: an object with `vectors`, each with `id`, `profile` (or `null`), `input`
/// (steps of `channel` and `hex` or `text`) and `expect` (`samples`, and where they matter `diag`, `status`, `fields`).
public struct VectorFile: Sendable {
    /// One vector.
    public struct Entry: Sendable {
        public var id: String
        /// The profile it is for; `nil` leaves the choice to whoever knows one.
        public var profile: String?
        /// The device that the bytes are from, in words.
        public var device: String?
        var feeds: [Feed]
        var samples: [Sample]
        var diagnostics: [String]
        /// `nil`: not looked at.
        var statuses: [Status]?
        var fields: [Field]
        var file: String
        /// Only the place: a file may be one line, which every vector's error would hold.
        var location: SourceLocation
    }

    /// What is fed at once.
    struct Feed: Sendable {
        /// The name of an input, or of where its bytes come from: `2A37`, `man:006B`, `svc:FEE0`.
        var channel: String
        var bytes: [UInt8]
    }

    /// A reading that must come out.
    struct Sample: Sendable {
        enum Value: Sendable {
            case number(Double)
            case label(String)
        }

        enum Moment: Sendable {
            /// Since 1970.
            case seconds(Double)
            /// As written, in UTC.
            case text(String)
        }

        var metric: String
        var unit: String
        var value: Value
        /// `nil`: not looked at.
        var time: Moment?
    }

    /// A value that a frame must hold under the name that the profile gives it.
    struct Field: Sendable {
        enum Value: Sendable {
            /// The integer as written, where it is one: beyond 2⁵³ a `Double` would not tell neighbours apart.
            case number(Double, exactly: Int64?)
            case text(String)
        }

        var name: String
        var isList: Bool
        var values: [Value]
    }

    /// The largest file that is read, in bytes.
    public static let largestFile = 1 << 26

    public var entries: [Entry] = []

    /// Reads a file.
    ///
    /// - Throws: `JSONError` with file, line and column of the first mistake.
    public init(path: String) throws(JSONError) {
        try self.init(try JSONDocument.load(path: path, limit: Self.largestFile))
    }

    /// Reads a text.
    public init(text: String, file: String) throws(JSONError) {
        try self.init(try JSONDocument.parse(text, file: file))
    }

    private init(_ document: JSONDocument) throws(JSONError) {
        for reader in try document.reader.array("vectors") { entries.append(try Entry(reader)) }
    }
}

// MARK: reading

extension VectorFile.Entry {
    private static let keys = ["id", "device", "profile", "input", "expect", "kind", "source", "note"]

    /// Keys beside the known ones are notes, unless they look like a misspelt one.
    init(_ reader: JSONReader) throws(JSONError) {
        for member in try reader.members() where !Self.keys.contains(member.key) {
            guard let hint = didYouMean(member.key, in: Self.keys) else { continue }
            throw reader.document.error(
                at: member.keyLocation, "unknown key '\(member.key)'", hint: hint, code: .unknownKey)
        }
        id = try reader.string("id")
        profile = try reader.optionalString("profile")
        device = try reader.optionalString("device")
        feeds = []
        for step in try reader.array("input") { feeds.append(try VectorFile.Feed(step)) }
        let expect = try reader.object("expect", known: ["samples", "diag", "status", "statuses", "fields"])
        samples = []
        for sample in try expect.array("samples") { samples.append(try VectorFile.Sample(sample)) }
        diagnostics = try expect.optionalStringList("diag") ?? []
        for key in ["status", "statuses"] {
            for entry in try expect.optionalArray(key) ?? [] { statuses = (statuses ?? []) + [try entry.status()] }
            if statuses == nil, expect.has(key) { statuses = [] }
        }
        fields = []
        for member in try expect.optional("fields")?.members() ?? [] {
            fields.append(try VectorFile.Field(member.key, member.reader))
        }
        file = reader.document.file
        location = reader.location
    }
}

extension VectorFile.Feed {
    init(_ reader: JSONReader) throws(JSONError) {
        try reader.object(known: ["channel", "hex", "text"])
        channel = try reader.string("channel")
        bytes = try reader.hexOrText()
    }
}

extension VectorFile.Sample {
    init(_ reader: JSONReader) throws(JSONError) {
        try reader.object(known: ["metric", "value", "unit", "t"])
        metric = try reader.string("metric")
        unit = try reader.string("unit")
        let value = try reader.required("value")
        if case .string(let label) = value.node.value {
            self.value = .label(label)
        } else {
            self.value = .number(try value.number())
        }
        guard let t = try reader.optional("t") else { return }
        if case .string(let text) = t.node.value {
            time = .text(text)
        } else {
            time = .seconds(try t.number())
        }
    }
}

extension VectorFile.Field {
    init(_ name: String, _ reader: JSONReader) throws(JSONError) {
        self.name = name
        (isList, values) = (false, [])
        if case .array = reader.node.value {
            isList = true
            for entry in try reader.array() { values.append(try Self.value(entry)) }
        } else {
            values = [try Self.value(reader)]
        }
    }

    private static func value(_ reader: JSONReader) throws(JSONError) -> Value {
        if case .string(let text) = reader.node.value { return .text(text) }
        return .number(try reader.number(), exactly: reader.writtenInteger)
    }
}

extension JSONReader {
    /// The bytes of `hex`, or of `text`, one per character, so that text can hold any byte.
    func hexOrText() throws(JSONError) -> [UInt8] {
        guard has("hex") != has("text") else { throw error("expected either hex or text") }
        if has("hex") { return try required("hex").hexadecimal() }
        let text = try required("text")
        var bytes: [UInt8] = []
        for scalar in try text.string().unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { throw text.error("expected Latin-1 characters") }
            bytes.append(byte)
        }
        return bytes
    }

    /// What a frame must say of the sensor.
    func status() throws(JSONError) -> Status {
        try object(known: ["worn", "contact", "signal", "diag"])
        guard try object().members.count == 1 else { throw error("expected exactly one status") }
        if has("worn") { return .worn(try bool("worn")) }
        if has("contact") { return .contact(try number("contact", in: 0...1)) }
        if has("signal") { return .signal(try number("signal", in: 0...1)) }
        return .diagnostic(try string("diag"))
    }
}
