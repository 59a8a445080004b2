import Testing

@testable import vitald

@Suite struct SocketCommandTests {
    @Test(
        "without a daemon, commands that need it say so in one line",
        arguments: [
            ["status"], ["devices", "list"], ["reload"], ["stop"], ["alert", "ack", "last"],
            ["plan", "accept", "last"], ["plan", "decline", "3f2a9c01"],
        ])
    func alone(words: [String]) {
        let workspace = Workspace()
        let result = Workspace.run(words + ["--socket", workspace.path("sock")])
        #expect(result.code == 1)
        #expect(result.out == "")
        #expect(result.log.contains("vitald is not running"))
        #expect(result.log.split(separator: "\n").count == 1)
    }
}
