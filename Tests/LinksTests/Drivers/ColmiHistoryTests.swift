import Links
import Profiles
import Simulator
import Testing
import Vitals

@Suite("A Colmi ring's conversation") struct ColmiHistoryTests {
    static let rx = Conversation.Channel.uuid("6E400003-B5A3-F393-E0A9-E50E24DCCA9E")
    /// Heart rate until 13:30 today, and whole days before; the fourth has none.
    static let morning: [UInt8] = (0..<162).map { (n: Int) -> UInt8 in UInt8(60 + n % 40) }
    static let days: [Int: ColmiRing.Day] = [
        0: ColmiRing.Day(heartRate: morning + [UInt8](repeating: 0, count: 126), steps: [30: 111, 31: 7]),
        1: ColmiRing.Day(heartRate: [UInt8](repeating: 55, count: 288), steps: [0: 1, 50: 900, 95: 3]),
        2: ColmiRing.Day(heartRate: [UInt8](repeating: 58, count: 288), steps: [40: 400]),
    ]

    static func duet(_ ring: ColmiRing, options: Set<String> = ["history"], since: Timestamp? = nil) throws
        -> Duet<ColmiRing>
    {
        let profile = try shipped("colmi-r0x")
        var duet = Duet(
            profile, Talk.context(options: options, settings: profile.settings, since: since), ring)
        duet.channel = rx
        duet.start()
        return duet
    }

    static func sent(_ duet: Duet<ColmiRing>) -> [[UInt8]] {
        duet.actions.compactMap { if case .write(_, let bytes, _) = $0 { bytes } else { nil } }
    }

    @Test("sets the clock, is ready, and fetches seven days one after the other, ended by the ring's own marks")
    func whole() throws {
        var duet = try Self.duet(ColmiRing(days: Self.days))
        duet.run(for: .minutes(2))
        #expect(duet.failure == nil && duet.notes.isEmpty)
        #expect(duet.peer.clock == Talk.beginning + .seconds(4))
        let commands = Self.sent(duet).map { $0[0] }
        #expect(
            commands == [0x01, 0x03, 0x16] + [UInt8](repeating: 0x15, count: 7) + [UInt8](repeating: 0x43, count: 7))
        let rates = duet.decoded.readings.filter { $0.metric == .heartRate }
        #expect(rates.count == 162 + 288 + 288)
        #expect(rates.first?.time == .at(Timestamp("2026-03-15T00:00:00Z") ?? .distantPast))
        #expect(duet.values(.steps) == [111, 7, 1, 900, 3, 400])
        #expect(duet.values(.battery) == [64])
        // Connected before the nights are fetched.
        let ready = duet.actions.firstIndex(of: .ready) ?? .max
        let first = duet.actions.firstIndex { if case .write(_, let bytes, _) = $0 { bytes[0] == 0x15 } else { false } }
        #expect(first.map { ready < $0 } == true)
    }

    @Test("goes no further back than what is known") func since() throws {
        var duet = try Self.duet(ColmiRing(days: Self.days), since: Talk.beginning - .days(1))
        duet.run(for: .minutes(2))
        #expect(Self.sent(duet).filter { $0[0] == 0x15 }.count == 2)
        var plain = try Self.duet(ColmiRing(days: Self.days), options: [])
        plain.run(for: .minutes(10))
        #expect(!Self.sent(plain).contains { $0[0] == 0x15 || $0[0] == 0x43 } && plain.isReady)
    }

    @Test("a lost, damaged or late packet has the day asked for again; the values are the same") func mishaps() throws {
        var calm = try Self.duet(ColmiRing(days: Self.days))
        calm.run(for: .minutes(5))
        let wanted = Set(calm.decoded.readings.filter { $0.metric != .battery })
        for number in [3, 4, 9, 20, 27, 40, 60, 86] {
            for kind in 0..<3 {
                var mishaps = Mishaps()
                switch kind {
                case 0: mishaps.lost = [number]
                case 1: mishaps.damaged = [number]
                default: mishaps.delay = .milliseconds(2500)
                }
                var duet = try Self.duet(ColmiRing(days: Self.days, mishaps: mishaps))
                duet.run(for: .minutes(5))
                #expect(duet.failure == nil)
                let came = Set(duet.decoded.readings.filter { $0.metric != .battery })
                #expect(came == wanted, "packet \(number), mishap \(kind)")
            }
        }
    }

    @Test("unasked packets between those of an answer do not disturb it") func pushes() throws {
        var duet = try Self.duet(ColmiRing(days: Self.days))
        duet.run(for: .milliseconds(4300))
        duet.peer.push([0x73, 0x0C, 43, 1], at: duet.now)
        duet.peer.push([0x2F, 0xF1], at: duet.now)
        duet.run(for: .minutes(2))
        #expect(duet.values(.heartRate).count == 162 + 288 + 288)
        #expect(duet.values(.battery) == [64, 43] && duet.notes.isEmpty)
    }

    @Test("a ring that falls silent costs three questions a day and a note, never the connection") func silent() throws
    {
        var mishaps = Mishaps()
        mishaps.silentFrom = 10
        var duet = try Self.duet(ColmiRing(days: Self.days, mishaps: mishaps))
        duet.run(for: .minutes(4))
        #expect(duet.failure == nil && duet.notes.count == 14)
        #expect(duet.notes.allSatisfy { $0.hasSuffix("no answer, asked 3 times") })
    }

    @Test("live heart rate is measured while somebody watches, and no longer") func live() throws {
        var duet = try Self.duet(ColmiRing(days: [:]), options: [])
        duet.run(for: .seconds(10))
        duet.perform(duet.conversation.watch(true, at: duet.now))
        duet.run(for: .seconds(120))
        #expect(duet.values(.heartRate).count > 110)
        duet.perform(duet.conversation.watch(false, at: duet.now))
        let count = duet.values(.heartRate).count
        duet.run(for: .seconds(60))
        #expect(duet.values(.heartRate).count <= count + 1)
        #expect(Self.sent(duet).last?[0] == 0x6A)
    }
}
