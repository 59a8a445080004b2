import Profiles
import Vitals

extension ATTPacket {
    /// The message as it is sent.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.byte(opcode)
        write(to: &writer)
        return writer.bytes
    }

    private func write(to writer: inout ByteWriter) {
        switch self {
        case .error(let request, let handle, let code):
            writer.byte(request)
            writer.integer(handle)
            writer.byte(code.rawValue)
        case .mtuRequest(let mtu), .mtuResponse(let mtu): writer.integer(mtu)
        case .findInformationRequest(let range): writer.range(range)
        case .findInformationResponse(let found):
            let isShort = found.allSatisfy { $0.type.assignedNumber != nil }
            writer.byte(isShort ? 1 : 2)
            for entry in found {
                writer.integer(entry.handle)
                writer.raw(isShort ? entry.type.attributeBytes : entry.type.longAttributeBytes)
            }
        case .findByTypeValueRequest(let range, let type, let value):
            writer.range(range)
            writer.integer(type)
            writer.raw(value)
        case .findByTypeValueResponse(let ranges): for range in ranges { writer.range(range) }
        case .readByTypeRequest(let range, let type), .readByGroupTypeRequest(let range, let type):
            writer.range(range)
            writer.raw(type.attributeBytes)
        case .readByTypeResponse(let values):
            writer.byte(UInt8(clamping: (values.first?.value.count ?? 0) + 2))
            for value in values { writer.attribute(value) }
        case .readByGroupTypeResponse(let groups):
            writer.byte(UInt8(clamping: (groups.first?.value.count ?? 0) + 4))
            for group in groups {
                writer.range(group.range)
                writer.raw(group.value)
            }
        case .readRequest(let handle): writer.integer(handle)
        case .readResponse(let value), .readBlobResponse(let value): writer.raw(value)
        case .readBlobRequest(let handle, let offset):
            writer.integer(handle)
            writer.integer(offset)
        case .writeRequest(let value), .writeCommand(let value), .notification(let value), .indication(let value):
            writer.attribute(value)
        case .prepareWriteRequest(let part, let offset), .prepareWriteResponse(let part, let offset):
            writer.integer(part.handle)
            writer.integer(offset)
            writer.raw(part.value)
        case .executeWriteRequest(let carriesOut): writer.bool(carriesOut)
        case .multipleNotification(let values):
            for value in values {
                writer.integer(value.handle)
                writer.integer(UInt16(clamping: value.value.count))
                writer.raw(value.value)
            }
        case .writeResponse, .executeWriteResponse, .confirmation: break
        }
    }
}

extension ByteWriter {
    fileprivate mutating func range(_ range: HandleRange) {
        integer(range.first)
        integer(range.last)
    }

    fileprivate mutating func attribute(_ value: AttributeValue) {
        integer(value.handle)
        raw(value.value)
    }

    fileprivate mutating func raw(_ bytes: [UInt8]) { for byte in bytes { self.byte(byte) } }
}
