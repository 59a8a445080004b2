import Testing
import Vitals

@testable import Analysis

@Suite("Derived series do not depend on what does not matter")
struct DetectorPropertyTests {
    static let settings = AnalysisSettings(body: Body(maxHeartRate: 185, restingHeartRate: 55, sex: .female))

    /// Three days of a wearer with nights, walks, a run, gaps and late nights.
    static func days(seed: UInt64) -> [Sample] {
        var random = Random(seed)
        var ada = Wearer()
        for day in 0..<3 as Range<Int64> {
            for hour in 0..<24 as Range<Int64> where Int.random(in: 0..<12, using: &random) > 0 {
                let from = "\(day * 24 + hour):00"
                let to = "\(day * 24 + hour):\(Int.random(in: 20...59, using: &random))"
                let isRun = hour == 17
                let jitter = Float.random(in: 0...9, using: &random).rounded()
                ada.wears(
                    from, to, every: 30, heart: { (isRun ? 140 : hour < 7 ? 52 : 68) + jitter + Float($0 / 30 % 4) },
                    steps: { isRun ? 150 : hour < 7 || $0 % 20 > 2 ? 0 : 30 })
            }
        }
        return ada.samples.map { sample in
            var sample = sample
            // Some hours come in the morning.
            if sample.time.milliseconds / 3_600_000 % 5 == 0 { sample.received = sample.time + 8 * 3600 }
            return sample
        }.sorted { ($0.received, $0.time, $0.metric.rawValue) < ($1.received, $1.time, $1.metric.rawValue) }
    }

    /// Where a file's analysis ends: a quarter of an hour after the day in which the last of it arrived.
    static func end(of samples: [Sample]) -> Timestamp {
        let day = Zone.utc.day(of: samples.last?.received ?? monday) + 1
        return Zone.utc.start(of: day) + .minutes(15) + .seconds(3)
    }

    @Test("the same days a week or a year of weeks later give the same values", arguments: [7, 364] as [Int64])
    func shift(days: Int64) throws {
        let samples = Self.days(seed: 5)
        let shifted = samples.map { sample in
            var sample = sample
            sample.time = sample.time + .days(days)
            sample.received = sample.received + .days(days)
            return sample
        }
        let one = try FileAnalysis(samples, person: ana, settings: Self.settings)
        let two = try FileAnalysis(shifted, person: ana, settings: Self.settings)
        #expect(one.derived.count > 20)
        #expect(one.derived.map(\.value) == two.derived.map(\.value))
        #expect(one.derived.map { $0.time + .days(days) } == two.derived.map(\.time))
    }

    @Test("files and the live path give the same", arguments: [5, 6] as [UInt64])
    func live(seed: UInt64) throws {
        let samples = Self.days(seed: seed)
        let file = try FileAnalysis(samples, person: ana, settings: Self.settings)
        var driver = try Driver(Self.settings, from: monday)
        driver.take(samples.map { .sample($0) })
        driver.run(until: Self.end(of: samples))
        var live: [String: Float] = [:]
        for sample in driver.stored where sample.source == .derived {
            live["\(sample.metric) \(sample.time)"] = sample.value
        }
        var filed: [String: Float] = [:]
        for sample in file.derived { filed["\(sample.metric) \(sample.time)"] = sample.value }
        #expect(live.filter { filed[$0] != $1 } == [:])
        #expect(filed.filter { live[$0] != $1 } == [:])
        #expect(
            Set(file.derived.map(\.metric)).isSuperset(of: [.trainingLoad, .restingHeartRate, .form, .zoneMinutes]))
    }

    @Test("one person's values do not depend on who else there is, nor in which order they are closed")
    func people() throws {
        let streams = [5, 6, 7].map { Self.days(seed: $0) }
        let alone = try streams.map { try FileAnalysis($0, person: ana, settings: Self.settings).derived }
        var drivers = try streams.map { _ in try Driver(Self.settings, from: monday) }
        var places = [0, 0, 0]
        var random = Random(3)
        while true {
            let open = places.indices.filter { places[$0] < streams[$0].count }
            guard let next = open.randomElement(using: &random) else { break }
            drivers[next].take(.sample(streams[next][places[next]]))
            places[next] += 1
        }
        for n in drivers.indices {
            drivers[n].run(until: Self.end(of: streams[n]))
            let last = Dictionary(
                drivers[n].stored.filter { $0.source == .derived }.map { ("\($0.metric) \($0.time)", $0.value) },
                uniquingKeysWith: { $1 })
            #expect(
                last == Dictionary(alone[n].map { ("\($0.metric) \($0.time)", $0.value) }, uniquingKeysWith: { $1 }))
        }
    }

    @Test("clocks that go back, a hundred years of gap, 10 000 values a second, infinities and duplicates end well")
    func badInput() throws {
        var samples: [Sample] = []
        func add(_ metric: Metric, _ value: Float, _ milliseconds: Int64, received: Int64? = nil) {
            samples.append(
                Sample(
                    metric: metric, value: value, time: monday + .milliseconds(milliseconds),
                    span: metric == .steps ? 60_000 : 0, received: monday + .milliseconds(received ?? milliseconds),
                    source: strap))
        }
        for n in 0..<20_000 as Range<Int64> { add(.heartRate, 70 + Float(n % 5), n / 10) }
        for n in 0..<600 as Range<Int64> { add(.heartRate, 80, 3_600_000 - n * 1000, received: 3_600_000) }
        for value in [Float.infinity, -.infinity, .nan, 0, -70, 1e30] { add(.heartRate, value, 3_700_000) }
        for _ in 0..<50 { add(.heartRate, 75, 3_800_000) }
        for _ in 0..<50 { add(.steps, 10, 3_840_000) }
        let century: Int64 = 36_525 * 86_400_000
        for n in 0..<3600 as Range<Int64> { add(.heartRate, 90 + Float(n % 7), century + n * 1000) }
        let analysis = try FileAnalysis(samples, person: ana, settings: Self.settings)
        #expect(analysis.derived.allSatisfy { $0.value.isFinite })
        #expect(analysis.derived.allSatisfy { $0.metric.plausible.contains($0.value) })
        // The gap is not walked through day by day, and both its ends are told.
        #expect(analysis.derived.count < 1000)
        let loads = analysis.derived.filter { $0.metric == .trainingLoad }.map { $0.time > monday + .days(30_000) }
        #expect(loads == [false, true])
        #expect(analysis.counts.notFinite == 3)
    }
}
