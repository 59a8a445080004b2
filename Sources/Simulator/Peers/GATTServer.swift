import Links
import Profiles
import Vitals

/// A Bluetooth device's attributes, served as a real one does: what a hub sees when it connects to it.
///
/// Pure: a message of the hub goes in, what the device does comes out. Whoever runs it carries the messages.
///
/// ```swift
/// var server = GATTServer([.init(heartRate, [.init(measurement, [.notify])])])
/// for event in server.receive(pdu) { if case .send(let bytes) = event { … } }
/// if let pdu = server.tell(measurement, [0x00, 72]) { … }     // once the hub has subscribed
/// ```
public struct GATTServer: Sendable {
    public struct Service: Hashable, Sendable {
        public var uuid: BluetoothUUID
        public var characteristics: [Characteristic]

        public init(_ uuid: BluetoothUUID, _ characteristics: [Characteristic] = []) {
            self.uuid = uuid
            self.characteristics = characteristics
        }
    }

    public struct Characteristic: Hashable, Sendable {
        public var uuid: BluetoothUUID
        public var properties: GATTTable.Properties
        public var value: [UInt8]
        /// What the link must be before it is read, written or subscribed to.
        public var security: SecurityLevel
        /// Types of descriptors besides the switch for notifications.
        public var descriptors: [BluetoothUUID]

        public init(
            _ uuid: BluetoothUUID, _ properties: GATTTable.Properties, value: [UInt8] = [],
            security: SecurityLevel = .low, descriptors: [BluetoothUUID] = []
        ) {
            self.uuid = uuid
            self.properties = properties
            self.value = value
            self.security = security
            self.descriptors = descriptors
        }
    }

    public enum Event: Hashable, Sendable {
        case send([UInt8])
        case written(BluetoothUUID, [UInt8])
        case subscribed(BluetoothUUID, GATTClient.Subscription)
        case confirmed
    }

    struct Attribute: Hashable, Sendable {
        var handle: UInt16
        var type: BluetoothUUID
        var value: [UInt8]
        /// The characteristic it belongs to; `nil` for declarations.
        var owner: BluetoothUUID?
        var security = SecurityLevel.low
        var properties: GATTTable.Properties = .read
        var isSwitch: Bool { type == GATTServer.switchType }
    }

    /// What a hub should find.
    public private(set) var table = GATTTable()
    /// How the link is; the world decides.
    public var security = SecurityLevel.low
    public private(set) var mtu = ATTPacket.smallestMTU
    var attributes: [Attribute] = []
    var prepared: [(part: AttributeValue, offset: Int)] = []
    private let largestMTU: Int

    static let switchType = BluetoothUUID(assigned: 0x2902)
    static let primaryService = BluetoothUUID(assigned: 0x2800)
    static let characteristic = BluetoothUUID(assigned: 0x2803)

    /// - Parameters:
    ///   - mtu: the longest message it takes; 23 to 517.
    ///   - gap: handles left free after each service, as devices with a changing set of services do.
    public init(_ services: [Service], mtu: Int = ATTPacket.largestMTU, gap: UInt16 = 0) {
        largestMTU = mtu
        lay(services, gap: gap)
    }

    /// Other services from now on; handles move, subscriptions are gone.
    public mutating func replace(_ services: [Service], gap: UInt16 = 0) {
        attributes = []
        table = GATTTable()
        lay(services, gap: gap)
    }

    /// A new connection: subscriptions of before are gone.
    public mutating func disconnected() {
        mtu = ATTPacket.smallestMTU
        prepared = []
        security = .low
        for index in attributes.indices where attributes[index].isSwitch { attributes[index].value = [0, 0] }
    }

    private mutating func lay(_ services: [Service], gap: UInt16) {
        var next: UInt16 = 1
        func take() -> UInt16 {
            defer { next &+= 1 }
            return next
        }
        for service in services {
            let first = take()
            attributes.append(Attribute(handle: first, type: Self.primaryService, value: service.uuid.attributeBytes))
            var found: [GATTTable.Characteristic] = []
            for characteristic in service.characteristics {
                let declaration = take()
                let value = take()
                attributes.append(
                    Attribute(
                        handle: declaration, type: Self.characteristic,
                        value: [
                            characteristic.properties.rawValue, UInt8(truncatingIfNeeded: value),
                            UInt8(truncatingIfNeeded: value >> 8),
                        ] + characteristic.uuid.attributeBytes))
                attributes.append(
                    Attribute(
                        handle: value, type: characteristic.uuid, value: characteristic.value,
                        owner: characteristic.uuid, security: characteristic.security,
                        properties: characteristic.properties))
                let tells = !characteristic.properties.isDisjoint(with: [.notify, .indicate])
                let descriptors = (tells ? [Self.switchType] : []) + characteristic.descriptors
                let laid = descriptors.map { ATTPacket.Found(take(), $0) }
                for descriptor in laid {
                    attributes.append(
                        Attribute(
                            handle: descriptor.handle, type: descriptor.type, value: [0, 0],
                            owner: characteristic.uuid, security: characteristic.security,
                            properties: [.read, .write]))
                }
                found.append(
                    GATTTable.Characteristic(
                        declaration: declaration, value: value, characteristic.uuid, characteristic.properties,
                        descriptors: laid))
            }
            table.services.append(GATTTable.Service(HandleRange(first, next &- 1), service.uuid, found))
            next &+= gap
        }
    }

    // MARK: What the device does on its own

    public mutating func set(_ uuid: BluetoothUUID, _ value: [UInt8]) {
        for index in attributes.indices where attributes[index].type == uuid { attributes[index].value = value }
    }

