extension Command: WireValue {
    static let wireKind: UInt8 = 5
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Command.wireKind, version: Command.wireVersion) { writer in
            writer.id(id)
            writer.text(actor)
            writer.wire(action)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Command.wireKind, "a command")
        self.init(id: try content.id(), actor: try content.text(), action: try content.wire())
    }
}

extension Command.Action: WireValue {
    public func write(to writer: inout ByteWriter) {
        switch self {
        case .acknowledge(let event, let comment):
            writer.byte(1)
            writer.id(event)
            writer.text(comment)
        case .acceptPlan(let event):
            writer.byte(2)
            writer.id(event)
        case .declinePlan(let event):
            writer.byte(3)
            writer.id(event)
        case .reload: writer.byte(4)
        case .stop: writer.byte(5)
        case .pair(let device):
            writer.byte(6)
            writer.text(device)
        case .answerPairing(let agrees, let passkey):
            writer.byte(7)
            writer.bool(agrees)
            writer.optional(passkey) { $0.integer($1) }
        case .forgetDevice(let device):
            writer.byte(8)
            writer.text(device)
        case .follow(let name, let sequence):
            writer.byte(9)
            writer.text(name)
            writer.integer(sequence)
        case .unfollow(let name):
            writer.byte(10)
            writer.text(name)
        case .put(let id, let revision, let kind):
            writer.byte(11)
            writer.id(id)
            writer.integer(revision)
            writer.byte(kind.rawValue)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        switch try reader.byte() {
        case 1: self = .acknowledge(try reader.id(), comment: try reader.text())
        case 2: self = .acceptPlan(try reader.id())
        case 3: self = .declinePlan(try reader.id())
        case 4: self = .reload
        case 5: self = .stop
        case 6: self = .pair(device: try reader.text())
        case 7:
            self = .answerPairing(
                agrees: try reader.bool(),
                passkey: try reader.optional { (reader) throws(WireError) in try reader.integer() })
        case 8: self = .forgetDevice(try reader.text())
        case 9: self = .follow(name: try reader.text(), after: try reader.integer())
        case 10: self = .unfollow(try reader.text())
        case 11: self = .put(try reader.id(), revision: try reader.integer(), try reader.raw())
        case let code: throw WireError(.malformed("unknown command \(code)"), at: at)
        }
    }
}

extension AppliedCommand: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.time(at)
        writer.wire(command)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = try reader.time()
        self.init(command: try reader.wire(), at: at)
    }
}
