import Glibc
import Profiles
import Vitals

/// Listens at a port to find out whose device is there: probe before claiming.
///
/// USB ids name the adapter, not the device: thousands of gadgets share those of a CP210x or CH340. So the port is opened
/// with the line settings of each profile in turn, and what arrives is decoded: first those that only listen, then those
/// that send something to begin with; the highest priority first among each. A profile
/// understands the device when `frames` good frames came with at most `errors` bad stretches among them, within its
/// probe's span; noise before (a boot loader, the middle of a frame) only delays it. Of profiles that understand the same
/// stream the highest priority wins; other speeds and formats are then not tried any more. Profiles with equal settings
/// listen together.
///
/// Nothing is written except what the profile's steps say: the conversation is a link's own. The port is held exclusively meanwhile, one that
/// somebody else holds is left alone. Opening raises DTR and RTS (see `SerialPort`): a board that restarts on it does so
/// once, at the first opening, for a probe leaves the lines up.
///
/// Blocks: run it on a queue of its own.
public struct SerialProbe: Sendable {
    public let profiles: [Profile]
    private let stopwatch: @Sendable () -> Int64
    private let isCancelled: @Sendable () -> Bool
    private let context: StepContext

    /// For profiles that say nothing about it. The figures of a home-made sensor, the least talkative device there is.
    public static let standard = Probe(span: .seconds(10), frames: 3, errors: 2)
    /// How long a device may refuse the opening bytes.
    private static let longestWrite: Int64 = 1000
    /// How often a probe looks whether it was cancelled.
    private static let pulse: Int64 = 50
    private static let readSize = 4096

    /// - Parameters:
    ///   - profiles: those that may be meant; others than serial ones are left out.
    ///   - stopwatch: monotonic milliseconds.
    ///   - context: settings and secrets that steps and drivers need.
    ///   - isCancelled: asked about twenty times a second.
    public init(
        profiles: [Profile], context: StepContext = SerialLink.plainContext(),
        stopwatch: @escaping @Sendable () -> Int64, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.profiles = profiles.filter { SerialSettings($0) != nil }.sorted {
            ($1.priority, $0.id) < ($0.priority, $1.id)
        }
        self.context = context
        self.stopwatch = stopwatch
        self.isCancelled = isCancelled
    }

    /// Probes one port. At worst it takes the sum of the spans of all different settings.
    public func run(path: String) -> Verdict {
        var verdict = Verdict(path: path)
        var groups = SerialProbe.groups(profiles)
        var claim: (priority: Int, line: String)?
        while !groups.isEmpty, verdict.refusal == nil, !isCancelled() {
            let group = groups.removeFirst()
            // Who understood a stream leaves no doubt about speed and format, only about what else can be read in it.
            if let claim, group.line != claim.line || group.highestPriority <= claim.priority { continue }
            var listeners = group.profiles.map { ProbeListener($0) }
            do throws(LinkError) {
                try listen(path, group.settings, &listeners)
                verdict.take(listeners)
            } catch {
                verdict.refusal = error
                // Who heard nothing because the port never opened has nothing to say.
                verdict.take(listeners.filter { $0.bytes > 0 })
            }
            if let best = verdict.best, claim.map({ best > $0.priority }) ?? true { claim = (best, group.line) }
        }
        return verdict
    }

    // MARK: One opening

    /// Profiles that can listen to the same bytes.
    private struct Group {
        var settings: SerialSettings
        var profiles: [Profile]
        var highestPriority: Int { profiles.first?.priority ?? .min }
        /// Speed and format.
        var line: String { "\(settings.baud) \(settings.format)" }
        /// Whether only ears are needed.
        var isQuiet: Bool { settings.script.isQuiet }
    }

    private static func groups(_ profiles: [Profile]) -> [Group] {
        var groups: [Group] = []
        for profile in profiles {
            guard let settings = SerialSettings(profile)?.whileProbing else { continue }
            if let index = groups.firstIndex(where: { $0.settings == settings }) {
                groups[index].profiles.append(profile)
            } else {
                groups.append(Group(settings: settings, profiles: [profile]))
            }
        }
        // Listening first: what talks by itself needs no bytes that another device may take for settings.
        return groups.filter(\.isQuiet) + groups.filter { !$0.isQuiet }
    }

