import Profiles
import Testing
import Vitals

@testable import Links

@Suite("An ATT connection") struct ATTBearerTests {
    static let now = Timestamp(milliseconds: 1_000_000)
    var bearer = ATTBearer(mtu: 247)

    private mutating func receive(_ packet: ATTPacket) -> [ATTBearer.Output] {
        bearer.receive(packet.bytes, at: Self.now)
    }

    @Test("takes the right answer to a request, once") mutating func answer() {
        #expect(bearer.send(.readRequest(3), at: Self.now) == [.send([0x0A, 3, 0])])
        #expect(!bearer.isIdle)
        #expect(receive(.writeResponse) == [])
        #expect(receive(.error(request: 0x12, handle: 3, .unlikely)) == [])
        #expect(receive(.readResponse([72])) == [.answer(.success(.readResponse([72])))])
        #expect(bearer.isIdle && bearer.deadline == nil)
        #expect(receive(.readResponse([72])) == [])
        #expect(bearer.irregularities.unsolicited == 3)
        _ = bearer.send(.readRequest(3), at: Self.now)
        #expect(receive(.error(request: 0x0A, handle: 0, .readNotPermitted)) == [.answer(.failure(.readNotPermitted))])
    }

    @Test("gives up after thirty seconds, and then is silent") mutating func timeout() {
        _ = bearer.send(.readRequest(3), at: Self.now)
        #expect(bearer.deadline == Self.now + .seconds(30))
        #expect(bearer.advance(to: Self.now + .milliseconds(29_999)) == [])
        #expect(bearer.advance(to: Self.now + .seconds(30)) == [.timedOut])
        #expect(bearer.isDead && !bearer.isIdle)
        #expect(receive(.readResponse([72])) == [])
        #expect(bearer.send(.readRequest(3), at: Self.now) == [])
        #expect(bearer.advance(to: Self.now + .hours(1)) == [])
    }

    @Test("passes values on at any moment, and confirms indications at once") mutating func values() {
        let value = AttributeValue(3, [0, 72])
        #expect(receive(.notification(value)) == [.value(value)])
        _ = bearer.offerMTU(at: Self.now)
        #expect(receive(.notification(value)) == [.value(value)])
        #expect(receive(.indication(value)) == [.send([0x1E]), .value(value)])
        #expect(receive(.multipleNotification([value, value])) == [.value(value), .value(value)])
        #expect(receive(.mtuResponse(185)) == [.answer(.success(.mtuResponse(185)))])
        #expect(bearer.mtu == 185)
    }

    @Test(
        "agrees on the smaller size, never below 23", arguments: [(0, 23), (22, 23), (23, 23), (100, 100), (517, 247)])
    mutating func sizes(theirs: Int, agreed: Int) {
        _ = bearer.offerMTU(at: Self.now)
        _ = receive(.mtuResponse(UInt16(theirs)))
        #expect(bearer.mtu == agreed)
    }

    @Test("answers what the device asks as one who has no attributes") mutating func requests() {
        func refusal(_ request: UInt8, _ handle: UInt16, _ code: ATTErrorCode) -> [ATTBearer.Output] {
            [.send(ATTPacket.error(request: request, handle: handle, code).bytes)]
        }
        let service = BluetoothUUID(assigned: 0x2800)
        #expect(receive(.mtuRequest(100)) == [.send(ATTPacket.mtuResponse(247).bytes)])
        #expect(bearer.mtu == 100)
        #expect(receive(.readByGroupTypeRequest(.all, type: service)) == refusal(0x10, 1, .attributeNotFound))
        #expect(receive(.readByTypeRequest(HandleRange(0, 5), type: service)) == refusal(0x08, 0, .invalidHandle))
        #expect(receive(.findInformationRequest(HandleRange(9, 5))) == refusal(0x04, 9, .invalidHandle))
        #expect(receive(.readRequest(3)) == refusal(0x0A, 3, .invalidHandle))
        #expect(receive(.writeRequest(AttributeValue(3, []))) == refusal(0x12, 3, .invalidHandle))
        #expect(
            receive(.prepareWriteRequest(AttributeValue(3, []), offset: 0)) == refusal(0x16, 0, .requestNotSupported))
        #expect(bearer.receive([0x20, 1, 0, 2, 0], at: Self.now) == refusal(0x20, 0, .requestNotSupported))
        #expect(bearer.receive([0x0A, 1], at: Self.now) == refusal(0x0A, 0, .invalidPDU))
        #expect(receive(.writeCommand(AttributeValue(3, []))) == [])
        #expect(bearer.receive([0xD2, 1, 0, 2, 0], at: Self.now) == [])
        #expect(receive(.confirmation) == [])
        #expect(bearer.receive([], at: Self.now) == [])
        #expect(bearer.isIdle)
    }

    @Test("a damaged answer ends the request; other damage does not") mutating func damage() {
        _ = bearer.send(.mtuRequest(247), at: Self.now)
        #expect(bearer.receive([0x1B, 3], at: Self.now) == [])
        #expect(bearer.receive([0x05], at: Self.now) == [])
        #expect(bearer.receive([0x1D, 3], at: Self.now) == [.send([0x1E])])
        guard case .garbled? = bearer.receive([0x03, 1], at: Self.now).first else {
            Issue.record("the damaged answer was not told")
            return
        }
        #expect(bearer.isIdle)
        #expect(bearer.irregularities.malformed == 4)
    }
}