    public func value(of uuid: BluetoothUUID) -> [UInt8]? { attributes.first { $0.type == uuid }?.value }

    /// How the hub has switched a characteristic.
    public func subscription(to uuid: BluetoothUUID) -> GATTClient.Subscription {
        let value = attributes.first { $0.isSwitch && $0.owner == uuid }?.value.first ?? 0
        return GATTClient.Subscription(rawValue: UInt16(value)) ?? .off
    }

    /// A notification or an indication, as the hub has asked for; `nil` when it has not.
    public func tell(_ uuid: BluetoothUUID, _ value: [UInt8]) -> [UInt8]? {
        guard let attribute = attributes.first(where: { $0.type == uuid }) else { return nil }
        let told = AttributeValue(attribute.handle, Array(value.prefix(mtu - 3)))
        return switch subscription(to: uuid) {
        case .off: nil
        case .notify: ATTPacket.notification(told).bytes
        case .indicate: ATTPacket.indication(told).bytes
        }
    }

    // MARK: What the hub asks

    public mutating func receive(_ pdu: [UInt8]) -> [Event] {
        guard let opcode = pdu.first else { return [] }
        guard let packet = try? ATTPacket(pdu) else {
            return opcode & 0x40 == 0 ? refuse(opcode, 0, .invalidPDU) : []
        }
        switch packet {
        case .mtuRequest(let theirs):
            mtu = min(max(Int(theirs), ATTPacket.smallestMTU), largestMTU)
            return answer(.mtuResponse(UInt16(clamping: largestMTU)))
        case .readByGroupTypeRequest(let range, let type): return groups(opcode, range, type)
        case .readByTypeRequest(let range, let type): return values(opcode, range, type)
        case .findInformationRequest(let range): return types(opcode, range)
        case .findByTypeValueRequest(let range, let type, let value): return ranges(opcode, range, type, value)
        case .readRequest(let handle): return read(opcode, handle, from: 0)
        case .readBlobRequest(let handle, let offset): return read(opcode, handle, from: Int(offset))
        case .writeRequest(let value): return write(opcode, value)
        case .writeCommand(let value): return write(opcode, value).filter { if case .send = $0 { false } else { true } }
        case .prepareWriteRequest(let part, let offset): return prepare(opcode, part, offset)
        case .executeWriteRequest(let carriesOut): return execute(opcode, carriesOut)
        case .confirmation: return [.confirmed]
        default: return refuse(opcode, 0, .requestNotSupported)
        }
    }

    private func answer(_ packet: ATTPacket) -> [Event] { [.send(packet.bytes)] }

    private func refuse(_ opcode: UInt8, _ handle: UInt16, _ code: ATTErrorCode) -> [Event] {
        answer(.error(request: opcode, handle: handle, code))
    }

    /// The longest row of entries of one size that fits.
    private func row<T>(_ entries: [T], head: Int, size: (T) -> Int) -> [T] {
        guard let first = entries.first else { return [] }
        return Array(entries.prefix { size($0) == size(first) }.prefix(max(1, (mtu - head) / max(size(first), 1))))
    }

    private func groups(_ opcode: UInt8, _ range: HandleRange, _ type: BluetoothUUID) -> [Event] {
        guard range.isValid else { return refuse(opcode, range.first, .invalidHandle) }
        guard type == Self.primaryService else { return refuse(opcode, range.first, .unsupportedGroupType) }
        let found = table.services.filter { range.contains($0.range.first) }
            .map { ATTPacket.Group($0.range, $0.uuid.attributeBytes) }
        guard !found.isEmpty else { return refuse(opcode, range.first, .attributeNotFound) }
        return answer(.readByGroupTypeResponse(row(found, head: 2) { $0.value.count + 4 }))
    }

    private func values(_ opcode: UInt8, _ range: HandleRange, _ type: BluetoothUUID) -> [Event] {
        guard range.isValid else { return refuse(opcode, range.first, .invalidHandle) }
        let found = attributes.filter { range.contains($0.handle) && $0.type == type }
        guard let first = found.first else { return refuse(opcode, range.first, .attributeNotFound) }
        if first.security > security { return refuse(opcode, first.handle, .insufficientEncryption) }
        let cut = found.map { AttributeValue($0.handle, Array($0.value.prefix(min(mtu - 4, 253)))) }
        return answer(.readByTypeResponse(row(cut, head: 2) { $0.value.count + 2 }))
    }

    private func types(_ opcode: UInt8, _ range: HandleRange) -> [Event] {
        guard range.isValid else { return refuse(opcode, range.first, .invalidHandle) }
        let found = attributes.filter { range.contains($0.handle) }.map { ATTPacket.Found($0.handle, $0.type) }
        guard !found.isEmpty else { return refuse(opcode, range.first, .attributeNotFound) }
        return answer(.findInformationResponse(row(found, head: 2) { $0.type.attributeBytes.count + 2 }))
    }

    private func ranges(_ opcode: UInt8, _ range: HandleRange, _ type: UInt16, _ value: [UInt8]) -> [Event] {
        guard range.isValid else { return refuse(opcode, range.first, .invalidHandle) }
        let isService = BluetoothUUID(assigned: type) == Self.primaryService
        let found = table.services.filter { range.contains($0.range.first) && $0.uuid.attributeBytes == value }
        guard isService, !found.isEmpty else { return refuse(opcode, range.first, .attributeNotFound) }
        return answer(.findByTypeValueResponse(row(found.map(\.range), head: 1) { _ in 4 }))
    }
}
