import Glibc
import Synchronization
import Testing
import Vitals

@testable import Links

/// The kernel's end of a management socket: answers as the kernel does, from a thread of its own.
final class ScriptedKernel: Sendable {
    /// What it does with a command: the messages that it answers with.
    typealias Script = @Sendable (ManagementPacket) -> [ManagementPacket]

    let descriptor: Int32
    private let peer: Int32
    let received = Mutex<[UInt16]>([])

    init(_ script: @escaping Script) throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        descriptor = pair[0]
        peer = pair[1]
        let kernel = pair[1]
        let thread = Thread { [weak self] in
            var bytes = [UInt8](repeating: 0, count: 1024)
            while true {
                let size = recv(kernel, &bytes, bytes.count, 0)
                guard size > 0 else { break }
                guard let packet = ManagementPacket(bytes[..<size]) else { continue }
                self?.received.withLock { $0.append(packet.code) }
                for answer in script(packet) {
                    let out = answer.bytes
                    _ = send(kernel, out, out.count, Int32(MSG_NOSIGNAL))
                }
            }
            close(kernel)
        }
        thread.start()
    }

    var codes: [UInt16] { received.withLock { $0 } }

    /// One adapter with all that is asked for, and these devices around.
    static func adapter(
        _ settings: AdapterSettings, startStatus: ManagementStatus = .success, around: [ManagementPacket]
    ) -> Script {
        let current = Mutex(settings)
        return { packet in
            func answer(_ status: ManagementStatus = .success, _ parameters: [UInt8] = []) -> ManagementPacket {
                var bytes: [UInt8] = []
                bytes.append(littleEndian: packet.code)
                return Messages.event(0x0001, packet.index, bytes + [status.rawValue] + parameters)
            }
            switch packet.code {
            case 0x0003: return [answer(.success, [1, 0, 0, 0])]
            case 0x0004:
                return [
                    answer(
                        .success,
                        Messages.information(.own, supported: HandKernel.supported, current: current.withLock { $0 }))
                ]
            case 0x0005, 0x000D:
                let now = current.withLock { settings -> AdapterSettings in
                    settings.insert(packet.code == 0x0005 ? .powered : .lowEnergy)
                    return settings
                }
                return [answer(.success, Messages.settings(now))]
            case 0x003A:
                return [answer(startStatus, [6])] + (startStatus == .permissionDenied ? [] : around)
            default: return [answer()]
            }
        }
    }
}

/// A detached POSIX thread.
private struct Thread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let body: Body
    init(_ run: @escaping @Sendable () -> Void) { body = Body(run) }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(body).toOpaque())
        pthread_detach(thread)
    }
}

@Suite("Looking around") struct BluetoothScanTests {
    /// A scan over that kernel, whose stopwatch goes 50 ms a look.
    static func scan(_ kernel: ScriptedKernel, _ owner: BluetoothOwner = .vitald) -> BluetoothScan {
        let clock = Atomic<Int64>(0)
        var scan = BluetoothScan(stopwatch: { clock.add(50, ordering: .relaxed).newValue })
        let descriptor = kernel.descriptor
        scan.open = { () throws(LinkError) in ManagementSocket(descriptor: descriptor) }
        scan.owner = { owner }
        return scan
    }

    static let around = [
        Messages.found(.strap, strength: -70, Messages.heartRate("far")),
        Messages.found(.watch, strength: -40, Messages.heartRate("near")),
    ]

    @Test("an adapter that is off is switched on, and who is around comes out, the strongest first")
    func cold() throws {
        let kernel = try ScriptedKernel(ScriptedKernel.adapter([], around: Self.around))
        let found = try Self.scan(kernel).run(for: .seconds(10))
        #expect(found.map(\.advertisement.name) == ["near", "far"])
        #expect(kernel.codes.contains(0x0005))
        // Neither keys nor pairing: a daemon may run.
        #expect(!kernel.codes.contains(0x0013) && !kernel.codes.contains(0x0030))
    }

    @Test("beside bluetoothd's discovery its reports are heard, and nothing is switched")
    func busy() throws {
        let kernel = try ScriptedKernel(
            ScriptedKernel.adapter([.powered, .lowEnergy], startStatus: .busy, around: Self.around))
        let found = try Self.scan(kernel, .bluetoothd).run(for: .seconds(10))
        #expect(found.count == 2)
        #expect(!kernel.codes.contains(0x0005) && !kernel.codes.contains(0x0024))
    }

    @Test("without the permission it says what is missing")
    func denied() throws {
        let kernel = try ScriptedKernel(
            ScriptedKernel.adapter([.powered, .lowEnergy], startStatus: .permissionDenied, around: []))
        let error = #expect(throws: LinkError.self) { try Self.scan(kernel, .bluetoothd).run(for: .seconds(1)) }
        #expect(error?.code == .permission && error?.message.contains("CAP_NET_ADMIN") == true)
    }

    @Test("without an adapter it says so")
    func none() throws {
        let kernel = try ScriptedKernel { packet in
            [Messages.event(0x0001, 0xFFFF, [UInt8(packet.code & 0xFF), 0, 0, 0, 0])]
        }
        let error = #expect(throws: LinkError.self) { try Self.scan(kernel).run(for: .seconds(1)) }
        #expect(error?.code == .missing)
    }
}
