import Vitals

extension Episode: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.text(rule)
        writer.text(kind.rawValue)
        writer.byte(severity.rawValue)
        writer.time(onset)
        writer.time(opened)
        writer.id(opening)
        writer.count(nextTransition)
        writer.text(title)
        writer.list(recipients) { $0.text($1) }
        switch state {
        case .open: writer.byte(0)
        case .acknowledged(let by, let at):
            writer.byte(1)
            writer.text(by)
            writer.time(at)
        case .resolved(let at):
            writer.byte(2)
            writer.time(at)
        case .expired(let at):
            writer.byte(3)
            writer.time(at)
        case .told: writer.byte(4)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let rule = try reader.text()
        let at = reader.offset
        guard let kind = Event.Kind(rawValue: try reader.text()) else {
            throw WireError(.malformed("unknown kind of event"), at: at)
        }
        self.init(
            rule: rule, kind: kind, severity: try reader.raw(), onset: try reader.time(), opened: try reader.time(),
            opening: try reader.id(), nextTransition: try reader.transition(), title: try reader.text(),
            recipients: try reader.list { r throws(WireError) in try r.text() }, state: try State(from: &reader))
    }
}

extension Episode.State {
    fileprivate init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        switch try reader.byte() {
        case 0: self = .open
        case 1: self = .acknowledged(by: try reader.text(), at: try reader.time())
        case 2: self = .resolved(at: try reader.time())
        case 3: self = .expired(at: try reader.time())
        case 4: self = .told
        case let state: throw WireError(.malformed("unknown state \(state) of an episode"), at: at)
        }
    }
}

extension Reminder: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.text(rule)
        writer.time(onset)
        writer.time(decided)
        writer.time(due)
        writer.id(event)
        writer.count(nextTransition)
        writer.byte(state.rawValue)
        writer.count(missedBefore)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            rule: try reader.text(), onset: try reader.time(), decided: try reader.time(), due: try reader.time(),
            event: try reader.id(), nextTransition: try reader.transition(), state: try reader.raw(),
            missedBefore: try reader.transition())
    }
}

extension ByteReader {
    /// A small count. Bounded, because ids of all transitions so far are derived one by one.
    mutating func transition() throws(WireError) -> Int {
        let at = offset
        let value = try count()
        guard (0...1_000_000).contains(value) else { throw WireError(.malformed("a count of \(value)"), at: at) }
        return value
    }
}
