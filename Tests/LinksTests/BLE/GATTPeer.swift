import Glibc
import Profiles
import Simulator
import Synchronization
import Vitals

@testable import Links

/// A Bluetooth device at the other end of a pair of local sockets, on a thread of its own.
final class GATTPeer: Sendable {
    /// What becomes of a wish for a safer link.
    enum Pairing { case accepts, refuses, ignores }

    struct State {
        var server: GATTServer
        var pairing = Pairing.accepts
        /// What becomes of messages on their way to the hub.
        var air: @Sendable ([UInt8]) -> [[UInt8]] = { [$0] }
        /// What the device sends when something is written to it.
        var answers: @Sendable (BluetoothUUID, [UInt8]) -> [(BluetoothUUID, [UInt8])] = { _, _ in [] }
        /// The device's end of the connection; −1 without one.
        var descriptor: Int32 = -1
        var connections = 0
        var requests: [ATTPacket] = []
        var events: [GATTServer.Event] = []
        var failure: Int32 = 0
    }

    let state: Mutex<State>
    init(_ server: GATTServer) { state = Mutex(State(server: server)) }

    convenience init(_ services: [GATTServer.Service]) { self.init(GATTServer(services)) }

    /// The hub's end.
    struct Channel: PDUChannel {
        let descriptor: Int32
        let peer: GATTPeer

        var security: SecurityLevel { peer.state.withLock { $0.server.security } }

        func raiseSecurity(to level: SecurityLevel) -> Int32 {
            switch peer.state.withLock({ $0.pairing }) {
            case .accepts: peer.state.withLock { $0.server.security = level }
            case .refuses: peer.drop()
            case .ignores: break
            }
            return 0
        }
    }

    func open(_ place: BLELink.Place) throws(LinkError) -> any PDUChannel {
        let failure = state.withLock { $0.failure }
        guard failure == 0 else { throw LinkError.bluetooth(failure, path: place.address.description) }
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw LinkError.bluetooth(errno, path: "pair")
        }
        let own = ends[1]
        state.withLock {
            $0.server.disconnected()
            $0.server.security = place.security
            $0.descriptor = own
            $0.connections += 1
        }
        Self.detach { self.serve(own) }
        return Channel(descriptor: ends[0], peer: self)
    }

    /// On a thread of its own: one that waits inside a dispatch queue keeps the links' queues from running.
    private static func detach(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let result = pthread_create(
            &thread, nil,
            { box in
                if let box { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        if result == 0 { pthread_detach(thread) }
    }

    private func serve(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 600)
        while true {
            let size = recv(descriptor, &buffer, buffer.count, 0)
            guard size > 0 else { break }
            let pdu = Array(buffer[..<size])
            state.withLock { state in
                if let packet = try? ATTPacket(pdu) { state.requests.append(packet) }
                for event in state.server.receive(pdu) {
                    state.events.append(event)
                    if case .send(let answer) = event { Self.send(answer, descriptor, state.air) }
                    guard case .written(let uuid, let bytes) = event else { continue }
                    for (on, answer) in state.answers(uuid, bytes) {
                        if let told = state.server.tell(on, answer) { Self.send(told, descriptor, state.air) }
                    }
                }
            }
        }
        state.withLock { if $0.descriptor == descriptor { $0.descriptor = -1 } }
        close(descriptor)
    }

    private static func send(_ bytes: [UInt8], _ descriptor: Int32, _ air: ([UInt8]) -> [[UInt8]]) {
        for message in air(bytes) { _ = Glibc.send(descriptor, message, message.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Tells a value, if the hub asked for it.
    @discardableResult func tell(_ uuid: BluetoothUUID, _ value: [UInt8]) -> Bool {
        state.withLock { state in
            guard state.descriptor >= 0, let bytes = state.server.tell(uuid, value) else { return false }
            Self.send(bytes, state.descriptor, state.air)
            return true
        }
    }

    /// Sends bytes as they are.
    func say(_ bytes: [UInt8]) {
        state.withLock { if $0.descriptor >= 0 { Self.send(bytes, $0.descriptor, { [$0] }) } }
    }

    /// Goes out of range.
    func drop() { state.withLock { if $0.descriptor >= 0 { shutdown($0.descriptor, Int32(SHUT_RDWR)) } } }

    var isConnected: Bool { state.withLock { $0.descriptor >= 0 } }
    var connections: Int { state.withLock { $0.connections } }
    func isSubscribed(to uuid: BluetoothUUID) -> Bool { state.withLock { $0.server.subscription(to: uuid) != .off } }
}
