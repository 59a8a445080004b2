import JSON5
import Vitals

/// The names that a message's own parts may use.
struct MessageScope {
    struct Field {
        var slot: Int32
        /// Its integer is what stands in the frame, so that its bits mean something.
        var hasBits: Bool
        var isList: Bool
        /// A moment on the device's clock.
        var isDate = false
    }

    /// How parts of it become another message, by names that are looked up when all messages are known.
    struct Parts {
        var into: JSONReader
        var assembly: Assembly
    }

    var id: String
    var input: Input
    var inputIndex: Int
    var pattern: Pattern?
    var fields: [String: Field] = [:]
    var names: [String] = []
    var keeps: [Keep] = []
    var parts: Parts?
    var message: Message
}

extension ProfileParser {
    /// The input of messages that are put together from others.
    static let assembled = "assembled"

    /// Reads the messages of a profile and of those it extends, whose messages come after its own; one with an id that
    /// is there already is replaced.
    mutating func readMessages(_ family: [JSONReader]) throws(JSONError) {
        var taken: Set<String> = []
        for member in family {
            guard let list = try member.optional("messages") else {
                guard family.count > 1 else { throw try member.required("messages").error("") }
                continue
            }
            let readers = try list.array()
            guard !readers.isEmpty || family.count > 1 else { throw list.error("a profile needs at least one message") }
            var ids: Set<String> = []
            for reader in readers {
                let id = try reader.required("id")
                guard ids.insert(try id.word()).inserted else {
                    throw id.error("two messages have the id '\(try id.string())'")
                }
                guard !taken.contains(try id.string()) else { continue }
                guard scopes.count < Self.mostMessages else {
                    throw reader.error("a profile has at most \(Self.mostMessages) messages")
                }
                // A base on another kind of link may have inputs that this profile has no use for.
                let isUseful = try hasInput(of: reader)
                guard isUseful || member.document.file == document.file else { continue }
                scopes.append(try message(reader))
            }
            taken.formUnion(ids)
        }
        guard !scopes.isEmpty else { throw document.reader.error("a profile needs at least one message") }
        try link()
    }

    private mutating func hasInput(of message: JSONReader) throws(JSONError) -> Bool {
        let name = try message.string("input")
        return name == Self.assembled || tables.inputs.contains { $0.name == name }
    }

    /// Puts the messages of an input side by side, and looks up the messages that others become.
    private mutating func link() throws(JSONError) {
        var places: [String: Int32] = [:]
        for index in tables.inputs.indices {
            let own = scopes.indices.filter { scopes[$0].inputIndex == index }
            for scope in own {
                scopes[scope].message.keeps = Tables.add(scopes[scope].keeps, to: &tables.keeps)
            }
            for (offset, scope) in own.enumerated() { places[scopes[scope].id] = Int32(tables.messages.count + offset) }
            tables.inputs[index].shape.messages = Tables.add(own.map { scopes[$0].message }, to: &tables.messages)
        }
        for scope in scopes {
            guard let parts = scope.parts, let place = places[scope.id] else { continue }
            let name = try parts.into.string()
            guard let target = scopes.first(where: { $0.id == name }), let into = places[name],
                target.input.name == Self.assembled
            else {
                throw parts.into.error(
                    "there is no message '\(name)' with input: \"assembled\"",
                    hint: didYouMean(name, in: scopes.filter { $0.input.name == Self.assembled }.map(\.id)))
            }
            var assembly = parts.assembly
            assembly.into = into
            tables.messages[Int(place)].assembly = assembly.memory
            tables.assemblies.append(assembly)
        }
        for index in tables.inputs.indices where tables.inputs[index].shape.format == .binary {
            let messages = tables.inputs[index].shape.messages
            let mask = Relevance.mask(messages, isThin: false, tables)
            let thinMask = Relevance.mask(messages, isThin: true, tables)
            tables.inputs[index].shape.mask = Tables.add(mask, to: &tables.masks)
            tables.inputs[index].shape.thinMask = Tables.add(thinMask, to: &tables.masks)
            tables.inputs[index].shape.maskWord = Relevance.word(mask)
            tables.inputs[index].shape.thinMaskWord = Relevance.word(thinMask)
        }
        // Nothing is remembered for nobody: a decoder whose state stays the same is not written again.
        let thinned = Set(tables.emissions.filter { $0.thin > 0 }.map(\.metric))
        for index in tables.emissions.indices where !thinned.contains(tables.emissions[index].metric) {
            tables.emissions[index].thinMemory = -1
        }
        for index in tables.messages.indices {
            tables.messages[index].variants = Specialization.add(index, to: &tables)
        }
        for index in tables.messages.indices {
            tables.messages[index].straight = Straight.add(tables.messages[index], to: &tables)
        }
        for index in tables.inputs.indices {
            if case .syncBit(let mask, let length) = tables.inputs[index].framing, length <= Engine.longestWord {
                tables.inputs[index].shape.syncMask = mask
                tables.inputs[index].shape.syncLength = UInt8(length)
            }
            tables.inputs[index].shape.leading = Straight.leading(tables.inputs[index], tables)
        }
    }

