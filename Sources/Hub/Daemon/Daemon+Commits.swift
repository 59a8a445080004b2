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
        if !commit.isEmpty { backlog.append(commit) }
        guard !backlog.isEmpty else { return }
        do { try recording?.flush() } catch { observer.log("recording: \(error)") }
        storeBacklog()
        for event in commit.events { observer.event(event) }
        tellDamage()
    }

    /// Writes what waits. Where that fails it goes on waiting, and the failure is told.
    func storeBacklog() {
        do {
            try writeBacklog()
            if let store { tellLosses(of: store) }
            if isStoreFailing {
                isStoreFailing = false
                take(Input(at: clock.now(), .store(works: true, reason: "")))
                let dropped = backlog.takeDropped()
                if dropped > 0 { take(Input(at: clock.now(), .samplesLost(dropped))) }
            }
        } catch {
            if !isStoreFailing {
                isStoreFailing = true
                observer.log("\(error)")
                take(Input(at: clock.now(), .store(works: false, reason: error.message)))
            }
            let dropped = backlog.shorten()
            if dropped > 0 { observer.log("memory for waiting data is full: \(dropped) samples were dropped") }
        }
    }
}
