import Vitals

/// Why an event happened, for a person to read: the rule's file and line, every subexpression with its value, and the
/// samples behind each feature.
public struct Explanation: Sendable {
    private let names: EventJSON
    private let zone: Zone

    /// - Parameter zone: The zone in which times are shown: the person's.
    public init(names: EventJSON, zone: Zone) {
        self.names = names
        self.zone = zone
    }

    /// The explanation as lines of text. `chain` holds the other events of the same episode.
    public func text(of event: Event, chain: [Event] = []) -> String {
        var lines = [
            "\(event.kind.rawValue) \(event.phase.rawValue): \(event.title)", "  \(event.text)", "",
            "  event     \(event.id)",
            "  person    \(names.name(of: event.person))",
            "  severity  \(event.severity.name), for \(event.recipients.joined(separator: ", "))",
            "  onset     \(time(event.onset))   when it began in the body",
            "  decided   \(time(event.decided))   when the hub knew\(delay(of: event))",
        ]
        if let evidence = event.evidence {
            lines.append("  rule      \(event.rule)")
            lines.append("  file      \(evidence.file), SHA-256 \(evidence.fileHash.prefix(16))…")
            for clause in evidence.clauses {
                lines += ["", "  \(clause.name)  (\(evidence.file):\(clause.line):\(clause.column))"]
                append(clause.root, indent: "    ", to: &lines)
            }
        } else {
            lines.append("  from      the hub itself (\(event.rule)): links and sensors report their own state")
        }
        if !chain.isEmpty {
            lines += ["", "  episode"]
            for other in chain.sorted(by: { $0.transition < $1.transition }) {
                lines.append("    \(time(other.decided))  \(other.phase.rawValue)  \(other.title)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// That it was decided late, where the rule allows that and a stretch lies between.
    private func delay(of event: Event) -> String {
        guard let late = event.evidence?.clauses.first(where: { $0.name == Evidence.lateClause }),
            event.transition == 0, event.decided - event.onset > Self.timely
        else { return "" }
        let behind = event.decided - event.onset
        return
            ", \(TimeSpan.minutes(behind.milliseconds / 60_000)) later: the data came late (the rule allows \(late.root.text))"
    }

    /// What is decided sooner after its onset needs no reason.
    private static let timely = TimeSpan.minutes(10)

    private func append(_ node: Evidence.Node, indent: String, to lines: inout [String]) {
        lines.append("\(indent)\(node.text)  =  \(Explanation.value(node))")
        if let detail = node.detail { append(detail, indent: indent + "  · ", to: &lines) }
        for child in node.children { append(child, indent: indent + "  ", to: &lines) }
    }

    private func append(_ detail: FeatureDetail, indent: String, to lines: inout [String]) {
        if let reason = detail.unknown { lines.append("\(indent)unknown: \(reason)") }
        if let window = detail.window {
            let share = detail.coverage.map { ", \(Int(($0 * 100).rounded())) % covered" } ?? ""
            lines.append("\(indent)window \(time(window.start)) to \(time(window.end))\(share)")
        }
        if detail.count > 0, let first = detail.first, let last = detail.last {
            let from = detail.sources.map { names.name(of: $0) }.joined(separator: ", ")
            lines.append("\(indent)\(detail.count) samples, \(time(first)) to \(time(last)), from \(from)")
        }
    }

    private func time(_ time: Timestamp) -> String { ISO8601.format(time, in: zone) }

    /// A node's value as a person reads it.
    static func value(_ node: Evidence.Node) -> String {
        guard node.value.isFinite else { return "unknown" }
        switch node.type {
        case .boolean: return node.value != 0 ? "true" : "false"
        case .duration: return "\(TimeSpan(milliseconds: Int64(max(min(node.value, 9e15), -9e15))))"
        case .number: return Explanation.number(node.value)
        }
    }

    /// At most three decimals, none that are zero.
    static func number(_ value: Double) -> String {
        let rounded = (value * 1000).rounded() / 1000
        let text = "\(rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