    private mutating func message(_ reader: JSONReader) throws(JSONError) -> MessageScope {
        try reader.object(known: [
            "id", "input", "when", "len", "pattern", "fields", "emit", "status", "diag", "assemble",
        ])
        let name = try reader.required("input")
        if try name.string() == Self.assembled, !tables.inputs.contains(where: { $0.name == Self.assembled }) {
            tables.inputs.append(Input(name: Self.assembled))
        }
        let names = tables.inputs.map(\.name)
        guard let index = names.firstIndex(of: try name.string()) else {
            throw name.error("there is no input '\(try name.string())'", hint: didYouMean(try name.string(), in: names))
        }
        var scope = MessageScope(
            id: try reader.string("id"), input: tables.inputs[index], inputIndex: index, message: Message())
        scope.message.length = Int32(try reader.optionalInteger("len", in: 0...Program.longestFrame) ?? -1)
        try readPattern(reader, &scope)
        if let when = try reader.optional("when") { try readWhen(when, &scope) }
        try readFields(reader, &scope)
        let entries = try reader.optionalArray("emit") ?? []
        for list in ["emit", "status"] {
            let entries = try reader.optionalArray(list) ?? []
            guard entries.count > Self.mostEntries else { continue }
            throw entries[Self.mostEntries].error("a message has at most \(Self.mostEntries) entries of '\(list)'")
        }
        try readStatuses(reader, &scope)
        var emissions: [Emission] = []
        for entry in entries { emissions.append(try emission(entry, scope)) }
        scope.message.emissions = Tables.add(emissions, to: &tables.emissions)
        if let assemble = try reader.optional("assemble") { try readAssembly(assemble, &scope) }
        return scope
    }

    // MARK: assemble

    private mutating func readAssembly(_ reader: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        try reader.object(known: ["head", "index", "first", "total", "lessOne", "payload", "into"])
        guard scope.input.shape.format == .binary else { throw reader.error("only binary messages are assembled") }
        let head = try reader.required("head")
        let payload = try reader.required("payload")
        let bounds = try payload.array()
        guard bounds.count == 2 else { throw payload.error("expected the first byte and the end, such as [2, 15]") }
        let from = try bounds[0].integer(in: 0...Program.longestFrame - 1)
        let memory = Int32(scopes.count { $0.parts != nil })
        let into = try reader.required("into")
        scope.parts = MessageScope.Parts(
            into: into,
            assembly: Assembly(
                index: try integerSlot(try reader.required("index"), scope),
                first: Int64(try reader.optionalInteger("first", in: 0...65535) ?? 0),
                total: try keptValue(try reader.required("total"), of: head, into: nil),
                lessOne: try reader.optionalBool("lessOne") ?? false,
                payload: Stretch(
                    start: Int32(from), end: Int32(try bounds[1].integer(in: from + 1...Program.longestFrame))),
                into: 0, memory: memory))
    }

    /// The memory of a head message's field, for parts (`of`: the head's id) or for what they become (`into`).
    mutating func keptValue(
        _ field: JSONReader, of head: JSONReader?, into id: String?
    ) throws(JSONError) -> Int32 {
        var headID = try head?.string()
        if headID == nil {
            let parts = scopes.first { scope in (try? scope.parts?.into.string()) == id && id != nil }
            guard let parts,
                let owner = scopes.first(where: { $0.keeps.contains { $0.memory == parts.parts?.assembly.total } })
            else {
                throw field.error("no message before this one is assembled into '\(id ?? "")'")
            }
            headID = owner.id
        }
        guard let place = scopes.firstIndex(where: { $0.id == headID }) else {
            throw (head ?? field).error(
                "there is no message '\(headID ?? "")' before this one",
                hint: didYouMean(headID ?? "", in: scopes.map(\.id)))
        }
        let slot = try known(field, scopes[place]).slot
        if let keep = scopes[place].keeps.first(where: { $0.slot == slot }) { return keep.memory }
        let memory = Int32(tables.sizes.kept)
        tables.sizes.kept += 1
        scopes[place].keeps.append(Keep(slot: slot, memory: memory))
        return memory
    }

    private mutating func readPattern(_ reader: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        guard let text = try reader.optional("pattern") else {
            guard scope.input.shape.format != .text else {
                throw reader.error("a message of text input needs a pattern", code: .missingKey)
            }
            return
        }
        guard scope.input.shape.format == .text else {
            throw text.error("a pattern needs an input with format: \"text\"")
        }
        let pattern = try text.pattern()
        scope.pattern = pattern
        scope.message.pattern = Int32(tables.patterns.count)
        tables.patterns.append(pattern)
    }

    // MARK: when

    private mutating func readWhen(_ reader: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        guard scope.input.shape.format != .text else {
            throw reader.error("text messages are told apart by their pattern")
        }
        guard scope.input.shape.format == .binary else {
            var tests: [MemberTest] = []
            for member in try reader.members() {
                tests += try memberTests(member.reader, key(member.key, scope.inputIndex))
            }
            scope.message.memberTests = Tables.add(tests, to: &tables.memberTests)
            return
        }
        let tests = try framePattern(reader).tests.map { ByteTest(index: Int32($0.at), allowed: $0.allowed) }
        scope.message.byteTests = Tables.add(tests, to: &tables.byteTests)
    }

