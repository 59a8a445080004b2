import Glibc
import Storage
import Testing
import Vitals

@testable import Hub

@Suite("Messages to systemd") struct SystemdTests {
    /// The service manager's end of the socket, in the abstract space.
    private final class Notifications {
        let address = "@vitald-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
        private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)

        init() throws {
            let bound = try #require(UnixAddress(address)).with { bind(descriptor, $0, $1) }
            try #require(bound == 0)
            // Far longer than anything here takes.
            var limit = timeval(tv_sec: 30, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }

        deinit { close(descriptor) }

        /// The lines of the next message; waits for it.
        func next() -> [String] {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(String.init)
        }

        func systemd() -> Systemd { Systemd { [address] in $0 == "NOTIFY_SOCKET" ? address : nil } }
    }

    @Test("what lasts long asks for more time for as long as it runs, and says what it does")
    func patience() throws {
        let notifications = try Notifications()
        let value = notifications.systemd().patiently("repairing the store", interval: 20) {
            #expect(notifications.next() == ["EXTEND_TIMEOUT_USEC=60000", "WATCHDOG=1", "STATUS=repairing the store"])
            for _ in 0..<3 { #expect(notifications.next() == ["EXTEND_TIMEOUT_USEC=60000", "WATCHDOG=1"]) }
            return 7
        }
        #expect(value == 7)
    }

    @Test("without systemd nothing is sent, and the work is done")
    func absent() throws {
        let systemd = Systemd { _ in nil }
        #expect(systemd.patiently("opening the store") { 7 } == 7)
        #expect(systemd.watchdogInterval == nil)
    }
}
