import Profiles
import Vitals

/// A device's attributes as they were found, kept so that the next connection need not look for them again.
///
/// It is believed only where the device can say that it is still right (`Check`), and dropped at the first sign that it
/// is not: a handle that does not exist, or Service Changed.
public struct HandleCache: Hashable, Sendable {
    public var table: GATTTable
    /// The device's own fingerprint of its attributes (characteristic 0x2B2A, 16 bytes), where it has one.
    public var databaseHash: [UInt8]?
    public var identity: PeripheralIdentity

    public init(table: GATTTable, databaseHash: [UInt8]? = nil, identity: PeripheralIdentity = PeripheralIdentity()) {
        self.table = table
        self.databaseHash = databaseHash
        self.identity = identity
    }

    /// How a kept table is found to be right (Core 5.4, vol. 3, part G, 2.5.2).
    enum Check: Hashable, Sendable {
        /// The device's fingerprint is read and compared.
        case databaseHash
        /// Nothing need be asked: the device tells bonded hubs of changes as soon as they connect.
        case trust
        /// The device claims that its attributes never change, but a new firmware changes them: its list of services
        /// and its firmware's name are compared.
        case layout
        /// The device's attributes change and it does not tell: they are looked for again.
        case none
    }

    func check(isBonded: Bool) -> Check {
        if databaseHash != nil { return .databaseHash }
        guard table.characteristic(Self.serviceChanged) != nil else { return .layout }
        return isBonded ? .trust : .none
    }

    static let serviceChanged = BluetoothUUID(assigned: 0x2A05)
    static let databaseHashUUID = BluetoothUUID(assigned: 0x2B2A)
}

extension HandleCache: WireValue {
    static let wireKind: UInt8 = 1
    static let wireVersion: UInt8 = 1

    /// One record, so that fields can be appended.
    public func write(to writer: inout ByteWriter) {
        writer.record(kind: HandleCache.wireKind, version: HandleCache.wireVersion) { writer in
            writer.wire(table)
            writer.optional(databaseHash) { $0.blob($1) }
            writer.wire(identity)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        let record = try reader.record()
        guard record.kind == HandleCache.wireKind else { throw WireError(.malformed("no handle cache"), at: at) }
        var content = record.content
        self.init(
            table: try content.wire(),
            databaseHash: try content.optional { (reader) throws(WireError) in try reader.blob() },
            identity: try content.wire())
        guard table.isConsistent else { throw WireError(.malformed("services out of order"), at: at) }
    }
}
