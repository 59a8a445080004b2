import Hub
import Storage
import Testing
import Vitals

@Suite("A ring that delivers the night at breakfast")
struct LateRuleTests {
    private let ada = Person(id: PersonID(derivedFrom: "ada"), name: "ada", zone: "UTC")
    private let ring = Device(id: DeviceID(derivedFrom: "ring"), name: "ring")
    private static let rule = "raised-night-heart-rate"
    /// 2026-03-02T00:00:00Z.
    private let start = Timestamp(milliseconds: 1_772_409_600_000)
    private let breakfast = TimeSpan.minutes(7 * 60 + 40)

    /// A night's heart rate and steps, from an hour until another, as they arrive in one go.
    private func night(_ day: Int64, rate: Float, _ hours: Range<Int64> = 0..<6, at arrival: TimeSpan) -> [Sample] {
        (hours.lowerBound * 12..<hours.upperBound * 12).flatMap { n in
            let time = start + .days(day) + .minutes(5 * n)
            let received = start + .days(day) + arrival
            return [
                Sample(metric: .heartRate, value: rate, time: time, received: received, source: ring.id),
                Sample(
                    metric: .steps, value: 0, time: time + .minutes(1), span: 60_000, received: received,
                    source: ring.id),
            ]
        }
    }

    /// Twelve usual nights, two raised ones, of which the second gets more at noon that would undo it, and a usual one.
    private var samples: [Sample] {
        var list: [Sample] = []
        for day in Int64(0)..<12 { list += night(day, rate: 55 + Float(day % 3), at: breakfast) }
        for day in Int64(12)..<14 { list += night(day, rate: 64, at: breakfast) }
        list += night(13, rate: 40, 6..<7, at: .hours(12))
        list += night(14, rate: 56, at: breakfast)
        return list
    }

    private func configured(_ change: (inout String) -> Void = { _ in }) throws -> Configured {
        var rules = try TestHousehold.configured().rules.filter { $0.path.hasSuffix("\(Self.rule).json5") }
        change(&rules[0].text)
        return Configured(
            people: [ada], devices: [ring], assignments: [Assignment(device: ring.id, person: ada.id)], profiles: [],
            rules: rules)
    }

    private func events(_ configured: Configured, batch: Int = .max) throws -> [Event] {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: configured)
        let samples = samples
        var events: [Event] = []
        var position = 0
        while position < samples.count {
            let end = min(position.addingReportingOverflow(batch).partialValue, samples.count)
            pipeline.take(samples[position..<(end > position ? end : samples.count)], of: ada.id)
            position = end > position ? end : samples.count
            events += pipeline.takeCommit().events
        }
        pipeline.advance(to: pipeline.now + .hours(1))
        return events + pipeline.takeCommit().events
    }

    @Test("is told once, with the night's own time as onset; what completes that night takes nothing back")
    func once() throws {
        let events = try events(configured())
        #expect(events.map(\.phase) == [.opened, .resolved])
        let alert = try #require(events.first)
        #expect(alert.onset == start + .days(13) + .hours(7))
        #expect(alert.decided > start + .days(13) + breakfast)
        #expect(alert.decided < start + .days(13) + breakfast + .minutes(12))
        #expect(events.last.map { $0.decided > start + .days(14) + breakfast } == true)
        let text = Explanation(names: EventJSON(people: [ada], devices: [ring]), zone: .utc).text(of: alert)
        #expect(text.contains("the data came late (the rule allows 36h)"), "\(text)")
    }

    @Test("says nothing to a rule that does not ask for late data, and nothing beyond what it asks for")
    func onlyWhereAsked() throws {
        #expect(try events(configured { $0.replace("late:  \"36h\",", with: "") }).isEmpty)
        #expect(try events(configured { $0.replace("late:  \"36h\"", with: "late:  \"30m\"") }).isEmpty)
        #expect(try !events(configured { $0.replace("late:  \"36h\"", with: "late:  \"1h\"") }).isEmpty)
    }

    @Test("is the same however it is cut into batches", arguments: [1, 50])
    func batches(size: Int) throws {
        let configured = try configured()
        #expect(try events(configured, batch: size) == events(configured))
    }

    @Test("and however often the hub is stopped and started")
    func interrupted() throws {
        let folder = TemporaryFolder()
        let configured = try configured()
        let whole = try events(configured)
        let samples = samples
        var random = SplitMix(state: 3)
        for round in 0..<2 {
            var events: [Event] = []
            var position = 0
            while position < samples.count {
                let store = try SQLiteStore.open(
                    path: folder.path("\(round).db"),
                    mode: .write(hub: HubID(derivedFrom: "test"), createIfMissing: true))
                defer { store.close() }
                let pipeline = try Pipeline(resuming: store, configured: configured)
                let end = min(position + 1 + Int(random.next() % 300), samples.count)
                pipeline.take(samples[position..<end], of: ada.id)
                position = end
                if end == samples.count { pipeline.advance(to: pipeline.now + .hours(1)) }
                let commit = pipeline.takeCommit()
                try store.commit(commit)
                events += commit.events
            }
            #expect(events == whole)
        }
    }
}
