import Testing
import Vitals

@testable import Care

/// A timeline a clinician can read: what rules, people and days brought, and, after arrows, what Care told of it.
///
/// ```
/// Mon 14:20  resting-tachycardia opens (since 14:10)
///         -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
/// ```
/// `play` runs the lines without arrows and returns the whole story as it came about.
struct Story {
    /// How a story is run; none may make a difference.
    enum Manner: CaseIterable {
        case plainly
        /// Checkpoint and restore after every step.
        case restarting
        /// With a tick every five minutes between the lines, instead of at deadlines only.
        case ticking
    }

    /// Monday, 1 June 2026, 00:00 UTC.
    static let monday = Timestamp(milliseconds: 1_780_272_000_000)

    static let ada = Person(
        id: PersonID(high: 0xADA0_0000_0000_4000, low: 0x8000_0000_0000_0001), name: "ada",
        plan: WeeklyPlan(
            sessions: [
                PlannedSession(weekday: 2, activity: "walk", minutes: 30, intensity: 0.4...0.6),
                PlannedSession(weekday: 5, activity: "run", minutes: 40, intensity: 0.5...0.7),
            ], stepsGoal: 6000))

    static let actions: [String: Trigger.Action] = [
        "resting-tachycardia": Trigger.Action(
            kind: .alert, severity: .warning, recipients: ["person", "clinician"], title: "High heart rate at rest",
            text: "135 bpm for 10 minutes.", isEpisode: true),
        "resting-bradycardia": Trigger.Action(
            kind: .alert, severity: .warning, recipients: ["person", "clinician"], title: "Low heart rate at rest",
            text: "38 bpm for 10 minutes.", isEpisode: true),
        "sedentary-hour": Trigger.Action(
            kind: .reminder, severity: .info, recipients: ["person"], title: "Time to move",
            text: "12 steps in an hour.", isEpisode: false, repeatAfter: .hours(2)),
        "monthly-note": Trigger.Action(
            kind: .advice, severity: .info, recipients: ["person"], title: "A month in view", text: "", isEpisode: false
        ),
        "ease-after-overreach": Trigger.Action(
            kind: .plan, severity: .notice, recipients: ["person"], title: "Next session eased",
            text: "12 minutes above the range.", change: PlanChange(intensity: -0.1), isEpisode: false),
        "shorter-after-a-bad-night": Trigger.Action(
            kind: .plan, severity: .notice, recipients: ["person"], title: "Next session shortened",
            text: "The night was short.", change: PlanChange(intensity: -0.05, duration: .minutes(-10)),
            isEpisode: false),
        "rest-when-ill": Trigger.Action(
            kind: .plan, severity: .notice, recipients: ["person"], title: "A day of rest",
            text: "Three nights with a raised heart rate.", change: PlanChange(rest: true), isEpisode: false),
        "build-up": Trigger.Action(
            kind: .plan, severity: .info, recipients: ["person"], title: "Ready for more",
            text: "Four sessions within range.", change: PlanChange(intensity: 0.1, duration: .minutes(5)),
            isEpisode: false),
    ]

    var person = Story.ada
    var zone = Zone.utc
    var care: PersonCare
    var ids: [String: EventID] = [:]
    var events: [Event] = []
    var now = Story.monday

    init(person: Person = Story.ada, zone: Zone = .utc) throws(WireError) {
        self.person = person
        self.zone = zone
        care = try PersonCare(person: person, zone: zone, identify: Story.identify)
    }

