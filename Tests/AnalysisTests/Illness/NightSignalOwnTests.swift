import Testing
import Vitals

@testable import Analysis

@Suite("The daemon's own night signal and control chart")
struct NightSignalOwnTests {
    static func nights(_ averages: [Double?], from day: Int32 = 100) -> [NightSignal.Night] {
        averages.enumerated().compactMap { i, value in
            value.map { NightSignal.Night(day: day + Int32(i), average: $0) }
        }
    }

    static let usual: [Double?] = [58, 60, 59, 61, 60, 60, 59, 62, 60, 61, 60, 58]

    @Test(
        "two raised nights are a signal: 2 from four beats on, 1 from three, as much as the lower of them",
        arguments: [
            ([64, 64], 2), ([63.9, 64], 1), ([64, 63], 1), ([63, 63], 1), ([62.9, 64], 0), ([64, 62.9], 0),
            ([64, 60], 0), ([64, nil, 64], 2), ([64, 60, 64], 0),
        ] as [([Double?], Int)])
    func twoNights(raised: [Double?], signal: Int) {
        #expect(NightSignal.own(Self.nights(Self.usual + raised)) == signal)
    }

    @Test("not enough data: fewer than ten nights before, a raised night whose two forerunners are missing, no night")
    func notEnough() {
        #expect(NightSignal.own(Self.nights(Array(Self.usual.prefix(10)))) == nil)
        #expect(NightSignal.own(Self.nights(Array(Self.usual.prefix(11)))) == 0)
        #expect(NightSignal.own(Self.nights(Self.usual + [nil, nil, 64])) == nil)
        #expect(NightSignal.own(Self.nights(Self.usual + [nil, nil, 60])) == 0)
        // Ten nights before this one, but only nine before the one it leans on.
        #expect(NightSignal.own(Self.nights([60, 60, 60, 60, 60, 60, 60, 60, 60, 64, 64])) == nil)
        #expect(NightSignal.own([NightSignal.Night]()) == nil)
        #expect(NightSignal.own(Self.nights(Self.usual + [.nan])) == nil)
        #expect(NightSignal.own(Self.nights(Self.usual + [.infinity, 64])) == nil)
    }

    @Test("nights older than two months, and the judged night itself, make no usual")
    func memory() {
        let old = Self.nights(Self.usual.map { _ in 80 }, from: 20)
        #expect(NightSignal.own(old + Self.nights(Self.usual + [64, 64], from: 100)) == 2)
        let recent = Self.nights(Self.usual.map { _ in 80 }, from: 88)
        #expect(NightSignal.own(recent + Self.nights(Self.usual + [64, 64], from: 100)) == 0)
    }

    @Test("another date, or a heart that beats faster all along, changes nothing", arguments: [1, 2, 3] as [UInt64])
    func shifts(seed: UInt64) {
        var random = Random(seed)
        let values = (0..<80).map { _ -> Double? in
            Int.random(in: 0..<8, using: &random) == 0 ? nil : Double(Int.random(in: 222...270, using: &random)) / 4
        }
        func signals(_ nights: [NightSignal.Night]) -> [Int?] {
            nights.indices.map { NightSignal.own(nights[...$0]) }
        }
        let plain = signals(Self.nights(values))
        #expect(Set(plain.map { $0 ?? -1 }).count >= 3)
        #expect(signals(Self.nights(values, from: 17_000)) == plain)
        #expect(signals(Self.nights(values.map { $0.map { $0 + 25 } })) == plain)
    }

    // MARK: Through the analysis

    static func night(_ day: Int64, _ value: Float, revision: UInt8 = 0, after: Int64 = 0) -> Happening {
        let time = monday + (day * 86_400 + 7 * 3600)
        return .sample(
            Sample(
                metric: .restingHeartRate, value: value, time: time, received: time + after + 60, source: watch,
                revision: revision))
    }

    private func series(_ driver: Driver, _ metric: Metric) -> [String] {
        driver.stored.filter { $0.metric == metric }
            .map { "\(($0.time.milliseconds - monday.milliseconds) / 86_400_000)/\($0.revision): \($0.value)" }
    }

