extension Person: WireValue {
    static let wireKind: UInt8 = 2
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Person.wireKind, version: Person.wireVersion) { writer in
            writer.id(id)
            writer.text(name)
            writer.text(zone)
            writer.optional(born) { $0.day($1) }
            writer.optional(sex) { $0.byte($1.rawValue) }
            writer.text(language)
            writer.optional(maxHeartRate) { $0.double($1) }
            // Sets have no order of their own: equal people are to have equal bytes.
            writer.list(facts.sorted()) { $0.text($1) }
            writer.wire(limits)
            writer.wire(plan)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Person.wireKind, "a person")
        self.init(
            id: try content.id(), name: try content.text(), zone: try content.text(),
            born: try content.optional { (reader) throws(WireError) in try reader.day() },
            sex: try content.optional { (reader) throws(WireError) in try reader.raw() },
            language: try content.text(),
            maxHeartRate: try content.optional { (reader) throws(WireError) in try reader.double() },
            facts: Set(try content.list { (reader) throws(WireError) in try reader.text() }),
            limits: try content.wire(), plan: try content.wire())
    }
}

extension Person.Limits: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.optional(maxHeartRate) { $0.double($1) }
        writer.optional(maxIntensity) { $0.double($1) }
        writer.optional(maxWeeklyIncrease) { $0.double($1) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            maxHeartRate: try reader.optional { (reader) throws(WireError) in try reader.double() },
            maxIntensity: try reader.optional { (reader) throws(WireError) in try reader.double() },
            maxWeeklyIncrease: try reader.optional { (reader) throws(WireError) in try reader.double() })
    }
}

extension WeeklyPlan: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.list(sessions) { $0.wire($1) }
        writer.optional(stepsGoal) { $0.signed(Int64($1)) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            sessions: try reader.list { (reader) throws(WireError) in try reader.wire() },
            stepsGoal: try reader.optional { (reader) throws(WireError) in Int(try reader.signed()) })
    }
}

extension PlannedSession: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.byte(UInt8(clamping: weekday))
        writer.text(activity)
        writer.double(minutes)
        writer.double(intensity.lowerBound)
        writer.double(intensity.upperBound)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        let weekday = Int(try reader.byte())
        let activity = try reader.text()
        let minutes = try reader.double()
        let low = try reader.double()
        let high = try reader.double()
        guard (1...7).contains(weekday) else { throw WireError(.malformed("a weekday of \(weekday)"), at: at) }
        guard low <= high else { throw WireError(.malformed("an intensity range from \(low) to \(high)"), at: at) }
        self.init(weekday: weekday, activity: activity, minutes: minutes, intensity: low...high)
    }
}

extension PlanChange: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.optional(intensity) { $0.double($1) }
        writer.optional(duration) { $0.span($1) }
        writer.bool(rest)
        writer.byte(applies.rawValue)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            intensity: try reader.optional { (reader) throws(WireError) in try reader.double() },
            duration: try reader.optional { (reader) throws(WireError) in try reader.span() },
            rest: try reader.bool(), applies: try reader.raw())
    }
}

extension PlanAdjustment: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.id(event)
        writer.text(rule)
        writer.wire(change)
        writer.byte(state.rawValue)
        writer.optional(day) { $0.day($1) }
        writer.time(expires)
        writer.list(guardrails) { $0.text($1) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            event: try reader.id(), rule: try reader.text(), change: try reader.wire(), state: try reader.raw(),
            day: try reader.optional { (reader) throws(WireError) in try reader.day() }, expires: try reader.time(),
            guardrails: try reader.list { (reader) throws(WireError) in try reader.text() })
    }
}
