import Profiles
import Vitals

/// A Bluetooth LE device that was heard advertising.
public struct Advertiser: Hashable, Sendable {
    public var address: BluetoothAddress
    /// What it says about itself: advertising data and scan response together, the newest of each.
    public var advertisement: Advertisement
    /// Data of services, in the order of the last report.
    public var serviceData: [BluetoothUUID: [UInt8]] = [:]
    /// The flags of its advertising data (Core Specification Supplement, part A, 1.3); 0 when it has none.
    public var flags: UInt8 = 0
    public var isConnectable = true
    /// Received signal strength of the last report in dBm; `nil` when the adapter did not know.
    public var strength: Int?
    /// When it was last heard, in milliseconds of the stopwatch.
    public var heard: Int64
    /// The adapter that heard it last.
    public var adapter: UInt16

    init(address: BluetoothAddress, heard: Int64, adapter: UInt16) {
        self.address = address
        advertisement = Advertisement()
        self.heard = heard
        self.adapter = adapter
    }

    /// Longer names are cut: they are foreign, and are printed and matched.
    private static let longestName = 248
    /// Services that are kept of one device; advertising data of the longest kind hold no more than 800.
    private static let mostServices = 64

    /// Takes in advertising data or a scan response. A field replaces what was known of its kind, services add up; what
    /// is cut off or malformed is left out.
    ///
    /// Source: Core Specification Supplement 11, part A, 1; types of the assigned numbers, 2.3.
    mutating func merge(_ data: [UInt8]) {
        var reader = OctetReader(data)
        while let length = reader.uint8(), length > 0 {
            guard var field = reader.octets(Int(length)).map({ OctetReader($0) }), let type = field.uint8() else {
                return
            }
            switch type {
            case 0x01: flags = field.uint8() ?? flags
            case 0x02, 0x03, 0x14: while let number = field.uint16() { add(BluetoothUUID(assigned: number)) }
            case 0x04, 0x05, 0x1F: while let number = field.uint32() { add(BluetoothUUID(short: number)) }
            case 0x06, 0x07, 0x15: while let octets = field.octets(16) { add(BluetoothUUID(littleEndian: octets)) }
            case 0x08: if advertisement.name == nil { advertisement.name = Self.name(field.rest()) }
            case 0x09: advertisement.name = Self.name(field.rest())
            case 0x16: field.uint16().map { serviceData[BluetoothUUID(assigned: $0)] = field.rest() }
            case 0x20: field.uint32().map { serviceData[BluetoothUUID(short: $0)] = field.rest() }
            case 0x21: field.octets(16).map { serviceData[BluetoothUUID(littleEndian: $0)] = field.rest() }
            case 0xFF: field.uint16().map { advertisement.manufacturerData[$0] = field.rest() }
            default: break
            }
        }
        // A device that changes its keys with every report must not fill memory.
        if serviceData.count > Self.mostServices { serviceData = [:] }
        if advertisement.manufacturerData.count > Self.mostServices { advertisement.manufacturerData = [:] }
    }

    private mutating func add(_ uuid: BluetoothUUID) {
        guard advertisement.services.count < Self.mostServices else { return }
        advertisement.services.insert(uuid)
    }

    private static func name(_ bytes: [UInt8]) -> String? {
        let text = bytes.prefix { $0 != 0 }.prefix(longestName)
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}

extension BluetoothUUID {
    /// A 32-bit assigned number on the Bluetooth base UUID.
    init(short number: UInt32) { self.init(high: UInt64(number) << 32 | 0x1000, low: 0x8000_0080_5F9B_34FB) }

    /// Sixteen bytes as advertising data and ATT hold them, the lowest first; missing ones count as zero.
    init(littleEndian octets: [UInt8]) {
        func number(_ octets: some Sequence<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
        let bytes = octets.prefix(16).reversed()
        self.init(high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)))
    }
}
