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
            return .service(try entry.required("service").uuid(vars), inGATT: place == "gatt")
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

    mutating func readLink(_ kin: [JSONReader]) throws(JSONError) {
        if let link = try first("link", kin)?.object(
            known: ["bond", "exclusive", "mtu", "settle", "connect", "scan", "reconnect"])
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
        guard let watchdog = try first("watchdog", kin)?.object(known: ["silence", "do"]) else { return }
        profile.silence = try watchdog.required("silence").duration()
        profile.watchdogReconnects = try watchdog.oneOf("do", allowed: ["reconnect", "nothing"]) == "reconnect"
    }

    mutating func readPort(_ kin: [JSONReader]) throws(JSONError) {
        if let port = try first("port", kin)?.object(known: ["baud", "format", "flow", "resetOnOpen"]) {
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
        } else if profile.transport == .serial, !profile.hasDriver {
            throw document.reader.error(
                "a serial profile needs port: { baud: 115200, format: \"8N1\" }", code: .missingKey)
        }
        guard let probe = try first("probe", kin)?.object(known: ["for", "frames", "errors"]) else { return }
        profile.probe = Probe(
            span: try probe.required("for").duration(), frames: try probe.integer("frames", in: 1...100_000),
            errors: try probe.optionalInteger("errors", in: 0...100_000) ?? 0)
    }
}
