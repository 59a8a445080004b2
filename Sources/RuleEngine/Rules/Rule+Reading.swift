import JSON5
import Vitals

extension Rule {
    /// All keys of a rule file, in the order of DESIGN §8.
    static let keys = [
        "rule", "about", "source", "when", "needs", "for", "clear", "then", "repeat", "between", "days", "at", "on",
        "daily_limit", "for_people", "enabled", "late", "tests",
    ]

    /// Reads one rule file. `table` gains the features the rule asks for, also when reading fails later on.
    init(text: String, path: String, hash: String, table: inout FeatureTable) throws(RuleError) {
        let file = try RuleFile(text: text, path: path)
        try file.known(Rule.keys)
        let name = try Rule.name(file)
        self.name = name
        line = try file.required("rule").json.location.line
        self.file = path
        self.hash = hash
        about = try file.prose("about")
        source = try file.prose("source")
        isEnabled = try file.optional("enabled")?.bool() ?? true
        people = try file.optional("for_people")?.strings() ?? []

        let late = try file.optional("late")
        self.late = try late?.duration(in: .minutes(15) ... .days(2))
        latePlace = late.map { ($0.json.location.line, $0.json.location.column) }
        table.late = self.late
        defer { table.late = nil }
        isOnSessionEnd = try Rule.occasion(file)
        at = try file.optional("at")?.clockTime()
        try Rule.refuseContradictions(file, isMoment: isOnSessionEnd || at != nil)
        // `needs` comes first: what it says of a window's coverage holds in the whole rule.
        var fullness = Fullness()
        if let needs = try Rule.clause("needs", file, table: &table, fullness) {
            fullness = Fullness(needs: needs.expression.term, table.features)
        }
        needs = try Rule.clause("needs", file, table: &table, fullness)
        when = try Rule.clause("when", file, table: &table, fullness)
        clear = try Rule.clause("clear", file, table: &table, fullness)
        if when == nil, at == nil { _ = try file.required("when") }
        hold = try file.optional("for")?.duration(in: .zero ... .days(2)) ?? .zero
        repeatAfter = try file.optional("repeat")?.duration() ?? .zero
        hours = try Rule.hours(file)
        dailyLimit = try file.optional("daily_limit")?.integer(in: 1...100) ?? 0
        if let late, ![needs, when, clear].contains(where: { $0?.readsDays(table.features) ?? false }) {
            throw late.error(
                "'late' means nothing here: no condition of this rule reads a daily series",
                hint: "leave it out, or use a series such as night_signal or resting_heart_rate")
        }
        action = try Action(try file.required("then"), table: &table, fullness)
        tests = try (file.optional("tests")?.array() ?? []).map { (test) throws(RuleError) in
            try RuleTest(test, rule: name)
        }
    }

    private static func name(_ file: RuleFile) throws(RuleError) -> String {
        let value = try file.required("rule")
        let name = try value.string()
        let isWord = name.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                || $0 == UInt8(ascii: "-")
        }
        guard isWord, !name.isEmpty, name.utf8.count <= 64 else {
            throw value.error(
                "a rule's name is a word of small letters, digits and hyphens", hint: "resting-tachycardia")
        }
        return name
    }

    private static func clause(
        _ key: String, _ file: RuleFile, table: inout FeatureTable, _ fullness: Fullness
    ) throws(RuleError) -> Clause? {
        guard let value = try file.optional(key) else { return nil }
        let expression = try value.expression(table: &table, fullness)
        guard expression.type == .boolean else {
            let first = expression.term.range.lowerBound
            throw value.located(
                Fault(
                    .type, at: first, "'\(key)' must be a yes/no expression, but this is a \(expression.type)",
                    hint: "compare it with a limit"))
        }
        let location = value.location(ofUTF8Offset: expression.term.range.lowerBound)
        return Clause(name: key, line: location.line, column: location.column, expression: expression)
    }

    private static func occasion(_ file: RuleFile) throws(RuleError) -> Bool {
        guard let on = try file.optional("on") else { return false }
        let word = try on.string()
        if ["day_end", "week_end", "month_end"].contains(word) {
            throw on.error("'\(word)' is not supported yet", hint: "supported: session_end", code: .unsupported)
        }
        _ = try on.oneOf(["session_end"])
        return true
    }

    private static func refuseContradictions(_ file: RuleFile, isMoment: Bool) throws(RuleError) {
        guard isMoment else { return }
        if let on = try file.optional("on"), file.json.has("at") {
            throw on.error("a rule is either 'on' an occasion or 'at' a time, not both")
        }
        for key in ["for", "clear"] {
            if let value = try file.optional(key) {
                throw value.error(
                    "'\(key)' means nothing here: a rule with 'on' or 'at' decides at one moment", hint: "leave it out")
            }
        }
        if file.json.has("at"), let between = try file.optional("between") {
            throw between.error("'between' means nothing beside 'at'", hint: "leave it out")
        }
    }

    private static func hours(_ file: RuleFile) throws(RuleError) -> LocalHours {
        var hours = LocalHours.always
        if let value = try file.optional("between") {
            let text = try value.string()
            guard let span = LocalHours.hours(text) else {
                throw value.error("expected hours of the day, found '\(text)'", hint: "such as 09:00-21:00")
            }
            (hours.start, hours.end) = span
        }
        if let value = try file.optional("days") {
            let text = try value.string()
            guard let days = LocalHours.days(text) else {
                throw value.error(
                    "expected days of the week, found '\(text)'", hint: "such as mon-fri or sat,sun")
            }
            hours.days = days
        }
        return hours
    }
}

