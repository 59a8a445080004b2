import Profiles
import Vitals

/// The one path: inputs in, commits out.
///
/// A function of its initial state and its inputs: no clock, no randomness, no I/O. Ticks follow from the times of the
/// inputs, so the same inputs give the same events however they are cut into batches. Owned by one task at a time.
public final class Pipeline {
    /// What has been decided since the last `takeCommit`.
    public internal(set) var pending: Commit
    /// Hub time of the latest input or tick.
    public private(set) var now: Timestamp
    private var household: Household
    /// The profiles in force.
    var profiles: ProfileLibrary { household.profiles }
    var people: [PersonPath] = []
    private(set) var index: [PersonID: Int] = [:]
    private var devices = DeviceTable()
    /// What the last frame meant; kept for its memory.
    private var decoded = Decoded()
    private var sources: SourceWatch
    private var lastTick: Timestamp
    /// The next tick of each person, beside `people`.
    private var due: [Timestamp] = []
    /// The first of them.
    private var earliest = Timestamp.distantFuture
    /// When it is to be decided; inputs before it need no look at the ticks.
    private var nextDecision: Timestamp { earliest + Ticks.grace }
    /// Whose state may have changed since the last commit, beside `people`.
    private var touched: [Bool] = []
    private var savedHub: [UInt8] = []
    private let hub: HubID

    /// - Parameters:
    ///   - states: The component states of the last commit; empty for a new store.
    ///   - recent: Stored samples of at least the last 24 hours, from which windows are rebuilt.
    public init(
        hub: HubID, configured: Configured, states: [ComponentState] = [], recent: [PersonSamples] = []
    ) throws(PathError) {
        self.hub = hub
        household = Household(configured)
        let saved = try HubState(states)
        lastTick = saved.lastTick
        now = saved.now
        sources = saved.sources
        pending = Commit(at: saved.now)
        let samples = Dictionary(recent.map { ($0.person, $0.samples) }, uniquingKeysWith: +)
        for person in household.people {
            add(
                try PersonPath(
                    person: person, household: household, restoring: states.filter { $0.person == person.id },
                    recent: samples[person.id] ?? []))
        }
        devices = DeviceTable(household, people: index)
        devices.restore(states, packed: saved.decoders)
    }

    private func add(_ path: PersonPath) {
        index[path.person.id] = people.count
        people.append(path)
        touched.append(false)
        due.append(.distantFuture)
        wake(people.count - 1)
    }

    /// Rules and profiles that were put aside, one message each.
    public var problems: [String] { household.problems }
    /// Frames that did not parse, and readings that were put aside or doubted, by device and kind.
    public var diagnostics: [(device: DeviceID, kind: String, count: Int)] {
        devices.entries.flatMap { entry in
            var counts = entry.decoder?.counts ?? [:]
            for path in people {
                for one in path.counts(of: entry.device.id).named { counts[one.word, default: 0] += one.count }
            }
            return counts.sorted { $0.key < $1.key }.map { (entry.device.id, $0.key, $0.value) }
        }
    }

    /// The newest frame of a device that did not parse, in hexadecimal.
    func offending(of device: DeviceID) -> String? {
        devices.entries.first { $0.device.id == device }?.decoder?.offending
    }

    // MARK: Inputs

    /// Takes one input. Its time is raised to the latest seen: hub time never goes back.
    public func take(_ input: Input) {
        let at = max(input.at, now)
        switch input.body {
        case .samples(let person, let samples): return take(samples[...], of: person)
        case .suspended(let span): return suspend(span, until: at)
        default: advance(to: at)
        }
        switch input.body {
        case .frame(let device, let name, let bytes): decode(bytes, from: device, input: name, at: at)
        case .link(let device, let state, let reason): linkChanged(device, state, reason, at: at)
        case .command(let command): _ = apply(command, at: at)
        case .configuration(let configured): reconfigure(configured)
        case .store(let works, let reason): storeChanged(works: works, reason: reason, at: at)
        case .followerLost(let name, let commits): followerLost(name, commits, at: at)
        case .samplesLost(let count): samplesLost(count, at: at)
        case .clock(let step): clockSet(step, at: at)
        case .samples, .suspended, .time: break
        }
    }

    /// Takes samples of one person, each at its own `received`.
    ///
    /// - Complexity: O(count) plus the ticks that fall due.
    public func take(_ samples: ArraySlice<Sample>, of person: PersonID) {
        guard let position = index[person], let first = samples.first else { return }
        begin(at: first.received)
        touched[position] = true
        for sample in samples {
            if sample.received > nextDecision { advance(to: sample.received) }
            now = max(now, sample.received)
            people[position].take(sample)
            let next = max(Ticks.first(taking: sample), Ticks.last(before: now) + Ticks.pane)
            if next < due[position] { decide(position, by: next) }
        }
    }

    /// Runs every tick that is to be decided before `at`.
    public func advance(to at: Timestamp) {
        begin(at: at)
        while nextDecision < at {
            let tick = earliest
            var next = Timestamp.distantFuture
            for position in people.indices {
                if due[position] <= tick {
                    touched[position] = true
                    due[position] = people[position].close(tick: tick, into: &pending)
                }
                if due[position] < next { next = due[position] }
            }
            lastTick = tick
            earliest = next
        }
        now = max(now, at)
        lastTick = max(lastTick, Ticks.last(before: now))
    }

    /// The first input of a new store: there was nothing to decide before it.
    private func begin(at: Timestamp) {
        guard lastTick == .distantPast else { return }
        lastTick = Ticks.last(before: at)
        for position in people.indices { wake(position) }
    }

