import Dispatch
import Glibc
import Profiles
import Synchronization
import Vitals

/// Keeps a household's Bluetooth LE devices connected, over whatever adapters there are.
///
/// What is decided is decided by `BluetoothRadio` (adapters, scanning, pairing) and `LinkRoster` (who is connected when);
/// this actor owns the management socket, the clock's readings and the calls, and moves things between them.
public actor BLELinks {
    private nonisolated let executor = QueueExecutor(label: "vitald.bluetooth")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    /// Left when the socket is closed.
    private nonisolated let released = DispatchGroup()
    private nonisolated let asking = DispatchQueue(label: "vitald.bluetooth.owner", attributes: .concurrent)

    let around: Surroundings
    var radio: BluetoothRadio
    var roster: LinkRoster
    private var socket: ManagementSocket?
    private var socketError: String?
    private var links: [DeviceID: BLELink] = [:]
    /// Those that were told to give up waiting.
    private var cancelled: Set<DeviceID> = []
    private var isRunning = false
    private(set) var kept: BluetoothMemory
    /// As it was handed over last.
    private var stored: BluetoothMemory
    /// Of the timer that counts, and when it comes.
    private var timer = (number: 0, due: Int64.max)
    /// Somebody looks around until then.
    var lookingUntil: Int64 = .min
    var order = PairingOrder()
    /// For those who ask without waiting.
    nonisolated let glimpse = Mutex(Glimpse())

    /// bluetoothd may come and go.
    private static let ownerInterval = DispatchTimeInterval.seconds(10)
    private static let unknownOwnerInterval = DispatchTimeInterval.seconds(1)
    /// A socket that could not be opened, or that broke, is tried again: the module may be loaded later.
    private static let reopening = DispatchTimeInterval.seconds(10)
    /// Time for the socket to close.
    private static let farewell = DispatchTimeInterval.seconds(2)

    /// - Parameters:
    ///   - devices: with their profiles and how the configuration names them.
    ///   - states: component states of the store; what an earlier run kept is found there.
    ///   - seed: of the chance that spreads pauses.
    public init(
        _ devices: [(device: Device, profile: Profile, peer: PeerName)], states: [ComponentState], seed: UInt64,
        _ surroundings: Surroundings
    ) {
        around = surroundings
        kept = BluetoothMemory(states.first { $0.person == nil && $0.component == BluetoothMemory.component })
        stored = kept
        radio = BluetoothRadio(bonds: kept.bonds)
        roster = LinkRoster(devices, places: kept.places, seed: seed, at: surroundings.stopwatch())
        roster.bonded(kept.bonds)
    }

    // MARK: Starting and stopping

    public nonisolated func start() {
        executor.run { self.assumeIsolated { $0.begin() } }
    }

    /// Says goodbye to the devices, closes everything and returns when it is closed, or after a few seconds at most.
    /// Nothing is told afterwards.
    public nonisolated func stop() {
        let links = executor.run { self.assumeIsolated { $0.end() } }
        DispatchQueue.concurrentPerform(iterations: links.count) { links[$0].stop() }
        let isOver = DispatchSemaphore(value: 0)
        released.notify(queue: asking) { isOver.signal() }
        asking.asyncAfter(deadline: .now() + Self.farewell) { isOver.signal() }
        isOver.wait()
    }

    private func begin() {
        guard !isRunning else { return }
        isRunning = true
        connectSocket()
        askOwner()
        work()
    }

    private func end() -> [BLELink] {
        isRunning = false
        radio.want(.none, at: around.stopwatch())
        flush()
        socket?.stop()
        socket = nil
        return Array(links.values)
    }

    private func connectSocket() {
        guard isRunning, socket == nil else { return }
        do throws(LinkError) {
            let socket = try around.open()
            socketError = nil
            self.socket = socket
            socket.start(queue: executor.queue, released: released) { [weak self] packet in
                self?.assumeIsolated { $0.arrived(packet) }
            }
            radio.begin()
            work()
        } catch {
            if socketError != error.message { around.log("\(error)") }
            socketError = error.message
            after(Self.reopening) { $0.connectSocket() }
        }
    }

    private func askOwner() {
        let owner = around.owner
        asking.async { [weak self] in
            let answer = owner()
            self?.executor.queue.async { [weak self] in self?.assumeIsolated { $0.owned(by: answer) } }
        }
    }

    private func owned(by owner: BluetoothOwner) {
        guard isRunning else { return }
        if owner != .unknown { radio.owned(by: owner, at: around.stopwatch()) }
        after(radio.adapters.owner == .unknown ? Self.unknownOwnerInterval : Self.ownerInterval) { $0.askOwner() }
        work()
    }

    // MARK: The socket

    private func arrived(_ packet: ManagementPacket?) {
        guard isRunning else { return }
        guard let packet else {
            around.log("the Bluetooth management socket closed; it is opened again")
            socket = nil
            for adapter in radio.adapters.adapters.keys {
                radio.take(
                    ManagementPacket(code: 0x0005, index: adapter), at: around.stopwatch(), time: around.now())
            }
            return after(.seconds(1)) { $0.connectSocket() }
        }
        let now = around.stopwatch()
        let time = around.now()
        radio.take(packet, at: now, time: time)
        for index in radio.failing where around.isBlocked(index) { radio.blocked(index, at: now) }
        for (seenAs, identity) in radio.takeIdentified() { roster.identified(seenAs, as: identity) }
        var concerns = false
        let heard = radio.takeHeard()
        for hearing in heard where roster.heard(hearing, at: now, time: time) { concerns = true }
        // Strangers that advertise are most of what comes, and change nothing.
        if heard.isEmpty || concerns || order.target != nil { work() }
    }

    /// Sends and logs what the radio wants.
    private func flush() {
        let actions = radio.take(at: around.stopwatch())
        for line in actions.lines { around.log(line) }
        for order in actions.orders {
            let failure = socket?.send(order.command.packet(index: order.index)) ?? 0
            if failure != 0 { around.log("hci\(order.index): \(LinkError.text(of: failure))") }
        }
    }

    // MARK: Working

    /// Brings everything to the present: called after whatever happened.
    func work() {
        guard isRunning else { return }
        let now = around.stopwatch()
        let time = around.now()
        radio.advance(at: now)
        roster.linked(radio.linked)
        let obstacle = socketError ?? (radio.adapters.owner == .unknown ? nil : radio.adapters.obstacle)
        roster.advance(on: radio.ready, obstacle: obstacle, at: now, time: time)
        perform(roster.take())
        advancePairing(at: now)
        radio.want(now < lookingUntil ? .constant : roster.demand(at: now), at: now)
        flush()
        keep()
        publish(at: now, time: time)
        schedule(after: now)
    }

    private func perform(_ actions: [LinkRoster.Action]) {
        for action in actions {
            switch action {
            case .tell(let output): around.sink(output)
            case .log(let line): around.log(line)
            case .cancel(let device):
                if cancelled.insert(device).inserted { links[device]?.disconnect() }
            case .connect(let device, let address, let adapter, let patience):
                call(device, address, adapter, TimeSpan(milliseconds: patience))
            }
        }
    }

    private func call(_ device: DeviceID, _ address: BluetoothAddress, _ adapter: UInt16, _ patience: TimeSpan) {
        guard let member = roster.members[device] else { return }
        let link = links[device] ?? link(to: member)
        links[device] = link
        cancelled.remove(device)
        let bond = radio.agent.bonds[address]
        link.connect(
            to: BLELink.Place(
                address, adapter: radio.adapters.adapters[adapter]?.address, security: bond == nil ? .low : .medium,
                mtu: member.profile.link.mtu, within: patience))
    }

    private func link(to member: LinkRoster.Member) -> BLELink {
        let device = member.device.id
        let profile = member.profile
        let context = around.context
        return BLELink(
            device: device, cache: kept.caches[device],
            // The configuration says what it is.
            choose: { _, _ in profile }, context: { context(device) }, open: around.connect, now: around.now,
            sink: { [weak self] output in self?.hop { $0.told(output) } },
            tell: { [weak self] event in self?.hop { $0.happened(event, device) } }, log: around.log)
    }

    /// Runs `body` on the actor, in the order of the calls, while it runs.
    nonisolated func hop(_ body: @escaping @Sendable (isolated BLELinks) -> Void) {
        executor.queue.async { self.assumeIsolated { if $0.isRunning { body($0) } } }
    }

    private func told(_ output: LinkOutput) {
        switch output {
        // The one message that is frequent changes nothing else.
        case .frame, .remember: return around.sink(output)
        case .state(let device, .connected, let reason, let at):
            roster.opened(device, reason, at: around.stopwatch(), time: at)
        case .state(let device, .silent, let reason, let at): roster.changed(device, .silent, reason, time: at)
        // That a connection ended, and why, comes as an event: the roster knows whether that is news.
        case .state: return
        }
        work()
    }

    private func happened(_ event: BLELink.Event, _ device: DeviceID) {
        switch event {
        case .found(let cache, _): kept.caches[device] = cache
        case .securing: roster.plan.entries[device]?.place.map { _ = radio.agent.expected.insert($0.address) }
        case .ready: return
        case .ended(let error, let wasReady):
            let end: LinkPlan.End =
                if cancelled.remove(device) != nil, !wasReady {
                    .cancelled
                } else if wasReady {
                    .lost
                } else if error.code == .busy, error.errno == EBUSY {
                    .held
                } else if error.errno == EINPROGRESS {
                    .absent
                } else {
                    .failed
                }
            roster.ended(device, end, error.message, at: around.stopwatch(), time: around.now())
        }
        work()
    }

    /// Hands over what is to be kept when it changed.
    private func keep() {
        if radio.agent.hasChanged {
            radio.agent.hasChanged = false
            kept.bonds = radio.agent.bonds.values.sorted { $0.address.number < $1.address.number }
            roster.bonded(kept.bonds)
        }
        kept.places.merge(roster.places) { _, newer in newer }
        guard kept != stored else { return }
        stored = kept
        around.keep(kept.state)
    }

    // MARK: Timers

    private func schedule(after now: Int64) {
        var due = [radio.nextDue, roster.nextDue(after: now)].compactMap { $0 }.min() ?? .max
        if lookingUntil > now { due = min(due, lookingUntil) }
        guard due < .max, due < timer.due || timer.due <= now else { return }
        timer = (timer.number + 1, due)
        let mine = timer.number
        after(.milliseconds(Int(clamping: max(due - now, 1)))) { links in
            guard mine == links.timer.number else { return }
            links.timer.due = .max
            links.work()
        }
    }

    private func after(_ interval: DispatchTimeInterval, _ body: @escaping @Sendable (isolated BLELinks) -> Void) {
        executor.queue.asyncAfter(deadline: .now() + interval) { [weak self] in
            self?.assumeIsolated { if $0.isRunning { body($0) } }
        }
    }

    /// Runs `body` on the actor and waits for it.
    nonisolated func run<T: Sendable>(_ body: @Sendable (isolated BLELinks) -> T) -> T {
        executor.run { self.assumeIsolated { body($0) } }
    }
}
