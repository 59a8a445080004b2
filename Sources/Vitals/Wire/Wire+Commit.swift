extension Commit {
    /// Kinds of the records a commit consists of. Never reused or renumbered.
    enum RecordKind: UInt8 {
        case samples = 1
        case event, outbox, state, command, person, device, assignment, record, forgotten
    }

    static let wireVersion: UInt8 = 1
}

/// A commit as whoever follows a store reads it: its time, then one kind-tagged, length-prefixed, versioned record for
/// each thing in it. A record begins with the id of the person it is about, or says that there is none, so that a relay
/// can pick a person's records without understanding them. A reader steps over kinds it does not know.
extension Commit: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.time(at)
        writer.count(
            samples.count + events.count + outbox.count + states.count + commands.count + people.count + devices.count
                + assignments.count + records.count + forgotten.count)
        for value in samples { writer.commitRecord(.samples, of: value.person) { $0.samples(value.samples) } }
        for value in events { writer.commitRecord(.event, of: value.person) { $0.wire(value) } }
        for value in outbox { writer.commitRecord(.outbox, of: value.person) { $0.wire(value) } }
        for value in states { writer.commitRecord(.state, of: value.person) { $0.wire(value) } }
        for value in commands { writer.commitRecord(.command, of: nil) { $0.wire(value) } }
        for value in people { writer.commitRecord(.person, of: value.id) { $0.wire(value) } }
        for value in devices { writer.commitRecord(.device, of: nil) { $0.wire(value) } }
        for value in records { writer.commitRecord(.record, of: value.person) { $0.wire(value) } }
        for value in forgotten { writer.commitRecord(.forgotten, of: nil) { $0.wire(value) } }
        for value in assignments { writer.commitRecord(.assignment, of: value.person) { $0.wire(value) } }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(at: try reader.time())
        for _ in 0..<(try reader.length()) {
            let record = try reader.record()
            guard let kind = RecordKind(rawValue: record.kind) else { continue }
            var content = record.content
            let start = content.offset
            let person: PersonID? = try content.optional { (reader) throws(WireError) in try reader.id() }
            switch kind {
            case .samples:
                guard let person else { throw WireError(.malformed("samples of nobody"), at: start) }
                samples.append(PersonSamples(person: person, samples: try content.samples(anyValue: true)))
            case .event: events.append(try content.wire())
            case .outbox: outbox.append(try content.wire())
            case .state: states.append(try content.wire())
            case .command: commands.append(try content.wire())
            case .person: people.append(try content.wire())
            case .device: devices.append(try content.wire())
            case .assignment: assignments.append(try content.wire())
            case .record: records.append(try content.wire())
            case .forgotten: forgotten.append(try content.wire())
            }
        }
    }
}

extension ByteWriter {
    fileprivate mutating func commitRecord(
        _ kind: Commit.RecordKind, of person: PersonID?, _ content: (inout ByteWriter) -> Void
    ) {
        record(kind: kind.rawValue, version: Commit.wireVersion) { writer in
            writer.optional(person) { $0.id($1) }
            content(&writer)
        }
    }
}
