import Vitals

/// Commits that wait for a store that cannot be written, oldest first, in memory that is bounded.
struct Backlog {
    private(set) var commits: [Commit] = []
    /// Samples that were dropped and not yet told of.
    private(set) var dropped = 0

    /// Commits that wait; older ones are joined.
    static let longest = 900
    /// Samples that wait with them: a day of eight series at one a second, about 35 MB.
    static let mostSamples = 700_000

    var isEmpty: Bool { commits.isEmpty }
    var count: Int { commits.count }
    var first: Commit? { commits.first }

    mutating func append(_ commit: Commit) { commits.append(commit) }
    /// Puts a commit before all that wait.
    mutating func prepend(_ commit: Commit) { commits.insert(commit, at: 0) }
    mutating func removeFirst() { commits.removeFirst() }

    /// Keeps within the bounds: the oldest samples are dropped, and counted. Events, commands and states stay: they are few,
    /// and somebody was told of them.
    ///
    /// - Returns: How many samples were dropped now.
    mutating func shorten() -> Int {
        var waiting = commits.reduce(0) { $0 + $1.sampleCount }
        let before = waiting
        for i in commits.indices where waiting > Self.mostSamples {
            waiting -= commits[i].sampleCount
            commits[i].samples = []
        }
        if commits.count > Self.longest {
            // Two commits that follow each other say the same as one.
            let first = commits.removeFirst()
            commits[0].absorb(earlier: first)
        }
        dropped += before - waiting
        return before - waiting
    }

    /// How many samples were dropped since it was asked last.
    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}

extension Commit {
    fileprivate var sampleCount: Int { samples.reduce(0) { $0 + $1.samples.count } }

    /// Puts what an earlier commit holds in front of this one; of a component's two states this one's stays.
    fileprivate mutating func absorb(earlier: Commit) {
        samples = earlier.samples + samples
        events = earlier.events + events
        outbox = earlier.outbox + outbox
        commands = earlier.commands + commands
        records = earlier.records + records
        forgotten = earlier.forgotten + forgotten
        let newer = Set(states.map { StateKey(person: $0.person, component: $0.component) })
        states =
            earlier.states.filter { !newer.contains(StateKey(person: $0.person, component: $0.component)) } + states
        if people.isEmpty { people = earlier.people }
        if devices.isEmpty { devices = earlier.devices }
        if assignments.isEmpty { assignments = earlier.assignments }
    }

    private struct StateKey: Hashable {
        var person: PersonID?
        var component: String
    }
}
