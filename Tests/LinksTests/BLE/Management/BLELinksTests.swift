import Profiles
import Synchronization
import Testing
import Vitals

@testable import Links

/// The whole way over a scripted kernel and a device at the other end of a socket.
@Suite("Bluetooth links", .serialized) struct BLELinksTests {
    final class Stage: Sendable {
        let listener = Listener()
        let peer = GATTPeer(BLELinkTests.services)
        let kernel: ScriptedKernel
        let kept = Kept()
        let links: BLELinks
        let device = LinkRosterTests.device("strap").id

        final class Kept: Sendable {
            let states = Mutex<[ComponentState]>([])
            let places = Mutex<[BLELink.Place]>([])
        }

        /// - Parameter pairing: how the kernel answers while a device is paired; other commands as an adapter does.
        init(
            _ address: String = "C0:11:22:33:44:55", owner: BluetoothOwner = .vitald, states: [ComponentState] = [],
            around: [ManagementPacket] = [Messages.found(.strap, strength: -70, Messages.heartRate())],
            pairing: @escaping @Sendable (ManagementPacket) -> [ManagementPacket]? = { _ in nil }
        ) throws {
            let adapter = ScriptedKernel.adapter([.powered, .lowEnergy], around: around)
            kernel = try ScriptedKernel { pairing($0) ?? adapter($0) }
            let (listener, peer, kept, descriptor) = (listener, peer, kept, kernel.descriptor)
            let start = ContinuousClock.now
            var around = BLELinks.Surroundings(
                context: { _ in StepContext(now: .distantPast, zone: .utc) },
                stopwatch: { Int64((ContinuousClock.now - start) / .milliseconds(1)) }, now: { listener.now() },
                sink: { listener.take($0) }, keep: { state in kept.states.withLock { $0.append(state) } },
                log: { listener.log($0) })
            around.open = { () throws(LinkError) in ManagementSocket(descriptor: descriptor) }
            around.owner = { owner }
            around.connect = { (place) throws(LinkError) in
                kept.places.withLock { $0.append(place) }
                return try peer.open(place)
            }
            links = BLELinks(
                [(LinkRosterTests.device("strap"), try BLELinkTests.profile(), try PeerName(address))], states: states,
                seed: 1, around)
        }

        func started() -> Bool {
            links.start()
            return listener.wait { $0.states == [.connected] }
        }

        func progress(_ wanted: PairingAgent.Progress) -> Bool { eventually { links.pairing?.progress == wanted } }
    }

    /// Answers as the kernel does when the device shows a passkey and the right one is typed in.
    static let passkeyDevice: @Sendable (ManagementPacket) -> [ManagementPacket]? = { packet in
        switch packet.code {
        case 0x0019: return [Messages.event(0x0010, 0, Messages.address(.strap))]
        case 0x001E:
            var digits: [UInt8] = []
            digits.append(littleEndian: UInt32(42))
            let isRight = packet.parameters.suffix(4) == digits[...]
            let answer = Messages.complete(.passkey(.strap, 42), 0, .success, Messages.address(.strap))
            let end = Messages.complete(
                .pair(.strap, .keyboardDisplay), 0, isRight ? .success : .authenticationFailed,
                Messages.address(.strap))
            return isRight ? [answer, Messages.longTermKey(.strap, type: 3), end] : [answer, end]
        default: return nil
        }
    }

    @Test("a device is heard, connected and read, and where it was found is kept")
    func wholeWay() throws {
        let stage = try Stage()
        defer { stage.links.stop() }
        #expect(stage.started())
        #expect(stage.peer.tell(.measurement, [0, 72]))
        #expect(stage.listener.wait { $0.bytes.suffix(2) == [0, 72] })
        let standing = try #require(stage.links.standing(of: stage.device))
        #expect(standing.address == .strap && standing.adapter == "hci0" && standing.link == "connected")
        #expect(standing.strength == -70 && standing.heard != nil && standing.bond == nil)
        #expect(standing.identity.serial == "H7-0815" && standing.identity.firmware == "1.2")
        let memory = BluetoothMemory(stage.kept.states.withLock { $0.last })
        #expect(memory.places == [stage.device: .strap] && memory.caches[stage.device] != nil)
    }

