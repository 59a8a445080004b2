import CBluetooth
import Glibc

/// A socket on the fixed ATT channel of a Bluetooth LE link. Needs no privilege.
///
/// Opening one makes the kernel connect to the device as soon as it advertises. `close` does not end the link: the
/// kernel keeps it for two seconds, and who connects meanwhile finds it as it was (`lingering`).
public struct L2CAPSocket: PDUChannel {
    public let descriptor: Int32

    /// How long a link must be left alone to be a new one: the kernel's two seconds and some.
    public static let lingeringMilliseconds: Int64 = 2500

    /// The fixed channel of the Attribute Protocol (Core 5.4, vol. 3, part A, 2.1).
    private static let attributeChannel: UInt16 = 4

    /// Begins to connect. The descriptor can be written when the outcome is known (`connectionFailure`).
    ///
    /// - Parameters:
    ///   - peer: the device's address.
    ///   - adapter: the own address of the adapter to use; `nil` leaves the choice to the kernel.
    ///   - security: for a device that is bonded; others are connected to before more is asked for.
    public static func connect(
        to peer: BluetoothAddress, from adapter: BluetoothAddress?, security: SecurityLevel = .low
    ) throws(LinkError) -> L2CAPSocket {
        let path = peer.description
        let descriptor = socket(
            AF_BLUETOOTH, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            Int32(BTPROTO_L2CAP))
        guard descriptor >= 0 else { throw LinkError.bluetooth(errno, path: path) }
        let channel = L2CAPSocket(descriptor: descriptor)
        do throws(LinkError) {
            var own = Self.address(adapter ?? BluetoothAddress(number: 0, kind: .public))
            let bound = Self.withSocketAddress(&own) { bind(descriptor, $0, $1) }
            guard bound == 0 else { throw LinkError.bluetooth(errno, path: path) }
            if security > .low {
                let failure = channel.raiseSecurity(to: security)
                guard failure == 0 else { throw LinkError.bluetooth(failure, path: path) }
            }
            var other = Self.address(peer)
            let connected = Self.withSocketAddress(&other) { Glibc.connect(descriptor, $0, $1) }
            guard connected == 0 || errno == EINPROGRESS || errno == EINTR else {
                throw LinkError.bluetooth(errno, path: path)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return channel
    }

    public var security: SecurityLevel {
        var option = bt_security()
        var size = socklen_t(MemoryLayout<bt_security>.size)
        guard getsockopt(descriptor, Int32(SOL_BLUETOOTH), Int32(BT_SECURITY), &option, &size) == 0 else { return .low }
        return SecurityLevel(rawValue: option.level) ?? .low
    }

    public func raiseSecurity(to level: SecurityLevel) -> Int32 {
        var option = bt_security(level: level.rawValue, key_size: 0)
        let size = socklen_t(MemoryLayout<bt_security>.size)
        return setsockopt(descriptor, Int32(SOL_BLUETOOTH), Int32(BT_SECURITY), &option, size) == 0 ? 0 : errno
    }

    private static func address(_ address: BluetoothAddress) -> sockaddr_l2 {
        var result = sockaddr_l2()
        result.l2_family = sa_family_t(AF_BLUETOOTH)
        result.l2_cid = attributeChannel.littleEndian
        result.l2_bdaddr_type = address.kind.rawValue
        withUnsafeMutableBytes(of: &result.l2_bdaddr) { $0.copyBytes(from: address.littleEndian) }
        return result
    }

    private static func withSocketAddress(
        _ address: inout sockaddr_l2, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_l2>.size))
            }
        }
    }
}

extension LinkError {
    /// What an error number of a Bluetooth connection means, as measured on Linux 6.1.
    static func bluetooth(_ errno: Int32, path: String) -> LinkError {
        switch errno {
        case 0: LinkError(.gone, path: path, "the connection was closed")
        case EBUSY:
            LinkError(
                .busy, path: path,
                "held by another process, bluetoothd most likely (bluetoothctl disconnect \(path) frees it)",
                errno: errno)
        case ECONNRESET: LinkError(.gone, path: path, "the device ended the connection", errno: errno)
        case ETIMEDOUT:
            LinkError(.gone, path: path, "out of range: nothing was heard of the device any more", errno: errno)
        case EINPROGRESS, EHOSTDOWN, ECONNABORTED, EAGAIN:
            LinkError(.unanswered, path: path, "the device does not answer; is it near and switched on?", errno: errno)
        case ECONNREFUSED:
            LinkError(.unanswered, path: path, "the device refused the connection", errno: errno)
        case EACCES:
            LinkError(
                .permission, path: path,
                "the device refused the bond; forget it on both sides (vitald devices forget) and pair again",
                errno: errno)
        case ENOSYS:
            LinkError(
                .permission, path: path,
                "the keys of the bond do not fit any more; forget it (vitald devices forget) and pair again",
                errno: errno)
        case EAFNOSUPPORT, EPROTONOSUPPORT:
            LinkError(
                .unsupported, path: path,
                "this kernel has no Bluetooth; load it (sudo modprobe bluetooth), or use a kernel that has it",
                errno: errno)
        case ENODEV, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL:
            LinkError(.missing, path: path, "no Bluetooth adapter is there and switched on", errno: errno)
        case EMLINK, ENOMEM, EUSERS:
            LinkError(.busy, path: path, "the adapter has no room for another connection", errno: errno)
        default: LinkError(.other, path: path, text(of: errno), errno: errno)
        }
    }
}
