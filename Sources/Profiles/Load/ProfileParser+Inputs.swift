import JSON5
import Vitals

extension ProfileParser {
    /// Reads the inputs of a profile and of those of its kind that it extends; its own replace theirs.
    mutating func readInputs(_ root: JSONReader, _ kin: [JSONReader]) throws(JSONError) {
        for member in kin {
            if let inputs = try member.optional("inputs") { try readInputs(inputs) }
        }
        guard !tables.inputs.isEmpty else {
            throw try root.required("inputs").error("a profile needs at least one input")
        }
    }

    private mutating func readInputs(_ inputs: JSONReader) throws(JSONError) {
        for member in try inputs.members() where profile.inputs[member.key] == nil {
            guard member.key != Self.assembled else {
                throw inputs.document.error(at: member.keyLocation, "'assembled' is the input of assembled messages")
            }
            guard tables.inputs.count < Self.mostInputs else {
                throw inputs.document.error(at: member.keyLocation, "a profile has at most \(Self.mostInputs) inputs")
            }
            tables.inputs.append(try input(member.key, member.reader))
        }
    }

    private mutating func input(_ name: String, _ reader: JSONReader) throws(JSONError) -> Input {
        try reader.object(known: [
            "char", "serial", "advert", "format", "framing", "check", "len", "unpack", "cadence",
        ])
        var input = Input(name: name)
        profile.inputs[name] = try source(reader)
        input.shape.format = try reader.optionalOneOf("format", Input.Format.self) ?? .binary
        if let framing = try reader.optional("framing") { input.framing = try self.framing(framing) }
        if case .none = input.framing {} else { input.shape.isWhole = false }
        input.shape.length = Int32(try reader.optionalInteger("len", in: 1...Program.longestFrame) ?? -1)
        if let check = try reader.optional("check") { input.shape.check = try self.check(check) }
        if let unpack = try reader.optional("unpack") { input.shape.unpack = try self.unpack(unpack) }
        if input.shape.format != .binary {
            for key in ["len", "check", "unpack"] where reader.has(key) {
                throw reader.error("'\(key)' is for binary input")
            }
            guard case .lines = input.framing else {
                throw reader.error(
                    "\(input.shape.format.rawValue) input needs framing: { kind: \"lines\", end: \"\\n\" }")
            }
        } else if case .lines = input.framing {
            throw reader.error("framing by lines needs format: \"text\", \"json\" or \"columns\"")
        }
        if input.shape.format == .columns, tables.inputs.contains(where: { $0.shape.format == .columns }) {
            throw reader.error("only one input can have columns")
        }
        if let cadence = try reader.optional("cadence") { profile.cadence[name] = try cadence.duration() }
        return input
    }

    private func source(_ reader: JSONReader) throws(JSONError) -> Profile.Source {
        let kinds = ["char", "serial", "advert"].filter { reader.has($0) }
        guard kinds.count == 1, let kind = kinds.first else {
            throw reader.error("expected exactly one of char, serial, advert")
        }
        guard (kind == "serial") == (profile.transport == .serial) else {
            throw reader.error("'\(kind)' is not an input of a \(profile.transport.rawValue) device")
        }
        switch kind {
        case "char": return .characteristic(try reader.required("char").uuid(vars))
        case "serial":
            guard try reader.bool("serial") else { throw try reader.required("serial").error("expected serial: true") }
            return .serial
        default:
            let advert = try reader.object("advert", known: ["manufacturer", "service"])
            guard advert.has("manufacturer") != advert.has("service") else {
                throw advert.error("expected exactly one of manufacturer, service")
            }
            if advert.has("service") { return .serviceData(try advert.required("service").uuid(vars)) }
            return .manufacturerData(UInt16(try advert.integer("manufacturer", in: 0...0xFFFF)))
        }
    }

    private func framing(_ reader: JSONReader) throws(JSONError) -> Framing {
        let kinds = ["none": [], "lines": ["end", "strip", "drop", "max", "encoding"], "syncBit": ["mask", "len"]]
        let marker = ["start", "len", "length", "end", "check", "rest", "at1", "group"]
        let kind = try reader.oneOf("kind", allowed: ["none", "lines", "syncBit", "marker"])
        try reader.object(known: ["kind"] + (kinds[kind] ?? marker))
        switch kind {
        case "none": return .none
        case "lines": return .lines(try lines(reader))
        case "syncBit":
            return .syncBit(
                mask: UInt8(try reader.integer("mask", in: 1...255)), length: try reader.integer("len", in: 2...255))
        default: return .marker(try self.marker(reader))
        }
    }