    @Test("fed night by night the series are those of all nights at once, and nothing of them ever changes")
    func streaming() throws {
        var random = Random(8)
        let values = (0..<70).map { _ in Float(Int.random(in: 218...272, using: &random)) / 4 }
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        for (day, value) in values.enumerated() where day % 9 != 8 { driver.take(Self.night(Int64(day), value)) }
        driver.run(until: monday + 71 * 86_400)
        let nights = values.indices.filter { $0 % 9 != 8 }.map {
            NightSignal.Night(day: Int32($0), average: Double(values[$0]))
        }
        let expected = nights.indices.compactMap { i in
            NightSignal.own(nights[...i]).map { "\(nights[i].day)/0: \(Float($0))" }
        }
        #expect(series(driver, .nightSignal) == expected)
        #expect(Set(expected.map { $0.suffix(3) }) == ["0.0", "1.0", "2.0"])
        let charts = [Metric.controlChart, .controlCusum, .controlScore].map { series(driver, $0) }
        #expect(charts[0].count > 40 && charts[1].count == charts[0].count)
        // The score is what a rule reads as zscore.
        let last = try #require(charts[2].last)
        #expect(
            last.hasSuffix(
                ": \(Float(driver.analysis.daily.zscore(.restingHeartRate, days: 28, today: Int32(monday.milliseconds / 86_400_000) + 69)))"
            ))
    }

    @Test("interrupted after any night, and between its value and its judgement, the series go on")
    func interrupted() throws {
        var random = Random(9)
        let values = (0..<40).map { _ in Float(Int.random(in: 218...272, using: &random)) / 4 }
        var whole = try Driver(AnalysisSettings(), from: monday)
        var cut = try Driver(AnalysisSettings(), from: monday)
        (whole.isSparse, cut.isSparse) = (true, true)
        for (day, value) in values.enumerated() {
            whole.take(Self.night(Int64(day), value))
            cut.take(Self.night(Int64(day), value))
            if day % 2 == 0 { cut.run(until: monday + (Int64(day) * 86_400 + 7 * 3600 + 300)) }
            try cut.interrupt()
        }
        whole.run(until: monday + 41 * 86_400)
        cut.run(until: monday + 41 * 86_400)
        #expect(whole.stored == cut.stored)
        #expect(series(whole, .nightSignal).count > 20)
    }

    @Test("a night corrected late is judged again, with those that lean on it, under a higher revision")
    func corrected() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        let values = Self.usual.compactMap { $0 }.map { Float($0) } + [66, 60]
        for (day, value) in values.enumerated() { driver.take(Self.night(Int64(day), value)) }
        #expect(series(driver, .nightSignal).suffix(1) == ["12/0: 0.0"])
        driver.run(until: monday + (13 * 86_400 + 9 * 3600))
        driver.take(Self.night(13, 66, revision: 1, after: 3 * 3600))
        driver.run(until: monday + 14 * 86_400)
        #expect(series(driver, .nightSignal).suffix(2) == ["13/0: 0.0", "13/1: 2.0"])
    }

    @Test("the chart reads in its own standard deviations, from the first score on, and starts anew after a pause")
    func chart() {
        func chart(_ scores: [Double], days: [Int32]? = nil) -> Double {
            ControlChart.charts(zip(days ?? scores.indices.map { Int32($0) }, scores).map { ($0, $1) }).mean
        }
        #expect(abs(chart([1]) - 1) < 1e-12)
        // λ = 0.2: means 0.2 and 0.36, deviations 0.2 and 0.2 √1.64.
        #expect(abs(chart([1, 1]) - 0.36 / (0.2 * 1.64.squareRoot())) < 1e-12)
        #expect(abs(chart(Array(repeating: 1, count: 60)) - 3) < 1e-5)
        #expect(chart([3, -2, 1]) == -chart([-3, 2, -1]))
        #expect(chart([50]) == chart([4]) && chart([.infinity]) == chart([4]))
        #expect(chart([4, 4, .nan, 1], days: [0, 1, 2, 9]) == chart([1]))
        #expect(chart([4, 4, 1], days: [0, 1, 8]) != chart([1]))
        #expect(chart([]).isNaN && chart([.nan]).isNaN)
    }

    @Test("the sum adds what exceeds half a deviation, on the side that exceeds it more, and starts anew after a pause")
    func sum() {
        func sum(_ scores: [Double], days: [Int32]? = nil) -> Double {
            ControlChart.charts(zip(days ?? scores.indices.map { Int32($0) }, scores).map { ($0, $1) }).sum
        }
        #expect(sum([1]) == 0.5 && sum([-1]) == -0.5 && sum([0.5]) == 0)
        #expect(sum([1, 1, 1]) == 1.5 && sum([1, -2]) == -1.5 && sum([3, -1]) == 1)
        #expect(sum([50]) == 3.5 && sum([.nan, 2, .nan]) == 1.5)
        #expect(sum([4, 4, 1], days: [0, 1, 9]) == 0.5 && sum([4, 4, 1], days: [0, 1, 8]) == 7.5)
        #expect(sum([]).isNaN && sum([.nan]).isNaN)
    }
}
