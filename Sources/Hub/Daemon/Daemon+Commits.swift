import Storage
import Vitals

/// What goes into the store, and what waits while it cannot be written.
extension Daemon {
    func commit() {
        guard let pipeline, let store else { return }
        let commit = pipeline.takeCommit()
        lastCommit = clock.now()
        guard !commit.isEmpty || !backlog.isEmpty else { return }
        backlog.append(commit)
        do {
            while let next = backlog.first {
                try store.commit(next)
                backlog.removeFirst()
            }
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
            if backlog.count > Self.longestBacklog {
                let lost = backlog.removeFirst()
                let count = lost.samples.reduce(0) { $0 + $1.samples.count }
                observer.log("memory for waiting data is full: \(count) samples were dropped")
            }
        }
        for event in commit.events { observer.event(event) }
    }
}
