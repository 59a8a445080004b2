import Profiles
import Vitals

/// The attributes of a device that matter: its primary services with their characteristics and descriptors, by handle.
public struct GATTTable: Hashable, Sendable {
    public struct Service: Hashable, Sendable {
        public var range: HandleRange
        public var uuid: BluetoothUUID
        /// By ascending handle.
        public var characteristics: [Characteristic]

        public init(_ range: HandleRange, _ uuid: BluetoothUUID, _ characteristics: [Characteristic] = []) {
            self.range = range
            self.uuid = uuid
            self.characteristics = characteristics
        }
    }

    public struct Characteristic: Hashable, Sendable {
        public var declaration: UInt16
        public var value: UInt16
        public var uuid: BluetoothUUID
        public var properties: Properties
        /// By ascending handle.
        public var descriptors: [ATTPacket.Found]

        public init(
            declaration: UInt16, value: UInt16, _ uuid: BluetoothUUID, _ properties: Properties,
            descriptors: [ATTPacket.Found] = []
        ) {
            self.declaration = declaration
            self.value = value
            self.uuid = uuid
            self.properties = properties
            self.descriptors = descriptors
        }

        /// Where notifications are switched on: the handle of descriptor 0x2902.
        public var configuration: UInt16? {
            descriptors.first { $0.type == BluetoothUUID(assigned: 0x2902) }?.handle
        }
    }

    /// What may be done with a characteristic (Core 5.4, vol. 3, part G, 3.3.1.1).
    public struct Properties: OptionSet, Hashable, Sendable {
        public var rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let broadcast = Properties(rawValue: 0x01)
        public static let read = Properties(rawValue: 0x02)
        public static let writeWithoutResponse = Properties(rawValue: 0x04)
        public static let write = Properties(rawValue: 0x08)
        public static let notify = Properties(rawValue: 0x10)
        public static let indicate = Properties(rawValue: 0x20)
        public static let signedWrite = Properties(rawValue: 0x40)
        public static let extended = Properties(rawValue: 0x80)
    }

    /// By ascending handle.
    public var services: [Service]

    public init(services: [Service] = []) { self.services = services }

    /// What a profile is matched with.
    public var uuids: Set<BluetoothUUID> { Set(services.map(\.uuid)) }

    /// The first characteristic of that UUID, one with the wanted property if there is one.
    public func characteristic(_ uuid: BluetoothUUID, with property: Properties = []) -> Characteristic? {
        var first: Characteristic?
        for service in services {
            for found in service.characteristics where found.uuid == uuid {
                if property.isEmpty || !found.properties.isDisjoint(with: property) { return found }
                if first == nil { first = found }
            }
        }
        return first
    }

    public func characteristic(_ uuid: BluetoothUUID, of service: BluetoothUUID) -> Characteristic? {
        services.first { $0.uuid == service }?.characteristics.first { $0.uuid == uuid }
    }

    /// The characteristic whose value has that handle. Takes time logarithmic in the services.
    public func characteristic(at handle: UInt16) -> Characteristic? {
        var low = 0
        var high = services.count
        while low < high {
            let middle = (low + high) / 2
            if services[middle].range.last < handle { low = middle + 1 } else { high = middle }
        }
        guard low < services.count, services[low].range.contains(handle) else { return nil }
        return services[low].characteristics.first { $0.value == handle }
    }

    /// The services without what is in them.
    var layout: [Service] { services.map { Service($0.range, $0.uuid) } }

    /// Puts what was found in a range in place of what was there.
    mutating func replace(in range: HandleRange, with found: [Service]) {
        services.removeAll { range.contains($0.range.first) }
        services = (services + found).sorted { $0.range.first < $1.range.first }
    }

    /// Whether services are in order and none reaches into the next.
    var isConsistent: Bool {
        zip(services, services.dropFirst()).allSatisfy { $0.range.last < $1.range.first }
    }
}
