import Vitals

/// What one person's care knows and does: alerts that are open, reminders that wait, changes of the exercise plan.
///
/// A value. It turns triggers (what the rules decided), commands (what people decided) and the passing of time into
/// events, and depends on nothing else: the same arguments in the same order give the same events, and a value restored
/// from `checkpoint()` goes on exactly where the old one stopped.
///
/// - An alert rule has at most one open episode: opened, then acknowledged any time, then resolved or, after
///   `alertLifetime`, expired. Each later event goes to the recipients of the opening.
/// - A reminder is told when its trigger opens. Whether it was followed is kept without an event (see `Reminder`).
/// - A plan change toward rest is applied at once, one toward more is proposed and waits for an answer. The weekly plan
///   itself is never written: `session(on:)` lays the changes in force over it.
///
/// Repeat intervals and daily limits belong to the rule engine. Onsets of one rule are expected not to go backward.
public struct PersonCare: Sendable {
    /// Id of an event of this person: from its rule, kind, episode onset and number in the episode.
    public typealias Identify =
        @Sendable (_ rule: String, _ kind: Event.Kind, _ onset: Timestamp, _ transition: Int) -> EventID

    /// What came of a command.
    public enum Outcome: Hashable, Sendable {
        case events([Event])
        /// One line for the acting person: what is the matter.
        case refused(String)
    }

    /// An alert nobody and nothing ended expires after this long: by then it says nothing about today any more.
    public static let alertLifetime = TimeSpan.days(7)
    /// How far ahead a change looks for its session (the first behaviour: "the next session within 72 h").
    public static let planHorizon = TimeSpan.hours(72)
    /// Ended plan changes are kept this long, to answer a late accept or decline with a reason.
    public static let answerHorizon = TimeSpan.days(7)

    public private(set) var person: Person
    public private(set) var zone: Zone
    let identify: Identify

    /// The latest episode of each rule that is neither a reminder nor a plan, by rule and kind.
    var episodes: [Episode] = []
    /// The latest reminder of each rule, by rule.
    public internal(set) var reminders: [Reminder] = []
    /// Plan changes in order of their decision.
    var changes: [Adjustment] = []
    /// The onset each plan rule last told of: a session is told once.
    var planOnsets: [PlanOnset] = []
    /// Set by every change of what `checkpoint()` holds.
    var hasChanged = false

    /// - Parameters:
    ///   - zone: the person's zone; local days, the ends of plan changes and clock times in texts follow it.
    ///   - restoring: what `checkpoint()` returned earlier; `nil` starts afresh.
    /// - Throws: when `restoring` is cut short, malformed or of a newer version.
    public init(person: Person, zone: Zone, identify: @escaping Identify, restoring: [UInt8]? = nil)
        throws(WireError)
    {
        self.person = person
        self.zone = zone
        self.identify = identify
        if let restoring { try restore(restoring) }
    }

    /// A new configuration: language, limits, plan and zone hold from now on; what is open stays open.
    public mutating func update(person: Person, zone: Zone) {
        self.person = person
        self.zone = zone
    }

    /// The alerts that are open, by rule.
    public var openAlerts: [Episode] { episodes.filter { $0.kind == .alert && $0.isOpen } }

    /// What the rules decided becomes events: none, or one.
    public mutating func handle(_ trigger: Trigger) -> [Event] {
        switch (trigger.action.kind, trigger.edge) {
        case (.reminder, .opened): [remind(trigger)]
        case (.reminder, .cleared): followed(trigger)
        case (.plan, .opened): plan(trigger)
        case (.reminder, .withdrawn), (.plan, .cleared), (.plan, .withdrawn): []
        case (_, .opened): open(trigger)
        case (_, .cleared): resolve(trigger)
        case (_, .withdrawn): withdraw(trigger)
        }
    }

    /// Lets time pass: what fell due by `decided` expires, in order of its deadline.
    ///
    /// Calling it at every tick or only at `nextDeadline` makes no difference to events and state, except for the
    /// `decided` of the events themselves.
    public mutating func advance(to decided: Timestamp) -> [Event] {
        var events: [Event] = []
        while let due = nextDeadline, due <= decided {
            if let event = expire(due: due, at: decided) { events.append(event) }
        }
        return events
    }

    /// The next moment at which `advance(to:)` has something to do although nothing else happens.
    public var nextDeadline: Timestamp? {
        var next: Timestamp?
        func consider(_ time: Timestamp?) {
            if let time { next = min(next ?? time, time) }
        }
        for episode in episodes { consider(episode.deadline) }
        for reminder in reminders { consider(reminder.deadline) }
        for change in changes { consider(change.deadline) }
        return next
    }

    /// One thing that is due at `due`: alerts before reminders before plan changes.
    private mutating func expire(due: Timestamp, at decided: Timestamp) -> Event? {
        hasChanged = true
        if let i = episodes.firstIndex(where: { $0.deadline == due }) { return expireEpisode(i, at: decided) }
        if let i = reminders.firstIndex(where: { $0.deadline == due }) {
            reminders[i].state = .missed
            return nil
        }
        if let i = changes.firstIndex(where: { $0.deadline == due }) { return expireChange(i, at: decided) }
        return nil
    }

    /// Local time of day, `HH:MM`, for texts.
    func clock(_ time: Timestamp) -> String { zone.clock(time) }

    var wording: Wording { Wording(language: person.language) }
}
