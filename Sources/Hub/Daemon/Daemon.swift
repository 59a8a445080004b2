import Dispatch
import Glibc
import JSON5
import Links
import Storage
import Vitals

/// The running hub: links in, ticks by the clock, commits every second, commands by a socket.
///
/// One actor on one serial queue. Links hand over frames on that queue; the pipeline and the store are touched nowhere
/// else. What is decided is decided by `Pipeline`; this type only moves things to it and from it.
public actor Daemon {
    /// What happens around a daemon, for whoever started it.
    public struct Observer: Sendable {
        public var log: @Sendable (String) -> Void
        /// Called with each event, after it was committed.
        public var event: @Sendable (Event) -> Void
        /// Called once, when the links are started.
        public var ready: @Sendable () -> Void

        public init(
            log: @escaping @Sendable (String) -> Void, event: @escaping @Sendable (Event) -> Void,
            ready: @escaping @Sendable () -> Void
        ) {
            self.log = log
            self.event = event
            self.ready = ready
        }
    }

    private let finished = DispatchSemaphore(value: 0)
    let executor = QueueExecutor(label: "vitald.hub")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var configuration: Configuration
    /// What links hand over on their way to the hub's queue.
    let inbox: Inbox
    let configurationPath: String?
    var configured: Configured
    let observer: Observer
    let recordingPath: String?
    /// The id a new store gets; one that exists keeps its own.
    let hub: HubID
    /// Whether ids follow from names, as in a demo, instead of being drawn.
    let hasDerivedIDs: Bool
    let systemd = Systemd()
    let clock: SharedClock
    var suspended = HubClock.suspended()
    var store: SQLiteStore?
    var pipeline: Pipeline?
    var recording: RecordingWriter?
    var links: [DeviceID: SerialLink] = [:]
    /// Whether the links of an earlier configuration are being stopped.
    var isRestartingLinks = false
    /// Finds the ports that are named by USB ids or left to be found; nil when stopped.
    var ports: SerialPorts?
    /// Nil without Bluetooth devices, and when stopped.
    var bluetooth: BLELinks?
    var states: [DeviceID: (state: LinkState, reason: String, since: Timestamp)] = [:]
    /// What came in, by device, since the start.
    var received: [DeviceID: Traffic] = [:]
    /// What links know of their devices from run to run.
    let memories = LinkMemories()
    /// What ages of stored data are counted from; when it was last looked at, and kept.
    var ages = TrustedTime()
    var lastAgesLook: Int64 = 0
    var lastAgesKept: Int64?
    /// When frames came in, each device's one after the other.
    var arrivals = FrameTimes()
    var socket: CommandSocket?
    var timer: (any DispatchSourceTimer)?
    var signals: [any DispatchSourceSignal] = []
    /// Samples received until then are in the store or in a commit that waits for it.
    var storedUntil = Timestamp.distantPast
    var lastCommit = Timestamp.distantPast
    /// Whether a commit will come for what has arrived since the last one.
    var isCommitPlanned = false
    var lastWatchdog: Int64 = 0
    var backlog = Backlog()
    /// People whose detectors are made anew from history, one after the other.
    var renewals: [HistoryRenewal] = []
    var isStopping = false
    /// Whether the last commit failed.
    var isStoreFailing = false
    /// Which store, and which commit of it, the hub goes on from, while that is read only.
    var resumedAt: (StoreIdentity, UInt64)?
    /// What a repair of the store said, until it was told.
    var repairs: [String] = []
    var wasRepairedRunning = false
    /// Whether it was said that the store's log is too long.
    var isLogLong = false
    var shownDiagnostics: [String: Int] = [:]
    var lastDiagnosticsLine: Int64 = 0

    /// The timer comes once a second, a little early or late: a commit is not left to the next one for that.
    static let timerSlack = TimeSpan.milliseconds(100)
    /// Frames that do not parse are reported at most this often.
    static let diagnosticsInterval: Int64 = 60_000

    public init(
        configuration: Configuration, configured: Configured, configurationPath: String? = nil,
        recordingPath: String? = nil, hub: HubID = .random(),
        hasDerivedIDs: Bool = false, clock: SharedClock = SharedClock(), observer: Observer
    ) {
        self.hub = hub
        self.hasDerivedIDs = hasDerivedIDs
        inbox = Inbox(queue: executor.queue)
        self.configuration = configuration
        self.configured = configured
        self.configurationPath = configurationPath
        self.recordingPath = recordingPath
        self.clock = clock
        self.observer = observer
    }

    // MARK: Starting

    /// Starts, and returns when the daemon was stopped by a signal, a command or `stop`.
    public nonisolated func run() throws {
        try executor.queue.sync { try assumeIsolated { try $0.start() } }
        finished.wait()
    }

    /// Asks a running daemon to stop; `run` returns soon after.
    public nonisolated func requestStop() {
        executor.queue.async { self.assumeIsolated { $0.stop() } }
    }

    /// Opens the store, rebuilds the state, starts the links, listens. A store that cannot be written now is read, and what
    /// the hub has to write waits.
    private func start() throws {
        let (store, pipeline) = try resume()
        self.pipeline = pipeline
        followStore(pipeline.now)
        beginAges(try store.states(of: nil))
        furnishStore()
        for problem in pipeline.problems { observer.log("put aside: \(problem)") }
        if let recordingPath {
            recording = try RecordingWriter(path: Self.fresh(recordingPath), header: header(store))
        }
        memories.restore(try store.states(of: nil))
        backlog.append(known())
        storeBacklog()
        if let step = watchAges() { take(Input(at: clock.now(), .clock(step: step))) }
        if !isStoreFailing { take(Input(at: clock.now(), .store(works: true, reason: ""))) }
        tellDamage()
        startLinks()
        try listen()
        startTimer()
        watchSignals()
    }

    private func beReady() {
        guard !isStopping else { return }
        systemd.ready(summary)
        observer.ready()
        startRenewals()
        scrubSoon(after: Self.firstScrub)
    }

    /// The wall's clock may stand behind the store's, as on a Pi that does not know the time yet. Hub time goes on from
    /// the store: decisions would else wait until the wall has caught up.
    private func followStore(_ time: Timestamp) {
        let behind = time - clock.now()
        guard behind > .zero else { return }
        clock.advance(to: time + .milliseconds(1))
        if behind > .seconds(2) {
            observer.log("the clock stands \(behind) behind the store's last commit; the hub goes on from there")
        }
    }

    /// A path that is not taken: a recording may be the only copy of a night, and a restarted hub must start.
    static func fresh(_ path: String) -> String {
        guard access(path, F_OK) == 0 else { return path }
        let stem = path.hasSuffix(".vrec") ? String(path.dropLast(5)) : path
        var number = 2
        while access("\(stem).\(number).vrec", F_OK) == 0 { number += 1 }
        return "\(stem).\(number).vrec"
    }

    func header(_ store: SQLiteStore) throws -> RecordingHeader {
        var states = try store.states(of: nil)
        var recent: [PersonSamples] = []
        for person in configured.people {
            states += try store.states(of: person.id)
            let end = try HubState(states).now
            recent.append(
                try PersonSamples(person: person.id, samples: Pipeline.recent(of: person.id, in: store, end: end)))
        }
        return RecordingHeader(
            hub: store.identity.hub, epoch: store.identity.epoch, configured: configured, states: states,
            recent: recent, startedAt: clock.now())
    }

    private func listen() throws {
        let socket = CommandSocket(path: configuration.socketPath, queue: executor.queue) {
            [weak self] line, attached, peer in
            self?.assumeIsolated { $0.answer(line, attached, from: peer) } ?? []
        }
        try socket.start()
        self.socket = socket
    }

    private func startTimer() {
        let timer = DispatchSource.makeTimerSource(queue: executor.queue)
        // One look a second at real speed: ticks fall due every five. A faster clock is looked at as often per tick.
        let interval = clock.rate > 1 ? DispatchTimeInterval.milliseconds(10) : .seconds(1)
        timer.schedule(deadline: .now() + interval, repeating: interval, leeway: .milliseconds(clock.rate > 1 ? 1 : 50))
        timer.setEventHandler { @Sendable [weak self] in self?.assumeIsolated { $0.pulse() } }
        timer.resume()
        self.timer = timer
    }

    /// A signal that comes before its source is at work would be lost: the hub is ready only then.
    private func watchSignals() {
        let watched = DispatchGroup()
        watch(SIGTERM, watched) { $0.stop() }
        watch(SIGINT, watched) { $0.stop() }
        watch(SIGHUP, watched) { _ = $0.reload() }
        watched.notify(queue: executor.queue) { self.assumeIsolated { $0.beReady() } }
    }

    private func watch(
        _ number: Int32, _ watched: DispatchGroup, _ body: @escaping @Sendable (isolated Daemon) -> Void
    ) {
        watched.enter()
        let source = DispatchSource.makeSignalSource(signal: number, queue: executor.queue)
        source.setRegistrationHandler { @Sendable in watched.leave() }
        source.setEventHandler { @Sendable [weak self] in self?.assumeIsolated { body($0) } }
        source.resume()
        signals.append(source)
    }

    // MARK: Stopping

    /// Stops in the order of the data path: links, pipeline, store; then the socket and the process's own things.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        systemd.stopping()
        inbox.close()
        bluetooth?.stop()
        bluetooth = nil
        ports?.stop()
        ports = nil
        for link in links.values { link.stop() }
        links = [:]
        timer?.cancel()
        timer = nil
        // What the links handed over before they ended stands before this on the queue.
        executor.queue.async { self.assumeIsolated { $0.finish() } }
    }

    private func finish() {
        take(Input(at: clock.now(), .time))
        commit()
        if !backlog.isEmpty {
            observer.log("\(backlog.count) commits could not be written before the hub stopped; they are lost")
        }
        do { try recording?.close() } catch { observer.log("\(error)") }
        socket?.stop()
        store?.close()
        pipeline = nil
        store = nil
        for source in signals { source.cancel() }
        finished.signal()
    }
}
