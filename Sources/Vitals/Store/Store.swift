/// Which store this is. The epoch is drawn anew on creation, restore and repair, so that a follower notices.
public struct StoreIdentity: Hashable, Sendable {
    public var hub: HubID
    public var epoch: UInt64

    public init(hub: HubID, epoch: UInt64) {
        self.hub = hub
        self.epoch = epoch
    }
}

/// What enters the store in one transaction, under one sequence number.
public struct Commit: Hashable, Sendable {
    public var at: Timestamp
    public var samples: [PersonSamples] = []
    public var events: [Event] = []
    public var outbox: [OutboxItem] = []
    public var states: [ComponentState] = []
    public var commands: [AppliedCommand] = []
    public var people: [Person] = []
    public var devices: [Device] = []
    public var assignments: [Assignment] = []
    public var records: [Record] = []
    /// People whose data is erased with this commit, before all else in it.
    public var forgotten: [Forgotten] = []

    public init(at: Timestamp) { self.at = at }

    public var isEmpty: Bool {
        samples.isEmpty && events.isEmpty && outbox.isEmpty && states.isEmpty && commands.isEmpty && people.isEmpty
            && devices.isEmpty && assignments.isEmpty && records.isEmpty && forgotten.isEmpty
    }
}

/// Samples of one person, in the order the path took them.
public struct PersonSamples: Hashable, Sendable {
    public var person: PersonID
    public var samples: [Sample]

    public init(person: PersonID, samples: [Sample]) {
        self.person = person
        self.samples = samples
    }
}

/// The state of one component for one person (or the hub, when `person` is nil): opaque, versioned, replaced whole.
public struct ComponentState: Hashable, Sendable {
    public var person: PersonID?
    /// Name of the component, e.g. `intake`, `rules`, `care`, `panes/hours/19710`.
    public var component: String
    public var version: Int
    public var bytes: [UInt8]

    public init(person: PersonID?, component: String, version: Int, bytes: [UInt8]) {
        self.person = person
        self.component = component
        self.version = version
        self.bytes = bytes
    }
}

/// An event on its way to a recipient; delivered at least once, under a stable id.
public struct OutboxItem: Hashable, Sendable {
    public var event: EventID
    public var person: PersonID
    public var recipient: String

    public init(event: EventID, person: PersonID, recipient: String) {
        self.event = event
        self.person = person
        self.recipient = recipient
    }
}

/// A command and when it took effect.
public struct AppliedCommand: Hashable, Sendable {
    public var command: Command
    public var at: Timestamp

    public init(command: Command, at: Timestamp) {
        self.command = command
        self.at = at
    }
}

/// One line of `vitald series`.
public struct SeriesSummary: Hashable, Sendable {
    public var key: SeriesKey
    public var count: Int
    public var first: Timestamp
    public var last: Timestamp

    public init(key: SeriesKey, count: Int, first: Timestamp, last: Timestamp) {
        self.key = key
        self.count = count
        self.first = first
        self.last = last
    }
}

/// Which events to read; `nil` asks for all.
public struct EventFilter: Hashable, Sendable {
    public var person: PersonID?
    public var kind: Event.Kind?
    /// By `decided`.
    public var range: TimeRange
    /// The newest so many.
    public var limit: Int?

    public init(person: PersonID? = nil, kind: Event.Kind? = nil, range: TimeRange = .all, limit: Int? = nil) {
        self.person = person
        self.kind = kind
        self.range = range
        self.limit = limit
    }
}

/// Where samples, events and component states rest. One writer, many readers.
///
/// Not `Sendable`: whoever opened a store owns it. `commit` is atomic and durable when it returns; after an error
/// nothing of it is in the store. Sequence numbers are dense: 1, 2, 3 …, never reused within an epoch.
public protocol Store: AnyObject {
    var identity: StoreIdentity { get }
    /// Number of the last commit; 0 for an empty store.
    var sequence: UInt64 { get }

    /// Writes `commit` in one transaction and returns its sequence number.
    ///
    /// Applying the same content again is harmless: a sample is keyed by person, metric, source and time (the higher
    /// revision wins), an event and a command by id, a state by person and component, a record by id (the higher revision wins).
    @discardableResult
    func commit(_ commit: Commit) throws(StoreError) -> UInt64

