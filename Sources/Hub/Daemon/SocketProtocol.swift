import JSON5
import Vitals

/// One line of the command socket: a JSON object that names a query or a command.
///
/// ```
/// {"query":"status"}
/// {"query":"devices"}
/// {"query":"alert","event":"3f2a"}   {"query":"plan","event":"last"}
/// {"command":"acknowledge","event":"…","comment":"…","actor":"ada","id":"…"}
/// {"command":"reload"}   {"command":"stop"}   {"command":"accept_plan","event":"…"}   {"command":"decline_plan",…}
/// ```
///
/// The answer is any number of lines with an object each, then one line `{"ok":true}` or `{"error":"…"}`.
public enum SocketRequest: Hashable, Sendable {
    case query(Query)
    case command(Command)

    /// Longer lines are refused.
    static let longestLine = 65_536

    /// Reads a request line.
    public static func parse(_ line: String) throws(JSONError) -> SocketRequest {
        let document = try JSONDocument.parse(line, file: "request")
        let root = try document.reader.object(known: ["query", "command", "event", "comment", "actor", "id"])
        switch try root.optionalOneOf("query", allowed: ["status", "devices", "alert", "plan"]) {
        case "status": return .query(.status)
        case "devices": return .query(.devices)
        case "alert": return .query(.alert(named: try root.string("event")))
        case "plan": return .query(.plan(named: try root.string("event")))
        default: break
        }
        let id = try root.optionalString("id")
        guard let id = id.map({ CommandID($0) }) ?? .random() else {
            throw try root.required("id").error("expected a UUID")
        }
        let actor = try root.optionalString("actor") ?? ""
        let names = ["acknowledge", "accept_plan", "decline_plan", "reload", "stop"]
        let action: Command.Action
        switch try root.oneOf("command", allowed: names) {
        case "reload": action = .reload
        case "stop": action = .stop
        case "accept_plan": action = .acceptPlan(try event(root))
        case "decline_plan": action = .declinePlan(try event(root))
        default: action = .acknowledge(try event(root), comment: try root.optionalString("comment") ?? "")
        }
        return .command(Command(id: id, actor: actor, action: action))
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
            case .query(.alert(let name)):
                json.member("query", "alert")
                json.member("event", name)
            case .query(.plan(let name)):
                json.member("query", "plan")
                json.member("event", name)
            case .command(let command):
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
                }
                json.member("actor", command.actor)
                json.member("id", "\(command.id)")
            }
        }
        return json.text
    }
}
