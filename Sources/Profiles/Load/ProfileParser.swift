import JSON5
import Vitals

/// Reads a profile document and compiles its messages, in one pass, so that every mistake is found where it stands.
struct ProfileParser {
    let document: JSONDocument
    var tables = Tables()
    var profile = Profile()
    /// Emissions with `onChange`, each of which remembers a value.
    var changeCount = 0

    init(_ document: JSONDocument) { self.document = document }

    static let keys = [
        "schema", "id", "version", "name", "transport", "priority", "proof", "extends", "match", "link", "port",
        "probe", "packet", "vars", "connect", "disconnect", "keepAlive", "poll", "live", "watchdog", "inputs",
        "messages", "vectors",
    ]

    /// More than any device needs; a bound for foreign files.
    static let mostInputs = 16
    static let mostMessages = 128
    static let mostVectors = 1000

    mutating func read() throws(JSONError) -> Profile {
        let root = try document.reader.object(known: Self.keys)
        let schema = try root.required("schema")
        guard try schema.integer() == 1 else {
            throw schema.error("schema \(try schema.integer()) is not known to this version, which reads schema 1")
        }
        try root.refuse(["extends", "packet", "vars"])
        profile.id = try root.required("id").word()
        profile.version = try root.integer("version", in: 1...1_000_000)
        profile.name = try root.string("name")
        profile.transport = try root.oneOf("transport", Transport.self)
        profile.priority = try root.optionalInteger("priority", in: 0...1000) ?? 0
        profile.proof = try root.optionalOneOf("proof", Profile.Proof.self)
        profile.file = document.file
        profile.fingerprint = Self.fingerprint(document.text)
        try readMatch(root)
        try readLink(root)
        try readSteps(root)
        try readPort(root)
        try readInputs(root)
        try readMessages(root)
        profile.metrics = tables.metrics
        profile.program = Program(tables)
        try readVectors(root)
        return profile
    }

    /// FNV-1a, 64 bits.
    private static func fingerprint(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
