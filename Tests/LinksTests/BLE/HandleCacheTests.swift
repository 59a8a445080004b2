import Profiles
import Simulator
import Testing
import Vitals

@testable import Links

@Suite("Kept handles") struct HandleCacheTests {
    static let hash = [UInt8](0..<16)
    static let otherHash = [UInt8](1..<17)

    /// What is kept after connecting to a device with these services.
    static func kept(_ services: [GATTServer.Service]) -> HandleCache? {
        var world = GATTWorld(GATTServer(services), mtu: 517)
        world.start()
        return world.ready?.cache
    }

    /// How a later connection goes.
    static func reconnect(_ services: [GATTServer.Service], _ cache: HandleCache?, isBonded: Bool = false) -> GATTWorld
    {
        var world = GATTWorld(GATTServer(services), mtu: 517, cache: cache, isBonded: isBonded)
        world.start()
        #expect(world.client.table == world.server.table)
        return world
    }

    static func discovers(_ world: GATTWorld) -> Bool {
        world.requests.contains { if case .findInformationRequest = $0 { true } else { false } }
    }

    @Test("are believed when the device's fingerprint is the same, and only then") func databaseHash() {
        let services: [GATTServer.Service] = [.generic(hash: Self.hash), .information(), .heartRate]
        let cache = Self.kept(services)
        #expect(cache?.databaseHash == Self.hash)
        let again = Self.reconnect(services, cache)
        #expect(again.ready?.isFromCache == true)
        #expect(!Self.discovers(again))
        #expect(again.ready?.cache == cache)
        // Size, fingerprint, Service Changed.
        #expect(again.requests.count == 3)
        let changed = Self.reconnect([.generic(hash: Self.otherHash), .battery, .information(), .heartRate], cache)
        #expect(changed.ready?.isFromCache == false)
        #expect(changed.ready?.cache.databaseHash == Self.otherHash)
        let gone = Self.reconnect([.generic(), .battery, .heartRate], cache)
        #expect(gone.ready?.isFromCache == false)
        #expect(gone.ready?.cache.databaseHash == nil)
    }

    @Test("are believed of a bonded device that tells of changes, and not of one that has forgotten us") func bonded() {
        let services: [GATTServer.Service] = [.generic(), .information(), .heartRate]
        let cache = Self.kept(services)
        #expect(Self.reconnect(services, cache, isBonded: true).ready?.isFromCache == true)
        #expect(Self.reconnect(services, cache, isBonded: false).ready?.isFromCache == false)
        #expect(Self.reconnect([.battery] + services, cache, isBonded: false).ready?.isFromCache == false)
    }

    @Test("of a device whose attributes cannot change are believed while services and firmware are the same")
    func layout() {
        let services: [GATTServer.Service] = [.information(), .heartRate]
        let cache = Self.kept(services)
        let again = Self.reconnect(services, cache)
        #expect(again.ready?.isFromCache == true)
        #expect(!Self.discovers(again))
        #expect(again.ready?.cache == cache)
        #expect(Self.reconnect(services + [.battery], cache).ready?.isFromCache == false)
        let updated = Self.reconnect([.information(firmware: "1.3"), .heartRate], cache)
        #expect(updated.ready?.isFromCache == false)
        #expect(updated.ready?.cache.identity.firmware == "1.3")
    }

    @Test("that turn out to be wrong are looked for again, and what was asked is done") func staleHandle() throws {
        let services: [GATTServer.Service] = [.generic(), .heartRate, .battery]
        let cache = Self.kept(services)
        // Bonded, so believed; but the device was updated and did not tell.
        var world = GATTWorld(GATTServer([.generic(), .battery]), mtu: 517, cache: cache, isBonded: true)
        world.start()
        #expect(world.ready?.isFromCache == true)
        #expect(try world.read(.batteryLevel)?.get() == [87])
        #expect(world.client.table == world.server.table)
        guard case .changed(let new)? = world.said.first(where: { if case .changed = $0 { true } else { false } })
        else {
            Issue.record("the change was not told")
            return
        }
        #expect(new.table == world.server.table)
    }

    @Test("that the device says have changed are looked for again, and subscriptions made anew") func serviceChanged() {
        var world = GATTWorld(GATTServer([.generic(hash: Self.hash), .heartRate]), mtu: 517)
        world.start()
        #expect(world.subscribe(.measurement)?.failure == nil)
        let indication = world.server.tell(HandleCache.serviceChanged, [1, 0, 0xFF, 0xFF])
        world.server.replace([.generic(hash: Self.otherHash), .battery, .motion, .heartRate])
        #expect(world.server.subscription(to: .measurement) == .off)
        world.carry(indication ?? [])
        world.run()
        #expect(world.client.table == world.server.table)
        #expect(world.server.subscription(to: .measurement) == .notify)
        #expect(world.server.subscription(to: HandleCache.serviceChanged) == .indicate)
        #expect(world.ready?.cache.databaseHash == Self.otherHash)
        world.tell(.measurement, [0, 72])
        #expect(world.values == [[0, 72]])
    }

    @Test("outside the range that changed stay as they are") func partialChange() {
        var world = GATTWorld(GATTServer([.generic(), .heartRate, .battery]), mtu: 517)
        world.start()
        let battery = world.server.table.services[2].range
        let indication = world.server.tell(
            HandleCache.serviceChanged, battery.first.littleEndianBytes + [0xFF, 0xFF])
        world.server.replace([.generic(), .heartRate, .motion, .battery])
        world.requests = []
        world.carry(indication ?? [])
        world.run()
        #expect(world.client.table == world.server.table)
        for case .readByGroupTypeRequest(let range, _) in world.requests { #expect(range.first >= battery.first) }
    }

    @Test("a device that changes without end is given up") func endlessChange() {
        var world = GATTWorld(GATTServer([.generic(), .heartRate]), mtu: 517)
        world.start()
        for _ in 0..<40 where world.failure == nil {
            world.tell(HandleCache.serviceChanged, [1, 0, 0xFF, 0xFF])
        }
        #expect(world.failure?.code == .malformed)
    }

    @Test("that were damaged in the store are an error, cut off anywhere") func damage() throws {
        let cache = try #require(Self.kept([.generic(hash: Self.hash), .information(), .heartRate, .motion]))
        var writer = ByteWriter()
        writer.wire(cache)
        for length in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: WireError.self) { try HandleCache(from: &reader) }
        }
    }

    @Test("go with a name that tells one device from another, where it has one") func identity() {
        #expect(PeripheralIdentity.text(Array("  A1 \0 rest".utf8)) == "A1")
        #expect(PeripheralIdentity.text([]) == nil)
        #expect(PeripheralIdentity.text(Array("000000".utf8)) == nil)
        #expect(PeripheralIdentity.text(Array("n/a".utf8)) == nil)
        #expect(PeripheralIdentity.text([0xFF, 0x41]) != nil)
    }
}
