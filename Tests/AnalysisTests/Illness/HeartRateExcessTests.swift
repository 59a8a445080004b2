import Testing
import Vitals

@testable import Analysis

@Suite("Heart rate above what the person's own steps explain")
struct HeartRateExcessTests {
    /// Minutes of a person whose heart follows steps smoothed over two minutes: 60 + 0.3 e + 1.5 √e.
    static func day(_ seed: UInt64, odd: Double = 0, scale: Double = 1, lag: Int = 1) -> [HeartRateModel.Minute] {
        var random = Random(seed)
        var level = HeartRateModel.Exertion()
        var steps = 0.0
        var minutes: [HeartRateModel.Minute] = []
        for m in 0..<1440 {
            if m % 12 == 0 {
                steps = Int.random(in: 0..<5, using: &random) == 0 ? Double.random(in: 10...130, using: &random) : 0
            }
            if m < 420 { steps = 0 }
            level.take(steps.rounded())
            guard let e = level.values else { continue }
            var rate = truth(e[lag]) + Double.random(in: -3...3, using: &random)
            if Double.random(in: 0..<1, using: &random) < odd { rate += 40 }
            minutes.append(HeartRateModel.Minute(hour: m / 60, rate: rate * scale, exertion: e))
        }
        return minutes
    }

    static func truth(_ e: Double) -> Double { 60 + 0.3 * e + 1.5 * e.squareRoot() }

    static func learned(_ days: [[HeartRateModel.Minute]]) -> HeartRateModel {
        var model = HeartRateModel()
        for (i, day) in days.enumerated() { model.learn(day: Int32(i), day) }
        return model
    }

    @Test("it learns the person's lag and relation, and says nothing before seven days")
    func learns() throws {
        #expect(!Self.learned((0..<6).map { Self.day($0) }).isReady)
        let model = Self.learned((0..<14).map { Self.day($0) })
        #expect(model.isReady && model.lag == 1)
        for e in [0.0, 5, 20, 60, 100] {
            let expected = try #require(model.expected(hour: 14, exertion: e))
            #expect(abs(expected - Self.truth(e)) < 1.5, "\(e): \(expected) for \(Self.truth(e))")
        }
    }

