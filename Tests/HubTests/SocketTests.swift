import Hub
import JSON5
import Testing
import Vitals

@Suite("The command socket's lines")
struct SocketTests {
    @Test("say what they mean, there and back")
    func roundTrip() throws {
        let event = EventID(derivedFrom: "event")
        let actions: [Command.Action] = [
            .acknowledge(event, comment: "seen \"it\"\n"), .acceptPlan(event), .declinePlan(event), .reload, .stop,
            .pair(device: "strap \"7\""), .forgetDevice("C0:11:22:33:44:55"),
            .follow(name: "dashboard", after: 12), .unfollow("dashboard"), .answerPairing(agrees: true, passkey: 7),
            .answerPairing(agrees: false, passkey: nil),
        ]
        for action in actions {
            let request = SocketRequest.command(Command(id: CommandID(derivedFrom: "c"), actor: "ada", action: action))
            #expect(!request.line.contains("\n"))
            #expect(try SocketRequest.parse(request.line) == request)
        }
        let record = Record(
            id: RecordID(derivedFrom: "r"), person: PersonID(derivedFrom: "ada"), at: Timestamp(milliseconds: 5),
            author: "grace", .note("slept \"badly\"\n"))
        let put = SocketRequest.record(
            record, Command(id: CommandID(derivedFrom: "c"), actor: "grace", action: .put(record)))
        #expect(try SocketRequest.parse(put.line) == put)
        for query in [
            Query.status, .devices, .device(named: "strap"), .pairing, .alert(named: "last"), .plan(named: "3f2a"),
        ] {
            #expect(try SocketRequest.parse(SocketRequest.query(query).line) == .query(query))
        }
    }

    @Test(
        "are refused with a reason when they make no sense",
        arguments: [
            "", "{", "[]", "{\"query\":\"weather\"}", "{\"command\":\"acknowledge\"}",
            "{\"command\":\"acknowledge\",\"event\":\"12\"}", "{\"command\":\"reload\",\"id\":\"x\"}",
            "{\"commandd\":1}", "{\"command\":\"put\"}", "{\"command\":\"put\",\"record\":\"0701\"}",
            "{\"command\":\"put\",\"record\":\"xyz\"}", "{\"command\":\"follow\",\"follower\":\"x\",\"after\":-1}",
            "{\"command\":\"unfollow\"}", "{\"query\":\"device\"}", "{\"command\":\"pair\"}",
            "{\"command\":\"answer_pairing\",\"passkey\":123456}",
            "{\"command\":\"answer_pairing\",\"agrees\":true,\"passkey\":1000000}",
            "{\"command\":\"answer_pairing\",\"agrees\":true,\"passkey\":-1}",
            String(repeating: "[", count: 10_000),
        ])
    func refused(line: String) {
        #expect(throws: JSONError.self) { try SocketRequest.parse(line) }
    }
}
