import Analysis
import RuleEngine
import Storage
import Testing
import Vitals

@testable import Hub

@Suite("Questions to a store")
struct StoreQueryTests {
    private let folder = TemporaryFolder()
    private let ada = TestHousehold.person
    private let start = Timestamp(milliseconds: 1_780_437_600_000)

    /// Four hours of two sensors whose values need every bit of a Float, with gaps and steps by the quarter of an hour.
    private func samples(seed: UInt64) -> [Sample] {
        var random = SplitMix(state: seed)
        func share() -> Float { Float(random.next() % 100_000) / 100_000 }
        var samples: [Sample] = []
        var time = start
        var level: Float = 71.3
        while time < start + .hours(4) {
            time = time + .milliseconds(Int64(300 + random.next() % 1400))
            if random.next() % 3000 == 0 { time = time + .seconds(Int64(random.next() % 900)) }
            level = min(max(level + share() * 3 - 1.5, 45), 180)
            let source = DeviceID(derivedFrom: random.next() % 3 == 0 ? "strap" : "band")
            samples.append(
                Sample(metric: .heartRate, value: level, time: time, received: time, source: source))
            if random.next() % 7 == 0 {
                samples.append(
                    Sample(metric: .spo2, value: 90 + share() * 9, time: time, received: time, source: source))
            }
        }
        for quarter in 1...16 {
            let end = start + .minutes(15 * Int64(quarter))
            samples.append(
                Sample(
                    metric: .steps, value: Float(random.next() % 900), time: end, span: 900_000, received: end,
                    source: DeviceID(derivedFrom: "band")))
        }
        return samples.sorted { ($0.time, $0.metric.rawValue, $0.source) < ($1.time, $1.metric.rawValue, $1.source) }
    }

    private static let expressions = [
        "mean(heart_rate, 10m)", "std(heart_rate, 7m)", "min(heart_rate, 30s)", "max(heart_rate, 2h)",
        "slope(heart_rate, 20m)", "median(heart_rate, 15m)", "quantile(heart_rate, 1h, 0.9)", "mad(heart_rate, 5m)",
        "ewma(heart_rate, 1h, 10m)", "coverage(heart_rate, 10m)", "delta(heart_rate, 5m)", "heart_rate",
        "sum(steps, 40m)", "rate(steps, 1h)", "mean(spo2, 3h) - min(spo2, 3h)", "age_of(heart_rate)",
        "stale(heart_rate, 2m)", "if(session.active, 1, 0)", "mean(heart_rate, 1m) > 100 and sum(steps, 1h) < 2000",
    ]

    /// What the daemon's path reads at every tick, with a hub that asks for nothing else.
    private func lived(_ text: String, _ samples: [Sample]) throws -> [Timestamp: UInt64] {
        let expression = try Expression.compile(text)
        let zone = try Zone(named: ada.zone)
        var facts = try PersonFacts(
            person: ada, zone: zone,
            settings: AnalysisSettings(zone: zone, features: expression.features, body: Body(ada)))
        var values: [Timestamp: UInt64] = [:]
        var next = samples.startIndex
        var tick = start
        let last = samples.last?.time ?? start
        while tick < last + .minutes(5) {
            tick = tick + Ticks.pane
            while next < samples.endIndex, samples[next].time <= tick {
                facts.analysis.take(samples[next])
                next += 1
            }
            facts.close(tick: tick)
            values[tick] = expression.evaluate(facts).bitPattern
        }
        return values
    }

    @Test("what a query reads of the past, the path read when it was the present: bit for bit", arguments: expressions)
    func asLived(_ expression: String) throws {
        let samples = samples(seed: UInt64(expression.utf8.count))
        let store = try SQLiteStore.open(
            path: folder.path("a.db"), mode: .write(hub: .random(), createIfMissing: true))
        defer { store.close() }
        var commit = Commit(at: start + .hours(5))
        commit.people = [ada]
        commit.samples = [PersonSamples(person: ada.id, samples: samples)]
        try store.commit(commit)
        try store.sealAll()
        let lived = try lived(expression, samples)
        var told = 0
        var known = 0
        for step in [TimeSpan.seconds(5), .minutes(1), .minutes(13)] {
            try StoreQuery.run(expression: expression, store: store, person: ada, range: nil, step: step) {
                time, value, _ in
                guard let then = lived[time] else { return }
                told += 1
                if value.isFinite { known += 1 }
                let same = then == value.bitPattern || (value.isNaN && Double(bitPattern: then).isNaN)
                #expect(same, "\(expression) at \(time): \(value), then \(Double(bitPattern: then))")
            }
        }
        #expect(told > 2900 && known > 1000, "\(told) rows, \(known) known")
    }

    @Test("what rules read of sessions, a query reads too; what they do not need, it leaves alone")
    func metrics() throws {
        func read(_ text: String) throws -> Set<Metric>? {
            Feature.metrics(read: try Expression.compile(text).features)
        }
        #expect(try read("mean(heart_rate, 10m) > 100 and sum(steps, 1h) < 50") == [.heartRate, .steps])
        #expect(try read("if(session.active, heart_rate, 0)") == nil)
        #expect(try read("zscore(resting_heart_rate, 28d)") == [.restingHeartRate])
        #expect(try read("time_of_day > 3h") == [.restingHeartRate])
    }

    @Test("every derived series can be asked for, by its name and over days")
    func derivedSeries() throws {
        // DESIGN §7, in its order; a series is added here when a detector begins to give it.
        let series: [Metric] = [
            .restingHeartRate, .restingHeartRateDay, .hrvNight, .nightSignal, .illnessCusum, .illnessAlarm,
            .irregularRhythm, .hrExcess, .hrRecovery60, .trainingLoad, .fitness, .fatigue, .form, .zoneMinutes,
            .sedentaryMinutes, .sensorState, .discord, .controlChart, .controlCusum, .controlScore,
        ]
        #expect(Set(DetectorCard.all.flatMap(\.gives)) == Set(series))
        #expect(Set(Metric.allCases.filter { $0.rawValue >= 100 }).isSubset(of: Set(series)))
        let store = try SQLiteStore.open(
            path: folder.path("derived.db"), mode: .write(hub: .random(), createIfMissing: true))
        defer { store.close() }
        var commit = Commit(at: start)
        commit.people = [ada]
        commit.devices = [.detectors]
        for (n, metric) in series.enumerated() {
            let value = metric == .illnessAlarm || metric == .nightSignal ? 2 : metric == .irregularRhythm ? 1 : 30
            commit.samples.append(
                PersonSamples(
                    person: ada.id,
                    samples: [
                        Sample(
                            metric: metric, value: Float(metric == .sensorState ? 7 : value),
                            time: start + .minutes(Int64(n)), received: start + .minutes(Int64(n)), source: .derived)
                    ]))
        }
        try store.commit(commit)
        // The last row: a step after the last sample.
        let end = start + .minutes(Int64(series.count))
        for (n, metric) in series.enumerated() {
            let expected =
                metric == .sensorState
                ? 7 : metric == .illnessAlarm || metric == .nightSignal ? 2.0 : metric == .irregularRhythm ? 1 : 30
            let soon = start + .minutes(Int64(n)) + .minutes(1)
            for (text, at) in [(metric.name, soon), ("last(\(metric.name), 26h)", end)] {
                var values: [Timestamp: Double] = [:]
                try StoreQuery.run(
                    expression: text, store: store, person: ada, range: TimeRange(start, end), step: .minutes(1)
                ) { time, value, _ in values[time] = value }
                #expect(values[at] == expected, "\(text)")
            }
        }
    }
}
