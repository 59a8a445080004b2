/// A person's exercise plan: planned sessions by weekday, as the person or a clinician set them.
public struct WeeklyPlan: Hashable, Sendable {
    public var sessions: [PlannedSession]
    /// Steps a day, where set.
    public var stepsGoal: Int?

    public init(sessions: [PlannedSession] = [], stepsGoal: Int? = nil) {
        self.sessions = sessions
        self.stepsGoal = stepsGoal
    }
}

/// One planned session of the week.
public struct PlannedSession: Hashable, Sendable {
    /// ISO 8601: 1 Monday … 7 Sunday.
    public var weekday: Int
    /// A plain word: `walk`, `run`, `cycle`.
    public var activity: String
    public var minutes: Double
    /// Target zone as shares of heart-rate reserve, 0…1 (Karvonen 1957).
    public var intensity: ClosedRange<Double>

    public init(weekday: Int, activity: String, minutes: Double, intensity: ClosedRange<Double>) {
        self.weekday = weekday
        self.activity = activity
        self.minutes = minutes
        self.intensity = intensity
    }
}

/// What a rule proposes for coming sessions. Shares are relative changes: −0.10 is ten percent less.
public struct PlanChange: Hashable, Sendable {
    public var intensity: Double?
    public var duration: TimeSpan?
    /// Makes the next planned session a day of rest.
    public var rest: Bool
    /// Which sessions it applies to; `nextSession` is the first planned one within 72 hours.
    public var applies: Scope

    public enum Scope: UInt8, Sendable { case nextSession = 0 }

    public init(intensity: Double? = nil, duration: TimeSpan? = nil, rest: Bool = false, applies: Scope = .nextSession)
    {
        self.intensity = intensity
        self.duration = duration
        self.rest = rest
        self.applies = applies
    }
}

/// A change of the plan in force or waiting for an answer: with its reason, an end, and the guardrails it met.
public struct PlanAdjustment: Hashable, Sendable {
    public enum State: UInt8, Sendable { case proposed = 0, applied, declined, expired, done }

    /// The event that carries its reason and evidence.
    public var event: EventID
    public var rule: String
    public var change: PlanChange
    public var state: State
    /// The session it is for.
    public var day: LocalDay?
    /// When it lapses if no session took place.
    public var expires: Timestamp
    /// Limits that cut the change back, in plain words; empty when none did.
    public var guardrails: [String]

    public init(
        event: EventID, rule: String, change: PlanChange, state: State, day: LocalDay?, expires: Timestamp,
        guardrails: [String] = []
    ) {
        self.event = event
        self.rule = rule
        self.change = change
        self.state = state
        self.day = day
        self.expires = expires
        self.guardrails = guardrails
    }
}
