import Glibc

/// Messages to the service manager (sd_notify(3)): a datagram to the socket that systemd names in the environment.
/// Without systemd every call does nothing.
public struct Systemd: Sendable {
    private let address: String?
    /// Half of the watchdog interval in seconds, when systemd watches.
    public let watchdogInterval: Double?

    public init() {
        address = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
        let microseconds = getenv("WATCHDOG_USEC").flatMap { Double(String(cString: $0)) }
        watchdogInterval = microseconds.map { $0 / 2_000_000 }
    }

    public func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    public func alive() { send("WATCHDOG=1") }
    public func stopping() { send("STOPPING=1") }
    public func reloading(monotonicMilliseconds: Int64) {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMilliseconds * 1000)")
    }

    private func send(_ message: String) {
        guard let address, !address.isEmpty else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        _ = UnixAddress(address)?.with { name, length in
            sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), name, length)
        }
    }
}
