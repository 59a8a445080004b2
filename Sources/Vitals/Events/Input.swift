/// Everything a decision can depend on. A recording is a list of these; replaying it gives the same events.
///
/// The hub stamps inputs with times that never go backward. Ticks are not inputs of their own: the path runs every tick
/// that became due before it takes the next input, so times alone fix them.
public struct Input: Hashable, Sendable {
    /// Hub time at which the hub took it.
    public var at: Timestamp
    public var body: Body

    public enum Body: Hashable, Sendable {
        /// Bytes of one device, as one read or one notification delivered them. `input` names the profile's input.
        case frame(device: DeviceID, input: String, bytes: [UInt8])
        case link(device: DeviceID, state: LinkState, reason: String)
        /// Already decoded samples of one person, from a file.
        case samples(person: PersonID, [Sample])
        case command(Command)
        /// The wall clock was set: new offset minus old.
        case clock(step: TimeSpan)
        /// The machine slept.
        case suspended(TimeSpan)
        /// A commit failed (`false`) or works again (`true`). With a reason it works, but part of what it held was found
        /// damaged, and put aside.
        case store(works: Bool, reason: String)
        /// Commits went that a follower of the store did not have; so many since it first followed.
        case followerLost(name: String, commits: Int)
        /// Samples were dropped that waited for a store that could not be written: memory was full.
        case samplesLost(Int)
        /// A configuration came into force.
        case configuration(Configured)
        /// Nothing but the passing of time; the last record of a recording.
        case time
    }

    public init(at: Timestamp, _ body: Body) {
        self.at = at
        self.body = body
    }
}

/// How a device's link is.
public enum LinkState: UInt8, CaseIterable, Sendable {
    case connected = 0, lost, plugged, silent

    public var name: String {
        switch self {
        case .connected: "connected"
        case .lost: "lost"
        case .plugged: "plugged"
        case .silent: "silent"
        }
    }
}

/// The configuration in force, whole: a recording that holds it needs no other file to replay.
public struct Configured: Hashable, Sendable {
    /// One file's content.
    public struct File: Hashable, Sendable {
        public var path: String
        public var text: String
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    public var people: [Person]
    public var devices: [Device]
    public var assignments: [Assignment]
    public var profiles: [File]
    public var rules: [File]

    public init(
        people: [Person], devices: [Device], assignments: [Assignment], profiles: [File], rules: [File]
    ) {
        self.people = people
        self.devices = devices
        self.assignments = assignments
        self.profiles = profiles
        self.rules = rules
    }
}