    @Test("a device that is known from an earlier run is connected without being searched for")
    func knownPlace() throws {
        var memory = BluetoothMemory()
        memory.places = [LinkRosterTests.device("strap").id: .strap]
        let stage = try Stage(states: [memory.state], around: [])
        defer { stage.links.stop() }
        #expect(stage.started())
        #expect(!stage.kernel.codes.contains(0x003A))
    }

    @Test("stopping closes the connection, and nothing is told afterwards")
    func stop() throws {
        let stage = try Stage()
        #expect(stage.started())
        stage.links.stop()
        let count = stage.listener.outputs.count
        #expect(eventually { !stage.peer.isConnected })
        #expect(stage.listener.outputs.count == count)
    }

    @Test("a passkey goes from the person to the device, and the bond into the store; forgetting takes it away")
    func passkey() throws {
        let stage = try Stage(pairing: Self.passkeyDevice)
        defer { stage.links.stop() }
        #expect(stage.started())
        #expect(stage.links.answer(true, passkey: 42) != nil)
        #expect(stage.links.pair(.device(stage.device)) == nil)
        #expect(stage.links.pair(.device(stage.device))?.contains("under way") == true)
        #expect(stage.progress(.asking(.enter)))
        #expect(stage.links.answer(true, passkey: nil) != nil)
        #expect(stage.links.answer(true, passkey: 1_000_000) != nil)
        #expect(stage.links.answer(true, passkey: 42) == nil)
        #expect(stage.progress(.done))
        #expect(eventually { stage.links.standing(of: stage.device)?.bond?.isAuthenticated == true })
        #expect(eventually { BluetoothMemory(stage.kept.states.withLock { $0.last }).bonds.map(\.address) == [.strap] })
        #expect(stage.links.forget(.device(stage.device)) == nil)
        #expect(eventually { BluetoothMemory(stage.kept.states.withLock { $0.last }).bonds.isEmpty })
        #expect(eventually { stage.kernel.codes.contains(0x001B) })
        #expect(stage.links.forget(.device(stage.device)) == "it is not paired")
    }

    @Test("a wrong passkey ends the pairing with its reason, and another one can begin")
    func wrongPasskey() throws {
        let stage = try Stage(pairing: Self.passkeyDevice)
        defer { stage.links.stop() }
        #expect(stage.started())
        let address = BLELinks.Target.peer(try PeerName("C0:11:22:33:44:55"))
        for _ in 0..<2 {
            #expect(stage.links.pair(address) == nil)
            #expect(stage.progress(.asking(.enter)))
            #expect(stage.links.answer(true, passkey: 41) == nil)
            #expect(eventually { if case .failed? = stage.links.pairing?.progress { true } else { false } })
        }
        #expect(stage.links.standing(of: stage.device)?.bond == nil)
    }

    @Test("where bluetoothd runs, pairing and forgetting are left to it, and its command is named")
    func bluetoothd() throws {
        let stage = try Stage(owner: .bluetoothd)
        defer { stage.links.stop() }
        #expect(stage.started())
        #expect(stage.links.pair(.device(stage.device))?.contains("bluetoothctl pair") == true)
        #expect(stage.links.forget(.device(stage.device))?.contains("bluetoothctl remove") == true)
        #expect(!stage.kernel.codes.contains(0x0019) && !stage.kernel.codes.contains(0x001B))
    }

    @Test("an adapter that is removed ends the pairing")
    func removed() throws {
        let stage = try Stage(pairing: { packet in packet.code == 0x0019 ? [Messages.event(0x0005, 0)] : nil })
        defer { stage.links.stop() }
        #expect(stage.started())
        #expect(stage.links.pair(.device(stage.device)) == nil)
        #expect(stage.progress(.failed("the Bluetooth adapter is gone")))
    }
}
