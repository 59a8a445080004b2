import Dispatch

/// Runs an actor's jobs on one serial dispatch queue, so that handlers of dispatch sources on that queue are already
/// inside the actor (`assumeIsolated`) without a hop. (`DispatchSerialQueue` does not exist on Linux.)
final class QueueExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
