import Dispatch
import Storage
import Vitals

/// Everything in the store is read and verified once a day: what lacks where nobody looks is found while a backup still has it.
extension Daemon {
    /// Seconds: a hub that has just started has other things to do.
    static let firstScrub = 600
    private static let scrubInterval = 86_400

    func scrubSoon(after seconds: Int) {
        executor.queue.asyncAfter(deadline: .now() + .seconds(seconds)) { [weak self] in
            self?.assumeIsolated { $0.scrub() }
        }
    }

    func scrub() {
        guard !isStopping else { return }
        let queue = executor.queue
        StoreScrub.start(path: configuration.storePath, keyFile: configuration.keyFile) { [weak self] result in
            queue.async { [weak self] in self?.assumeIsolated { $0.scrubbed(result) } }
        }
        scrubSoon(after: Self.scrubInterval)
    }

    /// What was found is told, and the store repaired, once: what is damaged again has a disk that must be looked at.
    func scrubbed(_ result: Result<[String], StoreError>) {
        guard !isStopping else { return }
        do throws(StoreError) {
            let lines = try result.get()
            guard let first = lines.first else { return }
            repairs += lines
            if !wasRepairedRunning { mend(StoreError(.damaged, path: configuration.storePath, first)) }
            tellDamage()
            commit()
        } catch { observer.log("the store could not be checked: \(error)") }
    }
}
