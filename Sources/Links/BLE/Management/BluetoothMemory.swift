import Vitals

/// What Bluetooth links keep from run to run: bonds, where devices were found, and what they have.
///
/// Rests in the store, whose file only its owner can read, as the state of a component of the hub.
struct BluetoothMemory: Hashable, Sendable {
    var bonds: [Bond] = []
    /// Addresses by device, so that a known one need not be searched for.
    var places: [DeviceID: BluetoothAddress] = [:]
    /// The devices' attributes, so that they need not be looked for at each connection.
    var caches: [DeviceID: HandleCache] = [:]

    static let component = "bluetooth"
    private static let version = 1

    init() {}

    /// What a component's state holds; empty when it cannot be read.
    init(_ state: ComponentState?) {
        guard let state, state.version == Self.version else { return }
        var reader = ByteReader(state.bytes)
        self = (try? reader.wire(BluetoothMemory.self)) ?? BluetoothMemory()
    }

    var state: ComponentState {
        var writer = ByteWriter()
        writer.wire(self)
        return ComponentState(person: nil, component: Self.component, version: Self.version, bytes: writer.bytes)
    }
}

extension BluetoothMemory: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.list(bonds.sorted { $0.address.number < $1.address.number }) { $0.wire($1) }
        writer.list(places.sorted { $0.key < $1.key }) { writer, place in
            writer.id(place.key)
            writer.wire(place.value)
        }
        writer.list(caches.sorted { $0.key < $1.key }) { writer, cache in
            writer.id(cache.key)
            writer.wire(cache.value)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        bonds = try reader.list { (reader) throws(WireError) in try reader.wire() }
        for _ in 0..<(try reader.length()) {
            let device: DeviceID = try reader.id()
            places[device] = try reader.wire()
        }
        for _ in 0..<(try reader.length()) {
            let device: DeviceID = try reader.id()
            caches[device] = try reader.wire()
        }
    }
}

extension BluetoothAddress: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.byte(kind.rawValue)
        writer.integer(number)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let kind: Kind = try reader.raw()
        self.init(number: try reader.integer(), kind: kind)
    }
}

extension Bond: WireValue {
    static let wireKind: UInt8 = 1
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: Bond.wireKind, version: Bond.wireVersion) { writer in
            writer.wire(address)
            writer.optional(adapter) { $0.wire($1) }
            writer.optional(name) { $0.text($1) }
            writer.time(since)
            writer.list(keys) { writer, key in
                writer.wire(key.address)
                writer.byte(key.type)
                writer.byte(key.central)
                writer.byte(key.size)
                writer.integer(key.diversifier)
                writer.integer(key.random)
                writer.blob(key.value)
            }
            writer.optional(identity) { writer, key in
                writer.wire(key.address)
                writer.blob(key.value)
            }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        let record = try reader.record()
        guard record.kind == Bond.wireKind else { throw WireError(.malformed("not a bond"), at: at) }
        var content = record.content
        self.init(
            address: try content.wire(),
            adapter: try content.optional { (reader) throws(WireError) in try reader.wire() },
            name: try content.optional { (reader) throws(WireError) in try reader.text() }, since: try content.time())
        keys = try content.list { (reader) throws(WireError) in
            LongTermKey(
                address: try reader.wire(), type: try reader.byte(), central: try reader.byte(),
                size: try reader.byte(), diversifier: try reader.integer(), random: try reader.integer(),
                value: try Bond.key(&reader))
        }
        identity = try content.optional { (reader) throws(WireError) in
            IdentityKey(address: try reader.wire(), value: try Bond.key(&reader))
        }
    }

    private static func key(_ reader: inout ByteReader) throws(WireError) -> [UInt8] {
        let at = reader.offset
        let value = try reader.blob()
        guard value.count == 16 else { throw WireError(.malformed("a key of \(value.count) bytes"), at: at) }
        return value
    }
}