    private func listen(
        _ path: String, _ settings: SerialSettings, _ listeners: inout [ProbeListener]
    ) throws(LinkError) {
        let port = try SerialPort(path: path, settings: settings)
        var conversation = Conversation(settings.script, context: context)
        var start = stopwatch()
        var isReady = false
        var early: [[UInt8]] = []
        func hear(_ bytes: [UInt8]) {
            for index in listeners.indices where listeners[index].isListening { listeners[index].hear(bytes) }
        }
        /// - Returns: whether the device can be listened to at all.
        func perform(_ actions: [Conversation.Action]) throws(LinkError) -> Bool {
            for action in actions {
                switch action {
                case .write(_, let bytes, _): try send(bytes, port.descriptor, path)
                case .ready:
                    start = stopwatch()
                    isReady = true
                    early.forEach(hear)
                case .frame(_, let bytes): if isReady { hear(bytes) } else { early.append(bytes) }
                case .failed: return false
                case .read, .subscribe, .remember, .note, .finished: break
                }
            }
            return true
        }
        func moment() -> Timestamp { Timestamp(milliseconds: stopwatch()) }
        guard try perform(conversation.start(at: moment())) else { return }
        while !isCancelled(), !isReady || !SerialProbe.isDecided(listeners) {
            guard try perform(conversation.advance(to: moment())) else { return }
            // What is asked first may take its time; the span is for listening.
            let passed = isReady ? stopwatch() - start : 0
            for index in listeners.indices where passed >= listeners[index].criteria.span.milliseconds {
                listeners[index].isOver = true
            }
            let rest = listeners.filter { $0.isListening }.map { $0.criteria.span.milliseconds - passed }.max() ?? 0
            guard !isReady || rest > 0 && !SerialProbe.isDecided(listeners) else { break }
            let next = conversation.deadline.map { ($0 - moment()).milliseconds } ?? .max
            guard wait(port.descriptor, POLLIN, min(rest, next, SerialProbe.pulse)) else { continue }
            for bytes in try read(port.descriptor, path) {
                let actions = conversation.received(bytes, on: .port, at: moment())
                guard try perform(actions) else { return }
            }
        }
    }

    /// Whether more bytes cannot change who wins: somebody understood, and everyone preferred heard at least as much
    /// without making out a single frame.
    private static func isDecided(_ listeners: [ProbeListener]) -> Bool {
        guard let winner = listeners.firstIndex(where: { $0.hasUnderstood }) else {
            return listeners.allSatisfy { $0.isOver }
        }
        return listeners[..<winner].allSatisfy { $0.isOver || $0.frames == 0 }
    }

    /// Reads what is there, in pieces small enough to tell noise from what follows it.
    private func read(_ descriptor: Int32, _ path: String) throws(LinkError) -> [[UInt8]] {
        let size = 16
        var failure: Int32 = 0
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: SerialProbe.readSize) { buffer, initialized in
            count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            failure = errno
            initialized = max(count, 0)
        }
        if count < 0, failure == EAGAIN || failure == EINTR { return [] }
        guard count > 0 else {
            throw LinkError(.gone, path: path, "unplugged while it was probed", errno: count < 0 ? failure : 0)
        }
        return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    private func send(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(LinkError) {
        let start = stopwatch()
        var rest = bytes[...]
        while !rest.isEmpty, !isCancelled() {
            let size = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let failure = errno
            if size > 0 {
                rest = rest.dropFirst(size)
            } else if size == 0 || failure == EAGAIN || failure == EINTR {
                // Whoever does not read is not asked again; it may talk nevertheless.
                guard stopwatch() - start < SerialProbe.longestWrite else { return }
                _ = wait(descriptor, POLLOUT, SerialProbe.pulse)
            } else {
                throw LinkError.system(failure, "write", path: path)
            }
        }
    }

    private func wait(_ descriptor: Int32, _ events: Int32, _ milliseconds: Int64) -> Bool {
        var ask = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        return poll(&ask, 1, Int32(clamping: max(milliseconds, 1))) > 0
    }
}

extension SerialSettings {
    /// The settings for a look: DTR stays up afterwards, so that the real opening restarts nothing, the kernel sends no
    /// XOFF of its own, and no clock is set, for a probe does not know the time.
    fileprivate var whileProbing: SerialSettings {
        var settings = SerialSettings(
            baud: baud, dataBits: dataBits, parity: parity, stopBits: stopBits, flow: flow == .rtsCts ? .rtsCts : .none,
            resetsOnOpen: true)
        settings.script.connect = script.connect.filter { !$0.tellsTime }
        settings.script.poll = script.poll.filter { !$0.steps.contains(where: \.tellsTime) }
        settings.script.keepAlive = script.keepAlive
        return settings
    }
}