    private func lines(_ reader: JSONReader) throws(JSONError) -> Framing.Lines {
        let end = Array(try reader.string("end").utf8)
        guard end.count == 1, let last = end.first else {
            throw try reader.required("end").error("a line ends with one character; put '\\r' of '\\r\\n' into strip")
        }
        var drop: [UInt8] = []
        for entry in try reader.optionalArray("drop") ?? [] { drop.append(UInt8(try entry.integer(in: 0...255))) }
        guard !drop.contains(last) else { throw try reader.required("drop").error("the line's end cannot be dropped") }
        let strip = Array(try reader.optionalString("strip")?.utf8 ?? "".utf8)
        guard strip.allSatisfy({ $0 < 0x80 }) else {
            throw try reader.required("strip").error("only ASCII characters can be stripped")
        }
        // Lines stay bytes, so the encoding only matters for text beyond ASCII, which no value here is.
        _ = try reader.optionalOneOf("encoding", allowed: ["utf-8", "latin1", "ascii"])
        return Framing.Lines(
            end: last, strip: strip, drop: drop,
            longest: try reader.optionalInteger("max", in: 1...Program.longestFrame) ?? Program.longestFrame)
    }

    private func marker(_ reader: JSONReader) throws(JSONError) -> Framing.Marker {
        var marker = Framing.Marker(start: try bytes(reader, "start"), length: 0)
        guard !marker.start.isEmpty else { throw try reader.required("start").error("expected at least one byte") }
        guard reader.has("len") != reader.has("length") else { throw reader.error("expected either len or length") }
        if reader.has("len") {
            marker.length = try reader.integer("len", in: 2...Program.longestFrame)
        } else {
            let length = try reader.object("length", known: ["at", "add"])
            marker.lengthAt = try length.integer("at", in: 0...254)
            marker.lengthAdd = try length.integer("add", in: 0...Program.longestFrame - 255)
        }
        if reader.has("end") { marker.end = try bytes(reader, "end") }
        if let check = try reader.optional("check") { marker.check = try self.check(check) }
        marker.rest = try bitRule(reader, "rest")
        marker.second = try bitRule(reader, "at1")
        guard let group = try reader.optionalObject("group", known: ["count", "firstBit", "take"]) else {
            return marker
        }
        let first = try group.object("firstBit", known: ["at", "bit"])
        marker.group = Framing.Group(
            count: try group.integer("count", in: 1...Program.longestFrame),
            firstAt: try first.integer("at", in: 0...254),
            firstBit: UInt8(try first.integer("bit", in: 0...7)), take: try group.integer("take", in: 0...254))
        return marker
    }

    private func bitRule(_ reader: JSONReader, _ key: String) throws(JSONError) -> Framing.BitRule {
        guard let rule = try reader.optionalObject(key, known: ["mask", "set"]) else { return Framing.BitRule() }
        return Framing.BitRule(
            mask: UInt8(try rule.integer("mask", in: 1...255)), set: try rule.optionalBool("set") ?? true)
    }

    private func bytes(_ reader: JSONReader, _ key: String) throws(JSONError) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in try reader.array(key) { bytes.append(UInt8(try entry.integer(in: 0...255))) }
        return bytes
    }

    func check(_ reader: JSONReader) throws(JSONError) -> Check {
        let kind = try reader.oneOf("kind", allowed: ["sum8", "sum7", "xor8", "crc8"])
        let own = kind == "crc8" ? ["poly", "init", "reflected"] : []
        try reader.object(known: ["kind", "at", "over"] + own)
        let limit = Program.longestFrame
        let at = try reader.integer("at", in: -limit...limit)
        var check = Check(kind: .sum8, at: at, from: 0, to: at)
        if let over = try reader.optional("over") {
            let bounds = try over.array()
            guard bounds.count == 2 else { throw over.error("expected first and end, such as [0, -1]") }
            check.from = try bounds[0].integer(in: 0...limit)
            check.to = try bounds[1].integer(in: -limit...limit)
        }
        switch kind {
        case "sum7": check.kind = .sum7
        case "xor8": check.kind = .xor8
        case "crc8":
            check.kind = .crc8(
                polynomial: UInt8(try reader.integer("poly", in: 1...255)),
                initial: UInt8(try reader.optionalInteger("init", in: 0...255) ?? 0),
                reflected: try reader.optionalBool("reflected") ?? false)
        default: break
        }
        return check
    }

    private func unpack(_ reader: JSONReader) throws(JSONError) -> Unpack {
        try reader.object(known: ["kind", "at", "from", "count"])
        _ = try reader.oneOf("kind", allowed: ["high-bits"])
        return Unpack(
            at: try reader.integer("at", in: 0...255), from: try reader.integer("from", in: 0...255),
            count: try reader.integer("count", in: 1...7))
    }
}
