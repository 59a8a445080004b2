extension Input: WireValue {
    static let wireVersion: UInt8 = 1

    /// One record; its kind says what the input is. An unknown kind cannot be stepped over: a decision may hang on it.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: body.wireKind, version: Input.wireVersion) { writer in
            writer.time(at)
            switch body {
            case .frame(let device, let input, let bytes):
                writer.id(device)
                writer.text(input)
                writer.blob(bytes)
            case .link(let device, let state, let reason):
                writer.id(device)
                writer.byte(state.rawValue)
                writer.text(reason)
            case .samples(let person, let samples):
                writer.id(person)
                writer.samples(samples)
            case .command(let command): writer.wire(command)
            case .clock(let step): writer.span(step)
            case .suspended(let span): writer.span(span)
            case .store(let works, let reason):
                writer.bool(works)
                writer.text(reason)
            case .configuration(let configured): writer.wire(configured)
            case .time: break
            case .followerLost(let name, let commits):
                writer.text(name)
                writer.signed(Int64(commits))
            case .samplesLost(let count): writer.signed(Int64(count))
            }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let offset = reader.offset
        let record = try reader.record()
        var content = record.content
        let at = try content.time()
        let body: Body
        switch record.kind {
        case 1: body = .frame(device: try content.id(), input: try content.text(), bytes: try content.blob())
        case 2: body = .link(device: try content.id(), state: try content.raw(), reason: try content.text())
        case 3: body = .samples(person: try content.id(), try content.samples())
        case 4: body = .command(try content.wire())
        case 5: body = .clock(step: try content.span())
        case 6: body = .suspended(try content.span())
        case 7: body = .store(works: try content.bool(), reason: try content.text())
        case 8: body = .configuration(try content.wire())
        case 9: body = .time
        case 10: body = .followerLost(name: try content.text(), commits: Int(try content.signed()))
        case 11: body = .samplesLost(Int(try content.signed()))
        default:
            throw WireError(.malformed("an input of unknown kind \(record.kind), from a newer vitald"), at: offset)
        }
        self.init(at: at, body)
    }
}

extension Input.Body {
    /// Never reused or renumbered: recordings hold it.
    fileprivate var wireKind: UInt8 {
        switch self {
        case .frame: 1
        case .link: 2
        case .samples: 3
        case .command: 4
        case .clock: 5
        case .suspended: 6
        case .store: 7
        case .configuration: 8
        case .time: 9
        case .followerLost: 10
        case .samplesLost: 11
        }
    }
}

extension Configured: WireValue {
    static let wireKind: UInt8 = 6
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Configured.wireKind, version: Configured.wireVersion) { writer in
            writer.list(people) { $0.wire($1) }
            writer.list(devices) { $0.wire($1) }
            writer.list(assignments) { $0.wire($1) }
            writer.list(profiles) { $0.wire($1) }
            writer.list(rules) { $0.wire($1) }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Configured.wireKind, "a configuration")
        self.init(
            people: try content.list { (reader) throws(WireError) in try reader.wire() },
            devices: try content.list { (reader) throws(WireError) in try reader.wire() },
            assignments: try content.list { (reader) throws(WireError) in try reader.wire() },
            profiles: try content.list { (reader) throws(WireError) in try reader.wire() },
            rules: try content.list { (reader) throws(WireError) in try reader.wire() })
    }
}

extension Configured.File: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.text(path)
        writer.text(text)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(path: try reader.text(), text: try reader.text())
    }
}
