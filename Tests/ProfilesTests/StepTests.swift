import Profiles
import Testing
import Vitals

@Suite struct StepTests {
    /// 2026-03-15T13:30:45.500Z, a Sunday; 14:30:45 in Berlin.
    let now = Timestamp("2026-03-15T13:30:45.500")

    func context(_ zone: Zone = .utc) throws -> StepContext {
        StepContext(now: try #require(now), zone: zone, settings: ["hrMinutes": 5], options: ["history"])
    }

    @Test("a command holds the time in decimal digits, is filled up and carries its sum")
    func command() throws {
        let ring = try #require(Files.library["colmi.r0x"])
        let berlin = try Zone(named: "Europe/Berlin")
        // The ring is set to UTC wherever it is worn.
        let sent = try context(berlin).unrolled(ring.connect).compactMap(\.bytes)
        #expect(sent.allSatisfy { $0.count == 16 })
        #expect(sent.allSatisfy { $0.dropLast().reduce(0, &+) == $0.last })
        #expect(sent[0] == bytes(hex: "01260315133045010000000000000000").dropLast() + [0xC8 as UInt8])
        #expect(sent[1][..<2] == [3, 0])
        #expect(sent[2][..<4] == [0x16, 2, 1, 5])
        // Heart rate of seven days, today first: the beginning of each day, four bytes, lowest first.
        let starts = sent[3..<10].map { $0[1...4].reversed().reduce(0) { $0 << 8 | Int($1) } }
        let midnight = 1_773_532_800
        #expect(starts == (0..<7).map { midnight - $0 * 86_400 })
        #expect(sent[10..<17].map { $0[1] } == Array(0..<7))
        #expect(sent.count == 17)
    }

    @Test("without the option its steps are not taken, without a setting a command is not sent")
    func options() throws {
        let ring = try #require(Files.library["colmi.r0x"])
        var context = try context()
        context.options = []
        context.settings = [:]
        #expect(context.unrolled(ring.connect).compactMap(\.bytes).count == 2)
    }

    @Test("text is filled with the moment's values, and history needs a beginning")
    func text() throws {
        let watch = try #require(Files.library["espruino.banglejs"])
        var context = try context(try Zone(named: "Asia/Kolkata"))
        let known = context.unrolled(watch.connect).map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } }
        #expect(known[2] == "\u{10}setTime(1773581445);E.setTimeZone(5.5)\n")
        #expect(known[4] == nil)
        context.historySince = Timestamp(milliseconds: 1_691_577_600_000)
        let last = try #require(context.unrolled(watch.connect).last?.bytes)
        #expect(String(decoding: last, as: UTF8.self) == "\u{10}GB({t:\"actfetch\",ts:1691577600000})\n")
    }

    @Test("the current time is written as characteristic 2A2B wants it, in the person's zone")
    func currentTime() throws {
        let watch = try #require(Files.library["pine64.infinitime"])
        let sent = try context(try Zone(named: "Europe/Berlin")).unrolled(watch.connect).compactMap(\.bytes)
        #expect(sent == [[0xEA, 0x07, 3, 15, 14, 30, 45, 7, 128, 0]])
    }

    @Test("a check sum may stand before the end")
    func bioHarness() throws {
        let strap = try #require(Files.library["zephyr.bioharness"])
        let sent = try context().unrolled(strap.connect).compactMap(\.bytes)
        // Message BD with 01 00: CRC-8 (polynomial 8C, reflected) over these two bytes.
        #expect(sent == [bytes(hex: "02bd020100c403")])
    }

    @Test("drivers and their arguments are kept as the profile says")
    func drivers() throws {
        let strap = try #require(Files.library["ant.hrm"])
        #expect(
            strap.connect == [
                .driver(
                    .antChannel,
                    arguments: [
                        "deviceType": "120", "period": "8070", "frequency": "57", "key": "$secret.antPlusKey",
                    ])
            ])
        #expect(strap.hasDriver && strap.port?.baud == 115_200)
    }

    @Test("steps of a base come first on connecting, and messages of both decode")
    func extended() throws {
        let strap = try #require(Files.library["polar.pmd"])
        let base = try #require(Files.library["ble.hrs"])
        #expect(Array(strap.connect.prefix(base.connect.count)) == base.connect)
        #expect(strap.connect.count == base.connect.count + 2)
        #expect(Set(strap.inputs.keys) == ["hrm", "loc", "bat", "data", "cp"])
        #expect(strap.link.mtu == 232 && strap.silence == base.silence)
        let board = try #require(Files.library["espruino.usb"])
        #expect(board.inputs == ["uart": .serial])
        #expect(board.connect.count == 2 && board.disconnect.isEmpty)
    }
}

