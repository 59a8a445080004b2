import Glibc
import Testing
import Vitals

@testable import vitald

@Suite struct SimulateCommandTests {
    private func run(_ words: String...) -> (code: Int32, out: String, log: String) {
        Workspace.run(["simulate"] + words)
    }

    @Test("a Bluetooth device is described, the same for the same seed and another for another")
    func describe() {
        let first = run("ble.hrs", "--describe", "--for", "10s", "--seed", "4")
        #expect(first.code == 0 && first.log == "")
        #expect(first.out.contains("\"profile\" : \"ble.hrs\""))
        #expect(run("ble.hrs", "--describe", "--for", "10s", "--seed", "4").out == first.out)
        #expect(run("ble.hrs", "--describe", "--for", "10s", "--seed", "5").out != first.out)
    }

    @Test("trouble reaches the device")
    func trouble() {
        let clean = run("ble.hrs", "--describe", "--for", "30s")
        let lost = run("ble.hrs", "--describe", "--for", "30s", "--contact-lost", "5s-20s", "--silence", "22s-25s")
        func rates(_ text: String) -> Int { text.split(separator: "\n").count { $0.contains("\"heart_rate\"") } }
        #expect(lost.code == 0)
        #expect(rates(clean.out) == 30)
        // The frame that closes second five still has one, as has that of second twenty-one; three are not sent.
        #expect((10...13).contains(rates(lost.out)))
    }

    @Test(
        "what makes no sense is refused in one line that says why",
        arguments: [
            (["ble.hrs"], 2, "--pty"), (["ble.hrs", "--describe", "--pty", "/tmp/x"], 2, "either"),
            (["ble.hrs", "--pty", "/tmp/x"], 1, "Bluetooth"), (["diy.lines", "--describe"], 1, "serial"),
            (["ble.hsr", "--describe"], 1, "ble.hrs"), (["ble.hrs", "--describe", "--rate", "3"], 2, "--rate"),
            (["diy.lines", "--pty", "/tmp/x", "--for", "3s"], 2, "--for"),
            (["ble.hrs", "--describe", "--contact-lost", "9s-3s"], 2, "--contact-lost"),
            (["ble.hrs", "--describe", "--silence", "9s"], 2, "--silence"),
            (["ble.hrs", "--describe", "--garbage", "2"], 2, "--garbage"),
            (["ble.hrs", "--describe", "--reset-at", "25:00"], 2, "--reset-at"),
            (["ble.hrs", "--describe", "--late-history", "1m"], 1, "history"),
            (["ble.rsc", "--describe", "--contact-lost", "1s"], 1, "contact"),
        ] as [([String], Int32, String)])
    func refused(words: [String], code: Int32, word: String) {
        let result = Workspace.run(["simulate"] + words)
        #expect(result.code == code, "\(words) \(result.log)")
        #expect(result.out == "")
        #expect(result.log.contains(word), "\(words) \(result.log)")
    }

    @Test("a link that is somebody else's is left alone, and the user is told")
    func foreignLink() {
        let workspace = Workspace()
        let link = workspace.path("finger")
        #expect(symlink("/etc/hostname", link) == 0)
        let result = run("diy.lines", "--pty", link)
        #expect(result.code != 0)
        #expect(result.log.contains(link) && result.log.contains("choose another name"))
        var target = [CChar](repeating: 0, count: 64)
        #expect(readlink(link, &target, target.count) == "/etc/hostname".utf8.count)
    }

    @Test("a moment of a reset is a span, or the next time the clock shows it")
    func moments() throws {
        func resetAt(_ text: String) throws -> TimeSpan? {
            let arguments = try Arguments(["p", "--describe", "--reset-at", text], for: SimulateCommand.syntax)
            let start = try #require(Timestamp("2026-06-03T12:00:00Z"))
            return try TroubleArguments.read(arguments, start: start, zone: .utc).resetAt
        }
        #expect(try resetAt("90s") == .seconds(90))
        #expect(try resetAt("00:00") == .hours(12))
        #expect(try resetAt("12:00") == .hours(24))
        #expect(try resetAt("12:05") == .minutes(5))
    }
}
