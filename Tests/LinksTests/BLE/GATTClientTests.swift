import Profiles
import Simulator
import Testing
import Vitals

@testable import Links

@Suite("A GATT client") struct GATTClientTests {
    static let strap: [GATTServer.Service] = [.generic(), .information(), .heartRate, .battery]

    @Test("finds what the device has, whoever it is and whatever it takes at once", arguments: [23, 24, 50, 185, 517])
    func discovery(mtu: Int) {
        var world = GATTWorld(GATTServer(Self.strap, mtu: mtu), mtu: 517)
        world.start()
        #expect(world.client.table == world.server.table)
        #expect(world.client.mtu == mtu)
        #expect(world.ready?.isFromCache == false)
        #expect(
            world.ready?.cache.identity
                == PeripheralIdentity(
                    manufacturer: "Acme Wearables of the Long Name Ltd.", model: "Strap 7", serial: "H7-0815",
                    firmware: "1.2"))
    }

    @Test("leaves the size alone when the profile asks for none") func noMTU() {
        var world = GATTWorld(GATTServer(Self.strap))
        world.start()
        #expect(world.client.mtu == 23)
        #expect(!world.requests.contains { if case .mtuRequest = $0 { true } else { false } })
        #expect(world.client.table == world.server.table)
    }

    @Test("finds any table: what is discovered is what is served") func anyTable() {
        var random = SplitMix(4)
        for round in 0..<400 {
            let services = (0..<Int.random(in: 0...9, using: &random)).map { _ in Self.anyService(&random) }
            let gap = UInt16.random(in: 0...2, using: &random)
            let mtu = [23, 27, 64, 247, 517].randomElement(using: &random) ?? 23
            var world = GATTWorld(GATTServer(services, mtu: mtu, gap: gap), mtu: 517)
            world.start()
            #expect(world.client.table == world.server.table, "round \(round)")
            #expect(world.ready != nil)
            guard let cache = world.ready?.cache else { continue }
            var writer = ByteWriter()
            writer.wire(cache)
            var reader = ByteReader(writer.bytes)
            #expect((try? HandleCache(from: &reader)) == cache)
        }
    }

    static func anyUUID(_ random: inout SplitMix) -> BluetoothUUID {
        Bool.random(using: &random)
            ? BluetoothUUID(assigned: UInt16.random(in: 0x2A00...0x2AFF, using: &random))
            : BluetoothUUID(high: random.next(), low: random.next())
    }

    static func anyService(_ random: inout SplitMix) -> GATTServer.Service {
        GATTServer.Service(
            anyUUID(&random),
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                GATTServer.Characteristic(
                    anyUUID(&random), GATTTable.Properties(rawValue: UInt8.random(in: 0...0x3F, using: &random)),
                    value: [1],
                    descriptors: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                        [BluetoothUUID(assigned: 0x2901), BluetoothUUID(high: 5, low: 6)].randomElement(using: &random)
                            ?? .steps
                    })
            })
    }

    @Test("reads values of every length whole", arguments: [23, 517], [0, 1, 21, 22, 23, 44, 45, 511, 512])
    func reading(mtu: Int, length: Int) throws {
        let value = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        var world = GATTWorld(GATTServer([.init(.motion, [.init(.steps, .read, value: value)])], mtu: mtu), mtu: 517)
        world.start()
        #expect(try world.read(.steps)?.get() == value)
    }

    @Test("writes values of every length whole", arguments: [23, 517], [0, 1, 20, 21, 36, 37, 511, 512])
    func writing(mtu: Int, length: Int) throws {
        let value = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var world = GATTWorld(GATTServer([.init(.motion, [.init(.steps, .write)])], mtu: mtu), mtu: 517)
        world.start()
        #expect(try world.write(.steps, value)?.get() == [])
        #expect(world.server.value(of: .steps) == value)
    }

    @Test("writes the way the characteristic can") func waysOfWriting() throws {
        let services = [
            GATTServer.Service(
                .motion,
                [
                    .init(.steps, .writeWithoutResponse), .init(.controlPoint, .write),
                    .init(.location, [.write, .writeWithoutResponse]),
                ])
        ]
        var world = GATTWorld(GATTServer(services))
        world.start()
        for (uuid, withResponse, isCommand) in [
            (BluetoothUUID.steps, true, true), (.steps, false, true), (.controlPoint, false, false),
            (.location, false, true), (.location, true, false),
        ] {
            world.requests = []
            #expect(try world.write(uuid, [9], withResponse: withResponse)?.get() == [])
            #expect(world.requests.map(\.opcode) == [isCommand ? 0x52 : 0x12])
        }
        #expect(world.write(.steps, Array(repeating: 1, count: 21), withResponse: false)?.failure?.code == .tooLong)
        #expect(world.write(.location, Array(repeating: 1, count: 513))?.failure?.code == .tooLong)
        #expect(try world.write(.location, Array(repeating: 1, count: 21), withResponse: false)?.get() == [])
    }

    @Test("a long value that is repeated wrongly is not written") func wrongEcho() {
        var world = GATTWorld(GATTServer([.init(.motion, [.init(.steps, .write, value: [5])])]))
        world.start()
        world.air = { packet in
            guard case .prepareWriteResponse(var part, let offset) = packet, offset > 0 else { return [packet.bytes] }
            part.value[0] ^= 1
            return [ATTPacket.prepareWriteResponse(part, offset: offset).bytes]
        }
        #expect(world.write(.steps, Array(repeating: 1, count: 60))?.failure?.code == .malformed)
        #expect(world.server.value(of: .steps) == [5])
        world.air = { [$0.bytes] }
        #expect(world.write(.steps, Array(repeating: 2, count: 60))?.failure == nil)
        #expect(world.server.value(of: .steps) == Array(repeating: 2, count: 60))
    }

    @Test("subscribes as the characteristic can tell, and passes values on") func subscribing() {
        let services = [
            GATTServer.Service(.motion, [.init(.steps, .indicate), .init(.location, [.notify, .indicate])]),
            .heartRate,
        ]
        var world = GATTWorld(GATTServer(services))
        world.start()
        #expect(world.subscribe(.measurement)?.failure == nil)
        #expect(world.subscribe(.steps)?.failure == nil)
        #expect(world.subscribe(.location, .indicate)?.failure == nil)
        #expect(world.server.subscription(to: .measurement) == .notify)
        #expect(world.server.subscription(to: .steps) == .indicate)
        #expect(world.server.subscription(to: .location) == .indicate)
        world.tell(.measurement, [0, 72])
        world.tell(.steps, [1])
        #expect(world.said.suffix(2) == [.value(.measurement, [0, 72]), .value(.steps, [1])])
        #expect(world.events.last == .confirmed)
        #expect(world.subscribe(.measurement, .off)?.failure == nil)
        #expect(world.server.subscription(to: .measurement) == .off)
    }

    @Test("a missing characteristic and a refusal are told apart") func refusals() {
        var world = GATTWorld(GATTServer([.heartRate]))
        world.start()
        #expect(world.read(.batteryLevel)?.failure?.code == .missing)
        #expect(world.subscribe(.batteryLevel)?.failure?.code == .missing)
        #expect(world.read(.controlPoint)?.failure?.code == .refused(.readNotPermitted))
        #expect(world.failure == nil)
    }

    @Test("asks for security only when the device does, and tries again") func security() throws {
        let secret = GATTServer.Service(
            .heartRate,
            [.init(.measurement, .notify, security: .medium), .init(.location, .read, value: [1], security: .medium)])
        var world = GATTWorld(GATTServer([secret]))
        world.start()
        #expect(world.subscribe(.measurement)?.failure == nil)
        #expect(try world.read(.location)?.get() == [1])
        #expect(
            world.said.filter { if case .securityRequired = $0 { true } else { false } } == [.securityRequired(.medium)]
        )
        var refused = GATTWorld(GATTServer([secret]))
        refused.pairs = false
        refused.start()
        #expect(refused.read(.location)?.failure == GATTError(.insecure, "no agent"))
        #expect(refused.failure == nil)
        #expect(refused.read(.location)?.failure?.code == .insecure)
    }

    @Test("a device that never answers is given up after thirty seconds") func silence() {
        var world = GATTWorld(GATTServer(Self.strap))
        world.start()
        world.air = { _ in [] }
        let first = world.client.read(.location, at: world.now)
        let second = world.client.read(.batteryLevel, at: world.now)
        world.run()
        guard let deadline = world.client.deadline else {
            Issue.record("no deadline")
            return
        }
        world.client.advance(to: deadline - .milliseconds(1))
        world.run()
        #expect(world.failure == nil)
        world.client.advance(to: deadline)
        world.run()
        #expect(world.failure?.code == .timeout)
        #expect(world.result(first)?.failure?.code == .closed)
        #expect(world.result(second)?.failure?.code == .closed)
        #expect(world.client.deadline == nil)
    }

    @Test("answers that come twice change nothing") func twice() throws {
        var world = GATTWorld(GATTServer(Self.strap))
        world.air = { [$0.bytes, $0.bytes] }
        world.start()
        // Another request of the same kind takes a repeated answer for its own: what is out of order is noticed.
        #expect(world.failure == nil || world.failure?.code == .malformed)
        var quiet = GATTWorld(GATTServer([.heartRate]))
        quiet.start()
        quiet.air = { packet in
            if case .readResponse = packet { return [packet.bytes, packet.bytes, packet.bytes] }
            return [packet.bytes]
        }
        #expect(try quiet.read(.location)?.get() == [1])
        #expect(quiet.subscribe(.measurement)?.failure == nil)
        #expect(quiet.client.irregularities.unsolicited == 2)
    }

    @Test("answers to other questions are left alone") func outOfOrder() throws {
        var world = GATTWorld(GATTServer([.heartRate]))
        world.start()
        world.air = { packet in
            [
                ATTPacket.writeResponse.bytes, ATTPacket.mtuResponse(100).bytes,
                ATTPacket.error(request: 0x12, handle: 3, .unlikely).bytes, ATTPacket.confirmation.bytes, packet.bytes,
            ]
        }
        #expect(try world.read(.location)?.get() == [1])
        #expect(world.client.irregularities.unsolicited == 4)
        #expect(world.client.mtu == 23)
    }

    @Test("values before the attributes are known are not lost") func earlyValues() {
        var server = GATTServer([.heartRate])
        _ = server.receive(ATTPacket.writeRequest(AttributeValue(4, [1, 0])).bytes)
        var world = GATTWorld(server, mtu: 247)
        for beat in 60..<63 as Range<UInt8> { world.tell(.measurement, [0, beat]) }
        #expect(world.values.isEmpty)
        world.start()
        #expect(world.values == [[0, 60], [0, 61], [0, 62]])
        guard case .ready? = world.said.first else {
            Issue.record("a value before the attributes are known")
            return
        }
    }

    @Test("services without end or order end the connection, not the program") func hostile() {
        var random = SplitMix(77)
        for _ in 0..<600 {
            var world = GATTWorld(GATTServer([.heartRate]), mtu: 517)
            var count = 0
            var noise = SplitMix(random.next())
            world.air = { packet in
                count += 1
                // A device that goes on and on is allowed no more than the handles there are.
                guard count < 5000 else { return [] }
                var bytes = packet.bytes
                for _ in 0..<Int.random(in: 0...2, using: &noise) {
                    bytes[Int.random(in: 0..<bytes.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
                }
                return Int.random(in: 0..<20, using: &noise) == 0 ? [bytes, bytes] : [bytes]
            }
            world.start()
            #expect(count < 5000)
        }
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
