import Profiles
import Vitals

extension GATTTable: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.list(services) { writer, service in
            writer.integer(service.range.first)
            writer.integer(service.range.last)
            writer.uuid(service.uuid)
            writer.list(service.characteristics) { writer, characteristic in
                writer.integer(characteristic.declaration)
                writer.integer(characteristic.value)
                writer.uuid(characteristic.uuid)
                writer.byte(characteristic.properties.rawValue)
                writer.list(characteristic.descriptors) { writer, descriptor in
                    writer.integer(descriptor.handle)
                    writer.uuid(descriptor.type)
                }
            }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let services = try reader.list { (reader) throws(WireError) in
            let range = HandleRange(try reader.integer(), try reader.integer())
            return Service(
                range, try reader.uuid(),
                try reader.list { (reader) throws(WireError) in
                    Characteristic(
                        declaration: try reader.integer(), value: try reader.integer(), try reader.uuid(),
                        Properties(rawValue: try reader.byte()),
                        descriptors: try reader.list { (reader) throws(WireError) in
                            ATTPacket.Found(try reader.integer(), try reader.uuid())
                        })
                })
        }
        self.init(services: services)
    }
}

extension ByteWriter {
    fileprivate mutating func uuid(_ uuid: BluetoothUUID) { blob(uuid.attributeBytes) }
}

extension ByteReader {
    fileprivate mutating func uuid() throws(WireError) -> BluetoothUUID {
        let at = offset
        guard let uuid = BluetoothUUID(attribute: try blob()) else { throw WireError(.malformed("no UUID"), at: at) }
        return uuid
    }
}
