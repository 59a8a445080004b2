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
    let open: @Sendable (Place) throws(LinkError) -> any PDUChannel
    let choose: @Sendable (GATTTable, PeripheralIdentity) -> Profile?
    let context: @Sendable () -> StepContext
    let now: @Sendable () -> Timestamp
    let sink: @Sendable (LinkOutput) -> Void
    let told: @Sendable (Event) -> Void
    let log: @Sendable (String) -> Void
    let lingering: TimeSpan

    nonisolated let executor: QueueExecutor
    /// Left when every descriptor of this link is closed.
    nonisolated let released = DispatchGroup()
    /// Left when the device was taken leave of.
    nonisolated let leave = DispatchGroup()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var stage = Stage.idle
    var place: Place?
    /// Owned here while connecting, by `reading` afterwards.
    var unwatched: Int32 = -1
    var channel: (any PDUChannel)?
    var reading: DescriptorWatch?
    var writing: DescriptorWatch?
    var outgoing: [[UInt8]] = []
    /// When the last connection was closed: the kernel keeps a link for a while.
    var closed: Timestamp?

    var client: GATTClient?
    var cache: HandleCache?
    var profile: Profile?
    var conversation: Conversation?
    var memory: DriverMemory?
    /// What the conversation asked for last, and waits for.
    var request: (id: GATTClient.OperationID, isRead: Bool)?
    /// Writes nobody waits for.
    var unanswered: Set<GATTClient.OperationID> = []
    var isWatched = false
    /// Values that came while the device was set up, and whether it sent them by itself.
    var early: [(frame: LinkOutput, isTold: Bool)] = []
    /// Whether what is passed on was sent by the device itself, not read.
    var isTold = false
    var oversized = 0
    var isReady = false
    /// The timer that is set: its number, and when it goes off.
    var alarm: (number: Int, at: Timestamp?) = (0, nil)

    /// Changes whenever a pending timer or a running loop has lost its meaning.
    var generation = 0
    var isLost = false
    var isSilent = false
    /// Quarters of the silence that passed without a value.
    var quietQuarters = 0
    var isStopped = false

    /// Messages that wait for a full kernel; a device that takes no more is not connected any more.
    static let longestQueue = 256
    /// Reads before other work on the queue gets its turn.
    static let readsPerTurn = 64
    /// Values that are kept while a device is set up.
    static let mostEarly = 256
    /// Beyond this a deadline was not missed but slept through.
    static let jump = TimeSpan.minutes(1)
    /// How long `stop` waits for the device to be taken leave of.
    static let longestFarewell = TimeSpan.milliseconds(1500)

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

    // MARK: Silence and timers

    /// Counts quarters without values, so that no value has to touch a timer. Noticed within a quarter of the silence.
    func listenForSilence() {
        guard let silence = profile?.silence else { return }
        after(TimeSpan(milliseconds: max(silence.milliseconds / 4, 1))) { link in
            link.quietQuarters += 1
            if link.quietQuarters > 4 { link.fellSilent(silence) } else { link.listenForSilence() }
        }
    }

    func fellSilent(_ silence: TimeSpan) {
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
