import Dispatch
import Glibc
import Hub
import Links
import Profiles
import Simulator
import Storage
import Synchronization
import Vitals

/// What Bluetooth links cost a hub: eight straps at ten notifications a second, over local sockets in the place of the
/// kernel's, each message through link, decoder, analysis and rules into a store, with a commit every second.
struct LinksBench {
    let setting: BenchSetting

    private static let count = 8
    private static let perSecond = 10
    /// 2 % of a core for eight links at ten a second.
    private static let budget = 2.0
    private static let repetitions = 5
    private static let warmUpSeconds = 3

    func figures() throws -> [Figure] {
        let household = BenchHousehold(
            people: Self.count, sensor: .chestStrap, profiles: setting.profiles, rules: setting.rules)
        let library = ProfileLibrary(files: setting.profiles)
        guard let profile = library.profiles.first(where: { $0.id == BenchHousehold.Sensor.chestStrap.rawValue }) else {
            throw CommandError.failed("there is no profile \(BenchHousehold.Sensor.chestStrap.rawValue)")
        }
        let folder = try BenchFolder(in: setting.folder)
        let hub = try BenchHub(household, path: folder.newPath())
        let straps = try BenchStraps(count: Self.count, perSecond: Self.perSecond)
        let links = household.sensors.enumerated().map { index, device in
            BLELink(
                device: device, choose: { _, _ in profile }, context: { StepContext(now: .distantPast, zone: .utc) },
                open: { _ in straps.channel(index) }, now: { hub.now() }, sink: { hub.take($0) }, tell: { _ in },
                log: { _ in })
        }
        defer {
            for link in links { link.stop() }
            straps.stop()
            hub.stop()
        }
        let address = BluetoothAddress(number: 0xC0_00_00_00_00_01, kind: .random)
        for link in links { link.connect(to: BLELink.Place(address)) }
        setting.progress("links.ble_\(Self.count): warming up")
        hub.live(seconds: Self.warmUpSeconds)
        var shares: [Double] = []
        var frames: [Double] = []
        for repetition in 1...(setting.isQuick ? 1 : Self.repetitions) {
            setting.progress("links.ble_\(Self.count): repetition \(repetition)")
            let before = (own: Stopwatch.read(), peers: straps.seconds(), frames: hub.frames)
            hub.live(seconds: Int(setting.seconds))
            let after = (own: Stopwatch.read(), peers: straps.seconds(), frames: hub.frames)
            let wall = after.own.wall - before.own.wall
            shares.append(100 * (after.own.cpu - before.own.cpu - (after.peers - before.peers)) / wall)
            frames.append(Double(after.frames - before.frames) / wall)
        }
        return [
            Figure("links.ble_\(Self.count)", shares, "% of a core", budget: Self.budget),
            Figure("links.ble_\(Self.count)_frames", frames, "frames/s"),
        ]
    }
}

/// Takes what links bring, as the daemon does.
private final class BenchHub: Sendable {
    private struct State: ~Copyable {
        var pipeline: Pipeline?
        var store: SQLiteStore?
        var frames = 0
    }

    private let queue = DispatchQueue(label: "vitald.bench.hub")
    private let state: Mutex<State>
    private let clock = SharedClock()

    init(_ household: BenchHousehold, path: String) throws {
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
        var first = Commit(at: clock.now())
        first.people = household.configured.people
        first.devices = household.configured.devices
        first.assignments = household.configured.assignments
        try store.commit(first)
        state = Mutex(State(pipeline: try household.pipeline(), store: store))
    }

    var frames: Int { state.withLock { $0.frames } }

    func now() -> Timestamp { clock.now() }

    func take(_ output: LinkOutput) {
        queue.async {
            self.state.withLock { state in
                guard case .frame(let device, let input, let bytes, let at) = output else { return }
                state.frames += 1
                state.pipeline?.take(Input(at: at, .frame(device: device, input: input, bytes: bytes)))
            }
        }
    }

    /// Lets the seconds pass, with a commit in each.
    func live(seconds: Int) {
        for _ in 0..<seconds {
            sleep(1)
            queue.sync { commit() }
        }
    }

    private func commit() {
        state.withLock { state in
            guard let pipeline = state.pipeline else { return }
            pipeline.advance(to: clock.now())
            _ = try? state.store?.commit(pipeline.takeCommit())
        }
    }

    func stop() {
        queue.sync {}
        state.withLock { state in
            state.store?.close()
            state.pipeline = nil
        }
    }
}

/// Straps at the other ends of local sockets, on one thread, whose time is told so that it can be taken off.
private final class BenchStraps: Sendable {
    private struct Channel: PDUChannel {
        let descriptor: Int32
        var security: SecurityLevel { .low }
        func raiseSecurity(to level: SecurityLevel) -> Int32 { ENOTSUP }
    }

    private static let measurement = BluetoothUUID(assigned: 0x2A37)
    private let ends: [(hub: Int32, own: Int32)]
    private let period: Int64
    private let isStopped = Atomic(false)
    /// Microseconds that the thread ran.
    private let spent = Atomic(0)
    private let ended = DispatchSemaphore(value: 0)

    init(count: Int, perSecond: Int) throws {
        period = Int64(1000 / perSecond)
        ends = try (0..<count).map { _ in
            var pair: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
                throw CommandError.failed("socketpair: \(String(cString: strerror(errno)))")
            }
            return (pair[0], pair[1])
        }
        let thread = DispatchQueue(label: "vitald.bench.straps")
        thread.async { self.serve() }
    }

    func channel(_ index: Int) -> any PDUChannel { Channel(descriptor: ends[index].hub) }

    /// Seconds of a core that the straps took.
    func seconds() -> Double { Double(spent.load(ordering: .relaxed)) / 1e6 }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        ended.wait()
        for end in ends { close(end.own) }
    }

    private func serve() {
        let strap = GATTServer.Service(
            BluetoothUUID(assigned: 0x180D),
            [.init(Self.measurement, .notify), .init(BluetoothUUID(assigned: 0x2A38), .read, value: [1])])
        var servers = ends.map { _ in GATTServer([strap]) }
        var buffer = [UInt8](repeating: 0, count: ATTPacket.largestMTU)
        var due = ends.indices.map { HubClock.stopwatch() + Int64($0) * period / Int64(ends.count) }
        var beat: UInt8 = 0
        func send(_ bytes: [UInt8], _ index: Int) {
            _ = Glibc.send(ends[index].own, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        while !isStopped.load(ordering: .relaxed) {
            var descriptors = ends.map { pollfd(fd: $0.own, events: Int16(POLLIN), revents: 0) }
            let wait = (due.min() ?? 0) - HubClock.stopwatch()
            _ = poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: max(0, wait)))
            for index in descriptors.indices where descriptors[index].revents & Int16(POLLIN) != 0 {
                let size = recv(ends[index].own, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard size > 0 else { continue }
                for case .send(let answer) in servers[index].receive(Array(buffer[..<size])) { send(answer, index) }
            }
            let now = HubClock.stopwatch()
            for index in due.indices where due[index] <= now {
                due[index] += period
                beat = beat &+ 1
                if let told = servers[index].tell(Self.measurement, [0x16, 60 + beat % 40, 0x40, 0x03]) {
                    send(told, index)
                }
            }
            spent.store(Int(Stopwatch.thread() * 1e6), ordering: .relaxed)
        }
        ended.signal()
    }
}
