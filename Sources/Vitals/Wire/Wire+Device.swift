extension Device: WireValue {
    static let wireKind: UInt8 = 3
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Device.wireKind, version: Device.wireVersion) { writer in
            writer.id(id)
            writer.text(name)
            writer.optional(profile) { $0.text($1) }
            writer.optional(port) { $0.text($1) }
            writer.signed(Int64(priority))
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Device.wireKind, "a device")
        self.init(
            id: try content.id(), name: try content.text(),
            profile: try content.optional { (reader) throws(WireError) in try reader.text() },
            port: try content.optional { (reader) throws(WireError) in try reader.text() },
            priority: Int(try content.signed()))
    }
}

extension Assignment: WireValue {
    static let wireKind: UInt8 = 4
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Assignment.wireKind, version: Assignment.wireVersion) { writer in
            writer.id(device)
            writer.byte(deviceUser)
            writer.id(person)
            writer.time(from)
            writer.time(to)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        var content = try reader.record(of: Assignment.wireKind, "an assignment")
        self.init(
            device: try content.id(), deviceUser: try content.byte(), person: try content.id(),
            from: try content.time(), to: try content.time())
    }
}
