import JSON5
import Vitals

extension ProfileParser {
    mutating func emission(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Emission {
        try reader.object(known: [
            "metric", "value", "unit", "unless", "if", "onChange", "thin", "range", "map", "series", "dedupe", "time",
            "counter", "dropAll",
        ])
        try reader.refuse(["dedupe"])
        let metric = try self.metric(try reader.required("metric"))
        let value = try reader.required("value")
        let field = try known(value, scope)
        var emission = Emission(metric: metric, slot: field.slot)
        try checkUnit(reader, metric)
        if let unless = try reader.optional("unless") { emission.unless = try alternatives(unless, scope) }
        if let drop = try reader.optional("dropAll") { emission.dropAll = try alternatives(drop, scope) }
        if let condition = try reader.optional("if") { emission.condition = try conjunction(condition, scope) }
        if let change = try reader.optional("onChange") {
            let watched = try known(change, scope)
            guard !watched.isList else { throw change.error("not supported yet: onChange of a repeated field") }
            emission.onChange = watched.slot
            emission.changeMemory = changeCount
            changeCount += 1
        }
        if let thin = try reader.optional("thin") { emission.thin = try thin.duration().milliseconds }
        if let range = try reader.optional("range") {
            let bounds = try range.array()
            guard bounds.count == 2 else { throw range.error("expected the lowest and the highest value") }
            emission.low = try bounds[0].number()
            emission.high = try bounds[1].number(in: emission.low...Double.greatestFiniteMagnitude)
        }
        try readCodes(reader, &emission)
        if let series = try reader.optional("series") {
            _ = try series.oneOf(allowed: ["beats-back-from-arrival"])
            guard metric.kind == .beat else { throw series.error("\(metric.name) is not measured per heartbeat") }
        }
        emission.isBeat = metric.kind == .beat
        if let time = try reader.optional("time") { emission.time = try self.time(time, scope) }
        try readCounter(reader, &emission)
        if let index = tables.metrics.firstIndex(of: metric) {
            emission.thinMemory = index
        } else {
            emission.thinMemory = tables.metrics.count
            tables.metrics.append(metric)
        }
        return emission
    }

    private func metric(_ reader: JSONReader) throws(JSONError) -> Metric {
        let name = try reader.string()
        guard let metric = Metric(name: name), metric.kind != .daily else {
            let known = Metric.allCases.filter { $0.kind != .daily }.map(\.name)
            throw reader.error("there is no metric '\(name)' that a device measures", hint: didYouMean(name, in: known))
        }
        return metric
    }

    private func checkUnit(_ reader: JSONReader, _ metric: Metric) throws(JSONError) {
        let unit = try reader.required("unit")
        let spelling = try unit.string()
        guard UnitSpelling.fits(spelling, metric) else {
            throw unit.error(
                "\(metric.name) is measured in \(UnitSpelling.spellings(of: metric).joined(separator: " or ")), "
                    + "not in '\(spelling)'; scale converts raw numbers")
        }
    }

    private mutating func readCodes(_ reader: JSONReader, _ emission: inout Emission) throws(JSONError) {
        let labels = emission.metric.labels
        guard emission.metric.kind == .state else {
            if let map = try reader.optional("map") { throw map.error("only state metrics have a map") }
            return
        }
        guard let map = try reader.optional("map") else {
            emission.codeCount = labels.count
            return
        }
        var codes: [CodeEntry] = []
        for member in try map.members() {
            guard let code = Int(member.key) else {
                throw document.error(at: member.keyLocation, "expected a code of the device as the key, such as \"1\"")
            }
            let label = try member.reader.string()
            guard let index = labels.firstIndex(of: label) else {
                throw member.reader.error(
                    "\(emission.metric.name) has no label '\(label)'",
                    hint: didYouMean(label, in: labels) ?? "labels: \(labels.joined(separator: ", "))")
            }
            codes.append(CodeEntry(from: Double(code), to: Double(index)))
        }
        guard !codes.isEmpty, codes.count <= 256 else { throw map.error("expected 1 to 256 codes") }
        emission.codes = Tables.add(codes, to: &tables.codes)
    }

    private func time(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Emission.Time {
        if case .string = reader.node.value {
            _ = try reader.oneOf(allowed: ["arrival"])
            return .arrival
        }
        let later = [
            "date", "century", "slot", "slotMinutes", "base", "floor", "step", "lastSample", "rate", "field",
            "notAfter", "zone", "unless",
        ]
        try reader.object(known: ["epoch", "unit", "else"] + later)
        try reader.refuse(later)
        let field = try reader.required("epoch")
        let known = try self.known(field, scope)
        guard !known.isList else { throw field.error("a repeated field is no time") }
        // Without a device time the reading is stamped on arrival; that is the only fallback there is.
        _ = try reader.optionalOneOf("else", allowed: ["arrival"])
        let unit = try reader.oneOf("unit", allowed: ["s", "ms"])
        return .epoch(slot: known.slot, milliseconds: unit == "s" ? 1000 : 1)
    }

    // MARK: counters

    private mutating func readCounter(_ reader: JSONReader, _ emission: inout Emission) throws(JSONError) {
        let isIncrement = emission.metric.kind == .increment
        guard let counter = try reader.optional("counter") else {
            guard !isIncrement else {
                throw reader.error(
                    "\(emission.metric.name) adds up: say how with counter: { kind: \"cumulative\" or \"delta\" … }",
                    code: .missingKey)
            }
            return
        }
        guard isIncrement else { throw counter.error("\(emission.metric.name) does not add up and takes no counter") }
        try counter.object(known: [
            "kind", "width", "wraps", "modulus", "resets", "dayEdge", "maxRate", "provisional", "perStep", "saturates",
            "length", "stamped", "mayGrow",
        ])
        try counter.refuse(["mayGrow"])
        var rule = CounterRule(kind: try kind(of: counter))
        rule.width = UInt8(try counter.optionalInteger("width", in: 1...64) ?? 32)
        rule.wraps = try counter.optionalBool("wraps") ?? true
        rule.modulus = try counter.optionalInteger("modulus", in: 2...JSONReader.largestInteger).map { UInt64($0) }
        let names: [(String, CounterRule.Resets)] = [
            ("daily", .daily), ("reboot", .reboot), ("reconnect", .reconnect), ("command", .command),
            ("session", .session),
        ]
        for entry in try counter.optionalArray("resets") ?? [] {
            let word = try entry.oneOf(allowed: names.map(\.0))
            for (name, reset) in names where name == word { rule.resets.insert(reset) }
        }
        if let edge = try counter.optional("dayEdge") {
            _ = try edge.oneOf(allowed: ["quarantine"])
            rule.quarantinesDayEdge = true
        }
        rule.maxRate = try counter.optional("maxRate")?.rate()
        rule.provisional = try counter.optionalBool("provisional") ?? false
        rule.scale = UInt8(try counter.optionalInteger("perStep", in: 1...255) ?? 1)
        rule.saturates = try counter.optionalBool("saturates") ?? false
        if let index = tables.counters.firstIndex(of: rule) {
            emission.counter = index
        } else {
            emission.counter = tables.counters.count
            tables.counters.append(rule)
        }
    }

    private func kind(of counter: JSONReader) throws(JSONError) -> CounterRule.Kind {
        let word = try counter.oneOf("kind", allowed: ["cumulative", "delta", "bucket"])
        for key in ["length", "stamped"] where word != "bucket" && counter.has(key) {
            throw try counter.required(key).error("'\(key)' is for kind: \"bucket\"")
        }
        switch word {
        case "cumulative": return .cumulative
        case "delta": return .delta
        default:
            return .bucket(
                length: try counter.required("length").duration(),
                stamped: try counter.oneOf("stamped", allowed: ["start", "end"]) == "start" ? .start : .end)
        }
    }

    // MARK: status

    mutating func readStatuses(_ message: JSONReader, _ scope: inout MessageScope) throws(JSONError) {
        var statuses: [StatusInstruction] = []
        for entry in try message.optionalArray("status") ?? [] { statuses.append(try status(entry, scope)) }
        if let diagnostic = try message.optional("diag") {
            let word = try diagnostic.word()
            scope.message.diagnostic = tables.counter(of: word)
            statuses.append(told(word))
        }
        scope.message.statuses = Tables.add(statuses, to: &tables.statuses)
    }

    private mutating func told(_ word: String) -> StatusInstruction {
        let index = tables.statusWords.firstIndex(of: word) ?? tables.statusWords.count
        if index == tables.statusWords.count { tables.statusWords.append(word) }
        return StatusInstruction(kind: .diagnostic(index), counter: tables.counter(of: word))
    }

    private mutating func status(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> StatusInstruction {
        try reader.object(known: ["worn", "contact", "signal", "diag", "max", "if", "unless"])
        let kinds = ["worn", "contact", "signal", "diag"].filter { reader.has($0) }
        guard kinds.count == 1, let kind = kinds.first else {
            throw reader.error("expected exactly one of worn, contact, signal, diag")
        }
        let value = try reader.required(kind)
        var status: StatusInstruction
        switch kind {
        case "worn": status = StatusInstruction(kind: .worn, value: try value.bool() ? 1 : 0)
        case "diag": status = told(try value.word())
        default: status = StatusInstruction(kind: kind == "contact" ? .contact : .signal)
        }
        if kind == "contact" || kind == "signal" {
            if case .string = value.node.value {
                let field = try known(value, scope)
                guard !field.isList else { throw value.error("a repeated field is no level") }
                status.slot = field.slot
                status.maximum = try reader.number("max", in: 1e-9...1e9)
            } else {
                status.value = try value.number(in: 0...1)
            }
        }
        if status.slot < 0, reader.has("max") { throw try reader.required("max").error("'max' goes with a field") }
        if let condition = try reader.optional("if") { status.condition = try conjunction(condition, scope) }
        if let unless = try reader.optional("unless") { status.unless = try alternatives(unless, scope) }
        return status
    }
}
