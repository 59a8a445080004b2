import Foundation
import Links
import Profiles
import Simulator
import Testing
import Vitals

@testable import Hub

@Suite("Data that devices have stored")
struct StoredDataTests {
    /// 15 March 2026, 13:30:45 UTC.
    private static let beginning = Timestamp(milliseconds: 1_773_581_445_000)
    private static let ring = Device(id: DeviceID(derivedFrom: "ring"), name: "ring", profile: "colmi.r0x")
    private static let days: [Int: ColmiRing.Day] = [
        0: ColmiRing.Day(heartRate: [UInt8](repeating: 61, count: 100), steps: [30: 111, 31: 7]),
        1: ColmiRing.Day(heartRate: [UInt8](repeating: 55, count: 288), steps: [0: 1, 50: 900, 95: 3]),
        2: ColmiRing.Day(steps: [40: 400]),
    ]

    private struct Told {
        var frames: [Input] = []
        var changes: [LinkMemory.Change] = []
    }

    /// What a ring and the conversation with it bring within two minutes.
    private static func told(by ring: inout ColmiRing, at start: Timestamp, since: Timestamp? = nil) throws -> Told {
        let file = TestHousehold.packageRoot.appending(path: "DeviceProfiles/colmi-r0x.json5").path
        let profile = try Profile(text: try String(contentsOfFile: file, encoding: .utf8), file: file)
        var conversation = Conversation(
            Script(profile),
            context: StepContext(
                now: start, zone: .utc, settings: profile.settings, options: ["history"], historySince: since))
        let answers = try #require(BluetoothUUID("6E400003-B5A3-F393-E0A9-E50E24DCCA9E"))
        var told = Told()
        var now = start
        var waiting = conversation.start(at: now)
        let end = start + .minutes(2)
        while true {
            while !waiting.isEmpty {
                switch waiting.removeFirst() {
                case .write(_, let bytes, let response):
                    ring.received(bytes, at: now)
                    if response { waiting += conversation.answered(.done, at: now) }
                case .subscribe: waiting += conversation.answered(.done, at: now)
                case .read: waiting += conversation.answered(.missing, at: now)
                case .frame(let input, let bytes):
                    told.frames.append(
                        Input(at: now, .frame(device: Self.ring.id, input: input, bytes: bytes)))
                case .remember(let change): told.changes.append(change)
                case .ready, .note, .failed, .finished: break
                }
            }
            guard let due = [conversation.deadline, ring.next].compactMap(\.self).min(), due <= end else { return told }
            now = max(now, due)
            waiting += conversation.advance(to: now)
            for sending in ring.sent(until: now) {
                waiting += conversation.received(sending.bytes, on: .characteristic(answers), at: now)
            }
        }
    }

    private struct Place: Hashable {
        var metric: Metric
        var time: Timestamp
    }

    @Test("a ring's history that comes twice counts once, also across a restart")
    func twice() throws {
        var configured = try TestHousehold.configured()
        configured.people[0].zone = "UTC"
        configured.devices = [Self.ring]
        configured.assignments = [Assignment(device: Self.ring.id, person: TestHousehold.person.id)]
        var ring = ColmiRing(days: Self.days)
        var stored: [Place: Sample] = [:]
        var states: [String: ComponentState] = [:]
        var sums: [Float] = []
        for start in [Self.beginning, Self.beginning + .minutes(20)] {
            let pipeline = try Pipeline(
                hub: HubID(derivedFrom: "test"), configured: configured,
                states: states.keys.sorted().compactMap { states[$0] },
                recent: [PersonSamples(person: TestHousehold.person.id, samples: Array(stored.values))])
            for input in try Self.told(by: &ring, at: start).frames { pipeline.take(input) }
            pipeline.advance(to: start + .minutes(10))
            let commit = pipeline.takeCommit()
            for state in commit.states { states["\(state.component) \(state.person.map { "\($0)" } ?? "")"] = state }
            for sample in commit.samples.flatMap(\.samples) where sample.source == Self.ring.id {
                let place = Place(metric: sample.metric, time: sample.time)
                if let known = stored[place], known.revision >= sample.revision { continue }
                stored[place] = sample
            }
            sums.append(stored.values.filter { $0.metric == .steps }.reduce(0) { $0 + $1.value })
        }
        #expect(sums == [1422, 1422])
        #expect(stored.values.count { $0.metric == .heartRate } == 388)
    }

    @Test("a fetch that came whole is remembered with the moment it began; one with an answer missing is not")
    func whole() throws {
        var ring = ColmiRing(days: Self.days)
        let whole = try Self.told(by: &ring, at: Self.beginning)
        guard case .wholeUntil(let time)? = whole.changes.first else {
            Issue.record("nothing remembered: \(whole.changes)")
            return
        }
        #expect(whole.changes.count == 1 && time >= Self.beginning && time < Self.beginning + .minutes(1))
        var mishaps = Mishaps()
        mishaps.silentFrom = 30
        var tired = ColmiRing(days: Self.days, mishaps: mishaps)
        #expect(try Self.told(by: &tired, at: Self.beginning).changes.isEmpty)
    }

    @Test("stored data are asked for since the last whole fetch, an hour more, and never for longer than the span")
    func since() {
        let memories = LinkMemories()
        func since(_ whole: Timestamp?) -> Timestamp {
            if let whole { memories.apply(.wholeUntil(whole), of: Self.ring.id) }
            return memories.since(Self.beginning, within: .days(7), of: Self.ring.id)
        }
        #expect(since(nil) == Self.beginning - .days(7))
        #expect(since(Self.beginning - .days(30)) == Self.beginning - .days(7))
        #expect(since(Self.beginning - .days(1)) == Self.beginning - .days(1) - .hours(1))
    }

    @Test("what is remembered of a device is read back from its state; damaged states are left out")
    func states() throws {
        var memory = LinkMemory()
        memory.apply(.driver(.antDevice(0x1_2345)))
        memory.apply(.wholeUntil(Self.beginning))
        memory.apply(.wholeUntil(Self.beginning - .days(1)))
        #expect(memory.wholeUntil == Self.beginning)
        let state = memory.state(of: Self.ring.id)
        #expect(LinkMemory.all(in: [state]) == [Self.ring.id: memory])
        for count in 0..<state.bytes.count {
            var cut = state
            cut.bytes = Array(state.bytes.prefix(count))
            #expect(LinkMemory.all(in: [cut]).isEmpty)
        }
    }
}
