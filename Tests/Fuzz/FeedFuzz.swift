import Vitals

/// What follows the first byte, as a follower, a restored store or the command socket is given it: an item of the feed, a
/// commit or a record. It decodes or is refused; and what decodes is the same bytes whenever it is written.
enum FeedFuzz: FuzzTarget {
    static let corpus = "feed"

    static let seeds: [[UInt8]] = {
        let ada = PersonID(high: 7, low: 1)
        let at = Timestamp(milliseconds: 1_780_437_600_000)
        var commit = Commit(at: at)
        commit.samples = [
            PersonSamples(
                person: ada,
                samples: [
                    Sample(metric: .heartRate, value: 71, time: at, received: at, source: DeviceID(high: 7, low: 2))
                ])
        ]
        commit.people = [Person(id: ada, name: "ada")]
        commit.devices = [Device(id: DeviceID(high: 7, low: 2), name: "belt")]
        commit.assignments = [Assignment(device: DeviceID(high: 7, low: 2), person: ada)]
        commit.states = [ComponentState(person: ada, component: "rules", version: 1, bytes: [1, 2])]
        commit.commands = [
            AppliedCommand(command: Command(id: CommandID(high: 7, low: 3), actor: "ada", action: .reload), at: at)
        ]
        commit.events = [
            Event(
                id: EventID(high: 7, low: 4), person: ada, kind: .alert, phase: .opened, rule: "r", severity: .warning,
                onset: at, decided: at, transition: 0, title: "High", text: "135 bpm", recipients: ["person"])
        ]
        commit.outbox = [OutboxItem(event: EventID(high: 7, low: 4), person: ada, recipient: "person")]
        commit.forgotten = [Forgotten(digest: [UInt8](repeating: 7, count: 32), at: at)]
        let contents: [Record.Content] = [
            .note("slept badly"), .fact("beta_blocker", .all),
            .feedback(EventID(high: 7, low: 4), score: -1, comment: ""),
            .goal("walk more", metric: .steps, value: 8000, .all), .grant(to: "grace", role: "clinician", .all),
            .plan(WeeklyPlan(stepsGoal: 5000), reason: "spring"),
            .document(name: "letter.pdf", mediaType: "application/pdf", size: 3),
        ]
        commit.records = contents.map {
            Record(id: RecordID(high: 7, low: 5), person: ada, at: at, author: "grace", $0, payload: [1, 2, 3])
        }
        let identity = StoreIdentity(hub: HubID(high: 7, low: 6), epoch: 7)
        let items: [FeedItem] = [
            .beginning(identity, after: 3), .part(commit), .copied(9), .missing(1...5),
            .commit(FeedCommit(sequence: 10, bytes: bytes(of: commit))),
        ]
        return items.map { [0] + bytes(of: $0) } + [[1] + bytes(of: commit)]
            + commit.records.map { [2] + bytes(of: $0) }
    }()

    private static func bytes(of value: some WireValue) -> [UInt8] {
        var writer = ByteWriter()
        writer.wire(value)
        return writer.bytes
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        guard let first = bytes.first else { return nil }
        let rest = Array(bytes.dropFirst())
        switch first % 3 {
        case 0: return complaint(about: rest, as: FeedItem.self)
        case 1: return complaint(about: rest, as: Commit.self)
        default: return complaint(about: rest, as: Record.self)
        }
    }

    private static func complaint<T: WireValue>(about bytes: [UInt8], as type: T.Type) -> String? {
        var reader = ByteReader(bytes)
        guard let value = try? reader.wire(type) else { return nil }
        if case .commit(let commit)? = value as? FeedItem { _ = try? commit.commit() }
        let written = self.bytes(of: value)
        var second = ByteReader(written)
        guard let again = try? second.wire(type), second.isAtEnd else {
            return "what was decoded does not decode when it is written again"
        }
        return self.bytes(of: again) == written ? nil : "what was decoded is other bytes when it is written again"
    }
}