    @Test("a heart that follows slower or faster is recognised by its lag", arguments: [0, 1, 2])
    func lag(_ lag: Int) throws {
        let model = Self.learned((0..<10).map { Self.day($0, lag: lag) })
        #expect(model.lag == lag)
        // Smoothed over one, two and four minutes: a step of 100 after three minutes.
        var level = HeartRateModel.Exertion()
        for _ in 0..<20 { level.take(0) }
        for _ in 0..<3 { level.take(100) }
        let smoothed = try #require(level.values)
        for (value, expected) in zip(smoothed, [95.02, 77.69, 52.76]) { #expect(abs(value - expected) < 0.01) }
    }

    @Test("a fifth of wild minutes and five wild days of fourteen move it by little")
    func robust() throws {
        let days = (0..<14).map { Self.day(UInt64($0), odd: $0 % 3 == 1 ? 0.45 : 0.1) }
        let model = Self.learned(days)
        for e in [0.0, 20, 60, 100] {
            let expected = try #require(model.expected(hour: 14, exertion: e))
            #expect(abs(expected - Self.truth(e)) < 3, "\(e): \(expected) for \(Self.truth(e))")
        }
    }

    @Test("a heart that beats a tenth faster throughout is expected a tenth faster")
    func scaling() throws {
        let plain = Self.learned((0..<10).map { Self.day($0) })
        let scaled = Self.learned((0..<10).map { Self.day($0, scale: 1.1) })
        for e in [0.0, 10, 80] {
            let a = try #require(plain.expected(hour: 10, exertion: e))
            let b = try #require(scaled.expected(hour: 10, exertion: e))
            #expect(abs(b - 1.1 * a) < 0.05)
        }
    }

    @Test("what was never seen is not guessed: hours without rest, exertion of a person who never moved, bad numbers")
    func unknown() throws {
        let still = Self.learned((0..<10).map { Self.day($0).filter { $0.hour < 5 } })
        #expect(still.expected(hour: 3, exertion: 0) != nil)
        #expect(still.expected(hour: 3, exertion: 60) == nil)
        #expect(still.expected(hour: 12, exertion: 0) == nil)
        #expect(still.expected(hour: 24, exertion: 0) == nil && still.expected(hour: -1, exertion: 0) == nil)
        #expect(Self.learned([]).expected(hour: 3, exertion: 0) == nil)
        #expect(HeartRateModel.huber([]) == nil)
        #expect(HeartRateModel.huber(Array(repeating: (x: 20.0, y: 5.0), count: 50)) == nil)
    }

    @Test("days older than four weeks are forgotten, and a day learned again counts once")
    func memory() {
        var model = Self.learned((0..<40).map { Self.day($0) })
        #expect(model.past.count == HeartRateModel.days && model.past.first?.day == 12)
        model.learn(day: 39, Self.day(39))
        #expect(model.past.count == HeartRateModel.days && model.past.last?.day == 39)
        model.learn(day: 400, Self.day(3))
        #expect(model.past.map(\.day) == [400] && !model.isReady)
    }

    // MARK: Through the analysis

    /// Mornings from 08:00 to 11:00 in minutes of both, with a walk of ten minutes each hour; from `raised` on twelve
    /// beats more.
    static func mornings(_ days: Range<Int64>, raised: Int64 = .max, wild: Int64 = .max) -> [Happening] {
        var list: [Happening] = []
        for day in days {
            var random = Random(UInt64(day))
            var level = HeartRateModel.Exertion()
            for m in Int64(0)..<180 {
                let start = monday + (day * 86_400 + 8 * 3600 + m * 60)
                let steps: Float = m % 60 >= 30 && m % 60 < 40 ? Float(Int.random(in: 70...110, using: &random)) : 0
                level.take(Double(steps))
                let e = level.values?[1] ?? 0
                let rate =
                    Float(Self.truth(e)).rounded() + (day >= raised ? 12 : 0)
                    + (day >= wild && m % 5 < 2 ? 45 : 0)
                let measured = start + 20
                list.append(
                    .sample(
                        Sample(metric: .heartRate, value: rate, time: measured, received: measured, source: watch)))
                list.append(
                    .sample(
                        Sample(
                            metric: .steps, value: steps, time: start + 60, span: 60_000, received: start + 60,
                            source: watch)))
            }
        }
        return list
    }

    static func run(_ happenings: [Happening], cuts: Bool = false) throws -> Driver {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        var random = Random(7)
        for one in happenings {
            driver.take(one)
            if cuts, Int.random(in: 0..<150, using: &random) == 0 { try driver.interrupt() }
        }
        driver.run(until: (happenings.last?.at ?? monday) + 86_400)
        return driver
    }

    @Test("on usual days the excess is near zero, walks included; twelve beats more are an excess of twelve")
    func excess() throws {
        let driver = try Self.run(Self.mornings(0..<11, raised: 10))
        let found = driver.stored.filter { $0.metric == .hrExcess }
        let days = Dictionary(grouping: found) { ($0.time.milliseconds - monday.milliseconds) / 86_400_000 }
        #expect(days.keys.sorted() == [7, 8, 9, 10])
        for (day, samples) in days {
            #expect(samples.count >= 28)
            for sample in samples {
                #expect(abs(sample.value - (day == 10 ? 12 : 0)) < 4, "\(sample.time) \(sample.value)")
                #expect(sample.time.milliseconds % 300_000 == 0)
            }
        }
    }

    @Test("two wild minutes of five say nothing: of each five minutes it is the median")
    func median() throws {
        let found = try Self.run(Self.mornings(0..<9, wild: 8)).stored.filter {
            $0.metric == .hrExcess && $0.time >= monday + 8 * 86_400
        }
        #expect(found.count >= 28 && found.allSatisfy { abs($0.value) < 4 }, "\(found.map(\.value))")
    }

    @Test("interrupted anywhere it goes on bit for bit")
    func interrupted() throws {
        let happenings = Self.mornings(0..<10, raised: 9)
        let whole = try Self.run(happenings)
        let cut = try Self.run(happenings, cuts: true)
        #expect(whole.stored == cut.stored)
        #expect(whole.stored.contains { $0.metric == .hrExcess })
    }

    @Test("minutes without word of steps are not taken for still ones")
    func withoutSteps() throws {
        let happenings = Self.mornings(0..<10).filter {
            guard case .sample(let sample) = $0, sample.metric == .steps else { return true }
            return sample.time < monday + 8 * 86_400
        }
        let found = try Self.run(happenings).stored.filter { $0.metric == .hrExcess }
        #expect(!found.isEmpty && found.allSatisfy { $0.time < monday + 8 * 86_400 })
    }
}
