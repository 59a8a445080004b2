import Glibc
import Profiles
import Vitals

/// How a connection comes about, and how it ends.
extension BLELink {
    func begin(_ place: Place) {
        guard stage == .idle, !isStopped else { return }
        stage = .waiting
        self.place = place
        generation += 1
        let at = now()
        let rest = closed.map { $0 + lingering - at } ?? .zero
        if rest > .zero { after(min(rest, lingering)) { $0.attempt() } } else { attempt() }
    }

    func attempt() {
        guard let place else { return }
        do throws(LinkError) {
            let channel = try open(place)
            self.channel = channel
            unwatched = channel.descriptor
            stage = .connecting
            let copy = fcntl(channel.descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { throw LinkError.bluetooth(errno, path: place.address.description) }
            writing = DescriptorWatch(
                copy, .writing, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
                handler: { [weak self] in self?.assumeIsolated { $0.connected() } })
            after(place.within) { link in
                guard link.stage == .connecting else { return }
                link.end(LinkError.bluetooth(EINPROGRESS, path: place.address.description))
            }
        } catch { end(error) }
    }

    func connected() {
        guard stage == .connecting, let channel else { return }
        writing?.cancel()
        writing = nil
        let failure = channel.connectionFailure()
        guard failure == 0 else { return end(LinkError.bluetooth(failure, path: path)) }
        stage = .discovering
        generation += 1
        let owned = unwatched
        unwatched = -1
        reading = DescriptorWatch(
            owned, .reading, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.drain() } })
        client = GATTClient(mtu: place?.mtu, cache: cache, isBonded: channel.security >= .medium)
        converse { $0.start(at: $1) }
    }

    var path: String { place?.address.description ?? "\(device)" }

    func takeLeave(forGood: Bool = false) {
        isStopped = isStopped || forGood
        if stage == .leaving, isStopped { after(BLELink.longestFarewell) { $0.close() } }
        guard stage != .idle, stage != .leaving else { return }
        guard stage == .talking, conversation != nil else {
            return end(LinkError(.gone, path: path, "disconnected"), isWanted: true)
        }
        stage = .leaving
        leave.enter()
        // A conversation takes its time; who stops the program does not.
        if isStopped { after(BLELink.longestFarewell) { $0.close() } }
        tell { $0.stop(at: $1) }
    }

    /// Closes and tells about it. What is wanted is no loss.
    func end(_ error: LinkError, isWanted: Bool = false, keepsSilence: Bool = false) {
        guard stage != .idle else { return }
        let wasReady = isReady
        tellOddities()
        let wasWanted = isWanted || stage == .leaving
        close()
        guard !isStopped else { return }
        if !wasWanted, !keepsSilence {
            isSilent = false
            if !isLost {
                isLost = true
                report(.lost, error.message)
            }
        }
        told(.ended(error, wasReady: wasReady))
    }

    func close() {
        generation += 1
        if stage == .leaving { leave.leave() }
        if stage != .idle, stage != .waiting { closed = now() }
        stage = .idle
        memory = conversation?.driverMemory ?? memory
        conversation = nil
        client = nil
        request = nil
        unanswered = []
        early = []
        outgoing = []
        isReady = false
        alarm = (alarm.number + 1, nil)
        writing?.cancel()
        writing = nil
        reading?.cancel()
        reading = nil
        if unwatched >= 0 { _ = Glibc.close(unwatched) }
        unwatched = -1
        channel = nil
    }

    /// One line for each connection, however much nonsense came over it.
    func tellOddities() {
        guard let odd = client?.irregularities, odd != ATTBearer.Irregularities() || oversized > 0 else { return }
        let unreadable = odd.malformed &+ oversized
        log("\(path): \(odd.unsolicited) answers unasked, \(unreadable) messages unreadable, \(odd.requests) requests")
        oversized = 0
    }

    func report(_ state: LinkState, _ reason: String) {
        sink(.state(device: device, state, reason: reason, at: now()))
    }

    /// In its place between the values: what stored data needs comes when the device is set up.
    func remember(_ change: LinkMemory.Change) { sink(.remember(device: device, change)) }

    func announce(_ event: Event) { told(event) }
}