@Suite struct MatchTests {
    let library = Files.library

    func uuid(_ text: String) throws -> BluetoothUUID { try #require(BluetoothUUID(text)) }

    @Test("a vendor's profile wins over the service it also advertises")
    func priority() throws {
        let watch = Advertisement(name: "InfiniTime", services: [try uuid("180D")])
        #expect(library.match(watch).profile?.id == "pine64.infinitime")
        let strap = Advertisement(name: "Polar H10 12345678", services: [try uuid("180D")])
        #expect(library.match(strap).profile?.id == "polar.pmd")
    }

    @Test("a renamed watch is a heart-rate sensor until its services are known")
    func discovery() throws {
        let renamed = Advertisement(name: "Anna's watch", services: [try uuid("180D")])
        let before = library.match(renamed)
        #expect(before.profile?.id == "ble.hrs")
        #expect(before.open.map(\.id).contains("pine64.infinitime"))
        let table: Set<BluetoothUUID> = [
            try uuid("180D"), try uuid("00030000-78fc-48fe-8e23-433b3a1942d0"),
        ]
        let after = library.match(renamed, gatt: table)
        #expect(after.profile?.id == "pine64.infinitime")
        #expect(after.open.isEmpty)
    }

    @Test("a name that fits is only likely while the table must confirm it")
    func likely() throws {
        let ring = try #require(library["colmi.r0x"])
        let advert = Advertisement(name: "R02_A1B2")
        let service = try uuid("6E40FFF0-B5A3-F393-E0A9-E50E24DCCA9E")
        #expect(ring.match.evaluate(advert) == .likely)
        #expect(library.match(advert).profile == nil)
        #expect(library.match(advert).open.map(\.id).first == "colmi.r0x")
        #expect(ring.match.evaluate(advert, gatt: [service]) == .yes)
        #expect(ring.match.evaluate(advert, gatt: [try uuid("180D")]) == .no)
    }

    @Test("nobody connects to a stranger to ask")
    func stranger() {
        let decision = library.match(Advertisement(name: "JBL Flip 5"))
        #expect(decision.profile == nil)
        #expect(decision.open.isEmpty)
    }

    @Test("manufacturer data counts by company and length")
    func manufacturer() throws {
        let band = try #require(library["huami.advert"])
        let data = [UInt8](repeating: 0, count: 24)
        #expect(band.match.evaluate(Advertisement(manufacturerData: [0x0157: data])) == .yes)
        #expect(band.match.evaluate(Advertisement(manufacturerData: [0x0157: data + [0]])) == .no)
        #expect(band.match.evaluate(Advertisement(manufacturerData: [0x004C: data])) == .no)
    }

    @Test("what must not hold excludes, and what is not known yet stays open")
    func exclusion() throws {
        let text = """
            { schema: 1, id: "t.t", version: 1, name: "t", transport: "ble",
              match: { any: [ { service: "180D" } ], not: [ { name: "^Bad" }, { service: "FEE0", where: "gatt" } ] },
              inputs: { a: { char: "2A37" } }, messages: [ { id: "m", input: "a" } ] }
            """
        let match = try Profile(text: text, file: "t").match
        let heart: Set<BluetoothUUID> = [try uuid("180D")]
        #expect(match.evaluate(Advertisement(name: "Bad one", services: heart)) == .no)
        #expect(match.evaluate(Advertisement(name: "Good", services: heart)) == .likely)
        #expect(match.evaluate(Advertisement(name: "Good", services: heart), gatt: []) == .yes)
        #expect(match.evaluate(Advertisement(name: "Good", services: heart), gatt: [try uuid("FEE0")]) == .no)
    }

    @Test("adapters that many gadgets share are probed")
    func usb() throws {
        let shared = library.match(usbVendor: 0x10C4, product: 0xEA60)
        #expect(shared.prefix(2).map(\.profile.id) == ["contec.cms50.v7", "contec.cms50.legacy"])
        #expect(shared.map(\.needsProbe).contains(false) == false)
        #expect(library.match(usbVendor: 0x0FCF, product: 0x1008).map(\.needsProbe) == [false, false])
        #expect(library.match(usbVendor: 0x1234, product: 1).isEmpty)
        #expect(try #require(library["zephyr.hxm"]).match.rfcomm(name: "HXM012345"))
    }
}
