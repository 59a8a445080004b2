import Analysis
import Storage
import Testing
import Vitals

@testable import Hub

@Suite("Detectors of a changed version, in a hub that goes on working")
struct RenewalTests {
    private let ada = Person(
        id: PersonID(derivedFrom: "ada"), name: "ada", zone: "Europe/Berlin", maxHeartRate: 175)
    private let band = Device(id: DeviceID(derivedFrom: "band"), name: "band")
    /// 2026-03-02T00:00:00+01:00, four weeks before the clocks change.
    private let start = Timestamp(milliseconds: 1_772_406_000_000)
    private static let changed = ["illness_cusum", "resting_heart_rate", "training_load"]
    private static let series: Set<Metric> = [
        .restingHeartRate, .nightSignal, .controlChart, .trainingLoad, .fitness, .fatigue, .form, .zoneMinutes,
        .illnessCusum, .illnessAlarm,
    ]

    private struct Place: Hashable {
        var metric: Metric
        var time: Timestamp
    }

    /// Still nights of a heart rate every five minutes.
    private func nights(_ days: Range<Int64>) -> [Sample] {
        days.flatMap { day -> [Sample] in
            var random = SplitMix(state: UInt64(day))
            let begin = start + .days(day)
            return (0..<78).flatMap { n -> [Sample] in
                let time = begin + .minutes(5 * Int64(n))
                let rate = Float(54 + day * 5 % 4) + Float(random.next() % 5) + (40...43 ~= day ? 9 : 0)
                return [
                    Sample(metric: .heartRate, value: rate, time: time, received: time, source: band.id),
                    Sample(
                        metric: .steps, value: 0, time: time + .minutes(1), span: 60_000, received: time + .minutes(1),
                        source: band.id),
                ]
            }.sorted { ($0.received, $0.metric.rawValue) < ($1.received, $1.metric.rawValue) }
        }
    }

    private func configured() throws -> Configured {
        Configured(
            people: [ada], devices: [band], assignments: [Assignment(device: band.id, person: ada.id)], profiles: [],
            rules: try TestHousehold.configured().rules)
    }

    private func open(_ path: String) throws -> SQLiteStore {
        try SQLiteStore.open(path: path, mode: .write(hub: HubID(derivedFrom: "test"), createIfMissing: true))
    }

    private func run(_ samples: [Sample], _ pipeline: Pipeline, _ store: SQLiteStore) throws -> [Event] {
        var events: [Event] = []
        for begin in stride(from: 0, to: samples.count, by: 500) {
            pipeline.take(samples[begin..<min(begin + 500, samples.count)], of: ada.id)
            let commit = pipeline.takeCommit()
            events += commit.events
            try store.commit(commit)
        }
        return events
    }

    private func derived(_ store: SQLiteStore) throws -> [Place: Sample] {
        var found: [Place: Sample] = [:]
        try store.samples(of: ada.id, metrics: Self.series, in: .all) {
            found[Place(metric: $0.metric, time: $0.time)] = $0
        }
        return found
    }

    /// What an older version would have left: other values, some missing, and states of another version.
    private func age(_ store: SQLiteStore, at: Timestamp) throws {
        var commit = Commit(at: at)
        var list: [Sample] = []
        for (n, var sample) in try derived(store).values.sorted(by: {
            ($0.time, $0.metric.rawValue) < ($1.time, $1.metric.rawValue)
        })
        .enumerated() where n % 3 != 0 {
            sample.revision += 1
            if n % 5 == 1 { sample.quality = .artefact } else { sample.value += n % 2 == 0 ? 0.5 : 1 }
            list.append(sample)
        }
        var stray = list[0]
        stray.time = stray.time + .minutes(7)
        stray.revision = 0
        commit.samples = [PersonSamples(person: ada.id, samples: list + [stray])]
        commit.states = try store.states(of: ada.id).compactMap { state in
            guard Self.changed.contains(where: { state.component == "detector/\($0)" }) else { return nil }
            var state = state
            state.version = 0
            return state
        }
        try store.commit(commit)
    }

    @Test(
        "a store ends as if the new version had run all along, and nothing of the past is decided again",
        arguments: [[], [3], [2, 9]] as [[Int]])
    func equal(cuts: [Int]) throws {
        let folder = TemporaryFolder()
        let configured = try configured()
        let whole = try open(folder.path("whole.db"))
        defer { whole.close() }
        let wholePipeline = try Pipeline(resuming: whole, configured: configured)
        _ = try run(nights(0..<50), wholePipeline, whole)
        let tail = try run(nights(50..<60), wholePipeline, whole)

        var store = try open(folder.path("renewed.db"))
        defer { store.close() }
        _ = try run(nights(0..<50), try Pipeline(resuming: store, configured: configured), store)
        try age(store, at: start + .days(50))
        #expect(try derived(store).mapValues(\.value) != derived(whole).mapValues(\.value))

        var rest = nights(50..<60)[...]
        var events: [Event] = []
        for cut in cuts + [.max] {
            store.close()
            store = try open(folder.path("renewed.db"))
            let pipeline = try Pipeline(resuming: store, configured: configured)
            #expect(pipeline.renewing.map(\.name) == ["ada"])
            var renewal = try #require(try HistoryRenewal(of: ada, in: pipeline, store: store))
            #expect(renewal.beginning.contains(Self.changed.joined(separator: ", ")))
            var slices = 0
            loop: while slices < cut {
                slices += 1
                // Life goes on between slices.
                events += try run(Array(rest.prefix(3)), pipeline, store)
                rest = rest.dropFirst(3)
                switch try renewal.step(pipeline) {
                case .more: continue
                case .corrections(let samples):
                    try store.commit(Commit(of: samples, person: ada.id, at: pipeline.now))
                case .caughtUp:
                    #expect(try renewal.finish(pipeline))
                    events += try run([], pipeline, store)
                    try store.commit(pipeline.takeCommit())
                    #expect(renewal.corrected > 100 && renewal.outcome.contains("was made anew"))
                    #expect(pipeline.renewing.isEmpty)
                    events += try run(Array(rest), pipeline, store)
                    break loop
                }
            }
        }
        // Once more from the store: nothing is left to do.
        store.close()
        store = try open(folder.path("renewed.db"))
        #expect(try Pipeline(resuming: store, configured: configured).renewing.isEmpty)

        let (a, b) = (try derived(whole), try derived(store).filter { !$0.value.quality.contains(.artefact) })
        let differing = Set(a.keys).union(b.keys).filter { a[$0]?.value != b[$0]?.value }
        #expect(
            differing.isEmpty,
            "\(differing.count) of \(a.count), such as \(differing.first.map { "\($0.metric) \($0.time)" } ?? "")")
        func detectors(_ store: SQLiteStore) throws -> [String: [UInt8]] {
            Dictionary(
                uniqueKeysWithValues: try store.states(of: ada.id).filter { $0.component.hasPrefix("detector/") }
                    .map { ($0.component, $0.bytes) })
        }
        let states = try detectors(whole)
        #expect(try detectors(store).filter { states[$0.key] != $0.value }.keys.sorted() == [])
        #expect(events.map(\.id) == tail.map(\.id))
    }
}
