import JSON5
import Vitals

extension ProfileParser {
    mutating func emission(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Emission {
        try reader.object(known: [
            "metric", "value", "unit", "unless", "if", "onChange", "thin", "range", "map", "series", "dedupe", "time",
            "counter", "dropAll",
        ])
        let metric = try self.metric(try reader.required("metric"))
        let value = try reader.required("value")
        let field = try known(value, scope)
        var emission = Emission(metric: metric, slot: field.slot)
        try checkUnit(reader, metric)
        if let unless = try reader.optional("unless") { emission.unless = try alternatives(unless, scope) }
        if let drop = try reader.optional("dropAll") { emission.dropAll = try alternatives(drop, scope) }
        if let condition = try reader.optional("if") { emission.condition = try conjunction(condition, scope) }
        if let change = try reader.optional("onChange") {
            emission.onChange = try known(change, scope).slot
            emission.changeMemory = try changeMemory(of: metric, change, scope)
        }
        if let dedupe = try reader.optional("dedupe") {
            emission.dedupe = try unchangedWithin(dedupe).milliseconds
            guard !field.isList else { throw dedupe.error("a repeated field cannot be deduplicated; see onChange") }
            emission.dedupeMemory = Int32(tables.sizes.dedupes)
            tables.sizes.dedupes += 1
        }
        if let thin = try reader.optional("thin") { emission.thin = try thin.duration().milliseconds }
        if let range = try reader.optional("range") {
            let bounds = try range.array()
            guard bounds.count == 2 else { throw range.error("expected the lowest and the highest value") }
            emission.low = max(emission.low, try bounds[0].number())
            let high = try bounds[1].number(in: emission.low...Double.greatestFiniteMagnitude)
            emission.high = min(emission.high, high)
        }
        try readCodes(reader, &emission)
        if let series = try reader.optional("series") {
            _ = try series.oneOf(allowed: ["beats-back-from-arrival"])
            guard metric.kind == .beat else { throw series.error("\(metric.name) is not measured per heartbeat") }
        }
        emission.isBeat = metric.kind == .beat
        if let time = try reader.optional("time") { emission.time = try timeRule(time, scope) }
        try readCounter(reader, &emission)
        if let index = tables.metrics.firstIndex(of: metric) {
            emission.thinMemory = Int32(index)
        } else {
            emission.thinMemory = Int32(tables.metrics.count)
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

    /// Emissions of one metric that watch a field of one name speak of the same change, whichever message it comes in.
    private mutating func changeMemory(
        of metric: Metric, _ change: JSONReader, _ scope: MessageScope
    ) throws(JSONError) -> Int32 {
        let key = "\(metric.name) \(scope.inputIndex) \(try change.string())"
        if let known = changeMemories[key] { return known }
        let memory = Int32(tables.sizes.changes)
        tables.sizes.changes += 1
        changeMemories[key] = memory
        return memory
    }

    /// `unchanged-within:5s`.
    private func unchangedWithin(_ reader: JSONReader) throws(JSONError) -> TimeSpan {
        let prefix = "unchanged-within:"
        let text = try reader.string()
        guard text.hasPrefix(prefix), let span = try JSONReader.duration(String(text.dropFirst(prefix.count))),
            span > .zero
        else { throw reader.error("expected unchanged-within: and a duration, such as unchanged-within:5s") }
        return span
    }

    private mutating func readCodes(_ reader: JSONReader, _ emission: inout Emission) throws(JSONError) {
        let labels = emission.metric.labels
        guard emission.metric.kind == .state else {
            if let map = try reader.optional("map") { throw map.error("only state metrics have a map") }
            return
        }
        guard let map = try reader.optional("map") else {
            emission.codeCount = Int32(labels.count)
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
        // Intake counts what is new in a block that comes again, so a growing block needs no rule of its own.
        _ = try counter.optionalBool("mayGrow")
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
            emission.counter = Int32(index)
        } else {
            emission.counter = Int32(tables.counters.count)
            tables.counters.append(rule)
        }
    }

    private func kind(of counter: JSONReader) throws(JSONError) -> CounterRule.Kind {
        let word = try counter.oneOf("kind", allowed: ["cumulative", "delta", "bucket"])
        for key in ["length", "stamped", "mayGrow"] where word != "bucket" && counter.has(key) {
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
        return StatusInstruction(
            kind: .diagnostic, memory: Int32(StatusInstruction.fixedCount + index), counter: tables.counter(of: word))
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
        case "worn": status = StatusInstruction(kind: .worn, memory: 0, value: try value.bool() ? 1 : 0)
        case "diag": status = told(try value.word())
        case "contact": status = StatusInstruction(kind: .contact, memory: 1)
        default: status = StatusInstruction(kind: .signal, memory: 2)
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
