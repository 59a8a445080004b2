extension Event.Kind: WireCode {
    var wireCode: UInt8 {
        switch self {
        case .alert: 1
        case .reminder: 2
        case .plan: 3
        case .advice: 4
        case .assessment: 5
        case .source: 6
        }
    }
}

extension Event.Phase: WireCode {
    var wireCode: UInt8 {
        switch self {
        case .opened: 1
        case .acknowledged: 2
        case .resolved: 3
        case .expired: 4
        case .applied: 5
        case .proposed: 6
        case .declined: 7
        case .done: 8
        case .missed: 9
        }
    }
}

extension Event: WireValue {
    static let wireKind: UInt8 = 1
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Event.wireKind, version: Event.wireVersion) { writer in
            writer.id(id)
            writer.id(person)
            writer.code(kind)
            writer.code(phase)
            writer.text(rule)
            writer.byte(severity.rawValue)
            writer.time(onset)
            writer.time(decided)
            writer.signed(Int64(transition))
            writer.text(title)
            writer.text(text)
            writer.list(recipients) { $0.text($1) }
            writer.optional(evidence) { $0.wire($1) }
            writer.list(causes) { $0.id($1) }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Event.wireKind, "an event")
        self.init(
            id: try content.id(), person: try content.id(), kind: try content.code(), phase: try content.code(),
            rule: try content.text(), severity: try content.raw(), onset: try content.time(),
            decided: try content.time(), transition: Int(try content.signed()), title: try content.text(),
            text: try content.text(),
            recipients: try content.list { (reader) throws(WireError) in try reader.text() },
            evidence: try content.optional { (reader) throws(WireError) in try reader.wire() },
            causes: try content.list { (reader) throws(WireError) in try reader.id() })
    }
}

extension Evidence: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.text(file)
        writer.text(fileHash)
        writer.list(clauses) { writer, clause in
            writer.text(clause.name)
            writer.count(max(0, clause.line))
            writer.count(max(0, clause.column))
            clause.root.write(to: &writer, depth: 1)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            file: try reader.text(), fileHash: try reader.text(),
            clauses: try reader.list { (reader) throws(WireError) in
                Clause(
                    name: try reader.text(), line: try reader.natural(), column: try reader.natural(),
                    root: try Node(from: &reader, depth: 1))
            })
    }
}

extension Evidence.Node {
    /// Deeper trees are cut when written and refused when read: recursion over foreign bytes needs a floor.
    static let deepest = 64

    func write(to writer: inout ByteWriter, depth: Int) {
        writer.text(text)
        writer.double(value)
        writer.byte(type.rawValue)
        writer.optional(detail) { $0.wire($1) }
        writer.list(depth < Self.deepest ? children : []) { writer, child in
            child.write(to: &writer, depth: depth + 1)
        }
    }

    init(from reader: inout ByteReader, depth: Int) throws(WireError) {
        guard depth <= Self.deepest else {
            throw WireError(.malformed("an expression nested deeper than \(Self.deepest)"), at: reader.offset)
        }
        self.init(
            text: try reader.text(), value: try reader.double(), type: try reader.raw(),
            detail: try reader.optional { (reader) throws(WireError) in try reader.wire() },
            children: try reader.list { (reader) throws(WireError) in try Self(from: &reader, depth: depth + 1) })
    }
}

extension FeatureDetail: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.double(value)
        writer.optional(window) { $0.wire($1) }
        writer.optional(coverage) { $0.double($1) }
        writer.count(max(0, count))
        writer.optional(first) { $0.time($1) }
        writer.optional(last) { $0.time($1) }
        writer.list(sources) { $0.id($1) }
        writer.optional(unknown) { $0.text($1) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            value: try reader.double(), window: try reader.optional { (reader) throws(WireError) in try reader.wire() },
            coverage: try reader.optional { (reader) throws(WireError) in try reader.double() },
            count: try reader.natural(), first: try reader.optional { (reader) throws(WireError) in try reader.time() },
            last: try reader.optional { (reader) throws(WireError) in try reader.time() },
            sources: try reader.list { (reader) throws(WireError) in try reader.id() },
            unknown: try reader.optional { (reader) throws(WireError) in try reader.text() })
    }
}

extension TimeRange: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.time(start)
        writer.time(end)
    }

    public init(from reader: inout ByteReader) throws(WireError) { self.init(try reader.time(), try reader.time()) }
}