    func people() throws(StoreError) -> [Person]
    func devices() throws(StoreError) -> [Device]
    func assignments() throws(StoreError) -> [Assignment]
    func states(of person: PersonID?) throws(StoreError) -> [ComponentState]
    func hasApplied(_ command: CommandID) throws(StoreError) -> Bool

    func series(of person: PersonID?) throws(StoreError) -> [SeriesSummary]
    /// Samples of one person with `time` in `range`, in order of time; `metrics` empty asks for all.
    ///
    /// A store may forget when a sample was received after a minute or more, and then tells its own time, unless it was late
    /// (``Quality/late``).
    func samples(
        of person: PersonID, metrics: Set<Metric>, in range: TimeRange,
        _ body: (Sample) -> Void
    ) throws(StoreError)
    /// What the samples of each series come to, bucket by bucket: one result for each series that has a usable sample in them,
    /// in order of person, metric and source; sources are not mixed.
    ///
    /// Answers from sums that a store keeps, where it keeps them: a month by five minutes costs about a thousandth of reading
    /// its samples. Where samples are gone and only sums of longer stretches are left, each counts in the bucket in which
    /// its stretch begins.
    ///
    /// - Parameters:
    ///   - person: `nil` asks for everyone.
    ///   - metrics: empty asks for all.
    func aggregates(
        of person: PersonID?, metrics: Set<Metric>, in buckets: TimeBuckets
    ) throws(StoreError) -> [SeriesAggregates]
    /// Events in order of `decided`, oldest first.
    func events(_ filter: EventFilter) throws(StoreError) -> [Event]
    /// Events whose id begins with these hexadecimal digits (hyphens ignored).
    func events(idPrefix: String) throws(StoreError) -> [Event]
    func outbox() throws(StoreError) -> [OutboxItem]
    /// Records in force, in order of `at`; `nil` asks for everybody's, or all kinds. Without payloads.
    func records(of person: PersonID?, kind: Record.Kind?) throws(StoreError) -> [Record]
    /// One record, with its payload; a tombstone where it was taken back, `nil` where there never was one.
    func record(_ id: RecordID) throws(StoreError) -> Record?
    /// Every command that was applied, in order of the commits that have them, with the number of that commit: the events of the
    /// same commit are its effect.
    func commands() throws(StoreError) -> [(sequence: UInt64, command: AppliedCommand)]
    /// Those whose data was erased.
    func forgotten() throws(StoreError) -> [Forgotten]

    // MARK: Following

    /// Commits after `sequence`, oldest first: as many as fit into `bytes`, but one at least.
    ///
    /// What is given is the same bytes each time. Commits are kept for followers only (``follow(_:after:at:)``): what came
    /// without one is told as missing.
    ///
    /// - Throws: `.other` when `sequence` is beyond the last commit: that number is of another store, or of another epoch.
    func feed(after sequence: UInt64, atMost bytes: Int) throws(StoreError) -> FeedPage
    /// Calls `body` with all there is, from one snapshot, as commits that make an empty store equal to this one, in constant
    /// memory. Returns the number of the commit it is the state after: whoever has the copy goes on from there.
    func copy(_ body: (Commit) throws(StoreError) -> Void) throws(StoreError) -> UInt64
    func followers() throws(StoreError) -> [Follower]
    /// Says that a follower has everything up to `sequence`. One that is new is remembered, durably, and from then on commits
    /// are kept for it; one that is known may go forward, or backward to be sent again what came since. A move is
    /// durable with the next commit: one that is lost means that something is sent twice, which is harmless.
    func follow(_ name: String, after sequence: UInt64, at: Timestamp) throws(StoreError)
    /// Forgets a follower. After the last one nothing is kept any more. Returns whether there was one.
    @discardableResult
    func unfollow(_ name: String) throws(StoreError) -> Bool
}

/// What went wrong with a store, and what to do.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No such file.
        case missing
        /// Written by a newer vitald; left untouched.
        case newer
        /// Another process holds the writer's lock.
        case locked
        /// Not a vitald store, or damaged.
        case damaged
        /// Encrypted, and the key is missing or another one; or a key was given for a store that is not encrypted.
        case sealed
        /// The disk is full, read-only or failing.
        case unwritable
        /// Anything else SQLite reports.
        case other
    }

    public var code: Code
    /// Path of the store.
    public var path: String
    /// What happened and what to do about it.
    public var message: String

    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}
