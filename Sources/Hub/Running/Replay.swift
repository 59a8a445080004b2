import Links
import Vitals

/// Runs recordings and sample files through the whole path.
///
/// Sample files drive the hub clock by the samples' own times, "as if timely". Into a store, a replay goes on where the
/// last commit of the same input ended.
public struct Replay {
    /// How many inputs are taken between two commits when nothing else is asked for: about the work of 20 ms.
    public static let defaultBatch = 8192

    /// What a replay does with what it decides.
    public struct Sink {
        /// Called with the events of each batch, after they were committed.
        public var events: ([Event]) throws -> Void
        /// Called after each commit: sequence number, inputs consumed, inputs in all.
        public var committed: (UInt64, Int, Int) -> Void

        public init(events: @escaping ([Event]) throws -> Void, committed: @escaping (UInt64, Int, Int) -> Void) {
            self.events = events
            self.committed = committed
        }
    }

    private let pipeline: Pipeline
    private let store: (any Store)?
    private let sink: Sink
    private let batch: Int
    /// Names the input, so that a resumed replay knows its place.
    private let cursor: ReplayCursor
    private var position: Int

    /// - Parameters:
    ///   - input: Hash of everything that is fed in; a cursor in the store with the same hash is resumed.
    private init(pipeline: Pipeline, store: (any Store)?, input: ContentHash, batch: Int, sink: Sink) throws {
        self.pipeline = pipeline
        self.store = store
        self.sink = sink
        self.batch = max(1, batch)
        let cursor = ReplayCursor(input: input)
        self.cursor = cursor
        position = try store.map { try cursor.position(in: $0) } ?? 0
    }

    // MARK: Sample files

    /// Replays samples of one person, in order of time.
    public static func samples(
        _ samples: [Sample], of person: Person, configured: Configured, input: ContentHash, store: (any Store)?,
        batch: Int = defaultBatch, sink: Sink
    ) throws {
        let pipeline: Pipeline
        if let store {
            pipeline = try Pipeline(resuming: store, configured: configured)
            try HistoryRenewal.runAll(pipeline, store: store)
        } else {
            pipeline = try Pipeline(hub: HubID(derivedFrom: "replay"), configured: configured)
        }
        var replay = try Replay(pipeline: pipeline, store: store, input: input, batch: batch, sink: sink)
        if replay.position == 0, let first = samples.first, first.received < pipeline.now {
            throw ReplayError(
                "the store's clock stands at \(pipeline.now), the files begin at \(first.time): what is past decides "
                    + "nothing; use 'vitald import', or another store")
        }
        try replay.begin(configured)
        while replay.position < samples.count {
            let end = min(replay.position + replay.batch, samples.count)
            pipeline.take(samples[replay.position..<end], of: person.id)
            replay.position = end
            // The last pane is decided, too: a file ends, the person's day does not.
            if end == samples.count { pipeline.advance(to: pipeline.now + Ticks.pane + Ticks.grace + .milliseconds(1)) }
            try replay.commit(of: samples.count)
        }
    }

    // MARK: Recordings

    /// Replays a recording; afterwards `reader` knows whether its end was torn.
    public static func recording(
        _ reader: inout RecordingReader, input: ContentHash, store: (any Store)?, batch: Int = defaultBatch, sink: Sink
    ) throws {
        let header = reader.header
        let pipeline: Pipeline
        let isResumed = try store.map { try ReplayCursor(input: input).position(in: $0) > 0 } ?? false
        if let store, !isResumed, store.sequence > 0 {
            throw ReplayError("the store holds something else already; replay a recording into a new store")
        }
        if let store, isResumed {
            pipeline = try Pipeline(resuming: store, configured: header.configured)
        } else {
            pipeline = try Pipeline(
                hub: header.hub, configured: header.configured, states: header.states, recent: header.recent)
        }
        var replay = try Replay(pipeline: pipeline, store: store, input: input, batch: batch, sink: sink)
        if !isResumed { try replay.begin(header.configured, states: header.states, recent: header.recent) }
        for _ in 0..<replay.position { _ = try reader.next() }
        while let next = try reader.next() {
            pipeline.take(next)
            replay.position += 1
            if replay.position % replay.batch == 0 { try replay.commit(of: nil) }
        }
        try replay.commit(of: nil)
    }

    // MARK: Commits

    /// Puts people and devices, and what a recording began with, into a store that has not seen them.
    private func begin(
        _ configured: Configured, states: [ComponentState] = [], recent: [PersonSamples] = []
    ) throws {
        guard let store, position == 0 else { return }
        var commit = Commit(at: pipeline.now)
        commit.people = configured.people
        commit.devices = configured.devices + [.detectors]
        commit.assignments = configured.assignments
        commit.states = states
        commit.samples = recent
        try store.commit(commit)
    }

    private func commit(of total: Int?) throws {
        var commit = pipeline.takeCommit()
        if let store {
            commit.states.append(cursor.state(at: position))
            let sequence = try store.commit(commit)
            sink.committed(sequence, position, total ?? position)
        }
        if !commit.events.isEmpty { try sink.events(commit.events) }
    }
}

/// How far an input has been replayed into a store, kept in the same commit as its effects.
struct ReplayCursor {
    private let component: String
    private static let version = 1

    init(input: ContentHash) { component = "replay/\(input)" }

    func position(in store: any Store) throws -> Int {
        guard let state = try store.states(of: nil).first(where: { $0.component == component }) else { return 0 }
        var reader = ByteReader(state.bytes)
        return try reader.count()
    }

    func state(at position: Int) -> ComponentState {
        var writer = ByteWriter()
        writer.count(position)
        return ComponentState(person: nil, component: component, version: Self.version, bytes: writer.bytes)
    }
}

/// Why a replay cannot go into a store.
public struct ReplayError: Error, Sendable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}
