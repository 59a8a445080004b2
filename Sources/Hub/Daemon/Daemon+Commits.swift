import Dispatch
import Storage
import Vitals

/// What goes into the store, and what waits while it cannot be written.
extension Daemon {
    /// Something arrived: it is committed at once after a pause, and an interval after the last commit in a stream.
    ///
    /// A tenth of the interval is left for the commit itself, so that what arrives is stored within the interval.
    func commitSoon() {
        // A hub whose time runs faster commits with its timer, which comes often enough.
        guard clock.rate == 1, !isCommitPlanned, !isStopping else { return }
        let span = TimeSpan.milliseconds(configuration.commitInterval.milliseconds * 9 / 10)
        let wait = lastCommit + span - clock.now()
        guard wait > .zero else { return commit() }
        isCommitPlanned = true
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(Int(clamping: wait.milliseconds))) { [weak self] in
            self?.assumeIsolated {
                $0.isCommitPlanned = false
                $0.commitSoon()
            }
        }
    }

    func commit() {
        guard let pipeline else { return }
        var commit = pipeline.takeCommit()
        commit.samples += pipeline.waiting(since: storedUntil)
        commit.states += memories.takeChanged() + takeAges()
        storedUntil = pipeline.now
        lastCommit = clock.now()
        guard !commit.isEmpty || !backlog.isEmpty else { return }
        backlog.append(commit)
        do { try recording?.flush() } catch { observer.log("recording: \(error)") }
        do {
            try writeBacklog()
            if let store { tellLosses(of: store) }
            if isStoreFailing {
                isStoreFailing = false
                take(Input(at: clock.now(), .store(works: true, reason: "")))
            }
        } catch {
            if !isStoreFailing {
                isStoreFailing = true
                observer.log("\(error)")
                take(Input(at: clock.now(), .store(works: false, reason: error.message)))
            }
            shortenBacklog()
        }
        for event in commit.events { observer.event(event) }
        tellDamage()
    }

    /// Memory for what waits is bounded: the oldest samples are dropped, and counted. Events, commands and states stay:
    /// they are few, and somebody was told of them.
    private func shortenBacklog() {
        var waiting = backlog.reduce(0) { $0 + $1.samples.reduce(0) { $0 + $1.samples.count } }
        var dropped = 0
        for i in backlog.indices where waiting - dropped > Self.mostWaitingSamples {
            dropped += backlog[i].samples.reduce(0) { $0 + $1.samples.count }
            backlog[i].samples = []
        }
        waiting -= dropped
        if dropped > 0 { observer.log("memory for waiting data is full: \(dropped) samples were dropped") }
        guard backlog.count > Self.longestBacklog else { return }
        // Two commits that follow each other say the same as one.
        let first = backlog.removeFirst()
        backlog[0].absorb(earlier: first)
    }
}

extension Commit {
    /// Puts what an earlier commit holds in front of this one; of a component's two states this one's stays.
    mutating func absorb(earlier: Commit) {
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
