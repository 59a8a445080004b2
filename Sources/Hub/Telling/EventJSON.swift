import Analysis
import JSON5
import Vitals

/// Events as JSON lines: what `replay`, `events` and the socket print. One encoder, so that they compare byte by byte.
public struct EventJSON: Sendable {
    private let people: [PersonID: String]
    private let devices: [DeviceID: String]

    public init(people: [Person], devices: [Device]) {
        self.people = Dictionary(people.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        self.devices = Dictionary(
            (devices + [.detectors]).map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    func name(of person: PersonID) -> String { people[person] ?? "\(person)" }
    func name(of device: DeviceID) -> String { devices[device] ?? "\(device)" }

    /// One line, without the newline.
    public func line(_ event: Event) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("id", "\(event.id)")
            json.member("person", name(of: event.person))
            json.member("kind", event.kind.rawValue)
            json.member("phase", event.phase.rawValue)
            json.member("rule", event.rule)
            json.member("severity", event.severity.name)
            json.member("onset", ISO8601.format(event.onset))
            json.member("decided", ISO8601.format(event.decided))
            json.member("transition", event.transition)
            json.member("title", event.title)
            json.member("text", event.text)
            json.member("to", event.recipients)
            if !event.causes.isEmpty { json.member("causes", event.causes.map { "\($0)" }) }
            if let evidence = event.evidence { json.object("evidence") { write(evidence, to: &$0) } }
        }
        return json.text
    }

    private func write(_ evidence: Evidence, to json: inout JSONWriter) {
        json.member("file", evidence.file)
        json.member("sha256", evidence.fileHash)
        json.array("clauses") { json in
            for clause in evidence.clauses {
                json.object { json in
                    json.member("clause", clause.name)
                    json.member("line", clause.line)
                    json.member("column", clause.column)
                    json.object("tree") { write(clause.root, to: &$0) }
                }
            }
        }
    }

    private func write(_ node: Evidence.Node, to json: inout JSONWriter) {
        json.member("text", node.text)
        switch node.type {
        case .boolean where node.value.isFinite: json.member("value", node.value != 0)
        default: json.member("value", node.value)
        }
        if let detail = node.detail {
            if let window = detail.window {
                json.member("from", ISO8601.format(window.start))
                json.member("to", ISO8601.format(window.end))
            }
            json.member("coverage", ifPresent: detail.coverage)
            if detail.count > 0 { json.member("samples", detail.count) }
            json.member("first", ifPresent: detail.first.map { ISO8601.format($0) })
            json.member("last", ifPresent: detail.last.map { ISO8601.format($0) })
            if !detail.sources.isEmpty { json.member("sources", detail.sources.map { name(of: $0) }) }
            json.member("unknown", ifPresent: detail.unknown)
        }
        if !node.children.isEmpty {
            json.array("children") { json in
                for child in node.children { json.object { write(child, to: &$0) } }
            }
        }
    }
}

extension Device {
    /// The source of derived series, among the devices of every store.
    static let detectors = Device(id: .derived, name: "vitald")
}
