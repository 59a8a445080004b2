import Dispatch
import Glibc
import Profiles
import Vitals

/// One Bluetooth LE device: connects when it is told to, finds out what the device has, speaks with it as its profile
/// says, and passes on what it sends.
///
/// When to connect is somebody else's decision: a link never connects by itself. Each `connect` ends with one `ended`,
/// of its own accord or by `disconnect`.
///
/// States it reports, as a serial link does: `connected` when the device is set up, what came meanwhile follows; `lost`
/// once per outage, also when the first attempt fails; `silent` when nothing came for the profile's silence, followed by
/// `connected` at the next value. A device that is let go by `disconnect` is not lost.
///
/// The sink and `tell` run on the link's own queue and should be quick.
public actor BLELink {
    /// Where a device is, and how it is to be reached.
    public struct Place: Hashable, Sendable {
        public var address: BluetoothAddress
        /// The own address of the adapter to use; `nil` leaves the choice to the kernel.
        public var adapter: BluetoothAddress?
        /// `medium` for a bonded device: the link is encrypted before anything is said.
        public var security: SecurityLevel
        /// The message size to ask for; `nil` leaves 23.
        public var mtu: Int?
        /// How long the device may take to be heard of.
        public var within: TimeSpan

        public init(
            _ address: BluetoothAddress, adapter: BluetoothAddress? = nil, security: SecurityLevel = .low,
            mtu: Int? = nil, within: TimeSpan = .seconds(20)
        ) {
            self.address = address
            self.adapter = adapter
            self.security = security
            self.mtu = mtu
            self.within = within
        }
    }

    /// What whoever decides about connections is told.
    public enum Event: Hashable, Sendable {
        /// The device's attributes are known, to be kept for the next connection; which profile it is spoken to by.
        case found(HandleCache, profile: String)
        /// The device wants a safer link, and the kernel was asked for it: a pairing may follow.
        case securing(SecurityLevel)
        /// The device is set up.
        case ready
        /// The connection is over. A new one may be asked for at once: it waits until the kernel has let go of the old.
        case ended(LinkError, wasReady: Bool)
    }

    enum Stage: Hashable { case idle, waiting, connecting, discovering, talking, leaving }

    public nonisolated let device: DeviceID
    private let open: @Sendable (Place) throws(LinkError) -> any PDUChannel
    private let choose: @Sendable (GATTTable, PeripheralIdentity) -> Profile?
    private let context: @Sendable () -> StepContext
    let now: @Sendable () -> Timestamp
    private let sink: @Sendable (LinkOutput) -> Void
    private let told: @Sendable (Event) -> Void
    let log: @Sendable (String) -> Void
    let lingering: TimeSpan

    nonisolated let executor: QueueExecutor
    /// Left when every descriptor of this link is closed.
    private nonisolated let released = DispatchGroup()
    /// Left when the device was taken leave of.
    private nonisolated let leave = DispatchGroup()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var stage = Stage.idle
    private var place: Place?
    /// Owned here while connecting, by `reading` afterwards.
    private var unwatched: Int32 = -1
    var channel: (any PDUChannel)?
    private var reading: DescriptorWatch?
    private var writing: DescriptorWatch?
    private var outgoing: [[UInt8]] = []
    /// When the last connection was closed: the kernel keeps a link for a while.
    private var closed: Timestamp?

    var client: GATTClient?
    var cache: HandleCache?
    var profile: Profile?
    var conversation: Conversation?
    private var memory: DriverMemory?
    /// What the conversation asked for last, and waits for.
    var request: (id: GATTClient.OperationID, isRead: Bool)?
    /// Writes nobody waits for.
    var unanswered: Set<GATTClient.OperationID> = []
    private var isWatched = false
    /// Values that came while the device was set up, and whether it sent them by itself.
    private var early: [(frame: LinkOutput, isTold: Bool)] = []
    /// Whether what is passed on was sent by the device itself, not read.
    var isTold = false
    private var oversized = 0
    var isReady = false
    /// The timer that is set: its number, and when it goes off.
    private var alarm: (number: Int, at: Timestamp?) = (0, nil)

    /// Changes whenever a pending timer or a running loop has lost its meaning.
    var generation = 0
    private var isLost = false
    private var isSilent = false
    /// Quarters of the silence that passed without a value.
    private var quietQuarters = 0

    /// Messages that wait for a full kernel; a device that takes no more is not connected any more.
    private static let longestQueue = 256
    /// Reads before other work on the queue gets its turn.
    private static let readsPerTurn = 64
    /// Values that are kept while a device is set up.
    private static let mostEarly = 256
    /// Beyond this a deadline was not missed but slept through.
    private static let jump = TimeSpan.minutes(1)
    /// How long `stop` waits for the device to be taken leave of.
    private static let longestFarewell = TimeSpan.milliseconds(1500)

    /// - Parameters:
    ///   - cache: the device's attributes, as `found` told them last.
    ///   - choose: the profile for a device with these attributes; `nil` when none fits. A pure function.
    ///   - context: what steps depend on, asked before each conversation.
    ///   - lingering: how long after closing a new connection waits, so that it is a new one.
    ///   - open: begins to connect.
    public init(
        device: DeviceID, cache: HandleCache? = nil,
        choose: @escaping @Sendable (GATTTable, PeripheralIdentity) -> Profile?,
        context: @escaping @Sendable () -> StepContext,
        lingering: TimeSpan = .milliseconds(L2CAPSocket.lingeringMilliseconds),
        open: @escaping @Sendable (Place) throws(LinkError) -> any PDUChannel = BLELink.overTheAir,
        now: @escaping @Sendable () -> Timestamp, sink: @escaping @Sendable (LinkOutput) -> Void,
        tell: @escaping @Sendable (Event) -> Void, log: @escaping @Sendable (String) -> Void
    ) {
        self.device = device
        self.cache = cache
        self.choose = choose
        self.context = context
        self.lingering = lingering
        self.open = open
        self.now = now
        self.sink = sink
        told = tell
        self.log = log
        executor = QueueExecutor(label: "vitald.ble \(device)")
    }

    /// Over this machine's adapters.
    public static let overTheAir: @Sendable (Place) throws(LinkError) -> any PDUChannel = {
        (place) throws(LinkError) in
        try L2CAPSocket.connect(to: place.address, from: place.adapter, security: place.security)
    }

    /// Begins to connect, unless a connection is under way already.
    public nonisolated func connect(to place: Place) {
        executor.queue.async { self.assumeIsolated { $0.begin(place) } }
    }

    /// Takes leave of the device and closes the connection. Tells `ended` when there was one.
    public nonisolated func disconnect() {
        executor.queue.async { self.assumeIsolated { $0.takeLeave() } }
    }

    /// Takes leave of the device, closes the connection, and returns when its descriptor is released: within about two
    /// seconds. Nothing is told afterwards. Called from the sink it closes at once.
    public nonisolated func stop() {
        executor.run { self.assumeIsolated { $0.takeLeave(forGood: true) } }
        guard !executor.isCurrent else { return self.assumeIsolated { $0.close() } }
        leave.wait()
        released.wait()
    }

    /// Somebody watches values in real time, or no longer does.
    public nonisolated func watch(_ isWatched: Bool) {
        executor.queue.async { [weak self] in self?.assumeIsolated { $0.setWatched(isWatched) } }
    }

    // MARK: Connecting

    private func begin(_ place: Place) {
        guard stage == .idle, !isStopped else { return }
        stage = .waiting
        self.place = place
        generation += 1
        let at = now()
        let rest = closed.map { $0 + lingering - at } ?? .zero
        if rest > .zero { after(min(rest, lingering)) { $0.attempt() } } else { attempt() }
    }

    private func attempt() {
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

    private func connected() {
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
    private var isStopped = false

    // MARK: Ending

    private func takeLeave(forGood: Bool = false) {
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

    private func close() {
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
    private func tellOddities() {
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

    // MARK: Messages

    /// Reads until nothing is left: a handler that reads once per event can hang.
    private func drain() {
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

    private func flush() {
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

    private func waitForRoom() {
        guard writing == nil, let channel else { return }
        let copy = fcntl(channel.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return log("\(path): \(LinkError.text(of: errno)); \(outgoing.count) messages wait") }
        writing = DescriptorWatch(
            copy, .writing, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.flush() } })
    }

    // MARK: The profile's conversation

    /// The profile for what the device has; `nil` ends the connection.
    func chosen(_ cache: HandleCache) -> Profile? { choose(cache.table, cache.identity) }

    func beginConversation(_ profile: Profile) {
        stage = .talking
        self.profile = profile
        conversation = Conversation(Script(profile), context: context(), memory: memory)
        tell { $0.start(at: $1) }
        if isWatched { tell { $0.watch(true, at: $1) } }
    }

    private func setWatched(_ isWatched: Bool) {
        self.isWatched = isWatched
        tell { $0.watch(isWatched, at: $1) }
    }

    /// Tells the conversation what happened and does what it asks for.
    func tell(_ happened: (inout Conversation, Timestamp) -> [Conversation.Action]) {
        guard var current = conversation else { return }
        let mine = generation
        let at = now()
        if let deadline = current.deadline, at - deadline > BLELink.jump { current.skip(to: at) }
        let actions = happened(&current, at)
        conversation = current
        for action in actions {
            perform(action, at)
            guard mine == generation else { return }
        }
        setAlarm(at)
    }

    func becameReady() {
        isReady = true
        if !isSilent {
            isLost = false
            report(.connected, "\(path) connected as \(profile?.name ?? "a device")")
        }
        let mine = generation
        told(.ready)
        let held = early
        early = []
        for (frame, isTold) in held where mine == generation { pass(frame, isSignOfLife: isTold) }
        guard mine == generation else { return }
        quietQuarters = 0
        listenForSilence()
    }

    func deliver(_ frame: LinkOutput) {
        guard isReady else {
            if early.count < BLELink.mostEarly { early.append((frame, isTold)) }
            return
        }
        pass(frame, isSignOfLife: true)
    }

    /// - Parameter isSignOfLife: what is read from a silent device on connecting does not end its silence, or it would
    ///   begin anew with every connection.
    private func pass(_ frame: LinkOutput, isSignOfLife: Bool) {
        if isSignOfLife { quietQuarters = 0 }
        if isSignOfLife, isSilent {
            isSilent = false
            isLost = false
            report(.connected, "values again after a silence")
        }
        sink(frame)
    }

    // MARK: Silence and timers

    /// Counts quarters without values, so that no value has to touch a timer. Noticed within a quarter of the silence.
    private func listenForSilence() {
        guard let silence = profile?.silence else { return }
        after(TimeSpan(milliseconds: max(silence.milliseconds / 4, 1))) { link in
            link.quietQuarters += 1
            if link.quietQuarters > 4 { link.fellSilent(silence) } else { link.listenForSilence() }
        }
    }

    private func fellSilent(_ silence: TimeSpan) {
        quietQuarters = 0
        let mine = generation
        if !isSilent {
            isSilent = true
            report(.silent, "nothing was sent for \(silence)")
            guard mine == generation else { return }
        }
        guard profile?.watchdogReconnects == true else { return listenForSilence() }
        end(LinkError(.unanswered, path: path, "connected, but silent for \(silence)"), keepsSilence: true)
    }

    /// When the conversation or a request must be looked after. The timer going off counts as the moment having come,
    /// however the hub's clock runs.
    func setAlarm(_ at: Timestamp) {
        let deadlines = [conversation?.deadline, client?.deadline].compactMap { $0 }
        let deadline = deadlines.min()
        guard deadline != alarm.at else { return }
        alarm = (alarm.number + 1, deadline)
        guard let deadline else { return }
        let number = alarm.number
        after(deadline - at) { link in
            guard number == link.alarm.number else { return }
            link.alarm.at = nil
            link.converse { $0.advance(to: max($1, deadline)) }
            link.tell { $0.advance(to: max($1, deadline)) }
        }
    }

    /// Runs `body` on this actor after `span`, unless the generation changed.
    func after(_ span: TimeSpan, _ body: @escaping @Sendable (isolated BLELink) -> Void) {
        let mine = generation
        let milliseconds = Int(clamping: max(span.milliseconds, 0))
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
            self?.assumeIsolated { if mine == $0.generation { body($0) } }
        }
    }
}
