import Vitals

/// Draws values of every kind that travels, edge cases first among equals. Seeded: a failure can be repeated.
struct AnyValue: RandomNumberGenerator {
    private var position: UInt64

    init(seed: UInt64) { position = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        position &+= 0x9E37_79B9_7F4A_7C15
        var z = position
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func flip() -> Bool { next() & 1 == 0 }
    mutating func maybe<T>(_ make: (inout AnyValue) -> T) -> T? { flip() ? make(&self) : nil }
    mutating func list<T>(upTo limit: Int = 3, _ make: (inout AnyValue) -> T) -> [T] {
        var values: [T] = []
        for _ in 0..<Int.random(in: 0...limit, using: &self) { values.append(make(&self)) }
        return values
    }
    mutating func any<T>(of values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &self)] }

    mutating func int() -> Int {
        any(of: [0, 1, -1, 127, 128, -64, .min, .max, Int(truncatingIfNeeded: next())])
    }
    mutating func natural() -> Int { any(of: [0, 1, 127, 128, 300, .max]) }
    mutating func double() -> Double { any(of: [0, -0.0, 0.1, -1e300, .infinity, 72.5]) }
    mutating func text() -> String {
        any(of: ["", "ada", "静息时心率偏高", "e\u{301} \u{0} \n", String(repeating: "x", count: 200)])
    }
    mutating func id<T>() -> Identifier<T> { Identifier(high: next(), low: next()) }
    mutating func time() -> Timestamp {
        any(of: [
            .distantPast, .distantFuture, Timestamp(milliseconds: 0), Timestamp(milliseconds: .min),
            Timestamp(milliseconds: .max), Timestamp(milliseconds: Int64(next() >> 22)),
        ])
    }
    mutating func span() -> TimeSpan { TimeSpan(milliseconds: Int64(int())) }
    mutating func day() -> LocalDay { LocalDay(number: any(of: [.min, .max, 0, 20_778])) }
    mutating func bytes() -> [UInt8] { list(upTo: 40) { UInt8(truncatingIfNeeded: $0.next()) } }

    mutating func sample(source: DeviceID? = nil) -> Sample {
        Sample(
            metric: any(of: Metric.allCases),
            value: any(of: [
                0, -0.0, 72, 0.5, -3, 16_777_215, 16_777_216, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            ]),
            time: time(), span: any(of: [0, 60_000, .max]), received: time(), source: source ?? id(),
            quality: Quality(rawValue: UInt8(truncatingIfNeeded: next())), revision: UInt8(truncatingIfNeeded: next()))
    }

    /// Wild samples of a few series, as no sensor would send them.
    mutating func samples() -> [Sample] {
        let sources: [DeviceID] = [id(), id()]
        return list(upTo: 12) { $0.sample(source: $0.any(of: sources)) }
    }

    mutating func detail() -> FeatureDetail {
        FeatureDetail(
            value: double(), window: maybe { TimeRange($0.time(), $0.time()) }, coverage: maybe { $0.double() },
            count: natural(), first: maybe { $0.time() }, last: maybe { $0.time() }, sources: list { $0.id() },
            unknown: maybe { $0.text() })
    }

    mutating func node(depth: Int = 3) -> Evidence.Node {
        Evidence.Node(
            text: text(), value: double(), type: any(of: [.number, .duration, .boolean]), detail: maybe { $0.detail() },
            children: depth > 0 ? list(upTo: 2) { $0.node(depth: depth - 1) } : [])
    }

    mutating func evidence() -> Evidence {
        Evidence(
            file: text(), fileHash: text(),
            clauses: list { .init(name: $0.text(), line: $0.natural(), column: $0.natural(), root: $0.node()) })
    }

    mutating func event() -> Event {
        Event(
            id: id(), person: id(), kind: any(of: Event.Kind.allCases), phase: any(of: Event.Phase.allCases),
            rule: text(),
            severity: any(of: Severity.allCases), onset: time(), decided: time(), transition: int(), title: text(),
            text: text(), recipients: list { $0.text() }, evidence: maybe { $0.evidence() }, causes: list { $0.id() })
    }

    mutating func change() -> PlanChange {
        PlanChange(intensity: maybe { $0.double() }, duration: maybe { $0.span() }, rest: flip())
    }

    mutating func trigger() -> Trigger {
        Trigger(
            rule: text(), edge: any(of: [.opened, .cleared]), onset: time(), decided: time(),
            action: .init(
                kind: any(of: Event.Kind.allCases), severity: any(of: Severity.allCases),
                recipients: list { $0.text() },
                title: text(), text: text(), change: maybe { $0.change() }, isEpisode: flip(), dailyLimit: int(),
                repeatAfter: span()),
            evidence: evidence())
    }

    mutating func person() -> Person {
        Person(
            id: id(), name: text(), zone: text(), born: maybe { $0.day() },
            sex: maybe { $0.any(of: [.female, .male]) },
            language: text(), maxHeartRate: maybe { $0.double() }, facts: Set(list { $0.text() }),
            limits: .init(
                maxHeartRate: maybe { $0.double() }, maxIntensity: maybe { $0.double() },
                maxWeeklyIncrease: maybe { $0.double() }),
            plan: WeeklyPlan(
                sessions: list {
                    PlannedSession(
                        weekday: $0.any(of: Array(1...7)), activity: $0.text(), minutes: $0.double(),
                        intensity: $0.any(of: [0.5...0.7, 0...0, -1e300...1e300]))
                },
                stepsGoal: maybe { $0.int() }))
    }

    mutating func adjustment() -> PlanAdjustment {
        PlanAdjustment(
            event: id(), rule: text(), change: change(),
            state: any(of: [.proposed, .applied, .declined, .expired, .done]),
            day: maybe { $0.day() }, expires: time(), guardrails: list { $0.text() })
    }

    mutating func device() -> Device {
        Device(id: id(), name: text(), profile: maybe { $0.text() }, port: maybe { $0.text() }, priority: int())
    }

    mutating func assignment() -> Assignment {
        Assignment(device: id(), deviceUser: UInt8(truncatingIfNeeded: next()), person: id(), from: time(), to: time())
    }

    mutating func command() -> Command {
        let action: Command.Action = any(of: [
            .acknowledge(id(), comment: text()), .acceptPlan(id()), .declinePlan(id()), .reload, .stop,
            .pair(device: text()), .forgetDevice(text()), .answerPairing(agrees: false, passkey: nil),
            .answerPairing(agrees: true, passkey: UInt32(truncatingIfNeeded: next())),
            .follow(name: text(), after: next()), .unfollow(text()),
            .put(id(), revision: UInt32(truncatingIfNeeded: next()), any(of: Record.Kind.allCases)),
        ])
        return Command(id: id(), actor: text(), action: action)
    }

    mutating func file() -> Configured.File { Configured.File(path: text(), text: text()) }

    mutating func configured() -> Configured {
        Configured(
            people: list { $0.person() }, devices: list { $0.device() }, assignments: list { $0.assignment() },
            profiles: list { $0.file() }, rules: list { $0.file() })
    }

    mutating func input() -> Input {
        let body: Input.Body
        switch next() % 11 {
        case 0: body = .frame(device: id(), input: text(), bytes: bytes())
        case 1: body = .link(device: id(), state: any(of: LinkState.allCases), reason: text())
        case 2: body = .samples(person: id(), samples())
        case 3: body = .command(command())
        case 4: body = .clock(step: span())
        case 5: body = .suspended(span())
        case 6: body = .store(works: flip(), reason: text())
        case 7: body = .configuration(configured())
        case 8: body = .followerLost(name: text(), commits: int())
        case 9: body = .samplesLost(int())
        default: body = .time
        }
        return Input(at: time(), body)
    }

    mutating func state() -> ComponentState {
        ComponentState(person: maybe { $0.id() }, component: text(), version: int(), bytes: bytes())
    }

    mutating func commit() -> Commit {
        var commit = Commit(at: time())
        commit.samples = list { PersonSamples(person: $0.id(), samples: $0.samples()) }
        commit.events = list { $0.event() }
        commit.outbox = list { OutboxItem(event: $0.id(), person: $0.id(), recipient: $0.text()) }
        commit.states = list { $0.state() }
        commit.commands = list { AppliedCommand(command: $0.command(), at: $0.time()) }
        commit.people = list { $0.person() }
        commit.devices = list { $0.device() }
        commit.assignments = list { $0.assignment() }
        commit.records = list { $0.record() }
        commit.forgotten = list { Forgotten(digest: [UInt8](repeating: 7, count: 32), at: $0.time()) }
        return commit
    }

    mutating func content() -> Record.Content {
        let range = TimeRange(time(), time())
        return any(of: [
            .fact(text(), range),
            .goal(text(), metric: maybe { $0.any(of: Metric.allCases) }, value: maybe { $0.double() }, range),
            .grant(to: text(), role: text(), range), .feedback(id(), score: double(), comment: text()), .note(text()),
            .plan(person().plan, reason: text()), .document(name: text(), mediaType: text(), size: natural()),
        ])
    }

    mutating func record() -> Record {
        let record = Record(
            id: id(), revision: UInt32(truncatingIfNeeded: next()), person: id(), at: time(), author: text(), content(),
            payload: bytes())
        return flip() ? record : Record(deleting: record, at: time(), author: text())
    }

    mutating func feedItem() -> FeedItem {
        switch next() % 5 {
        case 0: return .beginning(StoreIdentity(hub: id(), epoch: next()), after: next())
        case 1: return .part(commit())
        case 2: return .copied(next())
        case 3: return .commit(FeedCommit(sequence: next(), bytes: bytes()))
        default:
            let first = next() >> 1
            return .missing(first...first + next() >> 2)
        }
    }
}