    /// A stand-in for SHA-256 that never maps two of a test's episodes to one id.
    static let identify: PersonCare.Identify = { rule, kind, onset, transition in
        var high: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in (rule + "/" + kind.rawValue).utf8 { high = (high ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return EventID(high: high, low: UInt64(bitPattern: onset.milliseconds) << 16 | UInt64(transition))
    }

    /// Runs every line and returns the story with what came of it.
    static func play(
        _ text: String, person: Person = Story.ada, zone: Zone = .utc, _ manner: Manner
    ) throws -> String {
        var story = try Story(person: person, zone: zone)
        var told: [String] = []
        for line in text.split(separator: "\n") where !line.contains("->") {
            let time = try #require(story.time(String(line.prefix(9))), "no time in “\(line)”")
            told += try story.pass(to: time, manner)
            told.append(String(line))
            told += try story.step(String(line.dropFirst(11)), at: time, manner)
        }
        return told.joined(separator: "\n")
    }

    /// `Tue 14:05`, or `TUE 14:05` for the week after.
    func time(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
        guard parts.count == 2, let day = days.firstIndex(of: String(parts[0])) else { return nil }
        return clock(String(parts[1]), dayOf: zone.day(of: Story.monday) + Int32(day))
    }

    func clock(_ text: String, dayOf day: LocalDay) -> Timestamp? {
        let numbers = text.split(separator: ":").compactMap { Int64($0) }
        guard numbers.count == 2 else { return nil }
        return zone.start(of: day) + .minutes(numbers[0] * 60 + numbers[1])
    }

    mutating func pass(to time: Timestamp, _ manner: Manner) throws -> [String] {
        var told: [String] = []
        if manner == .ticking {
            while now + .minutes(5) < time {
                now = now + .minutes(5)
                told += tell(care.advance(to: now))
            }
        }
        while let deadline = care.nextDeadline, deadline <= time {
            told += tell(care.advance(to: deadline))
            try restart(manner)
        }
        now = time
        return told
    }

    mutating func step(_ text: String, at time: Timestamp, _ manner: Manner) throws -> [String] {
        let words = text.split(separator: " ").map(String.init)
        defer { now = time }
        var told: [String]
        if words.count >= 2, ["opens", "clears"].contains(words[1]) {
            let rule = words[0]
            var onset = time - .minutes(10)
            if words.count == 4, let since = clock(String(words[3].dropLast()), dayOf: zone.day(of: time)) {
                onset = since
            }
            let action = try #require(Story.actions[rule], "no rule “\(rule)”")
            told = tell(
                care.handle(
                    Trigger(
                        rule: rule, edge: words[1] == "opens" ? .opened : .cleared, onset: onset, decided: time,
                        action: action, evidence: Evidence(file: "\(rule).json5", fileHash: "", clauses: []))))
        } else if words.count >= 3, ["acknowledges", "accepts", "declines"].contains(words[1]) {
            let event = ids[words[2]] ?? EventID(high: 0, low: 0)
            let action: Command.Action =
                switch words[1] {
                case "accepts": .acceptPlan(event)
                case "declines": .declinePlan(event)
                default: .acknowledge(event, comment: words.dropFirst(3).joined(separator: " "))
                }
            let command = Command(id: CommandID(high: 1, low: 1), actor: words[0], action: action)
            told =
                switch care.handle(command, at: time) {
                case .events(let events): tell(events)
                case .refused(let why): ["        -> refused: \(why)"]
                }
        } else if text == "a session takes place" {
            told = tell(care.sessionCompleted(day: zone.day(of: time), at: time))
        } else if text == "the plan of the day" {
            let day = zone.day(of: time)
            let plan = care.session(on: day).map { session in
                let (low, high) = (session.intensity.lowerBound, session.intensity.upperBound)
                return "\(session.activity), \(care.wording.number(session.minutes)) min, "
                    + "\(care.wording.percent(low)) to \(care.wording.percent(high))"
            }
            told = ["        -> \(plan ?? "rest")"]
        } else {
            told = tell(care.advance(to: time))
        }
        try restart(manner)
        return told
    }

    private mutating func restart(_ manner: Manner) throws {
        guard manner == .restarting else { return }
        let bytes = care.checkpoint()
        care = try PersonCare(person: person, zone: zone, identify: Story.identify, restoring: bytes)
        #expect(care.checkpoint() == bytes)
    }

    private mutating func tell(_ new: [Event]) -> [String] {
        events += new
        for event in new { ids[event.rule] = event.id }
        return new.map { event in
            let causes = event.causes.isEmpty ? "" : " (after \(event.causes.count))"
            return "        -> \(event.kind.rawValue) \(event.phase.rawValue)\(causes) "
                + "to \(event.recipients.joined(separator: ", ")): \(event.title) | \(event.text)"
        }
    }
}

/// Plays a story in every manner and expects it to come out as written.
func expectStory(
    _ text: String, person: Person = Story.ada, zone: Zone = .utc, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for manner in Story.Manner.allCases {
        let told = try Story.play(text, person: person, zone: zone, manner)
        #expect(told == text, "run \(manner)", sourceLocation: sourceLocation)
    }
}
