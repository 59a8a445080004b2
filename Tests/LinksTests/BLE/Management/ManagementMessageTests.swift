import Profiles
import Testing

@testable import Links

@Suite("Management messages") struct ManagementMessageTests {
    /// One of each event that is understood, in its shortest whole form.
    static let events: [ManagementPacket] = [
        Messages.complete(.readIndexList, 0, .success, [1, 0, 0, 0]),
        Messages.event(0x0002, 0, [0x3A, 0x00, 0x0A]),
        Messages.event(0x0003, 0, [0x01]),
        Messages.event(0x0006, 0, [0x01, 0x02, 0x00, 0x00]),
        Messages.longTermKey(.strap),
        Messages.event(0x000B, 0, Messages.address(.strap) + [0, 0, 0, 0, 0, 0]),
        Messages.event(0x000C, 0, Messages.address(.strap) + [1]),
        Messages.event(0x000D, 0, Messages.address(.strap) + [4]),
        Messages.event(0x000F, 0, Messages.address(.strap) + [1, 0x40, 0xE2, 0x01, 0x00]),
        Messages.event(0x0010, 0, Messages.address(.strap)),
        Messages.event(0x0011, 0, Messages.address(.strap) + [5]),
        Messages.found(.strap, Messages.heartRate()),
        Messages.event(0x0013, 0, [6, 1]),
        Messages.event(0x0016, 0, Messages.address(.strap)),
        Messages.event(0x0017, 0, Messages.address(.strap) + [0x40, 0xE2, 0x01, 0x00, 2]),
        Messages.identityKey(.strap, seenAs: .numbered(1)),
    ]

    @Test("each event is understood whole, and is nothing when cut at any byte", arguments: events)
    func truncation(packet: ManagementPacket) throws {
        let whole = try #require(ManagementEvent(packet))
        if case .other = whole { Issue.record("\(packet.code) was not understood") }
        // What a command returns is for whoever gave it to read; the event itself ends after the status.
        let shortest = packet.code == 0x0001 ? 3 : packet.parameters.count
        for size in 0..<packet.parameters.count {
            var cut = packet
            cut.parameters = Array(packet.parameters.prefix(size))
            #expect((ManagementEvent(cut) == nil) == (size < shortest), "cut at \(size)")
        }
    }

    @Test("a message is nothing when its length is not what it says")
    func packets() {
        for packet in Self.events {
            #expect(ManagementPacket(packet.bytes) == packet)
            for size in 0..<packet.bytes.count { #expect(ManagementPacket(packet.bytes.prefix(size)) == nil) }
            #expect(ManagementPacket(packet.bytes + [0]) == nil)
        }
    }

    @Test("fields are where the kernel's header has them")
    func layouts() {
        #expect(
            ManagementEvent(Messages.longTermKey(.strap))
                == .newLongTermKey(
                    isToBeStored: true,
                    LongTermKey(
                        address: .strap, type: 2, central: 0, size: 16, diversifier: 0x1234,
                        random: 0x0807_0605_0403_0201, value: Messages.key)))
        #expect(
            ManagementEvent(Messages.event(0x000F, 0, Messages.address(.watch) + [0, 0x40, 0xE2, 0x01, 0x00]))
                == .confirmRequest(.watch, isJustWorks: false, number: 123_456))
        #expect(
            ManagementEvent(Messages.found(.watch, strength: 127, flags: 1 << 2, [2, 1, 6]))
                == .deviceFound(
                    DeviceReport(
                        address: .watch, strength: nil, isConnectable: false, isScanResponse: false, data: [2, 1, 6])))
        #expect(
            ManagementEvent(Messages.identityKey(.watch, seenAs: .numbered(7)))
                == .newIdentityKey(
                    isToBeStored: true, seenAs: .numbered(7), IdentityKey(address: .watch, value: Messages.key)))
    }

    @Test("commands are the bytes that the kernel's header asks for")
    func commands() {
        let wanted: [(ManagementCommand, [UInt8])] = [
            (.readIndexList, [0x03, 0x00, 0xFF, 0xFF, 0x00, 0x00]),
            (.setPowered(true), [0x05, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01]),
            (.startDiscovery, [0x3A, 0x00, 0x01, 0x00, 0x04, 0x00, 0x06, 0x7F, 0x00, 0x00]),
            (.stopDiscovery, [0x24, 0x00, 0x01, 0x00, 0x01, 0x00, 0x06]),
            (
                .passkey(.strap, 123_456),
                [0x1E, 0x00, 0x01, 0x00, 0x0B, 0x00, 0x55, 0x44, 0x33, 0x22, 0x11, 0xC0, 0x02, 0x40, 0xE2, 0x01, 0x00]
            ),
            (
                .pair(.watch, .keyboardDisplay),
                [0x19, 0x00, 0x01, 0x00, 0x08, 0x00, 0x13, 0x71, 0xDA, 0x7D, 0x1A, 0x00, 0x01, 0x04]
            ),
            (.loadIdentityKeys([]), [0x30, 0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00]),
        ]
        for (command, bytes) in wanted { #expect(command.packet(index: 1).bytes == bytes) }
    }

    @Test("a key goes back to the kernel as it came from it")
    func keys() throws {
        guard case .newLongTermKey(_, let key) = ManagementEvent(Messages.longTermKey(.strap)) else {
            Issue.record("no key")
            return
        }
        #expect(key.bytes == Array(Messages.longTermKey(.strap).parameters.dropFirst()))
        #expect(ManagementCommand.loadLongTermKeys([key, key]).parameters == [2, 0] + key.bytes + key.bytes)
    }

    @Test("devices of Bluetooth Classic are put aside, not misread")
    func classic() {
        var packet = Messages.found(.watch, Messages.heartRate())
        packet.parameters[6] = 0
        #expect(ManagementEvent(packet) == .other(0x0012))
    }
}

