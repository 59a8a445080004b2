import Testing

@testable import vitald

@Suite struct SocketCommandTests {
    @Test(
        "without a daemon, commands that need it say so in one line",
        arguments: [
            ["status"], ["devices", "list"], ["reload"], ["stop"], ["alert", "ack", "last"],
            ["plan", "accept", "last"], ["plan", "decline", "3f2a9c01"],
            ["devices", "info", "strap"], ["devices", "monitor"], ["devices", "pair", "strap"],
            ["devices", "forget", "strap"],
        ])
    func alone(words: [String]) {
        let workspace = Workspace()
        let result = Workspace.run(words + ["--socket", workspace.path("sock")])
        #expect(result.code == 1)
        #expect(result.out == "")
        #expect(result.log.contains("vitald is not running"))
        #expect(result.log.split(separator: "\n").count == 1)
    }

    @Test(
        "a typed passkey is six digits, zeros in front and blanks between them included",
        arguments: [
            ("123456", 123_456), ("000042", 42), (" 123 456 ", 123_456), ("12345", nil), ("1234567", nil),
            ("-12345", nil), ("+12345", nil), ("12345a", nil), ("１２３４５６", nil),
        ] as [(String, UInt32?)])
    func passkey(line: String, digits: UInt32?) {
        #expect(DevicesPairCommand.passkey(of: line) == .answerPairing(agrees: true, passkey: digits))
    }

    @Test("an empty line gives the pairing up") func givenUp() { #expect(DevicesPairCommand.passkey(of: "  ") == nil) }

    @Test("frames per minute are those of the last minute, and begin anew with the daemon") func rate() {
        var rate = FrameRate()
        rate.take(1000, at: 0)
        #expect(rate.perMinute == nil)
        for second in 1...300 { rate.take(1000 + 2 * second, at: Int64(second) * 1000) }
        #expect(rate.perMinute == 120)
        for second in 301...360 { rate.take(1600, at: Int64(second) * 1000) }
        #expect(rate.perMinute == 0)
        rate.take(3, at: 361_000)
        #expect(rate.perMinute == nil)
        rate.take(4, at: 362_000)
        #expect(rate.perMinute == 60)
    }
}
