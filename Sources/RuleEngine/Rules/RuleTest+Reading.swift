import Vitals

extension RuleTest {
    init(_ file: RuleFile, rule: String) throws(RuleError) {
        try file.known(["name", "given", "expect", "person", "start", "plan"])
        name = try file.string("name")
        line = file.json.location.line
        given = try file.required("given").array().map { (item) throws(RuleError) in try Given(item) }
        expect = try file.required("expect").array().map { (item) throws(RuleError) in
            try Expectation(item, rule: rule)
        }
        var person = PersonOverrides()
        if let value = try file.optional("person") { person = try PersonOverrides(value) }
        if let plan = try file.optional("plan") { person.plan = try WeeklyPlan(testing: plan) }
        self.person = person
        start = try file.optional("start").map { (value) throws(RuleError) in try Start(value) } ?? .standard
        let total = given.reduce(0) { $0 + $1.length.milliseconds / max(1, $1.every.milliseconds) }
        guard total <= Self.mostSamples else {
            throw file.error("this test gives \(total) samples; at most \(Self.mostSamples) keep checks quick")
        }
    }

    /// Several days of one sample a second.
    static let mostSamples: Int64 = 500_000
}

extension RuleTest.Given {
    init(_ file: RuleFile) throws(RuleError) {
        try file.known(["metric", "value", "every", "for", "after", "delivered"])
        metric = try file.metric("metric")
        let value = try file.required("value")
        if value.isNumber {
            from = try value.number()
            to = from
        } else {
            try value.known(["from", "to"])
            from = try value.required("from").number()
            to = try value.required("to").number()
        }
        every = try file.required("every").duration(in: .milliseconds(10) ... .days(2))
        length = try file.required("for").duration(in: .milliseconds(10) ... .days(60))
        after = try file.optional("after")?.duration(in: .zero ... .days(60)) ?? .zero
        delivered = try file.optional("delivered")?.duration(in: .zero ... .days(62))
    }
}

extension RuleTest.Expectation {
    init(_ file: RuleFile, rule ownName: String) throws(RuleError) {
        try file.known(["between", "onset", "kind", "rule", "phase", "severity"])
        let between = try file.required("between").stretch()
        (from, to) = (between.lowerBound, between.upperBound)
        onset = try file.optional("onset")?.stretch()
        kind = Event.Kind(rawValue: try file.required("kind").oneOf(Event.Kind.allCases.map(\.rawValue))) ?? .alert
        rule = try file.optional("rule")?.string() ?? ownName
        let phaseName = try file.optional("phase")?.oneOf(Event.Phase.allCases.map(\.rawValue))
        phase = phaseName.flatMap { Event.Phase(rawValue: $0) }
        let severityName = try file.optional("severity")?.oneOf(Severity.allCases.map(\.name))
        severity = severityName.flatMap { Severity(name: $0) }
    }
}

extension RuleFile {
    /// Two durations, `['36m', '40m10s']`.
    fileprivate func stretch() throws(RuleError) -> ClosedRange<TimeSpan> {
        let ends = try array()
        guard ends.count == 2 else { throw error("expected two durations", hint: "['36m', '40m10s']") }
        let (from, to) = (try ends[0].duration(), try ends[1].duration())
        guard from <= to else { throw ends[1].error("the second duration comes before the first") }
        return from...to
    }
}

extension RuleTest.PersonOverrides {
    init(_ file: RuleFile) throws(RuleError) {
        self.init()
        try file.known(["zone", "language", "facts", "sex", "age", "max_heart_rate", "limits"])
        zone = try file.optional("zone")?.string()
        language = try file.optional("language")?.oneOf(LocalizedText.languages)
        facts = Set(try file.optional("facts")?.strings() ?? [])
        let sexName = try file.optional("sex")?.oneOf(["female", "male"])
        sex = sexName.map { $0 == "female" ? .female : .male }
        age = try file.optional("age")?.integer(in: 0...130)
        maxHeartRate = try file.optional("max_heart_rate")?.number(in: 60...250)
        if let value = try file.optional("limits") {
            try value.known(["max_heart_rate", "max_intensity", "max_weekly_increase"])
            limits.maxHeartRate = try value.optional("max_heart_rate")?.number(in: 40...250)
            limits.maxIntensity = try value.optional("max_intensity")?.number(in: 0...1)
            limits.maxWeeklyIncrease = try value.optional("max_weekly_increase")?.number(in: 0...1)
        }
    }
}

extension WeeklyPlan {
    /// The plan of a test: a list of sessions, `{ day: "mon", activity: "walk", minutes: 30, intensity: [0.4, 0.6] }`.
    init(testing file: RuleFile) throws(RuleError) {
        self.init()
        for item in try file.array() {
            try item.known(["day", "activity", "minutes", "intensity"])
            let day = try item.required("day").oneOf(LocalHours.weekdays)
            let intensity = try item.required("intensity")
            let ends = try intensity.array()
            guard ends.count == 2 else {
                throw intensity.error("expected two shares of heart-rate reserve", hint: "[0.4, 0.6]")
            }
            let (low, high) = (try ends[0].number(in: 0...1), try ends[1].number(in: 0...1))
            guard low <= high else { throw ends[1].error("the upper share is below the lower") }
            sessions.append(
                PlannedSession(
                    weekday: (LocalHours.weekdays.firstIndex(of: day) ?? 0) + 1,
                    activity: try item.optional("activity")?.string() ?? "walk",
                    minutes: try item.required("minutes").number(in: 1...600), intensity: low...high))
        }
    }
}

extension RuleTest.Start {
    /// `10:00` (a Monday) or `sat 10:00`.
    init(_ file: RuleFile) throws(RuleError) {
        let text = try file.string()
        let parts = text.split(separator: " ")
        let day = parts.count == 2 ? LocalHours.weekdays.firstIndex(of: String(parts[0])) : 0
        guard let day, (1...2).contains(parts.count), let time = parts.last.flatMap({ ClockTime($0) }),
            time.span < .hours(24)
        else {
            throw file.error("expected a local time with or without a weekday, found '\(text)'", hint: "mon 10:00")
        }
        self.init(weekday: day + 1, timeOfDay: time.span)
    }
}
