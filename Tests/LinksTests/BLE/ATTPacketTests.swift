import Profiles
import Testing
import Vitals

@testable import Links

extension ATTPacket {
    /// One of each kind, with more than one entry where there can be.
    static let examples: [ATTPacket] = {
        let heartRate = BluetoothUUID(assigned: 0x180D)
        let long = BluetoothUUID(high: 0x0003_0001_78FC_48FE, low: 0x8E23_433B_3A19_42D0)
        let value = AttributeValue(0x1234, [1, 2, 3])
        return [
            .error(request: 0x0A, handle: 7, .insufficientEncryption), .mtuRequest(247), .mtuResponse(517),
            .findInformationRequest(.all), .findInformationResponse([.init(4, heartRate), .init(5, heartRate)]),
            .findInformationResponse([.init(4, long), .init(5, heartRate)]),
            .findByTypeValueRequest(HandleRange(1, 9), type: 0x2800, value: [0x0D, 0x18]),
            .findByTypeValueResponse([HandleRange(1, 4), HandleRange(5, 9)]),
            .readByTypeRequest(.all, type: heartRate), .readByTypeRequest(.all, type: long),
            .readByTypeResponse([value, AttributeValue(9, [4, 5, 6])]), .readRequest(3), .readResponse([72]),
            .readResponse([]), .readBlobRequest(3, offset: 22), .readBlobResponse([1]),
            .readByGroupTypeRequest(.all, type: heartRate),
            .readByGroupTypeResponse([.init(HandleRange(1, 4), [0x0D, 0x18]), .init(HandleRange(5, 9), [0x0F, 0x18])]),
            .writeRequest(value), .writeResponse, .writeCommand(value), .prepareWriteRequest(value, offset: 18),
            .prepareWriteResponse(value, offset: 18), .executeWriteRequest(true), .executeWriteRequest(false),
            .executeWriteResponse, .notification(value), .multipleNotification([value, AttributeValue(2, [])]),
            .indication(value), .confirmation,
        ]
    }()
}

@Suite("Messages of the Attribute Protocol") struct ATTPacketTests {
    @Test("each is read as it was written") func roundTrip() throws {
        #expect(Set(ATTPacket.examples.map(\.opcode)).count == 26)
        for packet in ATTPacket.examples { #expect(try ATTPacket(packet.bytes) == packet, "\(packet)") }
    }

    @Test("bytes are those of the specification's figures") func golden() {
        #expect(ATTPacket.mtuRequest(517).bytes == [0x02, 0x05, 0x02])
        #expect(
            ATTPacket.readByGroupTypeRequest(.all, type: BluetoothUUID(assigned: 0x2800)).bytes
                == [0x10, 0x01, 0x00, 0xFF, 0xFF, 0x00, 0x28])
        #expect(ATTPacket.error(request: 0x10, handle: 8, .attributeNotFound).bytes == [0x01, 0x10, 0x08, 0x00, 0x0A])
        #expect(ATTPacket.writeRequest(AttributeValue(0x11, [1, 0])).bytes == [0x12, 0x11, 0x00, 0x01, 0x00])
        #expect(
            ATTPacket.readByTypeRequest(.all, type: BluetoothUUID("00030001-78fc-48fe-8e23-433b3a1942d0")!).bytes
                .suffix(16)
                == [0xD0, 0x42, 0x19, 0x3A, 0x3B, 0x43, 0x23, 0x8E, 0xFE, 0x48, 0xFC, 0x78, 1, 0, 3, 0])
    }

    @Test("cut off at any byte, a message is an error or exactly the shorter one; nothing is made up") func truncation()
    {
        for packet in ATTPacket.examples {
            let whole = packet.bytes
            for length in 0..<whole.count {
                let cut = Array(whole[..<length])
                guard let read = try? ATTPacket(cut) else { continue }
                #expect(read.bytes == cut, "\(packet) cut to \(length)")
                #expect(read != packet)
            }
        }
        // Those with fixed fields are always errors.
        for packet: ATTPacket in [
            .error(request: 1, handle: 2, .unlikely), .mtuRequest(23), .readRequest(3), .readBlobRequest(3, offset: 1),
            .executeWriteRequest(true), .findInformationRequest(.all),
        ] {
            for length in 0..<packet.bytes.count {
                #expect(throws: WireError.self) { try ATTPacket(Array(packet.bytes[..<length])) }
            }
        }
    }

    @Test("one byte too many is an error where the length is fixed") func trailing() {
        for packet in ATTPacket.examples {
            guard let read = try? ATTPacket(packet.bytes + [0]) else { continue }
            #expect(read.bytes == packet.bytes + [0])
        }
        for packet: ATTPacket in [
            .mtuResponse(23), .writeResponse, .confirmation, .executeWriteResponse, .readRequest(1),
        ] {
            #expect(throws: WireError.self) { try ATTPacket(packet.bytes + [0]) }
        }
    }

    @Test("any bytes are read or refused, and what is read is written and read again the same") func noise() {
        var random = SplitMix(11)
        for _ in 0..<200_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random), !bytes.isEmpty {
                bytes[0] = ATTPacket.examples.randomElement(using: &random)?.opcode ?? 0
            }
            guard let packet = try? ATTPacket(bytes) else { continue }
            #expect((try? ATTPacket(packet.bytes)) == packet)
        }
    }

    @Test("refusals are told in words") func words() {
        #expect(ATTErrorCode.insufficientEncryption.description == "needs encryption (ATT error 0x0f)")
        #expect(ATTErrorCode(rawValue: 0x91).description == "the device refused (ATT error 0x91)")
    }
}

@Suite("A Bluetooth address") struct BluetoothAddressTests {
    @Test("is read as people write it, and kept as the kernel has it") func spelling() {
        let address = BluetoothAddress("c0:11:22:33:44:5F", kind: .random)
        #expect(address?.description == "C0:11:22:33:44:5F")
        #expect(address?.littleEndian == [0x5F, 0x44, 0x33, 0x22, 0x11, 0xC0])
        #expect(address?.privacy == .static)
        #expect(BluetoothAddress("40:11:22:33:44:5F", kind: .random)?.privacy == .resolvable)
        #expect(BluetoothAddress("40:11:22:33:44:5F", kind: .public)?.privacy == nil)
        for bad in [
            "", "C0:11:22:33:44", "C0:11:22:33:44:55:66", "C0:11:22:33:44:+5", "C0:11:22:33:44:5", "xx:11:22:33:44:55",
        ] {
            #expect(BluetoothAddress(bad, kind: .public) == nil)
        }
        #expect(BluetoothAddress(littleEndian: [1, 2, 3], kind: .public) == nil)
    }
}
