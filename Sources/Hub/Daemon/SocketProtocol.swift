import JSON5
import Vitals

/// One line of the command socket: a JSON object that names a query or a command.
///
/// ```
/// {"query":"status"}
/// {"query":"devices"}
/// {"query":"device","device":"strap"}   {"query":"pairing"}
/// {"command":"pair","device":"strap"}   {"command":"forget_device","device":"C0:11:22:33:44:55"}
/// {"command":"answer_pairing","agrees":true,"passkey":123456}
/// {"query":"alert","event":"3f2a"}   {"query":"plan","event":"last"}
/// {"command":"acknowledge","event":"…","comment":"…","actor":"ada","id":"…"}
/// {"command":"follow","follower":"dashboard","after":12}   {"command":"unfollow","follower":"dashboard"}
/// {"command":"put"}                   a note or another record, whose bytes are in a file that is attached
/// {"command":"reload"}   {"command":"stop"}   {"command":"accept_plan","event":"…"}   {"command":"decline_plan",…}
/// ```
///
/// The answer is any number of lines with an object each, then one line `{"ok":true}` or `{"error":"…"}`.
public enum SocketRequest: Hashable, Sendable {
    case query(Query)
    case command(Command)
    /// A record to be stored, with the order that is kept of it.
    case record(Record, Command)

    /// Longer lines are refused.
    static let longestLine = 65_536
    /// Larger records are refused: the largest document, and what is said of it.
    private static let largestRecord = Record.mostBytes + (1 << 16)

    /// Reads a request line. `attached` gives the bytes of the file that came with it, of at most so many.
    public static func parse(
        _ line: String, attached: (Int) -> [UInt8]? = { _ in nil }
    ) throws(JSONError) -> SocketRequest {
        let document = try JSONDocument.parse(line, file: "request")
        let root = try document.reader.object(known: [
            "query", "command", "event", "comment", "device", "agrees", "passkey", "follower", "after", "actor", "id",
        ])
        let queries = ["status", "devices", "device", "pairing", "alert", "plan"]
        switch try root.optionalOneOf("query", allowed: queries) {
        case "status": return .query(.status)
        case "devices": return .query(.devices)
        case "device": return .query(.device(named: try root.string("device")))
        case "pairing": return .query(.pairing)
        case "alert": return .query(.alert(named: try root.string("event")))
        case "plan": return .query(.plan(named: try root.string("event")))
        default: break
        }
        let id = try root.optionalString("id")
        guard let id = id.map({ CommandID($0) }) ?? .random() else {
            throw try root.required("id").error("expected a UUID")
        }
        let actor = try root.optionalString("actor") ?? ""
        if try root.optionalString("command") == "put" {
            let record = try record(root, attached(largestRecord))
            return .record(record, Command(id: id, actor: actor, action: .put(record)))
        }
        return .command(Command(id: id, actor: actor, action: try action(root)))
    }

    private static func action(_ root: JSONReader) throws(JSONError) -> Command.Action {
        let names = [
            "acknowledge", "accept_plan", "decline_plan", "reload", "stop", "pair", "answer_pairing", "forget_device",
            "follow", "unfollow",
        ]
        switch try root.oneOf("command", allowed: names) {
        case "reload": return .reload
        case "stop": return .stop
        case "accept_plan": return .acceptPlan(try event(root))
        case "decline_plan": return .declinePlan(try event(root))
        case "pair": return .pair(device: try root.string("device"))
        case "answer_pairing":
            let passkey = try root.optionalInteger("passkey", in: 0...999_999)
            return .answerPairing(agrees: try root.bool("agrees"), passkey: passkey.map { UInt32(clamping: $0) })
        case "follow":
            let after = try root.integer("after", in: 0...Int.max)
            return .follow(name: try root.string("follower"), after: UInt64(after))
        case "unfollow": return .unfollow(try root.string("follower"))
        case "forget_device": return .forgetDevice(try root.string("device"))
        default: return .acknowledge(try event(root), comment: try root.optionalString("comment") ?? "")
        }
    }

    private static func record(_ root: JSONReader, _ bytes: [UInt8]?) throws(JSONError) -> Record {
        var reader = ByteReader(bytes ?? [])
        guard let record = try? reader.wire(Record.self), reader.isAtEnd, record.payload.count <= Record.mostBytes
        else {
            throw try root.required("command").error(
                "expected a file attached that holds a record, with a document of \(Record.mostBytes >> 20) MB at most")
        }
        return record
    }

    private static func event(_ root: JSONReader) throws(JSONError) -> EventID {
        guard let id = EventID(try root.string("event")) else {
            throw try root.required("event").error("expected the event's whole id")
        }
        return id
    }

    /// The request as a line, without the newline.
    public var line: String {
        var json = JSONWriter()
        json.object { json in
            switch self {
            case .query(.status): json.member("query", "status")
            case .query(.devices): json.member("query", "devices")
            case .query(.device(let name)):
                json.member("query", "device")
                json.member("device", name)
            case .query(.pairing): json.member("query", "pairing")
            case .query(.alert(let name)):
                json.member("query", "alert")
                json.member("event", name)
            case .query(.plan(let name)):
                json.member("query", "plan")
                json.member("event", name)
            case .command(let command): Self.write(command, to: &json)
            case .record(_, let command):
                json.member("command", "put")
                json.member("actor", command.actor)
                json.member("id", "\(command.id)")
            }
        }
        return json.text
    }

    /// What is attached to the line.
    public var attached: [UInt8]? {
        guard case .record(let record, _) = self else { return nil }
        var writer = ByteWriter(capacity: record.payload.count + 512)
        writer.wire(record)
        return writer.bytes
    }

    /// A command's members, as a request or a log of orders has them.
    static func write(_ command: Command, to json: inout JSONWriter) {
        switch command.action {
        case .acknowledge(let event, let comment):
            json.member("command", "acknowledge")
            json.member("event", "\(event)")
            json.member("comment", comment)
        case .acceptPlan(let event):
            json.member("command", "accept_plan")
            json.member("event", "\(event)")
        case .declinePlan(let event):
            json.member("command", "decline_plan")
            json.member("event", "\(event)")
        case .reload: json.member("command", "reload")
        case .stop: json.member("command", "stop")
        case .pair(let device):
            json.member("command", "pair")
            json.member("device", device)
        case .answerPairing(let agrees, let passkey):
            json.member("command", "answer_pairing")
            json.member("agrees", agrees)
            json.member("passkey", ifPresent: passkey.map { Int($0) })
        case .forgetDevice(let device):
            json.member("command", "forget_device")
            json.member("device", device)
        case .follow(let name, let sequence):
            json.member("command", "follow")
            json.member("follower", name)
            json.member("after", Int(clamping: sequence))
        case .unfollow(let name):
            json.member("command", "unfollow")
            json.member("follower", name)
        case .put(let id, let revision, let kind):
            json.member("command", "put")
            json.member("kind", kind.name)
            json.member("record_id", "\(id)")
            json.member("revision", Int(revision))
        }
        json.member("actor", command.actor)
        json.member("id", "\(command.id)")
    }
}
