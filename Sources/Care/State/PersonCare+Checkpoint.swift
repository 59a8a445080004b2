import Vitals

extension PersonCare {
    /// Name and version of the component state this room keeps in the store.
    public static let component = "care"
    public static let version = 1

    private enum Part: UInt8 { case episodes = 1, reminders, changes, planOnsets }

    /// All that must survive a restart. The person, their limits and the weekly plan come from the configuration.
    public func checkpoint() -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(UInt8(PersonCare.version))
        func part<T>(_ part: Part, _ values: [T], _ write: (inout ByteWriter, T) -> Void) {
            writer.record(kind: part.rawValue, version: 1) { $0.list(values, write) }
        }
        part(.episodes, episodes) { $0.wire($1) }
        part(.reminders, reminders) { $0.wire($1) }
        part(.changes, changes) { $0.wire($1) }
        part(.planOnsets, planOnsets) {
            $0.text($1.rule)
            $0.time($1.onset)
        }
        return writer.bytes
    }

    /// The state to commit, if it changed since the last call.
    public mutating func changedState() -> ComponentState? {
        guard hasChanged else { return nil }
        hasChanged = false
        return ComponentState(
            person: person.id, component: PersonCare.component, version: PersonCare.version, bytes: checkpoint())
    }

    mutating func restore(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == UInt8(PersonCare.version) else {
            throw WireError(
                .malformed("care state of version \(version), this vitald reads \(PersonCare.version)"), at: 0)
        }
        while !reader.isAtEnd {
            let at = reader.offset
            let record = try reader.record()
            var content = record.content
            guard record.version == 1, let part = Part(rawValue: record.kind) else {
                throw WireError(.malformed("unknown care record \(record.kind) of version \(record.version)"), at: at)
            }
            switch part {
            case .episodes: episodes = try content.list { r throws(WireError) in try r.wire() }
            case .reminders: reminders = try content.list { r throws(WireError) in try r.wire() }
            case .changes: changes = try content.list { r throws(WireError) in try r.wire() }
            case .planOnsets:
                planOnsets = try content.list { r throws(WireError) in
                    PlanOnset(rule: try r.text(), onset: try r.time())
                }
            }
            guard content.isAtEnd else {
                throw WireError(.malformed("a care record with a tail"), at: content.offset)
            }
        }
    }
}
