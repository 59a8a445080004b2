import JSON5
import Vitals

extension ProfileParser {
    private static let types: [(name: String, source: FieldInstruction.Source)] = [
        ("u8", .integer(size: 1, bigEndian: false, signed: false)),
        ("i8", .integer(size: 1, bigEndian: false, signed: true)),
        ("u16", .integer(size: 2, bigEndian: false, signed: false)),
        ("i16", .integer(size: 2, bigEndian: false, signed: true)),
        ("u24", .integer(size: 3, bigEndian: false, signed: false)),
        ("i24", .integer(size: 3, bigEndian: false, signed: true)),
        ("u32", .integer(size: 4, bigEndian: false, signed: false)),
        ("i32", .integer(size: 4, bigEndian: false, signed: true)),
        ("u64", .integer(size: 8, bigEndian: false, signed: false)),
        ("u16be", .integer(size: 2, bigEndian: true, signed: false)),
        ("i16be", .integer(size: 2, bigEndian: true, signed: true)),
        ("u24be", .integer(size: 3, bigEndian: true, signed: false)),
        ("i24be", .integer(size: 3, bigEndian: true, signed: true)),
        ("u32be", .integer(size: 4, bigEndian: true, signed: false)),
        ("i32be", .integer(size: 4, bigEndian: true, signed: true)),
        ("u64be", .integer(size: 8, bigEndian: true, signed: false)),
        ("bcd8", .bcd), ("sfloat", .sfloat), ("float", .float), ("datetime7", .date),
    ]

    mutating func readFields(_ message: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        guard let list = try message.optional("fields") else { return }
        let readers = try list.array()
        guard readers.count <= Program.mostFields else {
            throw readers[Program.mostFields].error("a message has at most \(Program.mostFields) fields")
        }
        var fields: [FieldInstruction] = []
        var slots: Set<Int32> = []
        for reader in readers {
            var field = try field(reader, &scope)
            field.finish(isFirst: slots.insert(field.slot).inserted)
            fields.append(field)
        }
        scope.message.fields = Tables.add(fields, to: &tables.fields)
        let items = fields.reduce(0) { sum, field in
            switch field.source {
            case .member: sum + Program.mostRepeats
            default: sum + (field.repeats > 0 ? Int(field.repeats) : field.repeats < 0 ? Int(field.limit) : 0)
            }
        }
        tables.mostItems = max(tables.mostItems, items)
    }

    private mutating func field(_ reader: JSONReader, _ scope: inout MessageScope) throws(JSONError) -> FieldInstruction
    {
        let common = ["name", "if", "null", "add", "scale"]
        let kinds = ["of", "concat", "difference", "path", "group", "type"]
        try reader.object(
            known: common + kinds + ["bits", "at", "repeat", "keepNull", "limit", "presence", "optional"])
        guard let kind = kinds.first(where: { reader.has($0) }) else {
            throw reader.error("a field needs one of type, of, concat, difference, path, group", code: .missingKey)
        }
        let own: [String] =
            switch kind {
            case "of": ["of", "bits"]
            case "concat": ["concat"]
            case "difference": ["difference"]
            case "path": ["path", "type", "optional"]
            case "group": ["group", "presence"]
            default: ["type", "at", "repeat", "keepNull", "limit"]
            }
        for member in try reader.object().members
        where !common.contains(member.key) && !own.contains(member.key) && !member.key.hasPrefix("x-") {
            throw document.error(at: member.keyLocation, "'\(member.key)' does not go with '\(kind)'")
        }
        let name = try reader.required("name").word()
        var field = FieldInstruction(slot: 0, source: try source(reader, kind, &scope))
        if let condition = try reader.optional("if") { field.condition = try conjunction(condition, scope) }
        var nulls: [Double] = []
        for entry in try reader.optionalArray("null") ?? [] { nulls.append(try entry.number()) }
        field.nulls = Tables.add(nulls, to: &tables.numbers)
        if let add = try reader.optionalInteger("add", in: Self.addends) {
            field.addend = Double(add)
        }
        if let scale = try reader.optional("scale") {
            guard case .array(let elements) = scale.node.value, elements.count == 2 else {
                throw scale.error("expected numerator and denominator, such as [1, 10] for tenths")
            }
            let ratio = try scale.array()
            let (numerator, denominator) = (try ratio[0].integer(), try ratio[1].integer())
            guard denominator != 0 else { throw ratio[1].error("the denominator must not be 0") }
            field.scale(by: numerator, over: denominator)
        }
        try readRepeats(reader, &field)
        field.slot = try declare(name, field, scope.fields[name], reader, &scope)
        return field
    }