extension Rule.Action {
    init(_ file: RuleFile, table: inout FeatureTable, _ fullness: Fullness) throws(RuleError) {
        try file.known([
            "kind", "severity", "to", "title", "text", "intensity", "duration", "rest", "applies",
        ])
        let kinds: [Event.Kind] = [.alert, .reminder, .plan, .advice, .assessment]
        kind = Event.Kind(rawValue: try file.required("kind").oneOf(kinds.map(\.rawValue))) ?? .advice
        let severityName = try file.optional("severity")?.oneOf(Severity.allCases.map(\.name))
        severity = severityName.flatMap(Severity.init) ?? (kind == .alert ? .warning : .info)
        recipients =
            try file.optional("to").map { (list) throws(RuleError) in
                try list.array().map { (item) throws(RuleError) in try item.oneOf(["person", "family", "clinician"]) }
            } ?? ["person"]
        if let list = try file.optional("to"), recipients.isEmpty {
            throw list.error("name at least one recipient", hint: "person, family or clinician")
        }
        title = try LocalizedText(try file.required("title"), table: &table, fullness)
        text = try LocalizedText(try file.required("text"), table: &table, fullness)
        change = try Self.change(file, kind)
    }

    private static func change(_ file: RuleFile, _ kind: Event.Kind) throws(RuleError) -> PlanChange? {
        let keys = ["intensity", "duration", "rest", "applies"]
        guard kind == .plan else {
            for key in keys {
                if let value = try file.optional(key) {
                    throw value.error("'\(key)' belongs to rules of kind plan")
                }
            }
            return nil
        }
        var change = PlanChange()
        if let value = try file.optional("intensity") { change.intensity = try share(value) }
        if let value = try file.optional("duration") {
            change.duration = try value.duration(in: .hours(-4) ... .hours(4))
        }
        change.rest = try file.optional("rest")?.bool() ?? false
        _ = try file.optional("applies")?.oneOf(["next_session"])
        guard change.intensity != nil || change.duration != nil || change.rest else {
            throw file.error("a plan rule changes something", hint: "intensity: '-10%', duration: '-5m' or rest: true")
        }
        return change
    }

    /// `-10%` as −0.1. A session cannot lose more than all of itself; more than half on top is no adjustment.
    private static func share(_ value: RuleFile) throws(RuleError) -> Double {
        let text = try value.string()
        guard text.hasSuffix("%"), let percent = Double(text.dropLast()), percent.isFinite, -100...50 ~= percent,
            percent != 0
        else { throw value.error("expected a change from -100% to 50%, found '\(text)'", hint: "such as -10%") }
        return percent / 100
    }
}

extension LocalizedText {
    /// One string for all, or one per language with `en` among them.
    init(_ file: RuleFile, table: inout FeatureTable, _ fullness: Fullness) throws(RuleError) {
        self.init()
        if file.isString {
            append(try file.template(table: &table, fullness), language: "")
            return
        }
        try file.known(LocalizedText.languages)
        _ = try file.required("en")
        for language in LocalizedText.languages {
            if let text = try file.optional(language) {
                append(try text.template(table: &table, fullness), language: language)
            }
        }
    }
}
