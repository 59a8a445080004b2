import Dispatch
import Synchronization

/// What links hand over to the hub, bounded: a sensor that floods its line waits in the kernel, not in memory.
final class Inbox: Sendable {
    private let queue: DispatchQueue
    private let room = DispatchSemaphore(value: Inbox.most)
    private let isClosed = Atomic(false)

    /// Hand-overs under way at once; each is one read of at most 4 KB.
    private static let most = 128

    init(queue: DispatchQueue) { self.queue = queue }

    /// Runs `body` on the hub's queue, in order; waits for room first. After `close` nothing waits any more.
    func put(_ body: @escaping @Sendable () -> Void) {
        room.wait()
        if isClosed.load(ordering: .acquiring) {
            room.signal()
            return
        }
        queue.async {
            body()
            self.room.signal()
        }
    }

    /// Lets nobody wait any longer, so that links can be stopped from the hub's queue: who is let go lets the next go.
    func close() {
        isClosed.store(true, ordering: .releasing)
        room.signal()
    }
}
