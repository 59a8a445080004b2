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

    private let backoff: Backoff
    /// Where the port is at the moment, for names that are no path.
    private let locate: (@Sendable () throws(LinkError) -> String)?
    /// What the steps of a new conversation depend on.
    private let context: @Sendable () -> StepContext
    private let now: @Sendable () -> Timestamp
    private let sink: @Sendable (LinkOutput) -> Void
    private let log: @Sendable (String) -> Void

    private nonisolated let executor: QueueExecutor
    /// Left when every descriptor of this link is closed.
    private nonisolated let released = DispatchGroup()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var isRunning = false
    /// −1 while the port is closed. Owned by `opened` at first, by `reading` from then on.
    private var descriptor: Int32 = -1
    private var opened: SerialPort?
    private var reading: DescriptorWatch?
    private var writing: DescriptorWatch?
    private var watch: PathWatch?
    private var outgoing: [UInt8] = []
    private var conversation: Conversation?
    private var memory: DriverMemory?
    /// The timer that is set for the conversation: its number, and when it goes off.
    private var alarm: (number: Int, at: Timestamp?) = (0, nil)
    /// Frames that came before the device was set up.
    private var early: [LinkOutput] = []
    private var isReady = false
    /// The path that is, or was last, opened.
    private var place: String

    /// Changes whenever a pending timer has lost its meaning.
    private var generation = 0
    private var failures = 0
    private var isLost = false
    private var isSilent = false
    private var isPresent = false
    private var lastFailure = ""
    /// Quarters of the silence that passed without a byte.
    private var quietQuarters = 0

    /// Bytes that wait for a device that does not read; what comes on top is dropped and logged.
    private static let longestQueue = 65_536
    /// Reads before other work on the queue (`stop`) gets its turn.
    private static let readsPerTurn = 64
    private static let readSize = 4096
    /// Reads that are kept while a device is set up; more are dropped, as by a full line.
    private static let mostEarly = 256
    /// Beyond this a deadline was not missed but slept through.
    private static let jump = TimeSpan.minutes(1)
    /// How long closing may wait for what is said at last, and for the line to have sent it.
    private static let longestFarewell: Int64 = 500
    private static let pulse: Int64 = 5

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

    // MARK: Opening

    private func begin() {
        guard !isRunning else { return }
        isRunning = true
        watch = PathWatch(queue: executor.queue, released: released) { [weak self] in
            self?.assumeIsolated { $0.pathChanged() }
        }
        if watch == nil { log("\(path): no inotify instance left; a replug is noticed by polling only") }
        attempt()
    }

    private func end() {
        isRunning = false
        farewell()
        close()
        watch?.cancel()
        watch = nil
    }

    /// Looks whether the path leads anywhere, having begun to watch it.
    private func look() {
        let wasPresent = isPresent
        let isLocated = relocate() == nil
        watch?.follow(place)
        isPresent = isLocated && access(place, F_OK) == 0
        if isPresent, !wasPresent, isLost { report(.plugged, "\(place) is there again") }
    }

    /// Finds the place of the port; the reason when there is none.
    private func relocate() -> LinkError? {
        guard let locate else { return nil }
        do throws(LinkError) {
            place = try locate()
            return nil
        } catch { return error }
    }

    private func attempt() {
        generation += 1
        look()
        guard isRunning else { return }
        do throws(LinkError) {
            if let reason = relocate() { throw reason }
            let wanted = place
            let port = try SerialPort(path: wanted, settings: settings)
            // Names of ports are given anew when something is plugged in: is it still the one that was meant?
            if let reason = relocate() { throw reason }
            guard place == wanted else {
                throw LinkError(.gone, path: wanted, "another device was plugged in meanwhile")
            }
            descriptor = port.descriptor
            opened = consume port
            begin(Conversation(settings.script, context: context(), memory: memory))
        } catch {
            // Neither there nor lost; `reconsider` comes with the answer.
            if error.code == .pending { return after(backoff.longest) { $0.attempt() } }
            if error.message != lastFailure { log(error.description) }
            lastFailure = error.message
            lose(error.message)
        }
    }

    private func begin(_ conversation: Conversation) {
        guard let owned = opened.take()?.surrender() else { return }
        reading = DescriptorWatch(
            owned, .reading, queue: executor.queue, released: released, release: { SerialPort.release($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.drain() } })
        self.conversation = conversation
        tell { $0.start(at: $1) }
    }

    private func becameReady() {
        lastFailure = ""
        if !isSilent {
            isLost = false
            report(.connected, "\(place) opened at \(settings.baud) baud \(settings.format)")
        }
        quietQuarters = 0
        if settings.resetsOnOpen {
            after(SerialSettings.settling) { $0.listenForSilence() }
        } else {
            listenForSilence()
        }
        isReady = true
        let mine = generation
        let held = early
        early = []
        for frame in held where mine == generation { deliver(frame) }
    }

    private func hardwareChanged() {
        guard isRunning, descriptor < 0 else { return }
        look()
        guard isRunning, isPresent else { return }
        failures = 0
        attempt()
    }

    private func pathChanged() {
        guard let watch, watch.drain(), isRunning else { return }
        if descriptor < 0 {
            look()
            guard isRunning, isPresent else { return }
            failures = 0
            attempt()
        } else if leadsElsewhere() {
            isPresent = false
            lose("\(place) is gone: unplugged")
            if isRunning, isPresent { attempt() }
        } else {
            watch.follow(place)
        }
    }

    /// Whether the path no longer names the open device.
    private func leadsElsewhere() -> Bool {
        var named = stat()
        var opened = stat()
        guard fstat(descriptor, &opened) == 0, stat(place, &named) == 0 else { return true }
        return named.st_rdev != opened.st_rdev || named.st_ino != opened.st_ino
    }

    /// Closes, reports the loss once, and tries again later.
    private func lose(_ reason: String) {
        close()
        isSilent = false
        if !isLost {
            isLost = true
            report(.lost, reason)
        }
        guard isRunning else { return }
        let pause = backoff.pause(after: failures)
        failures += 1
        after(pause) { $0.attempt() }
        look()
    }

    private func close() {
        generation += 1
        memory = conversation?.driverMemory ?? memory
        conversation = nil
        alarm = (alarm.number + 1, nil)
        early = []
        isReady = false
        outgoing = []
        writing?.cancel()
        writing = nil
        reading?.cancel()
        reading = nil
        opened = nil
        descriptor = -1
    }

    // MARK: Reading and writing

    /// Reads to `EAGAIN` or the end: a handler that reads once per event can hang when the last bytes and the hang-up
    /// arrive together.
    private func drain() {
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

    private func arrived(_ bytes: [UInt8]) {
        quietQuarters = 0
        if isReady { failures = 0 }
        tell { $0.received(bytes, on: .port, at: $1) }
    }

    private func deliver(_ frame: LinkOutput) {
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
    private func remember(_ change: LinkMemory.Change) {
        let output = LinkOutput.remember(device: device, change)
        if isReady { sink(output) } else { early.append(output) }
    }

    private func enqueue(_ bytes: [UInt8]) {
        guard descriptor >= 0 else { return log("\(place): not connected, \(bytes.count) bytes not sent") }
        guard outgoing.count + bytes.count <= SerialLink.longestQueue else {
            return log("\(place): the device does not read, \(bytes.count) bytes dropped")
        }
        outgoing += bytes
        flush()
    }

    private func flush() {
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

    private func waitForRoom() {
        guard writing == nil else { return }
        // A descriptor of its own: the two watches release theirs independently.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return log("\(place): \(LinkError.text(of: errno)); \(outgoing.count) bytes wait") }
        writing = DescriptorWatch(
            copy, .writing, queue: executor.queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.flush() } })
    }

    // MARK: Conversation

    /// Tells the conversation what happened and does what it asks for.
    private func tell(_ happened: (inout Conversation, Timestamp) -> [Conversation.Action]) {
        guard var current = conversation else { return }
        let mine = generation
        let at = now()
        if let deadline = current.deadline, at - deadline > SerialLink.jump { current.skip(to: at) }
        let actions = happened(&current, at)
        conversation = current
        for action in actions {
            perform(action, at)
            guard mine == generation else { return }
        }
        setAlarm(at)
    }

    private func perform(_ action: Conversation.Action, _ at: Timestamp) {
        switch action {
        case .write(.port, let bytes, _): enqueue(bytes)
        // A profile for a serial port has no such steps: reading it says so.
        case .write, .read, .subscribe: log("\(place): a serial line has no characteristics; a step is left out")
        case .frame(let input, let bytes): deliver(.frame(device: device, input: input, bytes: bytes, at: at))
        case .ready: becameReady()
        case .remember(let change): remember(change)
        case .note(let text): log("\(place): \(text)")
        case .failed(let reason):
            if reason != lastFailure { log("\(place): \(reason)") }
            lastFailure = reason
            lose(reason)
        case .finished: break
        }
    }

    /// The timer going off counts as the deadline having come, however the hub's clock runs.
    private func setAlarm(_ at: Timestamp) {
        let deadline = conversation?.deadline
        guard deadline != alarm.at else { return }
        alarm = (alarm.number + 1, deadline)
        guard let deadline else { return }
        let number = alarm.number
        after(deadline - at) { link in
            guard number == link.alarm.number else { return }
            link.alarm.at = nil
            link.tell { $0.advance(to: max($1, deadline)) }
        }
    }

    /// Says what the profile has a device told before it is left, and waits until the line has sent it.
    private func farewell() {
        guard var current = conversation, descriptor >= 0 else { return }
        conversation = nil
        var budget = SerialLink.longestFarewell
        func pause(_ milliseconds: Int64) {
            budget -= max(milliseconds, 1)
            _ = poll(nil, 0, Int32(clamping: max(milliseconds, 1)))
        }
        var at = now()
        var actions = current.stop(at: at)
        while true {
            for case .write(.port, let bytes, _) in actions where outgoing.count < SerialLink.longestQueue {
                outgoing += bytes
            }
            if actions.contains(.finished) || budget <= 0 { break }
            guard let deadline = current.deadline else { break }
            pause(min((deadline - at).milliseconds, budget))
            at = max(at, deadline)
            actions = current.advance(to: at)
        }
        memory = current.driverMemory
        while !outgoing.isEmpty, budget > 0 {
            let size = write(descriptor, outgoing, outgoing.count)
            if size > 0 {
                outgoing.removeFirst(min(size, outgoing.count))
            } else if size == 0 || errno == EAGAIN || errno == EINTR {
                pause(SerialLink.pulse)
            } else {
                return
            }
        }
        while SerialPort.unsent(descriptor) > 0, budget > 0 { pause(SerialLink.pulse) }
    }

    // MARK: Silence and timers

    /// Counts quarters without bytes, so that no frame has to touch a timer. Noticed within a quarter of the silence.
    private func listenForSilence() {
        guard let silence = settings.silence else { return }
        after(TimeSpan(milliseconds: max(silence.milliseconds / 4, 1))) { link in
            link.quietQuarters += 1
            if link.quietQuarters > 4 { link.fellSilent(silence) } else { link.listenForSilence() }
        }
    }

    private func fellSilent(_ silence: TimeSpan) {
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

    private func report(_ state: LinkState, _ reason: String) {
        sink(.state(device: device, state, reason: reason, at: now()))
    }

    /// Runs `body` on this actor after `span`, unless the generation changed.
    private func after(_ span: TimeSpan, _ body: @escaping @Sendable (isolated SerialLink) -> Void) {
        let mine = generation
        let milliseconds = Int(clamping: max(span.milliseconds, 0))
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
            self?.assumeIsolated { if mine == $0.generation { body($0) } }
        }
    }
}
