import Vitals

extension RuleState {
    /// Version of the checkpoint's layout.
    public static let version: UInt8 = 1

    /// Everything that later decisions depend on; rules that were never touched take no space.
    ///
    /// Ordered by name: equal states give equal bytes.
    public func checkpoint() -> [UInt8] {
        var all = absent
        for (name, entry) in zip(names, entries) { all[name] = entry }
        var writer = ByteWriter()
        writer.byte(Self.version)
        let touched = all.filter { $0.value != Entry(version: $0.value.version) }.sorted { $0.key < $1.key }
        writer.list(touched) { writer, item in
            writer.text(item.key)
            item.value.write(to: &writer)
        }
        return writer.bytes
    }

    /// - Throws: when the bytes are cut short, malformed or of a newer version.
    public init(restoring bytes: [UInt8]) throws(WireError) {
        self.init()
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else {
            throw WireError(.malformed("rule states of version \(version), this vitald reads \(Self.version)"), at: 0)
        }
        let items = try reader.list { (reader) throws(WireError) in (try reader.text(), try Entry(from: &reader)) }
        guard reader.isAtEnd else { throw WireError(.malformed("bytes after the last rule"), at: reader.offset) }
        for (name, entry) in items { absent[name] = entry }
    }
}

extension RuleState.Entry: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.integer(version)
        writer.byte((isOpen ? 1 : 0) | (isHolding ? 2 : 0) | (isTrue ? 4 : 0))
        for time in [onset, since, lastTrue, lastOpened] { writer.time(time) }
        writer.span(held)
        writer.integer(day)
        writer.integer(openings)
        writer.integer(scheduledDay)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        version = try reader.integer()
        let flags = try reader.byte()
        isOpen = flags & 1 != 0
        isHolding = flags & 2 != 0
        isTrue = flags & 4 != 0
        onset = try reader.time()
        since = try reader.time()
        lastTrue = try reader.time()
        lastOpened = try reader.time()
        held = try reader.span()
        day = try reader.integer()
        openings = try reader.integer()
        scheduledDay = try reader.integer()
        // A damaged count must not trap when it grows.
        openings = min(max(openings, 0), 1_000_000)
    }
}
