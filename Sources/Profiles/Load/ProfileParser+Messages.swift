import JSON5
import Vitals

/// The names that a message's own parts may use.
struct MessageScope {
    struct Field {
        var slot: Int
        /// Its integer is what stands in the frame, so that its bits mean something.
        var hasBits: Bool
        var isList: Bool
    }

    var input: Input
    var inputIndex: Int
    var pattern: Pattern?
    var fields: [String: Field] = [:]
    var names: [String] = []
    /// The emissions' metrics so far are the program's; `thin` counts per metric.
    var message: Message
}

extension ProfileParser {
    mutating func readMessages(_ root: JSONReader) throws(JSONError) {
        let list = try root.required("messages")
        let readers = try list.array()
        guard !readers.isEmpty else { throw list.error("a profile needs at least one message") }
        guard readers.count <= Self.mostMessages else { throw list.error("more than \(Self.mostMessages) messages") }
        var ids: Set<String> = []
        var scopes: [MessageScope] = []
        for reader in readers {
            let id = try reader.required("id")
            guard ids.insert(try id.word()).inserted else {
                throw id.error("two messages have the id '\(try id.string())'")
            }
            scopes.append(try message(reader))
        }
        for index in tables.inputs.indices {
            let own = scopes.filter { $0.inputIndex == index }.map(\.message)
            tables.inputs[index].shape.messages = Tables.add(own, to: &tables.messages)
        }
    }

    private mutating func message(_ reader: JSONReader) throws(JSONError) -> MessageScope {
        try reader.object(known: [
            "id", "input", "when", "len", "pattern", "fields", "emit", "status", "diag", "assemble",
        ])
        try reader.refuse(["assemble"])
        let name = try reader.required("input")
        let names = tables.inputs.map(\.name)
        guard let index = names.firstIndex(of: try name.string()) else {
            throw name.error("there is no input '\(try name.string())'", hint: didYouMean(try name.string(), in: names))
        }
        var scope = MessageScope(
            input: tables.inputs[index], inputIndex: index, message: Message())
        scope.message.length = try reader.optionalInteger("len", in: 0...Program.longestFrame)
        try readPattern(reader, &scope)
        if let when = try reader.optional("when") { try readWhen(when, &scope) }
        try readFields(reader, &scope)
        let entries = try reader.optionalArray("emit") ?? []
        try readStatuses(reader, &scope)
        var emissions: [Emission] = []
        for entry in entries { emissions.append(try emission(entry, scope)) }
        scope.message.emissions = Tables.add(emissions, to: &tables.emissions)
        return scope
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
        scope.message.pattern = tables.patterns.count
        tables.patterns.append(pattern)
    }

    // MARK: when

    private mutating func readWhen(_ reader: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        guard scope.input.shape.format != .text else {
            throw reader.error("text messages are told apart by their pattern")
        }
        var tests: [FrameTest] = []
        for member in try reader.members() {
            let index: Int
            if scope.input.shape.format == .json {
                index = key(member.key, scope.inputIndex)
            } else {
                guard member.key.hasPrefix("b"), let place = Int(member.key.dropFirst()),
                    (0..<Program.longestFrame).contains(place)
                else {
                    throw document.error(at: member.keyLocation, "expected a byte of the frame: b0, b1, …")
                }
                index = place
            }
            tests += try frameTests(member.reader, index, scope.input.shape.format)
        }
        scope.message.frameTests = Tables.add(tests, to: &tables.frameTests)
    }

    private mutating func frameTests(
        _ reader: JSONReader, _ index: Int, _ format: Input.Format
    ) throws(JSONError) -> [FrameTest] {
        guard case .object = reader.node.value else {
            return [FrameTest(index: index, kind: .equal(try constant(reader, format)))]
        }
        try reader.object(known: ["not", "min", "bits", "eq", "exists"])
        var base = FrameTest(index: index, kind: .exists(true))
        if let bits = try reader.optional("bits") {
            let (low, width) = try bitRange(bits, highest: 62)
            (base.low, base.width) = (low, width)
        }
        var tests: [FrameTest] = []
        for key in ["exists", "not", "eq", "min"] {
            guard let rule = try reader.optional(key) else { continue }
            var test = base
            switch key {
            case "exists": test.kind = .exists(try rule.bool())
            case "not":
                var constants: [Constant] = []
                for entry in try rule.array() { constants.append(try self.literal(entry, format)) }
                test.kind = .excluded(Tables.add(constants, to: &tables.constants))
            case "eq": test.kind = .equal(try constant(rule, format))
            default: test.kind = .minimum(try rule.number())
            }
            tests.append(test)
        }
        guard !tests.isEmpty else { throw reader.error("expected at least one of not, eq, min, exists") }
        return tests
    }

    private mutating func constant(_ reader: JSONReader, _ format: Input.Format) throws(JSONError) -> Int {
        tables.constants.append(try literal(reader, format))
        return tables.constants.count - 1
    }

    private func literal(_ reader: JSONReader, _ format: Input.Format) throws(JSONError) -> Constant {
        if format == .binary { return .number(Double(try reader.integer(in: 0...255))) }
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
