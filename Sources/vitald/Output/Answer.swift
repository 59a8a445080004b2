import JSON5
import Vitals

/// What the daemon answered: objects, one a line, whose members are the daemon's to choose.
struct Answer {
    private let lines: [String]
    let objects: [JSONObject]

    init(_ lines: [String]) {
        self.lines = lines
        objects = lines.compactMap { try? JSONDocument.parse($0, file: "answer").reader.object() }
    }

    /// A member of the first object that is text.
    func text(_ key: String) -> String? {
        if case .string(let text) = objects.first?[key]?.value { text } else { nil }
    }

    /// One row for each object, one column for each key.
    func writeRows(as format: RowFormat, on console: Console) {
        guard format != .jsonl else { return lines.forEach { console.out.line($0) } }
        var keys: [String] = []
        for member in objects.flatMap(\.members) where !keys.contains(member.key) { keys.append(member.key) }
        let columns = keys.map { key in
            RowWriter.Column(
                key, isNumber: objects.contains { if case .number = $0[key]?.value { true } else { false } })
        }
        var rows = RowWriter(columns, as: format, on: console)
        for object in objects { rows.row(keys.map { Answer.cell(object[$0]?.value ?? .null) }) }
        rows.end()
    }

    /// One row for each member of the first object, as people read a state.
    func writeMembers(as format: RowFormat, on console: Console) {
        guard format == .table else { return writeRows(as: format, on: console) }
        let members = objects.first?.members ?? []
        let width = members.map { $0.key.count }.max() ?? 0
        for member in members {
            let name = member.key.split(separator: "_").joined(separator: " ")
            let padding = String(repeating: " ", count: width - member.key.count + 2)
            console.out.line("\(name)\(padding)\(Answer.cell(member.node.value).shown(decimals: 3))")
        }
    }

    private static func cell(_ value: JSONValue) -> Cell {
        switch value {
        case .null: .missing
        case .bool(let flag): .boolean(flag)
        case .number(let number): Int(exactly: number).map { .integer($0) } ?? .number(number)
        case .string(let text): .text(text)
        case .array(let elements):
            elements.isEmpty ? .missing : .text(elements.map { plain($0) }.joined(separator: ", "))
        case .object(let object):
            object.members.isEmpty
                ? .missing : .text(object.members.map { "\($0.key) \(plain($0.node))" }.joined(separator: ", "))
        }
    }

    private static func plain(_ node: JSONNode) -> String {
        if case .string(let text) = node.value { text } else { node.jsonText }
    }
}
