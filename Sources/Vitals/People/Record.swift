/// Something that was written down about a person, or given to be kept: a fact, a goal, a note, a document…
///
/// All kinds share what they need to travel: a random id, a revision that grows with each change (the higher one wins), the
/// person, who wrote it and when. A record that is taken back stays as a tombstone: `content` is `nil`.
public struct Record: Hashable, Sendable {
    public enum Kind: UInt8, CaseIterable, Sendable {
        case fact = 1
        case goal, grant, feedback, note, plan, document

        public var name: String {
            switch self {
            case .fact: "fact"
            case .goal: "goal"
            case .grant: "grant"
            case .feedback: "feedback"
            case .note: "note"
            case .plan: "plan"
            case .document: "document"
            }
        }
    }

    /// What the kinds say. Texts are as they were written, in any language.
    public enum Content: Hashable, Sendable {
        /// A word such as `beta_blocker`, for some time.
        case fact(String, TimeRange)
        /// What is to be reached, in words, and as a daily value of a metric where it is one.
        case goal(String, metric: Metric?, value: Double?, TimeRange)
        /// Somebody may see the person's data: their name, their role (`family`, `clinician`), for some time.
        case grant(to: String, role: String, TimeRange)
        /// What the person thought of an event: from −1 (wrong, useless) to 1 (right, helpful).
        case feedback(EventID, score: Double, comment: String)
        case note(String)
        /// A plan of exercise as somebody set it, with the reason.
        case plan(WeeklyPlan, reason: String)
        /// A file; its bytes are the record's payload.
        case document(name: String, mediaType: String, size: Int)
    }

    public var id: RecordID
    /// From 1; of two with one id the higher one is in force.
    public var revision: UInt32
    public var person: PersonID
    public let kind: Kind
    public var at: Timestamp
    /// Name of who wrote it; empty when that is not known.
    public var author: String
    public private(set) var content: Content?
    /// The bytes of a document, 20 MB at most; left out of lists.
    public var payload: [UInt8]

    /// Bytes of a payload, at most.
    public static let mostBytes = 20 << 20

    public init(
        id: RecordID, revision: UInt32 = 1, person: PersonID, at: Timestamp, author: String, _ content: Content,
        payload: [UInt8] = []
    ) {
        self.id = id
        self.revision = revision
        self.person = person
        kind = content.kind
        self.at = at
        self.author = author
        self.content = content
        self.payload = payload
    }

    /// The tombstone of a record.
    public init(deleting record: Record, at: Timestamp, author: String) {
        self.init(
            tombstone: record.id, record.kind, revision: record.revision == .max ? .max : record.revision + 1,
            person: record.person, at: at, author: author)
    }

    init(tombstone id: RecordID, _ kind: Kind, revision: UInt32, person: PersonID, at: Timestamp, author: String) {
        self.id = id
        self.kind = kind
        self.revision = revision
        self.person = person
        self.at = at
        self.author = author
        payload = []
    }

    /// One line that says what it is, for lists; empty for a tombstone.
    public var text: String {
        switch content {
        case .fact(let word, _): word
        case .goal(let text, _, _, _): text
        case .grant(let name, let role, _): "\(name) (\(role))"
        case .feedback(_, let score, let comment): comment.isEmpty ? "\(score)" : "\(score): \(comment)"
        case .note(let text): text
        case .plan(_, let reason): reason
        case .document(let name, _, _): name
        case nil: ""
        }
    }
}

extension Record.Content {
    public var kind: Record.Kind {
        switch self {
        case .fact: .fact
        case .goal: .goal
        case .grant: .grant
        case .feedback: .feedback
        case .note: .note
        case .plan: .plan
        case .document: .document
        }
    }
}

public typealias RecordID = Identifier<Record>

/// A person whose data was erased. Named by the SHA-256 of the id alone, so that who holds no data of the person learns nothing,
/// and who does can tell whom to erase.
public struct Forgotten: Hashable, Sendable {
    /// 32 bytes.
    public var digest: [UInt8]
    public var at: Timestamp

    public init(digest: [UInt8], at: Timestamp) {
        self.digest = digest
        self.at = at
    }
}
