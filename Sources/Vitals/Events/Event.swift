/// Something the hub tells: an alert, a reminder, a plan change, advice, an assessment, a lost or found source.
///
/// An episode (one rule, one person, one onset) is a chain of events: its opening has transition 0, every later change
/// (acknowledged, resolved…) the next number and the opening among its `causes`. The id is the first 128 bits of
/// SHA-256 over person, rule, kind, episode onset and transition, so deciding again gives the same id.
public struct Event: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable { case alert, reminder, plan, advice, assessment, source }
    public enum Phase: String, CaseIterable, Sendable {
        case opened, acknowledged, resolved, expired, applied, proposed, declined, done, missed
    }

    public var id: EventID
    public var person: PersonID
    public var kind: Kind
    public var phase: Phase
    /// Name of the rule; for `source` events `source:` and the device's name.
    public var rule: String
    public var severity: Severity
    /// When it began in the body.
    public var onset: Timestamp
    /// When the hub knew.
    public var decided: Timestamp
    /// Number in the episode, 0 for the opening.
    public var transition: Int
    public var title: String
    public var text: String
    /// Who is to be told: `person`, `family`, `clinician`.
    public var recipients: [String]
    /// The rule's expressions with the value of every node; `nil` for source events.
    public var evidence: Evidence?
    /// Earlier events this one follows from.
    public var causes: [EventID]

    public init(
        id: EventID, person: PersonID, kind: Kind, phase: Phase, rule: String, severity: Severity, onset: Timestamp,
        decided: Timestamp, transition: Int, title: String, text: String, recipients: [String] = ["person"],
        evidence: Evidence? = nil, causes: [EventID] = []
    ) {
        self.id = id
        self.person = person
        self.kind = kind
        self.phase = phase
        self.rule = rule
        self.severity = severity
        self.onset = onset
        self.decided = decided
        self.transition = transition
        self.title = title
        self.text = text
        self.recipients = recipients
        self.evidence = evidence
        self.causes = causes
    }
}

/// How much an event matters, weakest first.
public enum Severity: UInt8, CaseIterable, Comparable, Sendable {
    case info = 0, notice, warning, urgent

    public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

    public var name: String {
        switch self {
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .urgent: "urgent"
        }
    }

    public init?(name: String) {
        guard let match = Severity.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}

/// Why a rule decided what it did: each of its expressions with the value of every node at that moment.
public struct Evidence: Hashable, Sendable {
    /// Name of the clause that says how late data may come; its root is that duration.
    public static let lateClause = "late"

    /// Path of the rule file as loaded, and its content hash (SHA-256, hexadecimal).
    public var file: String
    public var fileHash: String
    /// `when`, `needs`, `clear` … in the order of the rule file.
    public var clauses: [Clause]

    public struct Clause: Hashable, Sendable {
        public var name: String
        /// Where the expression begins in the file, 1-based.
        public var line: Int
        public var column: Int
        public var root: Node

        public init(name: String, line: Int, column: Int, root: Node) {
            self.name = name
            self.line = line
            self.column = column
            self.root = root
        }
    }

    /// One subexpression.
    public struct Node: Hashable, Sendable {
        /// Its source text.
        public var text: String
        /// NaN when unknown; 1 or 0 for booleans; milliseconds for durations.
        public var value: Double
        public var type: ValueType
        /// For features: window, coverage, count and sources.
        public var detail: FeatureDetail?
        public var children: [Node]

        public init(text: String, value: Double, type: ValueType, detail: FeatureDetail? = nil, children: [Node] = []) {
            self.text = text
            self.value = value
            self.type = type
            self.detail = detail
            self.children = children
        }
    }

    public init(file: String, fileHash: String, clauses: [Clause]) {
        self.file = file
        self.fileHash = fileHash
        self.clauses = clauses
    }
}

extension Evidence.Node {
    /// Unknown equals unknown: NaN is a value here.
    public static func == (a: Self, b: Self) -> Bool {
        a.value.known == b.value.known && a.text == b.text && a.type == b.type && a.detail == b.detail
            && a.children == b.children
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(value.known)
        hasher.combine(children)
    }
}

/// The three types of the expression language.
public enum ValueType: UInt8, Sendable { case number = 0, duration, boolean }
