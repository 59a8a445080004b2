import Vitals

/// One behaviour, as its file describes it (DESIGN §8): when it speaks, to whom, what it says, and how it is tested.
public struct Rule: Sendable {
    public let name: String
    /// What it is for, in a sentence.
    public let about: String
    /// Where its limits come from.
    public let source: String
    /// Path of its file as loaded, and the hash of that file's text.
    public let file: String
    public let hash: String
    /// Line of the rule's name in its file.
    public let line: Int
    public let isEnabled: Bool
    /// Names of the people it is for; empty: everyone.
    public let people: [String]

    let when: Clause?
    let needs: Clause?
    let clear: Clause?
    /// Where `late` stands in the file.
    let latePlace: (line: Int, column: Int)?
    /// How late values of daily series may come for the rule to decide on them; `nil`: in time (ten minutes).
    ///
    /// A ring delivers the night at breakfast: what is computed of it comes late. It completes baselines for every rule,
    /// but only a rule that says `late` reads it as its latest, and may open on it: once, with the value's own time as
    /// onset where `when` reads nothing but daily series. Late data never ends what the rule said of the same day: only
    /// a value of a later day does.
    public let late: TimeSpan?
    /// How long `when` must hold (`for`).
    public let hold: TimeSpan
    /// No second opening within this time of the last (`repeat`); zero: no limit.
    public let repeatAfter: TimeSpan
    let hours: LocalHours
    /// For a scheduled rule: local time since midnight.
    public let at: TimeSpan?
    /// Evaluated when an exercise session ended, and only then.
    public let isOnSessionEnd: Bool
    /// At most so many openings a local day; 0: no limit.
    public let dailyLimit: Int
    let action: Action
    public let tests: [RuleTest]

    /// One of the rule's conditions and where it stands in the file.
    struct Clause: Sendable {
        var name: String
        var line: Int
        var column: Int
        var expression: Expression
    }

    /// `then`.
    struct Action: Sendable {
        var kind: Event.Kind
        var severity: Severity
        var recipients: [String]
        var title: LocalizedText
        var text: LocalizedText
        var change: PlanChange?
    }

    public var kind: Event.Kind { action.kind }
    public var severity: Severity { action.severity }
    /// What a `plan` rule proposes.
    public var change: PlanChange? { action.change }

    /// The rule's conditions with their source texts, in the order `when`, `needs`, `clear`.
    public var clauses: [(name: String, line: Int, column: Int, expression: Expression)] {
        [when, needs, clear].compactMap { clause in
            clause.map { ($0.name, $0.line, $0.column, $0.expression) }
        }
    }

    public func isFor(_ person: Person) -> Bool { isEnabled && (people.isEmpty || people.contains(person.name)) }

    /// Whether an opening stays open until something ends it: `clear`, or for alerts and reminders that `when` stops
    /// holding. What happens at a moment (a session's end, a scheduled time) has no end of its own.
    var isLasting: Bool {
        !isOnSessionEnd && at == nil && (clear != nil || action.kind == .alert || action.kind == .reminder)
    }
}
