import Profiles
import Testing
import Vitals

@testable import Links

@Suite("The household's Bluetooth devices") struct LinkRosterTests {
    static let ready: [(index: UInt16, address: BluetoothAddress?)] = [(0, .own)]
    static let listener = """
        { schema: 1, id: "test.listener", version: 1, name: "Listener", transport: "ble", priority: 10,
          match: { any: [ { manufacturer: 0x0157 } ] }, link: { connect: false }, 
          watchdog: { silence: "60s", do: "nothing" },
          inputs: { adv: { advert: { service: "FCD2" } } }, messages: [ { id: "m", input: "adv" } ] }
        """

    static func device(_ name: String) -> Device { Device(id: .test, name: name) }

    static func roster(_ peer: String, _ profile: Profile? = nil, now: Int64 = 0) throws -> LinkRoster {
        LinkRoster(
            [(device("strap"), try profile ?? BLELinkTests.profile(), try PeerName(peer))], seed: 1, at: now)
    }

    /// What the radio would say of a report.
    static func hearing(_ address: BluetoothAddress, _ data: [UInt8], isNews: Bool = true) throws
        -> BluetoothRadio.Hearing
    {
        var kernel = HandKernel()
        kernel.radio.take(Messages.found(address, data), at: 0, time: .distantPast)
        var hearing = try #require(kernel.radio.takeHeard().first)
        hearing.isNews = isNews
        return hearing
    }

    static func connects(_ actions: [LinkRoster.Action]) -> [BluetoothAddress] {
        actions.compactMap { if case .connect(_, let address, _, _) = $0 { address } else { nil } }
    }

    static func states(_ actions: [LinkRoster.Action]) -> [LinkState] {
        actions.compactMap { if case .tell(.state(_, let state, _, _)) = $0 { state } else { nil } }
    }

    @Test(
        "a device is found by what the configuration says, and by nothing else",
        arguments: [
            ("C0:11:22:33:44:55", "x", true), ("c0:11:22:33:44:55 random", "x", true),
            ("C0:11:22:33:44:55 public", "x", false), ("C0:11:22:33:44:56", "x", false), ("name:HR", "HR", true),
            ("name:HR", "HR 2", false), ("auto", "x", true),
        ])
    func found(peer: String, name: String, isFound: Bool) throws {
        var roster = try Self.roster(peer)
        let concerns = roster.heard(
            try Self.hearing(.strap, Messages.heartRate(name)), at: 0, time: .distantPast)
        #expect(concerns == isFound)
        roster.advance(on: Self.ready, obstacle: nil, at: 0, time: .distantPast)
        let called = Self.connects(roster.take())
        #expect(isFound ? called == [.strap] : !called.contains(.strap))
    }

    @Test("a device that the profile does not fit is not taken for the one that is meant by auto")
    func stranger() throws {
        var roster = try Self.roster("auto")
        let other = Messages.field(0x03, [0x0F, 0x18])
        let concerns = roster.heard(try Self.hearing(.strap, other), at: 0, time: .distantPast)
        #expect(!concerns)
    }

    @Test("one lost for an outage, however often it is tried meanwhile")
    func oneLost() throws {
        var roster = try Self.roster("C0:11:22:33:44:55 random")
        let device = Self.device("strap").id
        var states: [LinkState] = []
        var now: Int64 = 0
        for round in 0..<20 {
            roster.advance(on: Self.ready, obstacle: nil, at: now, time: Timestamp(milliseconds: now))
            states += Self.states(roster.take())
            if round % 10 == 0 {
                roster.opened(device, "up", at: now, time: Timestamp(milliseconds: now))
                now += 30_000
                roster.ended(device, .lost, "out of range", at: now, time: Timestamp(milliseconds: now))
            } else {
                roster.ended(device, .failed, "no answer \(round)", at: now, time: Timestamp(milliseconds: now))
            }
            states += Self.states(roster.take())
            now += 100_000
        }
        #expect(states == [.connected, .lost, .connected, .lost])
    }

    @Test("a device that was never found is told after its time, with the adapter's trouble if there is any")
    func neverFound() throws {
        for obstacle in [nil, "the radio is blocked"] {
            var roster = try Self.roster("name:HR")
            roster.advance(on: [], obstacle: obstacle, at: 0, time: .distantPast)
            #expect(roster.take().isEmpty)
            roster.advance(on: [], obstacle: obstacle, at: 30_000, time: .distantPast)
            let actions = roster.take()
            #expect(Self.states(actions) == [.lost])
            guard case .tell(.state(_, _, let reason, _))? = actions.first else { continue }
            #expect(reason.contains(obstacle ?? "not found"))
        }
    }

    @Test("what a device advertises is passed on, it is never connected, and it is lost when it falls silent")
    func listener() throws {
        let profile = try Profile(text: Self.listener, file: "listener.json5")
        var roster = try Self.roster("C0:11:22:33:44:55", profile)
        let data = Messages.field(0x16, [0xD2, 0xFC, 1, 2, 3])
        for n in 0..<3 {
            let hearing = try Self.hearing(.strap, data, isNews: n == 0)
            let concerns = roster.heard(hearing, at: Int64(n) * 1000, time: Timestamp(milliseconds: Int64(n)))
            #expect(concerns)
        }
        roster.advance(on: Self.ready, obstacle: nil, at: 3000, time: .distantPast)
        let actions = roster.take()
        let frames = actions.compactMap { action -> [UInt8]? in
            if case .tell(.frame(_, "adv", let bytes, _)) = action { bytes } else { nil }
        }
        #expect(frames == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
        #expect(Self.states(actions) == [.connected])
        #expect(Self.connects(actions).isEmpty)
        roster.advance(on: Self.ready, obstacle: nil, at: 61_999, time: .distantPast)
        #expect(roster.take().isEmpty)
        roster.advance(on: Self.ready, obstacle: nil, at: 62_000, time: .distantPast)
        #expect(Self.states(roster.take()) == [.lost])
    }
}
