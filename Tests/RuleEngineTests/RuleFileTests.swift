import Testing
import Vitals

@testable import RuleEngine

@Suite("Rule files")
struct RuleFileTests {
    @Test("every field is read")
    func fields() throws {
        let text = """
            { rule: "all-fields", about: "About \\
                it.", source: "Here.", when: "heart_rate > 100", needs: "steps >= 0", for: "1m30s", clear: "heart_rate < 90",
              then: { kind: "alert", severity: "urgent", to: ["family", "clinician"], title: "T", text: "X" },
              repeat: "2h", between: "22:00-06:00", days: "mon-fri", daily_limit: 3, for_people: ["ada"], enabled: false,
              tests: [ { name: "n", start: "sat 23:30", person: { zone: "Asia/Taipei", language: "zh-Hant", facts: ["athlete"],
                           sex: "female", age: 40, max_heart_rate: 180, limits: { max_heart_rate: 150, max_intensity: 0.8 } },
                         plan: [ { day: "sun", activity: "run", minutes: 40, intensity: [0.5, 0.7] } ],
                         given: [ { metric: "heart_rate", value: { from: 60, to: 120 }, every: "30m", for: "2h", after: "1h" },
                                  { metric: "steps", value: 7, every: "15m", for: "30m" } ],
                         expect: [ { between: ["1h", "2h"], kind: "alert", phase: "opened", severity: "urgent", rule: "other" } ] } ],
            }
            """
        let loaded = book(text)
        for error in loaded.errors { Issue.record("\(error)") }
        let rule = try #require(loaded.rules.first)
        #expect(rule.about == "About it." && rule.source == "Here.")
        #expect(rule.clauses.map(\.name) == ["when", "needs", "clear"])
        #expect(rule.clauses.map(\.line) == [2, 2, 2])
        #expect(rule.hold == .seconds(90) && rule.repeatAfter == .hours(2) && rule.dailyLimit == 3)
        #expect(rule.hours == LocalHours(start: .hours(22), end: .hours(6), days: 0b1_1111))
        #expect(!rule.isEnabled && rule.people == ["ada"] && rule.hash == lengthHash(text))
        #expect(rule.kind == .alert && rule.severity == .urgent && rule.action.recipients == ["family", "clinician"])
        let test = try #require(rule.tests.first)
        #expect(test.line == 5 && test.start == RuleTest.Start(weekday: 6, timeOfDay: .minutes(23 * 60 + 30)))
        #expect(test.start.moment(in: try Zone(named: "Asia/Taipei")) == Timestamp("2024-01-06T15:30:00Z"))
        #expect(test.given[0].samples.map(\.value) == [60, 80, 100, 120])
        #expect(test.given[0].samples.map(\.offset) == [.hours(1), .minutes(90), .hours(2), .minutes(150)])
        #expect(test.given[1].samples.map(\.offset) == [.zero, .minutes(15)])
        #expect(
            test.expect == [
                RuleTest.Expectation(
                    from: .hours(1), to: .hours(2), kind: .alert, rule: "other", phase: .opened, severity: .urgent)
            ])
        let person = test.person.applied(to: Person(id: PersonID(high: 0, low: 1), name: "x"), on: test.start.day)
        #expect(person.zone == "Asia/Taipei" && person.language == "zh-Hant" && person.facts == ["athlete"])
        #expect(person.limits.maxIntensity == 0.8 && person.sex == .female && person.born?.civil.year == 1983)
        #expect(
            person.plan.sessions == [PlannedSession(weekday: 7, activity: "run", minutes: 40, intensity: 0.5...0.7)])
    }

    @Test(
        "what a rule cannot mean is refused where it stands",
        arguments: [
            ("about: 'x'", "lacks the key 'when'", 1), ("when: 'heart_rate'", "must be a yes/no expression", 10),
            ("when: 'true', for: '10'", "expected a duration", 22), ("when: 'true', for: '-1m'", "from 0ms to 2d", 22),
            ("when: 'true', between: '9-5'", "expected hours", 26),
            ("when: 'true', days: 'weekend'", "days of the week", 23),
            ("when: 'true', daily_limit: 0", "from 1 to 100", 30),
            ("when: 'true', late: '36h'", "no condition of this rule reads a daily series", 23),
            ("when: 'heart_rate > 1', needs: 'hrv_night > 1', late: '1m'", "from 15m to 2d", 57),
            ("when: 'true', on: 'week_end'", "not supported yet", 21),
            ("when: 'true', on: 'sunrise'", "one of session_end", 21),
            ("when: 'true', on: 'session_end', for: '1m'", "decides at one moment", 41),
            ("when: 'true', at: '08:00', clear: 'false'", "decides at one moment", 37),
            ("when: 'true', at: '08:00', between: '01:00-02:00'", "beside 'at'", 39),
            ("when: 'true', at: '08:00', on: 'session_end'", "not both", 34), ("at: '24:00'", "local time", 7),
            ("when: 'true', wen: 'x'", "did you mean 'when'?", 17), ("when: 5", "must be a string", 9),
        ])
    func refused(fields: String, part: String, column: Int) throws {
        let text = "{ \(fields),\n  rule: 'probe', then: { kind: 'advice', title: 'T', text: 'X' } }"
        let error = try #require(book(text).errors.first, "\(fields)")
        #expect("\(error)".contains(part), "\(error)")
        #expect((error.line, error.column) == (1, column), "\(error)")
    }

    @Test(
        "what 'then' cannot mean is refused",
        arguments: [
            ("kind: 'plan', title: 'T', text: 'X'", "changes something"),
            ("kind: 'plan', title: 'T', text: 'X', intensity: '-10'", "such as -10%"),
            ("kind: 'plan', title: 'T', text: 'X', intensity: '80%'", "from -100% to 50%"),
            ("kind: 'alert', title: 'T', text: 'X', rest: true", "belongs to rules of kind plan"),
            ("kind: 'source', title: 'T', text: 'X'", "must be one of"),
            ("kind: 'alert', text: 'X'", "lacks the key 'title'"),
            ("kind: 'alert', title: { 'zh-Hans': 'T' }, text: 'X'", "lacks the key 'en'"),
            ("kind: 'alert', title: { en: 'T', 'zh-TW': 'T' }, text: 'X'", "unknown key 'zh-TW'"),
            ("kind: 'alert', title: '', text: 'X'", "empty"),
            ("kind: 'alert', title: 'T', text: 'X', to: []", "at least one"),
            ("kind: 'alert', title: 'T', text: 'X', to: ['doctor']", "must be one of person, family, clinician"),
        ])
    func refusedThen(fields: String, part: String) throws {
        let error = try #require(book("{ rule: 'probe', when: 'true', then: { \(fields) } }").errors.first, "\(fields)")
        #expect("\(error)".contains(part), "\(error)")
    }

    @Test("a rule file cut short at any byte, or changed, is refused or read, and never traps")
    func hostileFiles() throws {
        let files = Folders.files(in: "Rules", ending: ".json5")
        let file = try #require(files.first { $0.path.hasPrefix("sensor-silent") })
        let bytes = Array(file.text.utf8)
        var dice = Dice(state: 21)
        func load(_ bytes: [UInt8]) {
            let text = String(decoding: bytes, as: UTF8.self)
            let book = RuleBook(files: [Configured.File(path: "f", text: text)], hash: lengthHash)
            for error in book.errors { #expect(error.line >= 1 && !"\(error)".isEmpty) }
        }
        for end in stride(from: 0, to: bytes.count, by: 3) { load(Array(bytes[..<end])) }
        for _ in 0..<400 {
            var copy = bytes
            for _ in 0...dice.roll(3) { copy[dice.roll(copy.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            load(copy)
        }
        load(bytes)
    }
}
