extension ComponentState: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.optional(person) { $0.id($1) }
        writer.text(component)
        writer.signed(Int64(version))
        writer.blob(bytes)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            person: try reader.optional { (reader) throws(WireError) in try reader.id() },
            component: try reader.text(), version: Int(try reader.signed()), bytes: try reader.blob())
    }
}

extension OutboxItem: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.id(event)
        writer.id(person)
        writer.text(recipient)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(event: try reader.id(), person: try reader.id(), recipient: try reader.text())
    }
}

extension StoreIdentity: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.id(hub)
        writer.integer(epoch)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(hub: try reader.id(), epoch: try reader.integer())
    }
}
