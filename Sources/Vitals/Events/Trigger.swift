/// What the rules decided at one tick for one person; `Care` turns it into events.
public struct Trigger: Hashable, Sendable {
    public enum Edge: UInt8, Sendable {
        /// The condition held for as long as the rule asks: an episode opens.
        case opened
        /// The open episode's `clear` became true: it resolves.
        case cleared
        /// The rule was switched off for this person while its episode was open: nobody knows whether it still holds.
        case withdrawn
    }

    public var rule: String
    public var edge: Edge
    /// When the condition began to hold (opened) or to be clear (cleared).
    public var onset: Timestamp
    public var decided: Timestamp
    public var action: Action
    public var evidence: Evidence

    /// The rule's `then`, with texts already rendered in the person's language.
    public struct Action: Hashable, Sendable {
        public var kind: Event.Kind
        public var severity: Severity
        public var recipients: [String]
        public var title: String
        public var text: String
        /// For `plan` rules.
        public var change: PlanChange?
        /// Whether the rule has a `clear` clause: without one an alert resolves when `when` stops holding.
        public var isEpisode: Bool
        /// At most so many openings a local day; 0 is no limit.
        public var dailyLimit: Int
        /// No second opening within this time of the last.
        public var repeatAfter: TimeSpan

        public init(
            kind: Event.Kind, severity: Severity, recipients: [String], title: String, text: String,
            change: PlanChange? = nil, isEpisode: Bool, dailyLimit: Int = 0, repeatAfter: TimeSpan = .zero
        ) {
            self.kind = kind
            self.severity = severity
            self.recipients = recipients
            self.title = title
            self.text = text
            self.change = change
            self.isEpisode = isEpisode
            self.dailyLimit = dailyLimit
            self.repeatAfter = repeatAfter
        }
    }

    public init(
        rule: String, edge: Edge, onset: Timestamp, decided: Timestamp, action: Action, evidence: Evidence
    ) {
        self.rule = rule
        self.edge = edge
        self.onset = onset
        self.decided = decided
        self.action = action
        self.evidence = evidence
    }
}
