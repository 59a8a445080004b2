import Dispatch
import Glibc
import Profiles
import Vitals

/// Keeps one serial device connected: opens its port, passes on what it sends, notices when it is unplugged or silent,
/// and opens it again as soon as it is back.
///
/// What is said to the device is its profile's conversation. States reported: `connected` when the port is open and the
/// device set up, bytes that came meanwhile follow; `lost` once per outage (also
/// when the port cannot be opened at first); `plugged` when the path of a lost device exists again; `silent` when no
/// bytes came for the profile's silence, followed by `connected` at the next bytes. Two `lost` never follow each other
/// without a `connected` between them.
///
/// The sink runs on the link's own queue and should be quick: while it works, bytes wait in the kernel (4 KB in the line
/// discipline, 64 KB before it; then a device without flow control loses bytes).
public actor SerialLink {
    /// Deterministic pauses between attempts to open: `first`, doubled each time up to `longest`.
    public struct Backoff: Hashable, Sendable {
        public var first: TimeSpan
        public var longest: TimeSpan

        public init(first: TimeSpan = .milliseconds(100), longest: TimeSpan = .seconds(30)) {
            self.first = first
            self.longest = longest
        }

        /// The pause after `failures` failed attempts in a row, counted from 0.
        public func pause(after failures: Int) -> TimeSpan {
            let doubled = first.milliseconds << Int64(min(max(failures, 0), 20))
            return TimeSpan(milliseconds: min(max(doubled, 1), longest.milliseconds))
        }
    }

    public nonisolated let device: DeviceID
    /// Path of the port, as configured.
    public nonisolated let path: String
    public nonisolated let settings: SerialSettings

    let backoff: Backoff
    /// Where the port is at the moment, for names that are no path.
    let locate: (@Sendable () throws(LinkError) -> String)?
    /// What the steps of a new conversation depend on.
    let context: @Sendable () -> StepContext
    let now: @Sendable () -> Timestamp
    let sink: @Sendable (LinkOutput) -> Void
    let log: @Sendable (String) -> Void

    nonisolated let executor: QueueExecutor
    /// Left when every descriptor of this link is closed.
    nonisolated let released = DispatchGroup()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var isRunning = false
    /// −1 while the port is closed. Owned by `opened` at first, by `reading` from then on.
    var descriptor: Int32 = -1
    var opened: SerialPort?
    var reading: DescriptorWatch?
    var writing: DescriptorWatch?
    var watch: PathWatch?
    var outgoing: [UInt8] = []
    var conversation: Conversation?
    var memory: DriverMemory?
    /// The timer that is set for the conversation: its number, and when it goes off.
    var alarm: (number: Int, at: Timestamp?) = (0, nil)
    /// Frames that came before the device was set up.
    var early: [LinkOutput] = []
    var isReady = false
    /// The path that is, or was last, opened.
    var place: String

    /// Changes whenever a pending timer has lost its meaning.
    var generation = 0
    var failures = 0
    var isLost = false
    var isSilent = false
    var isPresent = false
    var lastFailure = ""
    /// Quarters of the silence that passed without a byte.
    var quietQuarters = 0

    /// Bytes that wait for a device that does not read; what comes on top is dropped and logged.
    static let longestQueue = 65_536
    /// Reads before other work on the queue (`stop`) gets its turn.
    static let readsPerTurn = 64
    static let readSize = 4096
    /// Reads that are kept while a device is set up; more are dropped, as by a full line.
    static let mostEarly = 256
    /// Beyond this a deadline was not missed but slept through.
    static let jump = TimeSpan.minutes(1)
    /// How long closing may wait for what is said at last, and for the line to have sent it.
    static let longestFarewell: Int64 = 500
    static let pulse: Int64 = 5

    /// Steps whose profile needs nothing of the household.
    public static let plainContext: @Sendable () -> StepContext = {
        StepContext(now: .distantPast, zone: .utc)
    }

    /// - Parameters:
    ///   - path: where the port is, or how the configuration names it.
    ///   - context: what steps depend on, asked before each conversation.
    ///   - memory: what a driver knew when the last link to this device ended.
    ///   - locate: finds the path anew before each opening, for a name that is no path. Must be quick.
    public init(
        device: DeviceID, path: String, settings: SerialSettings, backoff: Backoff = Backoff(),
        context: @escaping @Sendable () -> StepContext = SerialLink.plainContext,
        memory: DriverMemory? = nil, locate: (@Sendable () throws(LinkError) -> String)? = nil,
        now: @escaping @Sendable () -> Timestamp, sink: @escaping @Sendable (LinkOutput) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.device = device
        self.path = path
        self.settings = settings
        self.backoff = backoff
        self.locate = locate
        self.context = context
        self.memory = memory
        place = path
        self.now = now
        self.sink = sink
        self.log = log
        executor = QueueExecutor(label: "vitald.link \(path)")
    }

    /// Starts trying to connect; returns when the first attempt was made.
    public nonisolated func start() {
        executor.run { self.assumeIsolated { $0.begin() } }
    }

    /// Takes leave of the device, closes the port and returns when the descriptor is released: within about a second. Nothing is reported afterwards. Called from the
    /// sink it returns before the descriptor is released.
    public nonisolated func stop() {
        executor.run { self.assumeIsolated { $0.end() } }
        if !executor.isCurrent { released.wait() }
    }

    /// Sends bytes to the device when it is connected; dropped, with a log line, when it is not.
    public nonisolated func send(_ bytes: [UInt8]) {
        executor.queue.async { self.assumeIsolated { $0.enqueue(bytes) } }
    }

    /// Somebody watches values in real time, or no longer does.
    public nonisolated func watch(_ isWatched: Bool) {
        executor.queue.async { [weak self] in
            self?.assumeIsolated { link in link.tell { $0.watch(isWatched, at: $1) } }
        }
    }

    /// Something was plugged in or out, or found out: tries at once if the port is not open.
    public nonisolated func reconsider() {
        executor.queue.async { [weak self] in self?.assumeIsolated { $0.hardwareChanged() } }
    }

    // MARK: Silence and timers

    /// Counts quarters without bytes, so that no frame has to touch a timer. Noticed within a quarter of the silence.
    func listenForSilence() {
        guard let silence = settings.silence else { return }
        after(TimeSpan(milliseconds: max(silence.milliseconds / 4, 1))) { link in
            link.quietQuarters += 1
            if link.quietQuarters > 4 { link.fellSilent(silence) } else { link.listenForSilence() }
        }
    }

    func fellSilent(_ silence: TimeSpan) {
        quietQuarters = 0
        if !isSilent {
            isSilent = true
            report(.silent, "no bytes for \(silence)")
            guard isRunning else { return }
        }
        guard settings.reopensWhenSilent else { return listenForSilence() }
        // Each fruitless reopening doubles the pause before the next.
        close()
        let pause = backoff.pause(after: failures)
        failures += 1
        after(pause) { $0.attempt() }
    }

    func report(_ state: LinkState, _ reason: String) {
        sink(.state(device: device, state, reason: reason, at: now()))
    }

    /// Runs `body` on this actor after `span`, unless the generation changed.
    func after(_ span: TimeSpan, _ body: @escaping @Sendable (isolated SerialLink) -> Void) {
        let mine = generation
        let milliseconds = Int(clamping: max(span.milliseconds, 0))
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
            self?.assumeIsolated { if mine == $0.generation { body($0) } }
        }
    }
}
