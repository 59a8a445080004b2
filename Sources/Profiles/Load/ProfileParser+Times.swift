import JSON5
import Vitals

extension ProfileParser {
    /// Compiles a `time`; -1 for arrival.
    mutating func timeRule(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> Int32 {
        if case .string = reader.node.value {
            _ = try reader.oneOf(allowed: ["arrival"])
            return -1
        }
        let forms: [(key: String, own: [String])] = [
            ("epoch", ["unit"]), ("field", []), ("date", ["century", "slot", "slotMinutes"]),
            ("base", ["unit", "floor", "step"]), ("lastSample", ["unit", "epoch", "rate", "anchor"]),
        ]
        let present = forms.filter { form in
            reader.has(form.key) && !(form.key == "epoch" && reader.has("lastSample"))
        }
        guard present.count == 1, let form = present.first else {
            throw reader.error("expected exactly one of epoch, field, date, base, lastSample")
        }
        try reader.object(known: [form.key, "else", "zone", "unless", "notAfter"] + form.own)
        let kind: TimeRule.Kind
        switch form.key {
        case "epoch":
            kind = .epoch(slot: try moment(reader, "epoch", scope), milliseconds: try unit(reader))
        case "field":
            let field = try reader.required("field")
            guard try known(field, scope).isDate else { throw field.error("expected a field of type datetime7") }
            kind = .field(slot: try known(field, scope).slot)
        case "date": kind = try date(reader, scope)
        case "base": kind = try base(reader, scope)
        default: kind = try last(reader, scope)
        }
        var rule = TimeRule(kind: kind)
        switch try reader.optionalOneOf("zone", allowed: ["utc", "local", "clock"]) {
        case "local": rule.isLocal = true
        case "clock": rule.isLocal = profile.clock == .local
        default: break
        }
        if let unless = try reader.optional("unless") { rule.unless = try alternatives(unless, scope) }
        // A block or a log whose place in the day is unknown must not count as now.
        let isHistory = form.key == "date" || form.key == "base"
        rule.drops = try reader.optionalOneOf("else", allowed: ["arrival", "drop"]).map { $0 == "drop" } ?? isHistory
        if let limit = try reader.optional("notAfter") {
            _ = try limit.oneOf(allowed: ["now"])
            rule.refusesFuture = true
        }
        tables.times.append(rule)
        return Int32(tables.times.count - 1)
    }

    private func moment(_ reader: JSONReader, _ key: String, _ scope: MessageScope) throws(JSONError) -> Int32 {
        let name = try reader.required(key)
        let field = try known(name, scope)
        guard !field.isList, !field.isDate else {
            throw name.error(field.isList ? "a repeated field is no time" : "a datetime7 goes with 'field'")
        }
        return field.slot
    }

    private static let units = ["s": 1000.0, "ms": 1, "us": 1e-3, "ns": 1e-6, "min": 60_000]

    /// Milliseconds of the unit.
    private func unit(_ reader: JSONReader) throws(JSONError) -> Double {
        Self.units[try reader.oneOf("unit", allowed: ["s", "ms", "us", "ns", "min"])] ?? 1
    }

    private func date(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> TimeRule.Kind {
        let list = try reader.required("date")
        let parts = try list.array()
        guard parts.count == 3 else { throw list.error("expected the fields of year, month and day") }
        var slots: [Int32] = []
        for part in parts { slots.append(try integerSlot(part, scope)) }
        var slot: Int32 = -1
        if let name = try reader.optional("slot") { slot = try integerSlot(name, scope) }
        return .date(
            year: slots[0], month: slots[1], day: slots[2],
            century: Int32(try reader.optionalInteger("century", in: 0...9900) ?? 0), slot: slot,
            slotMinutes: slot < 0 ? 0 : Int32(try reader.integer("slotMinutes", in: 1...1440)))
    }

    private mutating func base(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> TimeRule.Kind {
        let slot = try moment(reader, "base", scope)
        let factor = try unit(reader)
        let floor = try reader.optionalOneOf("floor", allowed: ["day"]) != nil
        var (step, kept): (Double, Int32) = (0, -1)
        if let rule = try reader.optional("step") {
            if case .string = rule.node.value {
                step = Double(try rule.duration().milliseconds)
            } else {
                try rule.object(known: ["head", "unit"])
                step = try unit(rule)
                kept = try keptValue(try rule.required("head"), of: nil, into: scope.id)
            }
        }
        return .base(slot: slot, milliseconds: factor, floorsDay: floor, step: step, kept: kept)
    }

    private mutating func last(_ reader: JSONReader, _ scope: MessageScope) throws(JSONError) -> TimeRule.Kind {
        let slot = try moment(reader, "lastSample", scope)
        var epoch = 0.0
        if let day = try reader.optional("epoch") {
            guard let date = LocalDay(try day.string()) else { throw day.error("expected a day such as 2000-01-01") }
            epoch = Double(date.number) * 86_400_000
        }
        let rate = try reader.number("rate", in: 1e-3...1e6)
        var clock: Int32 = -1
        if let anchor = try reader.optional("anchor") {
            _ = try anchor.oneOf(allowed: ["arrival"])
            clock = Int32(tables.sizes.clocks)
            tables.sizes.clocks += 1
        }
        return .last(
            slot: slot, milliseconds: try unit(reader), epoch: epoch, interval: 1000 / rate, clock: clock)
    }
}
