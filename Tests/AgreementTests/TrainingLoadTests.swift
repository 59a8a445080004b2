import Testing
import Vitals

@testable import Analysis

@Suite("Training load agrees with reference figures", .enabled(if: SharedData.isHere))
struct TrainingLoadTests {
    private static let body = Body(maxHeartRate: 190, restingHeartRate: 50)

    /// A workout's heart rates, as the path gives them to detectors.
    static func samples(_ workout: Substring) throws -> [Sample] {
        try SharedData.rows("workouts/csv/\(workout).csv.gz").dropFirst().compactMap { row in
            guard let time = Timestamp(String(row[0]), zone: .utc), let rate = Float(row[1]) else { return nil }
            return Sample(
                metric: .heartRate, value: rate, time: time, received: time, source: DeviceID(high: 1, low: 1))
        }
    }

    private static func times(_ workout: Substring) throws -> HeartRateTimes {
        var times: HeartRateTimes?
        var last: Sample?
        for sample in try samples(workout) {
            if times == nil {
                // Workouts after midnight belong to one account here: the day is as long as need be.
                let start = sample.time.milliseconds
                times = HeartRateTimes(day: DaySpan(number: 0, start: start, end: start + 86_400_000))
            }
            if let last {
                times?.add(
                    last.value,
                    for: Swift.min((sample.time - last.time).milliseconds, HeartRateTimes.longestHold))
            }
            last = sample
        }
        return try #require(times)
    }

    @Test("Banister's and Edwards' load of 33 workouts to 1e-6")
    func workouts() throws {
        let rows = try SharedData.rows("workouts/expected/training_load.csv")
        func column(_ name: String) throws -> Int { try #require(rows[0].firstIndex { $0 == name }) }
        // Two columns hold lists with commas; those asked for stand before them.
        let men = try column("own_banister_samplewise")
        let women = try column("own_banister_samplewise_female")
        let zones = try column("own_edwards_minutes")
        #expect(rows.count == 34)
        for row in rows.dropFirst() {
            let times = try Self.times(row[0])
            func load(_ sex: Person.Sex?, _ formula: LoadFormula = .banister) -> Double {
                TrainingLoad.load(times, rest: 50, most: 190, sex: sex, by: formula)
            }
            #expect(abs(load(.male) - (try #require(Double(row[men])))) < 1e-6, "\(row[0])")
            #expect(load(nil) == load(.male))
            #expect(abs(load(.female) - (try #require(Double(row[women])))) < 1e-6, "\(row[0])")
            #expect(abs(load(nil, .edwards) - (try #require(Double(row[zones])))) < 1e-6, "\(row[0])")
        }
    }

    @Test("fitness, fatigue and form of 30 days to 1e-6")
    func means() throws {
        var means = TrainingLoad.Means()
        let rows = try SharedData.rows("workouts/expected/performance_manager.csv")
        #expect(rows.count > 25)
        for row in rows.dropFirst() {
            means.add(try #require(Double(row[1])))
            let expected = try row[5...7].map { try #require(Double($0)) }
            #expect(abs(means.fitness - expected[0]) < 1e-6, "\(row[0])")
            #expect(abs(means.fatigue - expected[1]) < 1e-6, "\(row[0])")
            #expect(abs(means.fitness - means.fatigue - expected[2]) < 1e-6, "\(row[0])")
        }
    }

    @Test("a workout through the whole path has the load of the formula")
    func path() throws {
        let samples = try Self.samples("tracker_2013-06-05-062419")
        let analysis = try FileAnalysis(
            samples, person: PersonID(high: 1, low: 1), settings: AnalysisSettings(body: Self.body))
        let load = analysis.derived.filter { $0.metric == .trainingLoad }
        #expect(load.map(\.value) == [48.366085])
        #expect(load.first?.time == Timestamp("2013-06-05T23:59:59.999Z"))
    }
}
