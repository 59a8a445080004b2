import Profiles
import Vitals

extension ATTPacket {
    /// Reads one message.
    ///
    /// - Throws: `WireError` with the offset, for whatever is too short, too long, or of no kind this program knows.
    ///   Never traps.
    public init(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        self = try ATTPacket.read(try reader.byte(), &reader)
        guard reader.isAtEnd else { throw WireError(.malformed("more bytes than the message has"), at: reader.offset) }
    }

    private static func read(_ opcode: UInt8, _ reader: inout ByteReader) throws(WireError) -> ATTPacket {
        switch opcode {
        case 0x01:
            return .error(
                request: try reader.byte(), handle: try reader.integer(), ATTErrorCode(rawValue: try reader.byte()))
        case 0x02: return .mtuRequest(try reader.integer())
        case 0x03: return .mtuResponse(try reader.integer())
        case 0x04: return .findInformationRequest(try reader.range())
        case 0x05: return try found(&reader)
        case 0x06:
            return .findByTypeValueRequest(try reader.range(), type: try reader.integer(), value: try reader.rest())
        case 0x07:
            return .findByTypeValueResponse(try reader.some { (reader) throws(WireError) in try reader.range() })
        case 0x08: return .readByTypeRequest(try reader.range(), type: try reader.uuid())
        case 0x09:
            let length = try reader.entryLength(atLeast: 2)
            return .readByTypeResponse(
                try reader.some { (reader) throws(WireError) in
                    AttributeValue(try reader.integer(), try reader.take(length - 2))
                })
        case 0x0A: return .readRequest(try reader.integer())
        case 0x0B: return .readResponse(try reader.rest())
        case 0x0C: return .readBlobRequest(try reader.integer(), offset: try reader.integer())
        case 0x0D: return .readBlobResponse(try reader.rest())
        case 0x10: return .readByGroupTypeRequest(try reader.range(), type: try reader.uuid())
        case 0x11:
            let length = try reader.entryLength(atLeast: 4)
            return .readByGroupTypeResponse(
                try reader.some { (reader) throws(WireError) in
                    Group(try reader.range(), try reader.take(length - 4))
                })
        default: return try readWriting(opcode, &reader)
        }
    }

    private static func readWriting(_ opcode: UInt8, _ reader: inout ByteReader) throws(WireError) -> ATTPacket {
        switch opcode {
        case 0x12: return .writeRequest(try reader.attribute())
        case 0x13: return .writeResponse
        case 0x16, 0x17:
            let handle: UInt16 = try reader.integer()
            let offset: UInt16 = try reader.integer()
            let part = AttributeValue(handle, try reader.rest())
            return opcode == 0x16
                ? .prepareWriteRequest(part, offset: offset) : .prepareWriteResponse(part, offset: offset)
        case 0x18:
            let at = reader.offset
            let flag = try reader.byte()
            guard flag <= 1 else { throw WireError(.malformed("unknown flag \(flag)"), at: at) }
            return .executeWriteRequest(flag == 1)
        case 0x19: return .executeWriteResponse
        case 0x1B: return .notification(try reader.attribute())
        case 0x1D: return .indication(try reader.attribute())
        case 0x1E: return .confirmation
        case 0x23:
            return .multipleNotification(
                try reader.some { (reader) throws(WireError) in
                    let handle: UInt16 = try reader.integer()
                    let length: UInt16 = try reader.integer()
                    return AttributeValue(handle, try reader.take(Int(length)))
                })
        case 0x52: return .writeCommand(try reader.attribute())
        default: throw WireError(.malformed("unknown opcode \(opcode)"), at: 0)
        }
    }

    private static func found(_ reader: inout ByteReader) throws(WireError) -> ATTPacket {
        let at = reader.offset
        let format = try reader.byte()
        guard format == 1 || format == 2 else { throw WireError(.malformed("unknown format \(format)"), at: at) }
        return .findInformationResponse(
            try reader.some { (reader) throws(WireError) in
                let handle: UInt16 = try reader.integer()
                let at = reader.offset
                let type = BluetoothUUID(attribute: try reader.take(format == 1 ? 2 : 16))
                guard let type else { throw WireError(.malformed("no UUID"), at: at) }
                return Found(handle, type)
            })
    }
}

extension BluetoothUUID {
    /// The UUID in the value or type of an attribute, the lowest byte first: 2 or 16 bytes, else `nil`.
    public init?(attribute bytes: [UInt8]) {
        switch bytes.count {
        case 2: self.init(assigned: UInt16(bytes[1]) << 8 | UInt16(bytes[0]))
        case 16:
            var halves: (high: UInt64, low: UInt64) = (0, 0)
            for byte in bytes.suffix(8).reversed() { halves.high = halves.high << 8 | UInt64(byte) }
            for byte in bytes.prefix(8).reversed() { halves.low = halves.low << 8 | UInt64(byte) }
            self.init(high: halves.high, low: halves.low)
        default: return nil
        }
    }

    /// As an attribute holds it, the lowest byte first: 2 bytes for assigned numbers, else 16.
    public var attributeBytes: [UInt8] { assignedNumber.map { $0.littleEndianBytes } ?? longAttributeBytes }

    var longAttributeBytes: [UInt8] { low.littleEndianBytes + high.littleEndianBytes }
}

extension FixedWidthInteger {
    /// The lowest byte first.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension ByteReader {
    fileprivate mutating func range() throws(WireError) -> HandleRange {
        HandleRange(try integer(), try integer())
    }

    fileprivate mutating func attribute() throws(WireError) -> AttributeValue {
        AttributeValue(try integer(), try rest())
    }

    fileprivate mutating func rest() throws(WireError) -> [UInt8] { try take(remaining) }

    fileprivate mutating func take(_ count: Int) throws(WireError) -> [UInt8] {
        guard count <= remaining else { throw WireError(.truncated, at: offset) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for _ in 0..<count { bytes.append(try byte()) }
        return bytes
    }

    /// A type of 2 or 16 bytes that ends the message.
    fileprivate mutating func uuid() throws(WireError) -> BluetoothUUID {
        let at = offset
        let bytes = try rest()
        guard let uuid = BluetoothUUID(attribute: bytes) else {
            throw WireError(.malformed("a UUID of \(bytes.count) bytes"), at: at)
        }
        return uuid
    }

    fileprivate mutating func entryLength(atLeast least: Int) throws(WireError) -> Int {
        let at = offset
        let length = Int(try byte())
        guard length >= least else { throw WireError(.malformed("entries of \(length) bytes"), at: at) }
        return length
    }

    /// Entries to the end of the message, at least one.
    fileprivate mutating func some<T>(_ read: (inout ByteReader) throws(WireError) -> T) throws(WireError) -> [T] {
        var entries = [try read(&self)]
        while !isAtEnd { entries.append(try read(&self)) }
        return entries
    }
}
