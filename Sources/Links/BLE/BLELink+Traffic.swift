import Glibc
import Vitals

/// Messages in and out of the open channel.
extension BLELink {
    /// Reads until nothing is left: a handler that reads once per event can hang.
    func drain() {
        let mine = generation
        for _ in 0..<BLELink.readsPerTurn {
            guard mine == generation, let channel else { return }
            switch channel.receive() {
            case .pdu(let bytes): converse { $0.receive(bytes, at: $1) }
            case .oversized: oversized &+= 1
            case .nothing: return
            case .ended(let failure):
                // The kernel tells of the end first, and then of what came before it.
                while mine == generation, case .pdu(let bytes) = channel.receive() {
                    converse { $0.receive(bytes, at: $1) }
                }
                if mine == generation { end(LinkError.bluetooth(failure, path: path)) }
                return
            }
        }
        executor.queue.async { [weak self] in
            self?.assumeIsolated { if mine == $0.generation { $0.drain() } }
        }
    }

    func send(_ bytes: [UInt8]) {
        guard outgoing.count < BLELink.longestQueue else {
            return end(LinkError(.gone, path: path, "the device takes no more messages"))
        }
        outgoing.append(bytes)
        flush()
    }

    func flush() {
        while let channel, let first = outgoing.first {
            switch channel.send(first) {
            case .sent: outgoing.removeFirst()
            case .full: return waitForRoom()
            case .failed(let failure):
                // What ended the connection is told by reading, which knows why; the last values are read as well.
                let mine = generation
                drain()
                if mine == generation { end(LinkError.bluetooth(failure, path: path)) }
                return
            }
        }
        writing?.cancel()
        writing = nil
    }

    func waitForRoom() {
        guard writing == nil, let channel else { return }
        let copy = fcntl(channel.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return log("\(path): \(LinkError.text(of: errno)); \(outgoing.count) messages wait") }
        writing = DescriptorWatch(
            copy, .writing, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.flush() } })
    }
}
