import Vitals

extension Adjustment: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.id(adjustment.event)
        writer.text(adjustment.rule)
        writer.optional(adjustment.change.intensity) { $0.double($1) }
        writer.optional(adjustment.change.duration) { $0.span($1) }
        writer.bool(adjustment.change.rest)
        writer.byte(adjustment.change.applies.rawValue)
        writer.byte(adjustment.state.rawValue)
        writer.optional(adjustment.day) { $0.integer($1.number) }
        writer.time(adjustment.expires)
        writer.list(adjustment.guardrails) { $0.text($1) }
        writer.time(onset)
        writer.count(nextTransition)
        writer.text(title)
        writer.byte(severity.rawValue)
        writer.list(recipients) { $0.text($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let event: EventID = try reader.id()
        let rule = try reader.text()
        let change = PlanChange(
            intensity: try reader.optional { r throws(WireError) in try r.double() },
            duration: try reader.optional { r throws(WireError) in try r.span() },
            rest: try reader.bool(), applies: try reader.raw()
        ).sane
        let adjustment = PlanAdjustment(
            event: event, rule: rule, change: change, state: try reader.raw(),
            day: try reader.optional { r throws(WireError) in LocalDay(number: try r.integer()) },
            expires: try reader.time(), guardrails: try reader.list { r throws(WireError) in try r.text() })
        self.init(
            adjustment: adjustment, onset: try reader.time(), nextTransition: try reader.transition(),
            title: try reader.text(), severity: try reader.raw(),
            recipients: try reader.list { r throws(WireError) in try r.text() })
    }
}
