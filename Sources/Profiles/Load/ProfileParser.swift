import JSON5
import Vitals

/// Reads a profile document and compiles its messages, in one pass, so that every mistake is found where it stands.
struct ProfileParser {
    let document: JSONDocument
    /// Profiles that others may extend, by id.
    let bases: [String: JSONDocument]
    var tables = Tables()
    var profile = Profile()
    /// What `$name` stands for.
    var vars: [String: String] = [:]
    /// The shape of `cmd` steps.
    var packet: PacketShape?
    /// What remembers the field that an `onChange` watches.
    var changeMemories: [String: Int32] = [:]
    /// Messages so far, by id.
    var scopes: [MessageScope] = []

    init(_ document: JSONDocument, bases: [String: JSONDocument]) {
        self.document = document
        self.bases = bases
    }

    static let keys = [
        "schema", "id", "version", "name", "transport", "priority", "proof", "extends", "match", "link", "port",
        "probe", "packet", "vars", "settings", "connect", "disconnect", "keepAlive", "poll", "live", "watchdog",
        "inputs", "messages", "vectors",
    ]

    /// More than any device needs; bounds for foreign files.
    static let mostInputs = 16
    /// What may be added to a field: any 32-bit number, which keeps sums exact.
    static let addends = Int(Int32.min)...Int(Int32.max)
    static let mostMessages = 128
    /// Of `emit`, and of `status`, in a message.
    static let mostEntries = 64
    static let mostVectors = 1000
    static let deepestExtension = 4
    static let mostItems = 8192

    mutating func read() throws(JSONError) -> Profile {
        let root = try document.reader.object(known: Self.keys)
        let schema = try root.required("schema")
        guard try schema.integer() == 1 else {
            throw schema.error("schema \(try schema.integer()) is not known to this version, which reads schema 1")
        }
        let family = try family(of: root)
        profile.id = try root.required("id").word()
        profile.version = try root.integer("version", in: 1...1_000_000)
        profile.name = try root.string("name")
        profile.transport = try root.oneOf("transport", Transport.self)
        profile.priority = try root.optionalInteger("priority", in: 0...1000) ?? 0
        profile.proof = try root.optionalOneOf("proof", Profile.Proof.self)
        profile.file = document.file
        profile.fingerprint = family.reduce(Self.seed) { Self.fingerprint($1.document.text, from: $0) }
        profile.extends = try root.optionalString("extends")
        // What a base says about its link means nothing on another kind of link.
        var kin: [JSONReader] = []
        for member in family where try member.oneOf("transport", Transport.self) == profile.transport {
            kin.append(member)
        }
        for member in family.reversed() { try readVars(member) }
        try readMatch(root)
        try readLink(kin)
        for member in kin.reversed() { try readPacket(member) }
        try readSteps(kin)
        try readPort(kin)
        try readInputs(root, kin)
        try readMessages(family)
        tables.mostItems = min(tables.mostItems, Self.mostItems)
        profile.metrics = tables.metrics
        profile.program = Program(tables)
        for scope in scopes {
            for (name, field) in scope.fields {
                profile.fieldSlots[name, default: []].append(FieldSlot(index: field.slot, isInteger: field.hasBits))
            }
        }
        try readVectors(root)
        return profile
    }

    /// The profile and those it extends, itself first.
    private func family(of root: JSONReader) throws(JSONError) -> [JSONReader] {
        var family = [root]
        var ids = [try root.required("id").word()]
        while let last = family.last, let base = try last.optional("extends") {
            let id = try base.word()
            guard let document = bases[id] else {
                throw base.error("there is no profile '\(id)' to extend", hint: didYouMean(id, in: bases.keys.sorted()))
            }
            guard !ids.contains(id) else { throw base.error("the profiles extend each other in a circle") }
            guard family.count < Self.deepestExtension else {
                throw base.error("more than \(Self.deepestExtension) profiles extend each other")
            }
            ids.append(id)
            family.append(try document.reader.object(known: Self.keys))
        }
        return family
    }

    /// The first of the family that has a key.
    func first(_ key: String, _ family: [JSONReader]) throws(JSONError) -> JSONReader? {
        for member in family {
            if let value = try member.optional(key) { return value }
        }
        return nil
    }

    private mutating func readVars(_ root: JSONReader) throws(JSONError) {
        for member in try root.optional("vars")?.members() ?? [] {
            vars[member.key] = try member.reader.string()
        }
        for member in try root.optional("settings")?.members() ?? [] {
            profile.settings[member.key] = try member.reader.integer()
        }
    }

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    /// FNV-1a, 64 bits.
    private static func fingerprint(_ text: String, from seed: UInt64) -> UInt64 {
        text.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
