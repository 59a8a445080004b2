import JSON5
import Vitals

/// What followers read, as JSON lines for people and scripts. States of components are opaque: only their sizes are told. The
/// byte format has everything.
public struct FeedJSON: Sendable {
    private let events: EventJSON

    public init(people: [Person], devices: [Device]) { events = EventJSON(people: people, devices: devices) }

    /// One line, without the newline.
    public func line(_ item: FeedItem) throws(WireError) -> String {
        var json = JSONWriter()
        try json.object { (json) throws(WireError) in
            switch item {
            case .beginning(let identity, let sequence):
                json.object("store") { json in
                    json.member("hub", "\(identity.hub)")
                    json.member("epoch", String(identity.epoch, radix: 16))
                }
                json.member("after", sequence)
            case .part(let commit):
                json.member("copy", true)
                write(commit, to: &json)
            case .copied(let sequence): json.member("copied", sequence)
            case .missing(let range):
                json.member("missing", [range.lowerBound, range.upperBound])
            case .commit(let commit):
                json.member("commit", commit.sequence)
                write(try commit.commit(), to: &json)
            }
        }
        return json.text
    }

    private func write(_ commit: Commit, to json: inout JSONWriter) {
        json.member("at", ISO8601.format(commit.at))
        list("people", commit.people, to: &json) { json, person in
            json.member("id", "\(person.id)")
            json.member("name", person.name)
            json.member("zone", person.zone)
        }
        list("devices", commit.devices, to: &json) { json, device in
            json.member("id", "\(device.id)")
            json.member("name", device.name)
            json.member("profile", ifPresent: device.profile)
        }
        list("assignments", commit.assignments, to: &json) { json, assignment in
            json.member("device", "\(assignment.device)")
            json.member("person", "\(assignment.person)")
            json.member("from", ISO8601.format(assignment.from))
            json.member("to", ISO8601.format(assignment.to))
        }
        let samples = commit.samples.flatMap { batch in batch.samples.map { (batch.person, $0) } }
        list("samples", samples, to: &json) { json, sample in
            write(sample.1, of: sample.0, to: &json)
        }
        if !commit.events.isEmpty {
            json.array("events") { json in for event in commit.events { json.raw(events.line(event)) } }
        }
        list("outbox", commit.outbox, to: &json) { json, item in
            json.member("event", "\(item.event)")
            json.member("person", "\(item.person)")
            json.member("recipient", item.recipient)
        }
        list("states", commit.states, to: &json) { json, state in
            json.member("person", ifPresent: state.person.map { "\($0)" })
            json.member("component", state.component)
            json.member("version", state.version)
            json.member("bytes", state.bytes.count)
        }
        list("records", commit.records, to: &json) { json, record in
            json.member("id", "\(record.id)")
            json.member("person", "\(record.person)")
            json.member("kind", record.kind.name)
            json.member("revision", Int(record.revision))
            json.member("at", ISO8601.format(record.at))
            json.member("author", record.author)
            json.member("deleted", record.content == nil)
            json.member("text", record.text)
            if !record.payload.isEmpty { json.member("bytes", record.payload.count) }
        }
        list("forgotten", commit.forgotten, to: &json) { json, forgotten in
            json.member("sha256", forgotten.digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
        list("commands", commit.commands, to: &json) { json, applied in
            json.member("at", ISO8601.format(applied.at))
            SocketRequest.write(applied.command, to: &json)
        }
    }

    private func write(_ sample: Sample, of person: PersonID, to json: inout JSONWriter) {
        json.member("person", "\(person)")
        json.member("metric", sample.metric.name)
        json.member("value", sample.value)
        json.member("time", ISO8601.format(sample.time))
        if sample.span > 0 { json.member("span_ms", Int(sample.span)) }
        json.member("source", "\(sample.source)")
        json.member("received", ISO8601.format(sample.received))
        if !sample.quality.names.isEmpty { json.member("quality", sample.quality.names) }
        if sample.revision > 0 { json.member("revision", Int(sample.revision)) }
    }

    private func list<T>(
        _ key: String, _ values: [T], to json: inout JSONWriter, _ write: (inout JSONWriter, T) -> Void
    ) {
        guard !values.isEmpty else { return }
        json.array(key) { json in
            for value in values { json.object { write(&$0, value) } }
        }
    }
}
