import Links
import Profiles

extension GATTServer {
    func read(_ opcode: UInt8, _ handle: UInt16, from offset: Int) -> [Event] {
        guard let attribute = attributes.first(where: { $0.handle == handle }) else {
            return refusal(opcode, handle, .invalidHandle)
        }
        guard attribute.properties.contains(.read) else { return refusal(opcode, handle, .readNotPermitted) }
        guard attribute.security <= security else { return refusal(opcode, handle, .insufficientEncryption) }
        guard offset <= attribute.value.count else { return refusal(opcode, handle, .invalidOffset) }
        let part = Array(attribute.value.dropFirst(offset).prefix(mtu - 1))
        return [.send((opcode == 0x0C ? ATTPacket.readBlobResponse(part) : .readResponse(part)).bytes)]
    }

    mutating func write(_ opcode: UInt8, _ value: AttributeValue) -> [Event] {
        guard let index = attributes.firstIndex(where: { $0.handle == value.handle }) else {
            return refusal(opcode, value.handle, .invalidHandle)
        }
        let attribute = attributes[index]
        let wanted: GATTTable.Properties = opcode == 0x52 ? .writeWithoutResponse : .write
        guard attribute.properties.contains(wanted), let owner = attribute.owner else {
            return refusal(opcode, value.handle, .writeNotPermitted)
        }
        guard attribute.security <= security else { return refusal(opcode, value.handle, .insufficientEncryption) }
        guard value.value.count <= ATTPacket.longestValue else { return refusal(opcode, value.handle, .invalidLength) }
        let done = Event.send(ATTPacket.writeResponse.bytes)
        attributes[index].value = value.value
        guard attribute.isSwitch else { return [done, .written(owner, value.value)] }
        return [done, .subscribed(owner, subscription(to: owner))]
    }

    mutating func prepare(_ opcode: UInt8, _ part: AttributeValue, _ offset: UInt16) -> [Event] {
        guard let attribute = attributes.first(where: { $0.handle == part.handle }) else {
            return refusal(opcode, part.handle, .invalidHandle)
        }
        guard attribute.properties.contains(.write) else { return refusal(opcode, part.handle, .writeNotPermitted) }
        guard attribute.security <= security else { return refusal(opcode, part.handle, .insufficientEncryption) }
        guard prepared.count < 64 else { return refusal(opcode, part.handle, .prepareQueueFull) }
        prepared.append((part, Int(offset)))
        return [.send(ATTPacket.prepareWriteResponse(part, offset: offset).bytes)]
    }

    mutating func execute(_ opcode: UInt8, _ carriesOut: Bool) -> [Event] {
        let parts = prepared
        prepared = []
        let done = Event.send(ATTPacket.executeWriteResponse.bytes)
        guard carriesOut, let handle = parts.first?.part.handle else { return [done] }
        var value: [UInt8] = []
        for (part, offset) in parts {
            guard part.handle == handle, offset == value.count else { return refusal(opcode, handle, .invalidOffset) }
            value += part.value
        }
        guard value.count <= ATTPacket.longestValue else { return refusal(opcode, handle, .invalidLength) }
        guard let index = attributes.firstIndex(where: { $0.handle == handle }) else { return [done] }
        attributes[index].value = value
        return [done] + (attributes[index].owner.map { [.written($0, value)] } ?? [])
    }

    private func refusal(_ opcode: UInt8, _ handle: UInt16, _ code: ATTErrorCode) -> [Event] {
        [.send(ATTPacket.error(request: opcode, handle: handle, code).bytes)]
    }
}
