import CBluetooth
import Dispatch
import Glibc

/// The kernel's Bluetooth management socket: one packet a message, both ways.
///
/// It is not exclusive: bluetoothd has one too, and everybody hears every event. Anybody may open one, `CAP_NET_ADMIN`
/// is asked for by commands that change something. Lives on the queue it was given.
final class ManagementSocket: @unchecked Sendable {
    // @unchecked: the descriptor is constant, and the watch is only touched on `queue`.
    private let descriptor: Int32
    private var watch: DescriptorWatch?

    /// Packets read before other work on the queue gets its turn.
    private static let readsPerTurn = 64

    /// Takes over an open socket that keeps the bounds of messages.
    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Opens the control channel of this machine's Bluetooth.
    static func open() throws(LinkError) -> ManagementSocket {
        let path = "bluetooth"
        let descriptor = socket(
            AF_BLUETOOTH, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            Int32(BTPROTO_HCI))
        guard descriptor >= 0 else {
            switch errno {
            case EAFNOSUPPORT, EPROTONOSUPPORT:
                throw LinkError(
                    .unsupported, path: path,
                    "this kernel has no Bluetooth; load it (sudo modprobe bluetooth), or use a kernel that has it",
                    errno: errno)
            case EACCES, EPERM:
                throw LinkError(
                    .permission, path: path,
                    "no Bluetooth socket is allowed here; a service needs AF_BLUETOOTH in RestrictAddressFamilies=",
                    errno: errno)
            default: throw LinkError(.other, path: path, "socket: \(LinkError.text(of: errno))", errno: errno)
            }
        }
        var address = sockaddr_hci(
            hci_family: sa_family_t(AF_BLUETOOTH), hci_dev: UInt16(HCI_DEV_NONE),
            hci_channel: UInt16(HCI_CHANNEL_CONTROL))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_hci>.size))
            }
        }
        guard result == 0 else {
            let failure = errno
            Glibc.close(descriptor)
            throw LinkError(
                failure == EPERM || failure == EACCES ? .permission : .other, path: path,
                "the management channel: \(LinkError.text(of: failure))", errno: failure)
        }
        return ManagementSocket(descriptor: descriptor)
    }

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - released: entered now and left when the descriptor is closed.
    ///   - handler: called on `queue` with each message; with `nil` once, when the socket came to its end.
    func start(queue: DispatchQueue, released: DispatchGroup, handler: @escaping @Sendable (ManagementPacket?) -> Void)
    {
        watch = DescriptorWatch(
            descriptor, .reading, queue: queue, released: released, release: { _ = Glibc.close($0) },
            handler: { [weak self] in self?.drain(handler) })
    }

    /// Closes the socket. What was read before is still handed over by the handler that runs.
    func stop() {
        watch?.cancel()
        watch = nil
    }

    /// Closes a socket that was never started.
    func close() { _ = Glibc.close(descriptor) }

    /// Waits for one message, for a socket that was never started.
    ///
    /// - Returns: `nil` when none came in time.
    /// - Throws: `LinkError` when the socket came to its end.
    func receive(within milliseconds: Int64) throws(LinkError) -> ManagementPacket? {
        var ask = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ask, 1, Int32(clamping: milliseconds)) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: ManagementPacket.longest)
        let size = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        let failure = errno
        if size > 0 { return ManagementPacket(bytes[..<size]) }
        if size < 0, failure == EAGAIN || failure == EINTR { return nil }
        throw LinkError(.gone, path: "bluetooth", "the management socket closed: \(LinkError.text(of: failure))")
    }

    /// Sends one message.
    ///
    /// - Returns: 0, or the kernel's error number.
    func send(_ packet: ManagementPacket) -> Int32 {
        let bytes = packet.bytes
        while Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) != bytes.count {
            if errno != EINTR { return errno }
        }
        return 0
    }

    private func drain(_ handler: (ManagementPacket?) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ManagementPacket.longest) { buffer in
            for _ in 0..<Self.readsPerTurn {
                guard watch != nil else { return }
                let size = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                let failure = errno
                if size > 0 {
                    if let packet = ManagementPacket(buffer[..<size]) { handler(packet) }
                } else if size < 0, failure == EAGAIN || failure == EINTR {
                    return
                } else {
                    stop()
                    return handler(nil)
                }
            }
        }
    }
}
