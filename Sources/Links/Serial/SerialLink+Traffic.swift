import Glibc
import Vitals

/// Bytes in and out of the open port.
extension SerialLink {
    /// Reads to `EAGAIN` or the end: a handler that reads once per event can hang when the last bytes and the hang-up
    /// arrive together.
    func drain() {
        let mine = generation
        for _ in 0..<SerialLink.readsPerTurn {
            guard descriptor >= 0 else { return }
            let source = descriptor
            var failure: Int32 = 0
            var size = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: SerialLink.readSize) { buffer, count in
                size = read(source, buffer.baseAddress, buffer.count)
                failure = errno
                count = max(size, 0)
            }
            if size > 0 {
                arrived(bytes)
            } else if size == 0 {
                return lose("\(place) hung up: unplugged")
            } else if failure == EAGAIN {
                return
            } else if failure != EINTR {
                return lose("\(place): \(LinkError.text(of: failure)): unplugged")
            }
            guard mine == generation else { return }
        }
        executor.queue.async { [weak self] in
            self?.assumeIsolated { if mine == $0.generation { $0.drain() } }
        }
    }

    func arrived(_ bytes: [UInt8]) {
        quietQuarters = 0
        if isReady { failures = 0 }
        tell { $0.received(bytes, on: .port, at: $1) }
    }

    func deliver(_ frame: LinkOutput) {
        guard isReady else {
            if early.count < SerialLink.mostEarly { early.append(frame) }
            return
        }
        failures = 0
        if isSilent {
            isSilent = false
            isLost = false
            report(.connected, "bytes again after a silence")
            guard isRunning else { return }
        }
        sink(frame)
    }

    /// In its place between the frames.
    func remember(_ change: LinkMemory.Change) {
        let output = LinkOutput.remember(device: device, change)
        if isReady { sink(output) } else { early.append(output) }
    }

    func enqueue(_ bytes: [UInt8]) {
        guard descriptor >= 0 else { return log("\(place): not connected, \(bytes.count) bytes not sent") }
        guard outgoing.count + bytes.count <= SerialLink.longestQueue else {
            return log("\(place): the device does not read, \(bytes.count) bytes dropped")
        }
        outgoing += bytes
        flush()
    }

    func flush() {
        while descriptor >= 0, !outgoing.isEmpty {
            let size = write(descriptor, outgoing, outgoing.count)
            let failure = errno
            if size > 0 {
                outgoing.removeFirst(min(size, outgoing.count))
            } else if size == 0 || failure == EAGAIN {
                return waitForRoom()
            } else if failure != EINTR {
                return lose("\(place): \(LinkError.text(of: failure)): unplugged")
            }
        }
        writing?.cancel()
        writing = nil
    }

    func waitForRoom() {
        guard writing == nil else { return }
        // A descriptor of its own: the two watches release theirs independently.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return log("\(place): \(LinkError.text(of: errno)); \(outgoing.count) bytes wait") }
        writing = DescriptorWatch(
            copy, .writing, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.flush() } })
    }
}
