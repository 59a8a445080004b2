import Links
import Profiles

extension GATTServer {
    /// The device that a description is of. What it plays is the business of whoever runs the server.
    ///
    /// - Returns: `nil` when something in the description cannot be read.
    public init?(_ description: DeviceDescription, mtu: Int = ATTPacket.largestMTU) {
        var services: [Service] = []
        for described in description.services {
            guard let uuid = BluetoothUUID(described.uuid) else { return nil }
            var service = Service(uuid)
            for characteristic in described.characteristics {
                guard let uuid = BluetoothUUID(characteristic.uuid) else { return nil }
                var properties: GATTTable.Properties = []
                for name in characteristic.properties {
                    guard let property = Self.properties[name] else { return nil }
                    properties.insert(property)
                }
                guard let value = [UInt8](hexadecimal: characteristic.value ?? "") else { return nil }
                service.characteristics.append(Characteristic(uuid, properties, value: value))
            }
            services.append(service)
        }
        self.init(services, mtu: mtu)
    }

    private static let properties: [String: GATTTable.Properties] = [
        "read": .read, "write": .write, "write-without-response": .writeWithoutResponse, "notify": .notify,
        "indicate": .indicate,
    ]
}

extension DeviceDescription {
    /// What the device sends when something is written to it, and after how many milliseconds.
    public func answers(
        to uuid: BluetoothUUID, _ bytes: [UInt8]
    ) -> [(on: BluetoothUUID, bytes: [UInt8], after: Int)] {
        for reply in replies where BluetoothUUID(reply.to) == uuid {
            guard let prefix = [UInt8](hexadecimal: reply.prefix), bytes.starts(with: prefix),
                let on = BluetoothUUID(reply.on)
            else { continue }
            return reply.bytes.compactMap { [UInt8](hexadecimal: $0) }.map { (on, $0, reply.after) }
        }
        return []
    }
}

extension [UInt8] {
    /// Reads pairs of hexadecimal digits.
    public init?(hexadecimal text: String) {
        let digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}
