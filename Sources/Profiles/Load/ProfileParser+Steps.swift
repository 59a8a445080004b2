import JSON5
import Vitals

extension ProfileParser {
    mutating func readPacket(_ root: JSONReader) throws(JSONError) {
        guard let reader = try root.optionalObject("packet", known: ["len", "pad", "check", "to", "response"]) else {
            return
        }
        var shape = PacketShape()
        shape.length = try reader.optionalInteger("len", in: 1...512) ?? 0
        shape.pad = UInt8(try reader.optionalInteger("pad", in: 0...255) ?? 0)
        if let check = try reader.optional("check") { shape.check = try self.check(check) }
        shape.response = try reader.optionalBool("response") ?? false
        if let to = try reader.optional("to") {
            guard profile.transport == .ble else { throw to.error("a serial line has no characteristics") }
            shape.to = try to.uuid(vars)
        } else if profile.transport == .ble, let tx = vars["tx"] {
            shape.to = BluetoothUUID(tx)
        }
        packet = shape
    }

    /// Reads what a link does. Steps of a base come first on connecting and last before leaving; of the rest a profile
    /// has its own or its base's.
    mutating func readSteps(_ kin: [JSONReader]) throws(JSONError) {
        profile.clock = try clock(kin)
        for member in kin.reversed() { profile.connect += try steps(member.optionalArray("connect") ?? []) }
        for member in kin { profile.disconnect += try steps(member.optionalArray("disconnect") ?? []) }
        for entry in try first("keepAlive", kin)?.array() ?? [] { profile.keepAlive.append(try recurring(entry)) }
        for entry in try first("poll", kin)?.array() ?? [] { profile.poll.append(try recurring(entry)) }
        guard let live = try first("live", kin)?.object(known: ["start", "every", "stop"]) else { return }
        profile.live.start = try steps(live.optionalArray("start") ?? [])
        profile.live.stop = try steps(live.optionalArray("stop") ?? [])
        for member in try live.optional("every")?.members() ?? [] {
            guard let every = try JSONReader.duration(member.key), every > .zero else {
                throw live.document.error(at: member.keyLocation, "expected a duration such as 25s as the key")
            }
            profile.live.every.append(Recurring(every: every, steps: try steps(try member.reader.array())))
        }
    }

    /// What the device's clock shows: whatever the first step sets it to; else the person's time.
    private func clock(_ kin: [JSONReader]) throws(JSONError) -> DeviceClock {
        for member in kin {
            for entry in try member.optionalArray("connect") ?? [] {
                if let clock = try entry.optionalOneOf("clock", DeviceClock.self) { return clock }
                if entry.has("type"), try entry.optionalOneOf("zone", DeviceClock.self) == .utc { return .utc }
            }
        }
        return .local
    }

    private func recurring(_ entry: JSONReader) throws(JSONError) -> Recurring {
        Recurring(every: try entry.required("every").duration(), steps: [try step(entry, extra: ["every"])])
    }

    private func steps(_ entries: [JSONReader]) throws(JSONError) -> [Step] {
        var steps: [Step] = []
        for entry in entries { steps.append(try step(entry)) }
        return steps
    }

    private static let actions = ["read", "subscribe", "indicate", "write", "send", "wait", "cmd", "driver"]
    private static let conditions = ["if", "forEachDay"]