    private func readRepeats(_ reader: JSONReader, _ field: inout FieldInstruction) throws(JSONError) {
        if let at = try reader.optionalInteger("at", in: 0...Program.longestFrame - 1) { field.at = Int32(at) }
        if let times = try reader.optional("repeat") {
            if case .string = times.node.value {
                _ = try times.oneOf(allowed: ["end"])
                field.repeats = FieldInstruction.toEnd
            } else {
                field.repeats = Int32(try times.integer(in: 1...Program.mostRepeats))
            }
        }
        for key in ["keepNull", "limit"] where reader.has(key) && field.repeats == 0 {
            throw try reader.required(key).error("'\(key)' needs repeat")
        }
        field.keepsNull = try reader.optionalBool("keepNull") ?? false
        field.limit = Int32(try reader.optionalInteger("limit", in: 1...Program.mostRepeats) ?? Program.mostRepeats)
    }

    /// Gives a field its slot. A name may appear twice: with opposite conditions, as one value in two layouts.
    private mutating func declare(
        _ name: String, _ field: FieldInstruction, _ known: MessageScope.Field?, _ reader: JSONReader,
        _ scope: inout MessageScope
    ) throws(JSONError) -> Int32 {
        let isScaled = field.isComputed
        let hasBits: Bool =
            switch field.source {
            case .sfloat, .float, .date: false
            default: !isScaled && field.repeats == 0
            }
        let isList = field.repeats != 0
        var isDate = false
        if case .date = field.source { isDate = true }
        guard !isDate || !(isList || isScaled) else {
            throw reader.error("a datetime7 is neither repeated nor computed with")
        }
        if let known {
            guard !field.condition.isEmpty, known.isList == isList, known.isDate == isDate else {
                throw try reader.required("name").error(
                    "field '\(name)' exists already; a second one of that name needs an 'if' and the same shape")
            }
            scope.fields[name]?.hasBits = known.hasBits && hasBits
            return known.slot
        }
        let slot = Int32(tables.sizes.slots)
        tables.sizes.slots += 1
        scope.names.append(name)
        scope.fields[name] = MessageScope.Field(slot: slot, hasBits: hasBits, isList: isList, isDate: isDate)
        return slot
    }

    private mutating func source(
        _ reader: JSONReader, _ kind: String, _ scope: inout MessageScope
    ) throws(JSONError) -> FieldInstruction.Source {
        switch kind {
        case "of":
            let slot = try integerSlot(try reader.required("of"), scope)
            let (low, width) = try bitRange(try reader.required("bits"), highest: 62)
            return .bits(BitSlice(slot: slot, low: low, width: width))
        case "concat": return .concat(try slices(try reader.required("concat"), scope))
        case "difference":
            let list = try reader.required("difference")
            let parts = try list.array()
            guard parts.count == 3 else { throw list.error("expected two fields and a modulus") }
            return .difference(
                try integerSlot(parts[0], scope), try integerSlot(parts[1], scope),
                modulus: Int64(try parts[2].integer(in: 1...1 << 40)))
        case "path":
            let path = try reader.required("path")
            guard scope.input.shape.format == .json || scope.input.shape.format == .columns else {
                throw path.error("a path needs an input with format: \"json\" or \"columns\"")
            }
            let index = Int32(key(try path.string(), scope.inputIndex))
            guard let type = try reader.optional("type") else { return .member(index) }
            return try type.oneOf(allowed: ["number", "bool"]) == "bool" ? .flag(index) : .member(index)
        case "group":
            let group = try reader.required("group")
            guard let pattern = scope.pattern else { throw group.error("a group needs a message with a pattern") }
            guard let index = pattern.groups.firstIndex(of: try group.string()) else {
                throw group.error(
                    "the pattern has no group '\(try group.string())'",
                    hint: didYouMean(try group.string(), in: pattern.groups))
            }
            return try reader.optionalBool("presence") ?? false ? .presence(Int32(index)) : .group(Int32(index))
        default:
            let type = try reader.required("type")
            guard scope.input.shape.format == .binary else {
                throw type.error("'type' reads bytes; \(scope.input.shape.format.rawValue) input has other fields")
            }
            let name = try type.oneOf(allowed: Self.types.map(\.name))
            return Self.types.first { $0.name == name }?.source ?? .bcd
        }
    }

