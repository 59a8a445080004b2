import JSON5
import Vitals

extension ProfileParser {
    mutating func readMatch(_ root: JSONReader) throws(JSONError) {
        guard let match = try root.optionalObject("match", known: ["any", "all", "not"]) else { return }
        profile.match.any = try signs(match, "any")
        profile.match.all = try signs(match, "all")
        profile.match.not = try signs(match, "not")
    }

    private func signs(_ match: JSONReader, _ key: String) throws(JSONError) -> [Match.Sign] {
        var signs: [Match.Sign] = []
        for entry in try match.optionalArray(key) ?? [] { signs.append(try sign(entry)) }
        return signs
    }

    private func sign(_ entry: JSONReader) throws(JSONError) -> Match.Sign {
        try entry.object(known: ["service", "where", "name", "manufacturer", "len", "usb", "probe", "rfcomm"])
        let kinds = ["service", "name", "manufacturer", "usb", "rfcomm"].filter { entry.has($0) }
        guard kinds.count == 1, let kind = kinds.first else {
            throw entry.error("expected exactly one of service, name, manufacturer, usb, rfcomm")
        }
        let companions = ["service": ["where"], "manufacturer": ["len"], "usb": ["probe"]][kind] ?? []
        for member in try entry.object().members where member.key != kind && !member.key.hasPrefix("x-") {
            guard companions.contains(member.key) else {
                throw document.error(at: member.keyLocation, "'\(member.key)' does not go with '\(kind)'")
            }
        }
        switch kind {
        case "service":
            let place = try entry.optionalOneOf("where", allowed: ["advert", "gatt"])
            return .service(try entry.required("service").uuid(), inGATT: place == "gatt")
        case "name": return .name(try entry.required("name").pattern())
        case "manufacturer":
            return .manufacturer(
                UInt16(try entry.integer("manufacturer", in: 0...0xFFFF)),
                length: try entry.optionalInteger("len", in: 0...255))
        case "usb": return try usb(entry)
        default: return .rfcomm(try entry.required("rfcomm").pattern())
        }
    }

    private func usb(_ entry: JSONReader) throws(JSONError) -> Match.Sign {
        let id = try entry.required("usb")
        let parts = try id.string().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, let vendor = UInt16(parts[0], radix: 16),
            parts[1] == "*" || (parts[1].utf8.count == 4 && UInt16(parts[1], radix: 16) != nil)
        else {
            throw id.error("expected vendor and product in hexadecimal, such as 10c4:ea60 or 2341:*")
        }
        return .usb(
            vendor: vendor, product: UInt16(parts[1], radix: 16), probe: try entry.optionalBool("probe") ?? false)
    }

    mutating func readLink(_ root: JSONReader) throws(JSONError) {
        if let link = try root.optionalObject(
            "link", known: ["bond", "exclusive", "mtu", "settle", "connect", "scan", "reconnect"])
        {
            if let bond = try link.optionalOneOf("bond", LinkSettings.Bond.self) { profile.link.bond = bond }
            profile.link.exclusive = try link.optionalBool("exclusive") ?? false
            profile.link.mtu = try link.optionalInteger("mtu", in: 23...517)
            profile.link.settle = try link.optional("settle")?.duration() ?? .zero
            profile.link.connects = try link.optionalBool("connect") ?? true
            if let scan = try link.optionalOneOf("scan", LinkSettings.Scan.self) { profile.link.scan = scan }
            if let reconnect = try link.optionalOneOf("reconnect", LinkSettings.Reconnect.self) {
                profile.link.reconnect = reconnect
            }
        }
        guard let watchdog = try root.optionalObject("watchdog", known: ["silence", "do"]) else { return }
        profile.silence = try watchdog.required("silence").duration()
        profile.watchdogReconnects = try watchdog.oneOf("do", allowed: ["reconnect", "nothing"]) == "reconnect"
    }

    mutating func readPort(_ root: JSONReader) throws(JSONError) {
        if let port = try root.optionalObject("port", known: ["baud", "format", "flow", "resetOnOpen"]) {
            guard profile.transport == .serial else { throw port.error("only serial profiles have a port") }
            var settings = PortSettings(baud: try port.integer("baud", in: 50...4_000_000))
            if let format = try port.optional("format") {
                let shape = Array(try format.string())
                guard shape.count == 3, let data = shape[0].wholeNumberValue, (5...8).contains(data),
                    let parity = ["N": PortSettings.Parity.none, "O": .odd, "E": .even][shape[1]],
                    let stop = shape[2].wholeNumberValue, (1...2).contains(stop)
                else {
                    throw format.error("expected data bits, parity and stop bits, such as 8N1 or 8O1")
                }
                (settings.dataBits, settings.parity, settings.stopBits) = (data, parity, stop)
            }
            settings.flow = try port.optionalOneOf("flow", PortSettings.Flow.self) ?? .none
            settings.resetOnOpen = try port.optionalBool("resetOnOpen") ?? false
            profile.port = settings
        } else if profile.transport == .serial {
            throw document.error(
                at: root.location, "a serial profile needs port: { baud: 115200, format: \"8N1\" }", code: .missingKey)
        }
        guard let probe = try root.optionalObject("probe", known: ["for", "frames", "errors"]) else { return }
        profile.probe = Probe(
            span: try probe.required("for").duration(), frames: try probe.integer("frames", in: 1...100_000),
            errors: try probe.optionalInteger("errors", in: 0...100_000) ?? 0)
    }