    private func step(_ entry: JSONReader, extra: [String] = []) throws(JSONError) -> Step {
        let details = ["optional", "response", "hex", "text", "type", "zone", "args", "clock", "reply"]
        try entry.object(known: Self.actions + details + Self.conditions + extra)
        let actions = Self.actions.filter { entry.has($0) }
        guard actions.count == 1, let action = actions.first else {
            throw entry.error("expected exactly one of \(Self.actions.joined(separator: ", "))")
        }
        let isBluetooth = ["read", "subscribe", "indicate", "write"].contains(action)
        guard profile.transport == .serial ? !isBluetooth : action != "send" else {
            throw entry.error("'\(action)' is not a step of a \(profile.transport.rawValue) device")
        }
        let own: [String] =
            switch action {
            case "write": ["response", "hex", "text", "type", "zone", "optional", "reply"]
            case "cmd": ["clock", "response", "reply"] + (entry.has("reply") ? ["optional"] : [])
            case "send": ["reply"] + (entry.has("reply") ? ["optional"] : [])
            case "driver": ["args"]
            default: isBluetooth ? ["optional"] : []
            }
        for key in details where entry.has(key) && !own.contains(key) {
            throw entry.error("'\(key)' does not go with '\(action)'")
        }
        var step = try plainStep(entry, action)
        if let reply = try entry.optional("reply") {
            step = .ask(step, try self.reply(reply, isOptional: try entry.optionalBool("optional") ?? false))
        }
        if let days = try entry.optionalInteger("forEachDay", in: 1...366) { step = .forEachDay(days, step) }
        if let option = try entry.optional("if") { step = .ifOption(try option.word(), step) }
        return step
    }

    private func plainStep(_ entry: JSONReader, _ action: String) throws(JSONError) -> Step {
        let optional = try entry.optionalBool("optional") ?? false
        let value = try entry.required(action)
        switch action {
        case "send": return .send(try value.hexadecimal())
        case "wait": return .wait(try value.duration())
        case "read": return .read(try value.uuid(vars), optional: optional)
        case "subscribe": return .subscribe(try value.uuid(vars), optional: optional)
        case "indicate": return .indicate(try value.uuid(vars), optional: optional)
        case "cmd":
            if profile.transport == .ble, packet?.to == nil {
                throw value.error("where to? packet: { to: \"a characteristic\" } says it for all cmd steps")
            }
            return .command(
                try command(value, clock: try entry.optionalOneOf("clock", DeviceClock.self) ?? profile.clock),
                to: packet?.to, response: try entry.optionalBool("response") ?? packet?.response ?? false)
        case "driver": return try driver(value, try entry.optional("args"))
        default:
            return .write(
                try value.uuid(vars), try payload(entry), response: try entry.optionalBool("response") ?? true,
                optional: optional)
        }
    }

    private func payload(_ entry: JSONReader) throws(JSONError) -> Step.Payload {
        let kinds = ["hex", "text", "type"].filter { entry.has($0) }
        guard kinds.count == 1 else { throw entry.error("a write needs exactly one of hex, text, type") }
        if entry.has("hex") { return .bytes(try entry.required("hex").hexadecimal()) }
        if entry.has("text") {
            let text = try entry.required("text")
            guard StepContext.pieces(try text.string()) != nil else {
                throw text.error("a ${…} in the text means nothing", hint: valueNames)
            }
            return .text(try text.string())
        }
        _ = try entry.oneOf("type", allowed: ["current-time"])
        return .currentTime(local: try entry.optionalOneOf("zone", DeviceClock.self) != .utc)
    }

    private func driver(_ name: JSONReader, _ entries: JSONReader?) throws(JSONError) -> Step {
        guard let driver = DriverName(rawValue: try name.word()) else {
            let known = DriverName.allCases.map(\.rawValue)
            throw name.error(
                "there is no driver '\(try name.word())'; known: \(known.joined(separator: ", "))",
                hint: didYouMean(try name.word(), in: known))
        }
        let understood = driver.required + driver.optional
        var arguments: [String: String] = [:]
        for member in try entries?.members() ?? [] {
            guard understood.contains(member.key) else {
                throw document.error(
                    at: member.keyLocation, "the driver \(driver.rawValue) has no argument '\(member.key)'",
                    hint: didYouMean(member.key, in: understood))
            }
            if let range = driver.numbers[member.key] {
                arguments[member.key] = "\(try member.reader.integer(in: range))"
            } else {
                arguments[member.key] = try member.reader.string()
            }
        }
        for argument in driver.required where arguments[argument] == nil {
            throw (entries ?? name).error(
                "the driver \(driver.rawValue) needs the argument '\(argument)'", code: .missingKey)
        }
        return .driver(driver, arguments: arguments)
    }

