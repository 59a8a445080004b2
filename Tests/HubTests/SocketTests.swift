import Glibc
import JSON5
import Testing
import Vitals

@testable import Hub

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
        #expect(try SocketRequest.parse(put.line) { _ in put.attached } == put)
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
            "{\"command\":\"follow\",\"follower\":\"x\",\"after\":-1}",
            "{\"command\":\"unfollow\"}", "{\"query\":\"device\"}", "{\"command\":\"pair\"}",
            "{\"command\":\"answer_pairing\",\"passkey\":123456}",
            "{\"command\":\"answer_pairing\",\"agrees\":true,\"passkey\":1000000}",
            "{\"command\":\"answer_pairing\",\"agrees\":true,\"passkey\":-1}",
            String(repeating: "[", count: 10_000),
        ])
    func refused(line: String) {
        #expect(throws: JSONError.self) { try SocketRequest.parse(line) }
    }

    @Test("a record is refused whose file is cut off, has something behind it, or is not there")
    func attached() throws {
        let record = Record(
            id: RecordID(derivedFrom: "r"), person: PersonID(derivedFrom: "ada"), at: Timestamp(milliseconds: 5),
            author: "grace", .document(name: "x.pdf", mediaType: "application/pdf", size: 3), payload: [1, 2, 3])
        let put = SocketRequest.record(record, Command(id: .random(), actor: "grace", action: .put(record)))
        let bytes = try #require(put.attached)
        for wrong in [nil, []] + bytes.indices.map({ Array(bytes[..<$0]) }) + [bytes + [0]] as [[UInt8]?] {
            #expect(throws: JSONError.self) { try SocketRequest.parse(put.line) { _ in wrong } }
        }
    }

    @Test("a file travels with the bytes it is sent with, and is read whole or not at all")
    func travelling() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * $0) }
        #expect(try AttachedFile(content).send(Array("line\n".utf8), to: ends[0]) == 5)
        var buffer = [UInt8](repeating: 0, count: 64)
        let (count, file) = AttachedFile.receive(into: &buffer, from: ends[1])
        #expect(buffer[..<count].elementsEqual("line\n".utf8))
        #expect(file?.bytes(atMost: content.count) == content)
        #expect(file?.bytes(atMost: content.count) == content, "it can be read again")
        #expect(file?.bytes(atMost: content.count - 1) == nil)
        // Without a file, and with one that nobody may wait for.
        #expect(send(ends[0], buffer, 1, 0) == 1)
        #expect(AttachedFile.receive(into: &buffer, from: ends[1]).file == nil)
        var pipes: [Int32] = [0, 0]
        try #require(pipe(&pipes) == 0)
        defer { close(pipes[1]) }
        #expect(AttachedFile(pipes[0]).bytes(atMost: 100) == nil)
    }

    @Test("of several files that are sent at once none stays open")
    func several() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        var pipes: [Int32] = [0, 0]
        try #require(pipe(&pipes) == 0)
        defer { close(pipes[0]) }
        // A header, and two descriptors of the end that is written to.
        var words: [Int] = [24, Int(SOL_SOCKET) | SCM_RIGHTS << 32, Int(pipes[1]) | Int(pipes[1]) << 32]
        var byte: UInt8 = 10
        withUnsafeMutablePointer(to: &byte) { byte in
            words.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: byte, iov_len: 1)
                withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    #expect(sendmsg(ends[0], &message, 0) == 1)
                }
            }
        }
        close(pipes[1])
        var buffer = [UInt8](repeating: 0, count: 64)
        #expect(AttachedFile.receive(into: &buffer, from: ends[1]).count == 1)
        // The other end ends when nobody holds a descriptor of it any more.
        #expect(fcntl(pipes[0], F_SETFL, O_NONBLOCK) == 0)
        #expect(read(pipes[0], &buffer, 1) == 0, "it is still open")
    }
}