    /// Something reached a person: their next tick may come sooner.
    func wake(_ position: Int) {
        touched[position] = true
        guard lastTick > .distantPast else { return }
        decide(position, by: people[position].wake(after: lastTick))
    }

    private func decide(_ position: Int, by tick: Timestamp) {
        let before = due[position]
        due[position] = tick
        if tick <= earliest {
            earliest = tick
        } else if before == earliest {
            // Who was first is no longer; only then must all be looked at.
            earliest = due.min() ?? .distantFuture
        }
    }

    private func decode(_ bytes: [UInt8], from device: DeviceID, input: String, at: Timestamp) {
        guard let place = devices.find(device), let position = devices.wearer(of: place, at: at),
            devices.feed(
                place, bytes, input: input, at: at, wearer: position, zone: { people[position].zone }, into: &decoded)
        else { return }
        // A frame that says nothing new changes nothing of the person.
        guard !decoded.statuses.isEmpty || !decoded.readings.isEmpty else { return }
        for index in decoded.statuses.indices { people[position].take(decoded.statuses[index], from: device, at: at) }
        for index in decoded.readings.indices { people[position].take(decoded.readings[index], from: device, at: at) }
        // Sooner than the next tick there is none.
        if due[position] > lastTick + Ticks.pane { wake(position) } else { touched[position] = true }
    }

    private func linkChanged(_ device: DeviceID, _ state: LinkState, _ reason: String, at: Timestamp) {
        guard let place = devices.find(device), let position = devices.wearer(of: place, at: at) else { return }
        if state == .lost || state == .connected { devices.interrupt(place) }
        people[position].linkChanged(device, state, at: at)
        wake(position)
        let event = sources.change(
            device: devices.entries[place].device, state: state, reason: reason, at: at, person: people[position].person
        )
        if let event { pending.append([event]) }
    }

    /// The machine slept: what was due before is decided, the time asleep is a gap in which nothing is.
    private func suspend(_ span: TimeSpan, until at: Timestamp) {
        advance(to: max(at - span, now))
        now = max(now, at)
        lastTick = max(lastTick, Ticks.last(before: now))
        for position in people.indices {
            pending.append([SourceWatch.slept(span, until: now, person: people[position].person)])
            wake(position)
        }
    }

    private func storeChanged(works: Bool, reason: String, at: Timestamp) {
        for path in people {
            if let event = sources.storeChanged(works: works, reason: reason, at: at, person: path.person) {
                pending.append([event])
            }
            if works, !reason.isEmpty {
                pending.append([SourceWatch.damaged(reason, at: at, person: path.person)])
            }
        }
    }

    private func samplesLost(_ count: Int, at: Timestamp) {
        for path in people { pending.append([SourceWatch.samplesLost(count, at: at, person: path.person)]) }
    }

    private func followerLost(_ name: String, _ commits: Int, at: Timestamp) {
        for position in people.indices {
            pending.append([SourceWatch.followerLost(name, commits, at: at, person: people[position].person)])
        }
    }

    private func clockSet(_ step: TimeSpan, at: Timestamp) {
        guard step > TrustedTime.longestStep else { return }
        for path in people { pending.append([SourceWatch.clockSet(step, at: at, person: path.person)]) }
    }

    /// Applies a command of a person to the event it is about.
    ///
    /// - Returns: `nil` when it took effect, else why it was refused.
    public func apply(_ command: Command, at: Timestamp) -> String? {
        advance(to: at)
        guard let event = command.event, let position = people.firstIndex(where: { $0.knows(event) }) else {
            return "no alert or plan change with this id is known here"
        }
        switch people[position].handle(command, at: now) {
        case .refused(let reason): return reason
        case .events(let events):
            pending.append(events)
            pending.commands.append(AppliedCommand(command: command, at: now))
            wake(position)
            return nil
        }
    }

    private func reconfigure(_ configured: Configured) {
        let new = Household(configured)
        household = new
        for person in new.people {
            if let position = index[person.id] {
                // A zone that cannot be read leaves the person as they were.
                guard (try? people[position].update(person: person, household: new)) != nil else { continue }
                wake(position)
            } else if let path = try? PersonPath(person: person, household: new, restoring: [], recent: []) {
                add(path)
            }
        }
        devices = DeviceTable(new, people: index, keeping: devices)
    }

    // MARK: Commits

    /// Samples received after a moment that wait for their tick: a live store has them within a commit's interval.
    func waiting(since time: Timestamp) -> [PersonSamples] {
        people.compactMap { path in
            let samples = path.waiting(since: time)
            return samples.isEmpty ? nil : PersonSamples(person: path.person.id, samples: samples)
        }
    }

    /// Everything since the last call, with the states that changed: one transaction.
    public func takeCommit() -> Commit {
        var commit = pending
        commit.at = now
        for position in people.indices where touched[position] {
            commit.states += people[position].changedStates()
            touched[position] = false
        }
        let bytes = HubState(lastTick: lastTick, now: now, sources: sources).encoded()
        if bytes != savedHub, !commit.isEmpty || savedHub.isEmpty {
            commit.states += devices.changedStates()
            commit.states.append(HubState.component(bytes))
            savedHub = bytes
        }
        pending = Commit(at: now)
        return commit
    }
}

extension Command {
    /// The event a command is about.
    var event: EventID? {
        switch action {
        case .acknowledge(let event, _), .acceptPlan(let event), .declinePlan(let event): event
        case .reload, .stop, .pair, .answerPairing, .forgetDevice, .follow, .unfollow, .put: nil
        }
    }
}
