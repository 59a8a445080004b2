import Dispatch

/// Runs an actor on a serial dispatch queue, so that handlers of dispatch sources on that queue are already on the actor.
///
/// (`DispatchSerialQueue`, which would do this by itself, does not exist on Linux.)
package final class QueueExecutor: SerialExecutor {
    package let queue: DispatchQueue
    private let key = DispatchSpecificKey<Bool>()

    package init(label: String) {
        queue = DispatchQueue(label: label)
        queue.setSpecific(key: key, value: true)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// Whether the caller is on the queue already.
    package var isCurrent: Bool { DispatchQueue.getSpecific(key: key) ?? false }

    /// Runs `body` on the queue and waits for it.
    package func run<T: Sendable>(_ body: @Sendable () -> T) -> T { isCurrent ? body() : queue.sync(execute: body) }
}
