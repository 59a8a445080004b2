extension Trigger: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.text(rule)
        writer.byte(edge.rawValue)
        writer.time(onset)
        writer.time(decided)
        writer.wire(action)
        writer.wire(evidence)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            rule: try reader.text(), edge: try reader.raw(), onset: try reader.time(), decided: try reader.time(),
            action: try reader.wire(), evidence: try reader.wire())
    }
}

extension Trigger.Action: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.code(kind)
        writer.byte(severity.rawValue)
        writer.list(recipients) { $0.text($1) }
        writer.text(title)
        writer.text(text)
        writer.optional(change) { $0.wire($1) }
        writer.bool(isEpisode)
        writer.signed(Int64(dailyLimit))
        writer.span(repeatAfter)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            kind: try reader.code(), severity: try reader.raw(),
            recipients: try reader.list { (reader) throws(WireError) in try reader.text() }, title: try reader.text(),
            text: try reader.text(), change: try reader.optional { (reader) throws(WireError) in try reader.wire() },
            isEpisode: try reader.bool(), dailyLimit: Int(try reader.signed()), repeatAfter: try reader.span())
    }
}