@Suite("Advertising data") struct AdvertiserTests {
    static func read(_ data: [UInt8]) -> Advertiser {
        var advertiser = Advertiser(address: .strap, heard: 0, adapter: 0)
        advertiser.merge(data)
        return advertiser
    }

    @Test("names, services of every length, manufacturer and service data are read")
    func fields() {
        let long: [UInt8] = [
            0xD0, 0x42, 0x19, 0x3A, 0x3B, 0x43, 0x23, 0x8E, 0xFE, 0x48, 0xFC, 0x78, 0x01, 0x00, 0x03, 0x00,
        ]
        let data =
            Messages.heartRate("Polar") + Messages.field(0x07, long) + Messages.field(0xFF, [0x6B, 0x00, 9, 8])
            + Messages.field(0x16, [0x95, 0xFE, 7])
        let found = Self.read(data)
        #expect(found.advertisement.name == "Polar")
        #expect(
            found.advertisement.services == [
                BluetoothUUID(assigned: 0x180D),
                BluetoothUUID("00030001-78fc-48fe-8e23-433b3a1942d0") ?? .init(high: 0, low: 0),
            ])
        #expect(found.advertisement.manufacturerData == [0x6B: [9, 8]])
        #expect(found.serviceData == [BluetoothUUID(assigned: 0xFE95): [7]])
        #expect(found.flags == 0x06)
    }

    @Test("cut at any byte, whole fields before the cut are kept and nothing else is made up")
    func truncation() {
        let data = Messages.heartRate("Polar") + Messages.field(0xFF, [0x6B, 0x00, 9, 8])
        let whole = Self.read(data)
        for size in 0..<data.count {
            let cut = Self.read(Array(data.prefix(size)))
            #expect(cut.advertisement.services.isSubset(of: whole.advertisement.services))
            #expect(cut.advertisement.name == nil || cut.advertisement.name == "Polar")
            #expect(cut.advertisement.manufacturerData.isEmpty)
        }
    }

    @Test("a complete name replaces a shortened one, and not the other way round")
    func names() {
        let short = Messages.field(0x08, Array("Pol".utf8))
        let full = Messages.field(0x09, Array("Polar".utf8))
        #expect(Self.read(short + full).advertisement.name == "Polar")
        #expect(Self.read(full + short).advertisement.name == "Polar")
    }

    @Test("advertisement and scan response of one address are one device; the table stays bounded")
    func table() {
        var table = AdvertiserTable()
        let advertisement = DeviceReport(
            address: .strap, strength: -50, isConnectable: true, isScanResponse: false,
            data: Messages.field(0x03, [0x0D, 0x18]))
        let response = DeviceReport(
            address: .strap, strength: nil, isConnectable: true, isScanResponse: true,
            data: Messages.field(0x09, Array("HR".utf8)))
        #expect(table.take(advertisement, adapter: 0, at: 0).isChanged)
        let both = table.take(response, adapter: 0, at: 1)
        #expect(both.isChanged)
        #expect(both.advertiser.advertisement.name == "HR")
        #expect(both.advertiser.advertisement.services == [BluetoothUUID(assigned: 0x180D)])
        #expect(both.advertiser.strength == -50)
        #expect(!table.take(advertisement, adapter: 0, at: 2).isChanged)
        for n in 0..<5000 {
            var report = advertisement
            report.address = .numbered(n)
            _ = table.take(report, adapter: 0, at: 3 + Int64(n))
            #expect(table.advertisers.count <= AdvertiserTable.most)
        }
        // The newest stay.
        #expect(table.advertisers[.numbered(4999)] != nil)
        table.forget(at: 5003 + AdvertiserTable.memory)
        #expect(table.advertisers.isEmpty)
    }
}
