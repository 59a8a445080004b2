import Dispatch
import Glibc
import JSON5
import Links
import Profiles
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
    private let executor = QueueExecutor(label: "vitald.hub")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var configuration: Configuration
    private let configurationPath: String?
    private var configured: Configured
    private let observer: Observer
    private let recordingPath: String?
    /// The id a new store gets; one that exists keeps its own.
    private let hub: HubID
    private let systemd = Systemd()
    private var clock: HubClock
    private var suspended = HubClock.suspended()
    private var store: SQLiteStore?
    private var pipeline: Pipeline?
    private var recording: RecordingWriter?
    private var links: [DeviceID: SerialLink] = [:]
    private var states: [DeviceID: (state: LinkState, reason: String, since: Timestamp)] = [:]
    /// Bytes that came in, by device, since the start.
    private var received: [DeviceID: Int] = [:]
    private var socket: CommandSocket?
    private var timer: (any DispatchSourceTimer)?
    private var signals: [any DispatchSourceSignal] = []
    private var lastCommit = Timestamp.distantPast
    private var lastWatchdog: Int64 = 0
    private var backlog: [Commit] = []
    private var isStopping = false
    private var shownDiagnostics: [String: Int] = [:]
    private var lastDiagnosticsLine: Int64 = 0

    /// Commits that wait for a store that cannot be written: a quarter of an hour at one a second.
    private static let longestBacklog = 900
    /// Frames that do not parse are reported at most this often.
    private static let diagnosticsInterval: Int64 = 60_000

    public init(
        configuration: Configuration, configured: Configured, configurationPath: String? = nil,
        recordingPath: String? = nil, hub: HubID = .random(), clock: HubClock = HubClock(), observer: Observer
    ) {
        self.hub = hub
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

    /// Opens the store, rebuilds the state, starts the links, listens.
    private func start() throws {
        let store = try SQLiteStore.open(
            path: configuration.storePath, mode: .write(hub: hub, createIfMissing: true))
        self.store = store
        let pipeline = try Pipeline(resuming: store, configured: configured)
        self.pipeline = pipeline
        for problem in pipeline.problems { observer.log("put aside: \(problem)") }
        if let recordingPath { recording = try RecordingWriter(path: recordingPath, header: header(store)) }
        var commit = Commit(at: clock.now())
        commit.people = configured.people
        commit.devices = configured.devices + [.detectors]
        commit.assignments = configured.assignments
        try store.commit(commit)
        take(Input(at: clock.now(), .time))
        startLinks()
        try listen()
        startTimer()
        watchSignals()
        systemd.ready("\(configured.people.count) people, \(configured.devices.count) devices")
        observer.ready()
    }

    private func header(_ store: SQLiteStore) throws -> RecordingHeader {
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

    private func startLinks() {
        let profiles = ProfileLibrary(files: configured.profiles)
        for device in configured.devices {
            guard let name = device.profile, let profile = profiles[name], let port = device.port else {
                observer.log("\(device.name): no profile \"\(device.profile ?? "")\"; the device is left alone")
                continue
            }
            guard let settings = SerialSettings(profile) else {
                observer.log("\(device.name): profile \(profile.id) is not for a serial port; the device is left alone")
                continue
            }
            let clock = clock
            let queue = executor.queue
            let link = SerialLink(
                device: device.id, path: port, settings: settings, now: { clock.now() },
                // Links are stopped, and silent, before the hub goes: the reference back does not outlive it.
                sink: { output in queue.async { self.assumeIsolated { $0.take(output) } } }, log: observer.log)
            links[device.id] = link
            link.start()
        }
    }

    private func listen() throws {
        let socket = CommandSocket(path: configuration.socketPath, queue: executor.queue) { [weak self] line, peer in
            self?.assumeIsolated { $0.answer(line, from: peer) } ?? []
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

    private func watchSignals() {
        watch(SIGTERM) { $0.stop() }
        watch(SIGINT) { $0.stop() }
        watch(SIGHUP) { $0.reload() }
    }

    private func watch(_ number: Int32, _ body: @escaping @Sendable (isolated Daemon) -> Void) {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: executor.queue)
        source.setEventHandler { @Sendable [weak self] in self?.assumeIsolated { body($0) } }
        source.resume()
        signals.append(source)
    }

    // MARK: Inputs

    private func take(_ output: LinkOutput) {
        guard !isStopping else { return }
        switch output {
        case .frame(let device, let input, let bytes, let at):
            received[device, default: 0] += bytes.count
            take(Input(at: at, .frame(device: device, input: input, bytes: bytes)))
        case .state(let device, let state, let reason, let at):
            states[device] = (state, reason, at)
            take(Input(at: at, .link(device: device, state: state, reason: reason)))
        }
    }

    /// Records an input with the time it is taken at, and takes it.
    private func take(_ input: Input) {
        guard let pipeline else { return }
        var input = input
        input.at = max(input.at, pipeline.now)
        record(input)
        pipeline.take(input)
        if !pipeline.pending.events.isEmpty { commit() }
    }

    private func record(_ input: Input) {
        guard let recording else { return }
        do { try recording.append(input) } catch {
            observer.log("the recording ends here: \(error)")
            self.recording = nil
        }
    }

    /// Called by the timer: lets time pass, commits when due, tells the watchdog.
    private func pulse() {
        guard !isStopping, let pipeline else { return }
        watchClock()
        let now = clock.now()
        pipeline.advance(to: now)
        let commitsNow =
            !pipeline.pending.events.isEmpty || now - lastCommit >= configuration.commitInterval * clock.rate
        if commitsNow { commit() }
        let ticks = HubClock.stopwatch()
        if let interval = systemd.watchdogInterval, Double(ticks - lastWatchdog) / 1000 >= interval {
            systemd.alive()
            lastWatchdog = ticks
        }
        if ticks - lastDiagnosticsLine >= Self.diagnosticsInterval {
            lastDiagnosticsLine = ticks
            logDiagnostics()
        }
    }

    /// A wall clock that was set forward is followed at once; one that was set back is not. Sleep is told apart.
    private func watchClock() {
        guard clock.rate == 1 else { return }
        let slept = HubClock.suspended() - suspended
        if slept > .seconds(1) {
            suspended = HubClock.suspended()
            take(Input(at: clock.now(), .suspended(slept)))
        }
        let drift = clock.drift()
        if drift > .seconds(2) {
            clock = clock.resynchronised()
            take(Input(at: clock.now(), .clock(step: drift)))
        }
    }

    private func logDiagnostics() {
        guard let pipeline else { return }
        for (device, kind, count) in pipeline.diagnostics {
            let name = configured.devices.first { $0.id == device }?.name ?? "\(device)"
            let new = count - shownDiagnostics["\(name) \(kind)", default: 0]
            guard new > 0 else { continue }
            shownDiagnostics["\(name) \(kind)"] = count
            observer.log("\(name): \(new) × \(kind) (\(count) since start)")
        }
    }

    // MARK: Commits

    private func commit() {
        guard let pipeline, let store else { return }
        let commit = pipeline.takeCommit()
        lastCommit = clock.now()
        guard !commit.isEmpty || !backlog.isEmpty else { return }
        backlog.append(commit)
        do {
            while let next = backlog.first {
                try store.commit(next)
                backlog.removeFirst()
            }
            if isStoreFailing {
                isStoreFailing = false
                take(Input(at: clock.now(), .store(works: true, reason: "")))
            }
        } catch {
            if !isStoreFailing {
                isStoreFailing = true
                observer.log("\(error)")
                take(Input(at: clock.now(), .store(works: false, reason: error.message)))
            }
            if backlog.count > Self.longestBacklog {
                let lost = backlog.removeFirst()
                let count = lost.samples.reduce(0) { $0 + $1.samples.count }
                observer.log("memory for waiting data is full: \(count) samples were dropped")
            }
        }
        for event in commit.events { observer.event(event) }
    }

    private var isStoreFailing = false

    // MARK: Commands

    private func answer(_ line: String, from peer: CommandSocket.Peer) -> [String] {
        do {
            switch try SocketRequest.parse(line) {
            case .query(.status): return [status(), Self.ok]
            case .query(.devices): return devices() + [Self.ok]
            case .query(.alert(let name)):
                guard let store else { return [Self.error("the hub is stopping")] }
                return ["{\"id\":\"\(try EventName(name).find(in: store, kind: .alert).id)\"}", Self.ok]
            case .command(var command):
                if command.actor.isEmpty { command.actor = "uid \(peer.user)" }
                return [apply(command).map { Self.error($0) } ?? Self.ok]
            }
        } catch {
            return [Self.error("\(error)")]
        }
    }

    private static let ok = "{\"ok\":true}"

    private static func error(_ message: String) -> String {
        var json = JSONWriter()
        json.object { $0.member("error", message) }
        return json.text
    }

    private func apply(_ command: Command) -> String? {
        switch command.action {
        case .reload:
            reload()
            return nil
        case .stop:
            requestStop()
            return nil
        case .acknowledge, .acceptPlan, .declinePlan:
            guard let pipeline, let store else { return "the hub is stopping" }
            if (try? store.hasApplied(command.id)) == true { return nil }
            let at = max(clock.now(), pipeline.now)
            record(Input(at: at, .command(command)))
            let refusal = pipeline.apply(command, at: at)
            commit()
            return refusal
        }
    }

    private func status() -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("hub", configuration.hubName)
            json.member("store", configuration.storePath)
            json.member("sequence", store?.sequence ?? 0)
            json.member("now", ISO8601.format(clock.now()))
            json.member("people", configured.people.map(\.name))
            json.member("devices", configured.devices.count)
            json.member("connected", states.values.filter { $0.state == .connected }.count)
            json.member("put_aside", pipeline?.problems ?? [])
            json.member("waiting_commits", backlog.count)
        }
        return json.text
    }

    private func devices() -> [String] {
        configured.devices.map { device in
            var json = JSONWriter()
            json.object { json in
                json.member("name", device.name)
                json.member("profile", device.profile)
                json.member("port", device.port)
                let person = configured.assignments.first { $0.device == device.id }?.person
                json.member("person", configured.people.first { $0.id == person }?.name)
                json.member("state", states[device.id]?.state.name ?? "starting")
                json.member("reason", states[device.id]?.reason)
                json.member("since", states[device.id].map { ISO8601.format($0.since) })
                json.member("bytes", received[device.id, default: 0])
                json.object("diagnostics") { json in
                    for entry in pipeline?.diagnostics ?? [] where entry.device == device.id {
                        json.member(entry.kind, entry.count)
                    }
                }
            }
            return json.text
        }
    }

    /// Reads rules and profiles again. A bad file is reported and what was in force stays in force.
    private func reload() {
        systemd.reloading(monotonicMilliseconds: HubClock.stopwatch())
        defer { systemd.ready("reloaded") }
        do {
            var next = configuration
            if let configurationPath { next = try Configuration.load(path: configurationPath) }
            var new = try next.configured()
            keepGoodFiles(in: &new)
            // Links are started once: devices that a changed configuration adds wait for a restart.
            new.devices = configured.devices
            new.assignments = configured.assignments
            configured = new
            take(Input(at: clock.now(), .configuration(new)))
            observer.log("rules and profiles read again")
        } catch {
            observer.log("nothing was reloaded: \(error)")
        }
    }

    /// Puts the version in force back in place of each file that does not load.
    private func keepGoodFiles(in new: inout Configured) {
        for problem in Household(new).problems { observer.log("kept the old version: \(problem)") }
        new.rules = Household.usable(new.rules, else: configured.rules) { Household.ruleLoads($0) }
        new.profiles = Household.usable(new.profiles, else: configured.profiles) { Household.profileLoads($0) }
    }

    // MARK: Stopping

    /// Stops in the order of the data path: links, pipeline, store; then the socket and the process's own things.
    private func stop() {
        guard !isStopping else { return }
        systemd.stopping()
        for link in links.values { link.stop() }
        links = [:]
        timer?.cancel()
        timer = nil
        take(Input(at: clock.now(), .time))
        commit()
        isStopping = true
        do { try recording?.close() } catch { observer.log("\(error)") }
        socket?.stop()
        store?.close()
        pipeline = nil
        store = nil
        for source in signals { source.cancel() }
        finished.signal()
    }
}
