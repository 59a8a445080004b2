extension Record: WireValue {
    static let wireKind: UInt8 = 7
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Record.wireKind, version: Record.wireVersion) { writer in
            writer.id(id)
            writer.byte(kind.rawValue)
            writer.integer(revision)
            writer.id(person)
            writer.time(at)
            writer.text(author)
            writer.optional(content) { $0.wire($1) }
            writer.blob(payload)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let offset = reader.offset
        var bytes = try reader.record(of: Record.wireKind, "a record")
        let id: RecordID = try bytes.id()
        let kind: Kind = try bytes.raw()
        let revision: UInt32 = try bytes.integer()
        let person: PersonID = try bytes.id()
        let at = try bytes.time()
        let author = try bytes.text()
        let content: Content? = try bytes.optional { (reader) throws(WireError) in try reader.wire() }
        let payload = try bytes.blob()
        guard let content else {
            self.init(tombstone: id, kind, revision: revision, person: person, at: at, author: author)
            return
        }
        guard content.kind == kind else {
            throw WireError(.malformed("a \(content.kind.name) in place of a \(kind.name)"), at: offset)
        }
        self.init(id: id, revision: revision, person: person, at: at, author: author, content, payload: payload)
    }
}

extension Record.Content: WireValue {
    public func write(to writer: inout ByteWriter) {
        // The kind's number, never reused.
        writer.byte(kind.rawValue)
        switch self {
        case .fact(let word, let range):
            writer.text(word)
            writer.wire(range)
        case .goal(let text, let metric, let value, let range):
            writer.text(text)
            writer.optional(metric) { $0.integer($1.rawValue) }
            writer.optional(value) { $0.double($1) }
            writer.wire(range)
        case .grant(let name, let role, let range):
            writer.text(name)
            writer.text(role)
            writer.wire(range)
        case .feedback(let event, let score, let comment):
            writer.id(event)
            writer.double(score)
            writer.text(comment)
        case .note(let text): writer.text(text)
        case .plan(let plan, let reason):
            writer.wire(plan)
            writer.text(reason)
        case .document(let name, let mediaType, let size):
            writer.text(name)
            writer.text(mediaType)
            writer.count(max(0, size))
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.raw(Record.Kind.self) {
        case .fact: self = .fact(try reader.text(), try reader.wire())
        case .goal:
            self = .goal(
                try reader.text(), metric: try reader.optional { (reader) throws(WireError) in try reader.raw() },
                value: try reader.optional { (reader) throws(WireError) in try reader.double() }, try reader.wire())
        case .grant: self = .grant(to: try reader.text(), role: try reader.text(), try reader.wire())
        case .feedback: self = .feedback(try reader.id(), score: try reader.double(), comment: try reader.text())
        case .note: self = .note(try reader.text())
        case .plan: self = .plan(try reader.wire(), reason: try reader.text())
        case .document:
            self = .document(name: try reader.text(), mediaType: try reader.text(), size: try reader.natural())
        }
    }
}

extension Forgotten: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.blob(digest)
        writer.time(at)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let offset = reader.offset
        let digest = try reader.blob()
        guard digest.count == 32 else {
            throw WireError(.malformed("a digest of \(digest.count) bytes"), at: offset)
        }
        self.init(digest: digest, at: try reader.time())
    }
}