    /// `{ b0: 0x15, b1: { not: [0] } }`.
    func framePattern(_ reader: JSONReader, besides others: [String] = []) throws(JSONError) -> FramePattern {
        var pattern = FramePattern(tests: [])
        for member in try reader.members() where !others.contains(member.key) {
            guard member.key.hasPrefix("b"), let place = Int(member.key.dropFirst()),
                (0..<Program.longestFrame).contains(place)
            else {
                throw reader.document.error(
                    at: member.keyLocation, "expected a byte of the frame, b0 to b\(Program.longestFrame - 1)")
            }
            pattern.tests.append(FramePattern.Test(at: place, allowed: try allowedBytes(member.reader)))
        }
        return pattern
    }

    /// The bytes that pass a test.
    private func allowedBytes(_ reader: JSONReader) throws(JSONError) -> ByteClass {
        var allowed = ByteClass()
        guard case .object = reader.node.value else {
            allowed.insert(UInt8(try reader.integer(in: 0...255)))
            return allowed
        }
        try reader.object(known: ["not", "min", "bits", "eq", "exists"])
        var slice = BitSlice(slot: 0, low: 0, width: 8)
        if let bits = try reader.optional("bits") { (slice.low, slice.width) = try bitRange(bits, highest: 7) }
        var excluded: Set<Int64> = []
        for entry in try reader.optionalArray("not") ?? [] { excluded.insert(Int64(try entry.integer(in: 0...255))) }
        let wanted = try reader.optionalInteger("eq", in: 0...255).map { Int64($0) }
        let least = try reader.optionalInteger("min", in: 0...255).map { Int64($0) }
        guard ["not", "eq", "min", "exists"].contains(where: { reader.has($0) }) else {
            throw reader.error("expected at least one of not, eq, min, exists")
        }
        if let exists = try reader.optional("exists"), try !exists.bool() {
            throw exists.error("a byte that must not exist is said by 'len'")
        }
        for byte in UInt8.min...UInt8.max {
            let value = slice.of(Int64(byte))
            guard !excluded.contains(value), wanted.map({ $0 == value }) ?? true, least.map({ value >= $0 }) ?? true
            else { continue }
            allowed.insert(byte)
        }
        return allowed
    }

    private mutating func memberTests(_ reader: JSONReader, _ index: Int) throws(JSONError) -> [MemberTest] {
        let index = Int32(index)
        guard case .object = reader.node.value else {
            return [MemberTest(index: index, kind: .equal(try constant(reader)))]
        }
        try reader.object(known: ["not", "min", "bits", "eq", "exists"])
        var base = MemberTest(index: index, kind: .exists(true))
        if let bits = try reader.optional("bits") {
            let (low, width) = try bitRange(bits, highest: 62)
            (base.low, base.width) = (low, width)
        }
        var tests: [MemberTest] = []
        for key in ["exists", "not", "eq", "min"] {
            guard let rule = try reader.optional(key) else { continue }
            var test = base
            switch key {
            case "exists": test.kind = .exists(try rule.bool())
            case "not":
                var constants: [Constant] = []
                for entry in try rule.array() { constants.append(try self.literal(entry)) }
                test.kind = .excluded(Tables.add(constants, to: &tables.constants))
            case "eq": test.kind = .equal(try constant(rule))
            default: test.kind = .minimum(try rule.number())
            }
            tests.append(test)
        }
        guard !tests.isEmpty else { throw reader.error("expected at least one of not, eq, min, exists") }
        return tests
    }

    private mutating func constant(_ reader: JSONReader) throws(JSONError) -> Int {
        tables.constants.append(try literal(reader))
        return tables.constants.count - 1
    }

    private func literal(_ reader: JSONReader) throws(JSONError) -> Constant {
        switch reader.node.value {
        case .bool(let flag): return .bool(flag)
        case .string(let text): return .text(Array(text.utf8))
        case .null: return .null
        default: return .number(try reader.number())
        }
    }

    /// The index of a key that somebody looks at in JSON lines.
    mutating func key(_ name: String, _ input: Int) -> Int {
        let bytes = Array(name.utf8)
        if let index = tables.inputs[input].keys.firstIndex(of: bytes) { return index }
        tables.inputs[input].keys.append(bytes)
        return tables.inputs[input].keys.count - 1
    }

    /// `[low, high]`, both included.
    func bitRange(_ reader: JSONReader, highest: Int) throws(JSONError) -> (low: UInt8, width: UInt8) {
        let bounds = try reader.array()
        guard bounds.count == 2 else { throw reader.error("expected lowest and highest bit, such as [0, 3]") }
        let low = try bounds[0].integer(in: 0...highest)
        let high = try bounds[1].integer(in: low...highest)
        return (UInt8(low), UInt8(high - low + 1))
    }
}