    /// The most attempts, and the highest number of a frame, that make sense.
    private static let mostTries = 10

    private func reply(_ reader: JSONReader, isOptional: Bool) throws(JSONError) -> Reply {
        try reader.object(known: ["when", "end", "refused", "within", "tries"])
        let when = try reader.required("when")
        let reply = Reply(
            when: try framePattern(when),
            ends: try replyEnds(reader),
            refusal: try reader.optional("refused").map { reader throws(JSONError) in try framePattern(reader) },
            within: try reader.required("within").duration(),
            tries: try reader.optionalInteger("tries", in: 1...Self.mostTries) ?? 1, isOptional: isOptional)
        guard !reply.when.tests.isEmpty else { throw when.error("expected at least one byte: b0, b1, …") }
        return reply
    }

    private func replyEnds(_ reader: JSONReader) throws(JSONError) -> [Reply.End] {
        var ends: [Reply.End] = []
        for entry in try reader.optional("end")?.oneOrMore() ?? [] {
            var end = Reply.End(
                when: try framePattern(entry, besides: ["index", "total"]),
                index: try entry.optionalInteger("index", in: 0...Program.longestFrame - 1))
            if let total = try entry.optional("total") {
                guard end.index != nil else { throw total.error("'total' goes with 'index'") }
                if case .object = total.node.value {
                    try total.object(known: ["at", "when"])
                    end.total = .head(
                        try framePattern(try total.required("when")),
                        at: try total.integer("at", in: 0...Program.longestFrame - 1))
                } else {
                    end.total = .here(try total.integer(in: 0...Program.longestFrame - 1))
                }
            } else if end.index != nil {
                throw entry.error("'index' needs 'total': where it says how many frames there are", code: .missingKey)
            }
            ends.append(end)
        }
        return ends
    }

    private var valueNames: String {
        "known: \(MomentValue.names.keys.sorted().joined(separator: ", ")), cfg.NAME"
    }

    /// `15 {day.start:u32}`: bytes in hexadecimal, and values in braces.
    private func command(_ reader: JSONReader, clock: DeviceClock) throws(JSONError) -> PacketTemplate {
        let source = try reader.string()
        var command = PacketTemplate(source: source, pieces: [], shape: packet, clock: clock)
        for word in source.split(separator: " ") {
            if word.hasPrefix("{"), word.hasSuffix("}") {
                let parts = word.dropFirst().dropLast().split(separator: ":", omittingEmptySubsequences: false)
                guard let name = parts.first, let value = MomentValue(String(name)) else {
                    throw reader.error("'\(word)' means nothing", hint: valueNames)
                }
                guard parts.count == 2, let encoding = Self.encodings[String(parts[1])] else {
                    throw reader.error(
                        "'\(word)' needs a type: \(Self.encodings.keys.sorted().joined(separator: ", "))")
                }
                command.pieces.append(.value(value, encoding))
            } else {
                guard word.utf8.count == 2, let byte = UInt8(word, radix: 16), word.utf8.first != UInt8(ascii: "+")
                else {
                    throw reader.error("expected bytes of two hexadecimal digits, and values such as {now.hh:bcd}")
                }
                command.pieces.append(.bytes([byte]))
            }
        }
        if let shape = packet, shape.length > 0 {
            let room = shape.length - (shape.check == nil ? 0 : 1)
            guard command.size <= room else {
                throw reader.error("\(command.size) bytes do not fit a packet that has room for \(room)")
            }
        }
        guard command.size > 0 else { throw reader.error("expected at least one byte") }
        return command
    }

    private static let encodings: [String: PacketTemplate.Encoding] = [
        "u8": .integer(size: 1, bigEndian: false), "u16": .integer(size: 2, bigEndian: false),
        "u24": .integer(size: 3, bigEndian: false), "u32": .integer(size: 4, bigEndian: false),
        "u16be": .integer(size: 2, bigEndian: true), "u24be": .integer(size: 3, bigEndian: true),
        "u32be": .integer(size: 4, bigEndian: true), "bcd": .bcd,
    ]
}
