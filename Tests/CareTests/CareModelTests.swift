import Testing
import Vitals

@testable import Care

@Suite("Random lives")
struct CareModelTests {
    /// What a clinician would write down by hand: which rules have an open alert.
    struct Model {
        var open: [String: Timestamp] = [:]
    }

    enum Step {
        case trigger(Trigger)
        case command(Command)
        case session
        case time
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// A run of steps that depends on the seed alone; events so far name the targets of commands.
    static func step(
        at: Timestamp, told: [Event], onsets: inout [String: Timestamp], _ random: inout Random
    ) -> Step {
        let rules = Story.actions.keys.sorted()
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            let rule = rules[Int.random(in: 0..<rules.count, using: &random)]
            // Onsets of a rule often repeat, and never go backward: the engine's promise.
            let edge: Trigger.Edge = Int.random(in: 0..<3, using: &random) == 0 ? .cleared : .opened
            var onset = Bool.random(using: &random) ? at : at.floored(to: .days(2))
            if edge == .opened {
                onset = max(onset, onsets[rule] ?? onset)
                onsets[rule] = onset
            }
            guard let action = Story.actions[rule] else { return .time }
            return .trigger(
                Trigger(
                    rule: rule, edge: edge, onset: onset, decided: at, action: action,
                    evidence: Evidence(file: "", fileHash: "", clauses: [])))
        case 5..<8:
            guard let event = told.randomElement(using: &random) else { return .time }
            let id = Bool.random(using: &random) ? event.id : EventID(high: random.next(), low: 0)
            let action: Command.Action =
                switch Int.random(in: 0..<3, using: &random) {
                case 0: .acknowledge(id, comment: "seen")
                case 1: .acceptPlan(id)
                default: .declinePlan(id)
                }
            return .command(Command(id: CommandID(high: 1, low: random.next()), actor: "ada", action: action))
        case 8: return .session
        default: return .time
        }
    }

    static func live(seed: UInt64, steps: Int, restarts: Bool) throws -> (events: [Event], state: [UInt8]) {
        var random = Random(state: seed)
        var coin = Random(state: seed ^ 0x5555)
        var care = try PersonCare(person: Story.ada, zone: .utc, identify: Story.identify)
        var model = Model()
        var told: [Event] = []
        var now = Story.monday
        var onsets: [String: Timestamp] = [:]
        for _ in 0..<steps {
            now = now + .minutes(Int64.random(in: 1...(Bool.random(using: &random) ? 60 : 3000), using: &random))
            var new: [Event] = []
            while let deadline = care.nextDeadline, deadline <= now {
                new += care.advance(to: deadline)
            }
            for event in new where event.kind == .alert && event.phase == .expired {
                let opened = model.open.removeValue(forKey: event.rule)
                #expect(event.decided == opened.map { $0 + .days(7) })
            }
            let step = step(at: now, told: told + new, onsets: &onsets, &random)
            var came: [Event] = []
            switch step {
            case .trigger(let trigger):
                came = care.handle(trigger)
                guard trigger.action.kind == .alert else { break }
                switch trigger.edge {
                case .opened where model.open[trigger.rule] == nil:
                    #expect(came.map(\.phase) == [.opened], "an opening was lost")
                    model.open[trigger.rule] = now
                case .opened: #expect(came.isEmpty, "an open alert opened again")
                case .withdrawn:
                    let wasOpen = model.open.removeValue(forKey: trigger.rule) != nil
                    #expect(came.map(\.phase) == (wasOpen ? [.expired] : []))
                case .cleared:
                    let wasOpen = model.open.removeValue(forKey: trigger.rule) != nil
                    #expect(came.map(\.phase) == (wasOpen ? [.resolved] : []))
                }
            case .command(let command):
                if case .events(let events) = care.handle(command, at: now) {
                    came = events
                    #expect(!events.isEmpty)
                }
            case .session: came = care.sessionCompleted(day: Zone.utc.day(of: now), at: now)
            case .time: came = care.advance(to: now)
            }
            told += new + came
            #expect(Set(care.openAlerts.map(\.rule)) == Set(model.open.keys))
            if restarts, Bool.random(using: &coin) {
                let bytes = care.checkpoint()
                care = try PersonCare(person: Story.ada, zone: .utc, identify: Story.identify, restoring: bytes)
                #expect(care.checkpoint() == bytes)
            }
        }
        return (told, care.checkpoint())
    }

    @Test("no alert is lost, no event is told twice, and restarts make no difference", arguments: 0..<40)
    func random(seed: Int) throws {
        let plain = try CareModelTests.live(seed: UInt64(seed), steps: 400, restarts: false)
        #expect(Set(plain.events.map(\.id)).count == plain.events.count, "an event was doubled")
        let known = Set(plain.events.map(\.id))
        for event in plain.events {
            #expect(event.causes.isEmpty == (event.transition == 0))
            #expect(event.causes.allSatisfy(known.contains))
            #expect(
                event.id == Story.identify(event.rule, event.kind, event.onset, event.transition),
                "an id that nobody can derive again")
        }
        let restarted = try CareModelTests.live(seed: UInt64(seed), steps: 400, restarts: true)
        #expect(restarted.events == plain.events)
        #expect(restarted.state == plain.state)
    }

    @Test("a state cut short or changed is refused or read, and never traps")
    func damagedState() throws {
        let whole = try CareModelTests.live(seed: 7, steps: 200, restarts: false).state
        #expect(whole.count > 200)
        func read(_ bytes: [UInt8]) throws(WireError) -> PersonCare {
            try PersonCare(person: Story.ada, zone: .utc, identify: Story.identify, restoring: bytes)
        }
        var cutPoints = 0
        for length in 0..<whole.count {
            // The four parts are records of their own: between them a state reads, as one with fewer parts.
            if (try? read(Array(whole.prefix(length)))) != nil { cutPoints += 1 }
        }
        #expect(cutPoints == 4)
        for i in whole.indices {
            var bytes = whole
            bytes[i] ^= 0xFF
            if var care = try? read(bytes) { _ = care.advance(to: .distantFuture) }
        }
        var newer = whole
        newer[0] = 2
        #expect(throws: WireError.self) { try read(newer) }
    }

    @Test("a state is handed over once, and again after a change")
    func changedState() throws {
        var story = try Story()
        #expect(story.care.changedState() == nil)
        _ = try story.step("resting-tachycardia opens", at: Story.monday, .plainly)
        let changed = story.care.changedState()
        let state = try #require(changed)
        #expect(state.component == "care" && state.person == Story.ada.id)
        #expect(state.bytes == story.care.checkpoint())
        #expect(story.care.changedState() == nil)
        _ = try story.step("resting-tachycardia opens", at: Story.monday + .minutes(1), .plainly)
        #expect(story.care.changedState() == nil, "nothing came of it")
        _ = story.care.advance(to: Story.monday + .days(8))
        #expect(story.care.changedState() != nil)
    }
}