    private mutating func slices(_ list: JSONReader, _ scope: MessageScope) throws(JSONError) -> Stretch {
        var slices: [BitSlice] = []
        var width = 0
        for entry in try list.array() {
            let parts = try entry.array()
            guard parts.count == 3 else { throw entry.error("expected a field, its lowest and its highest bit") }
            let low = try parts[1].integer(in: 0...62)
            let high = try parts[2].integer(in: low...62)
            slices.append(
                BitSlice(slot: try integerSlot(parts[0], scope), low: UInt8(low), width: UInt8(high - low + 1)))
            width += high - low + 1
        }
        guard !slices.isEmpty, width <= 62 else { throw list.error("expected 1 to 62 bits together") }
        return Tables.add(slices, to: &tables.slices)
    }

    /// The slot of a field that was read before, is single, and whose integer is that of the frame.
    func integerSlot(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Int32 {
        let field = try self.known(reader, scope)
        guard field.hasBits else { throw reader.error("field '\(try reader.string())' is no plain integer") }
        return field.slot
    }

    func known(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> MessageScope.Field {
        let name = try reader.string()
        guard let field = scope.fields[name] else {
            throw reader.error(
                "there is no field '\(name)' up to here", hint: didYouMean(name, in: scope.names), code: .unknownKey)
        }
        return field
    }

    // MARK: conditions

    /// Compiles a condition or a list of them, all of which must hold.
    mutating func conjunction(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Stretch {
        var tests: [Test] = []
        for entry in try reader.oneOrMore() { tests += try self.tests(entry, scope) }
        guard !tests.isEmpty else { throw reader.error("expected at least one condition") }
        return Tables.add(tests, to: &tables.tests)
    }

    /// Compiles a condition or a list of them, one of which suffices.
    mutating func alternatives(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Stretch {
        var all: [Stretch] = []
        for entry in try reader.oneOrMore() { all.append(try conjunction(entry, scope)) }
        return Tables.add(all, to: &tables.conjunctions)
    }

    private mutating func tests(
        _ reader: JSONReader, _ scope: MessageScope
    ) throws(JSONError) -> [Test] {
        try reader.object(known: ["f", "bit", "is", "eq", "in", "present", "and"])
        let kinds = ["bit", "eq", "in", "present"].filter { reader.has($0) }
        guard kinds.count == 1, let kind = kinds.first else {
            throw reader.error("a condition needs 'f' and exactly one of bit, eq, in, present")
        }
        if reader.has("is"), kind != "bit" { throw try reader.required("is").error("'is' goes with 'bit'") }
        let name = try reader.required("f")
        let field = try known(name, scope)
        var test = Test(slot: field.slot, kind: .present)
        switch kind {
        case "bit":
            guard field.hasBits else { throw name.error("field '\(try name.string())' is no plain integer") }
            test.bit = UInt8(try reader.integer("bit", in: 0...62))
            test.kind = try reader.optionalInteger("is", in: 0...1) != 0 ? .bitSet : .bitClear
        case "eq":
            test.kind = .equal
            test.value = try reader.number("eq")
        case "in":
            var numbers: [Double] = []
            for entry in try reader.array("in") { numbers.append(try entry.number()) }
            test.kind = .among
            test.numbers = Tables.add(numbers, to: &tables.numbers)
        default: test.kind = try reader.bool("present") ? .present : .absent
        }
        if field.isList, kind != "present" { throw name.error("a repeated field can only be tested for 'present'") }
        guard let more = try reader.optional("and") else { return [test] }
        return [test] + (try tests(more, scope))
    }
}