    mutating func readSteps(_ root: JSONReader) throws(JSONError) {
        profile.connect = try steps(root.optionalArray("connect") ?? [])
        profile.disconnect = try steps(root.optionalArray("disconnect") ?? [])
        for entry in try root.optionalArray("keepAlive") ?? [] { profile.keepAlive.append(try recurring(entry)) }
        for entry in try root.optionalArray("poll") ?? [] { profile.poll.append(try recurring(entry)) }
        guard let live = try root.optionalObject("live", known: ["start", "every", "stop"]) else { return }
        profile.live.start = try steps(live.optionalArray("start") ?? [])
        profile.live.stop = try steps(live.optionalArray("stop") ?? [])
        for member in try live.optional("every")?.members() ?? [] {
            guard let every = try JSONReader.duration(member.key), every > .zero else {
                throw document.error(at: member.keyLocation, "expected a duration such as 25s as the key")
            }
            profile.live.every.append(Recurring(every: every, steps: try steps(try member.reader.array())))
        }
    }

    private func recurring(_ entry: JSONReader) throws(JSONError) -> Recurring {
        Recurring(every: try entry.required("every").duration(), steps: [try step(entry, extra: ["every"])])
    }

    private func steps(_ entries: [JSONReader]) throws(JSONError) -> [Step] {
        var steps: [Step] = []
        for entry in entries { steps.append(try step(entry)) }
        return steps
    }

    private static let actions = ["read", "subscribe", "indicate", "write", "send", "wait"]

    private func step(_ entry: JSONReader, extra: [String] = []) throws(JSONError) -> Step {
        let unsupported = ["cmd", "driver", "args", "forEachDay", "clock"]
        let details = ["optional", "if", "response", "hex", "text", "type", "zone"]
        try entry.object(known: Self.actions + details + unsupported + extra)
        try entry.refuse(unsupported)
        let actions = Self.actions.filter { entry.has($0) }
        guard actions.count == 1, let action = actions.first else {
            throw entry.error("expected exactly one of \(Self.actions.joined(separator: ", "))")
        }
        let isSerial = ["send"].contains(action)
        let isBluetooth = ["read", "subscribe", "indicate", "write"].contains(action)
        guard profile.transport == .serial ? !isBluetooth : !isSerial else {
            throw entry.error("'\(action)' is not a step of a \(profile.transport.rawValue) device")
        }
        let own =
            action == "write"
            ? ["response", "hex", "text", "type", "zone", "optional"] : isBluetooth ? ["optional"] : []
        for key in details where entry.has(key) && key != "if" && !own.contains(key) {
            throw entry.error("'\(key)' does not go with '\(action)'")
        }
        let optional = try entry.optionalBool("optional") ?? false
        let step: Step =
            switch action {
            case "send": .send(try entry.required("send").hexadecimal())
            case "wait": .wait(try entry.required("wait").duration())
            case "read": .read(try entry.required("read").uuid(), optional: optional)
            case "subscribe": .subscribe(try entry.required("subscribe").uuid(), optional: optional)
            case "indicate": .indicate(try entry.required("indicate").uuid(), optional: optional)
            default:
                .write(
                    try entry.required("write").uuid(), try payload(entry),
                    response: try entry.optionalBool("response") ?? true, optional: optional)
            }
        guard let option = try entry.optional("if") else { return step }
        return .ifOption(try option.word(), step)
    }

    private func payload(_ entry: JSONReader) throws(JSONError) -> Step.Payload {
        let kinds = ["hex", "text", "type"].filter { entry.has($0) }
        guard kinds.count == 1 else { throw entry.error("a write needs exactly one of hex, text, type") }
        if entry.has("hex") { return .bytes(try entry.required("hex").hexadecimal()) }
        if entry.has("text") { return .text(try entry.string("text")) }
        _ = try entry.oneOf("type", allowed: ["current-time"])
        return .currentTime(local: try entry.optionalOneOf("zone", allowed: ["local", "utc"]) != "utc")
    }
}
