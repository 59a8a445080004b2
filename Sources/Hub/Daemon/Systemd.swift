import Dispatch
import Glibc

/// Messages to the service manager (sd_notify(3)): a datagram to the socket that systemd names in the environment.
/// Without systemd every call does nothing.
public struct Systemd: Sendable {
    private let address: String?
    /// Half of the watchdog interval in seconds, when systemd watches.
    public let watchdogInterval: Double?

    /// - Parameter environment: what a name stands for, by default among the variables of this process.
    public init(environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
        address = environment("NOTIFY_SOCKET")
        let microseconds = environment("WATCHDOG_USEC").flatMap { Double($0) }
        watchdogInterval = microseconds.map { $0 / 2_000_000 }
    }

    public func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    public func alive() { send("WATCHDOG=1") }
    public func stopping() { send("STOPPING=1") }
    public func reloading(monotonicMilliseconds: Int64) {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMilliseconds * 1000)")
    }

    public func status(_ text: String) { send("STATUS=\(text)") }

    // MARK: Patience

    /// What lasts longer than this hangs, and systemd may end it; in milliseconds.
    private static let longest: Int64 = 3_600_000
    /// How often more time is asked for, in milliseconds; each time for three times as much.
    public static let usualInterval = 10_000

    /// Runs what may last longer than systemd waits for a start (`TimeoutStartSec`, 90 s) or for a sign of life
    /// (`WatchdogSec`), and asks for more time for as long as it runs: an hour at most.
    ///
    /// - Parameter interval: milliseconds between two messages.
    public func patiently<R, E: Error>(
        _ status: String, interval: Int = usualInterval, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let message = "EXTEND_TIMEOUT_USEC=\(3000 * interval)\nWATCHDOG=1"
        send("\(message)\nSTATUS=\(status)")
        let end = HubClock.stopwatch() + Self.longest
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + .milliseconds(interval), repeating: .milliseconds(interval))
        timer.setEventHandler { if HubClock.stopwatch() < end { send(message) } }
        timer.activate()
        defer { timer.cancel() }
        return try body()
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
