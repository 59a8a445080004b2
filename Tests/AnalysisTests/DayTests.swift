import Testing
import Vitals

@testable import Analysis

@Suite("What a day adds up to")
struct DayTests {
    static let runner = AnalysisSettings(body: Body(maxHeartRate: 190, restingHeartRate: 50, sex: .male))

    @Test("an hour at 150 beats, rest 50, maximum 190: a load of 108, and sixty minutes of exercise")
    func trainingLoad() throws {
        var ada = Wearer()
        ada.wears("08:00", "09:00", heart: 50, steps: 0)
        ada.wears("09:00", "10:00", heart: 150, steps: 150)
        ada.wears("10:00", "11:00", heart: 50, steps: 0)
        let analysis = try ada.analysis(Self.runner)
        // 60 min × 100/140 × 0.64 × e^(1.92 × 100/140)
        #expect(analysis.told(.trainingLoad) == ["2026-03-02 23:59 = 108.1"])
        #expect(analysis.told(.zoneMinutes) == ["2026-03-02 23:59 = 60"])
        #expect(analysis.told(.fitness) == ["2026-03-02 23:59 = 2.6"])
        #expect(analysis.told(.fatigue) == ["2026-03-02 23:59 = 15.4"])
        #expect(analysis.told(.form) == ["2026-03-02 23:59 = -12.9"])
    }

    @Test("without a known maximum, or a resting rate, there is no load")
    func unknownMaximum() throws {
        var ada = Wearer()
        ada.wears("09:00", "10:00", heart: 150, steps: 150)
        for body in [
            Body(), Body(restingHeartRate: 50), Body(maxHeartRate: 190), Body(restingHeartRate: 50, sex: .male),
        ] {
            let analysis = try ada.analysis(AnalysisSettings(body: body))
            #expect(analysis.derived.filter { TrainingLoad.card.gives.contains($0.metric) } == [])
        }
        // 208 − 0.7 × 40 = 180
        let born = try #require(LocalDay("1986-03-02"))
        let analysis = try ada.analysis(AnalysisSettings(body: Body(restingHeartRate: 50, born: born)))
        #expect(analysis.told(.trainingLoad) == ["2026-03-02 23:59 = 129"])
    }

    @Test("days of rest let fatigue fall faster than fitness")
    func form() throws {
        var ada = Wearer()
        ada.wears("09:00", "10:00", heart: 150, steps: 150)
        for day in 1..<15 as Range<Int> { ada.wears("\(24 * day + 9):00", "\(24 * day + 9):02", heart: 50, steps: 0) }
        let analysis = try ada.analysis(Self.runner)
        let form = analysis.derived.filter { $0.metric == .form }.map(\.value)
        #expect(form.count == 15)
        #expect(zip(form, form.dropFirst()).allSatisfy(<))
        #expect(analysis.told(.fitness).last == "2026-03-16 23:59 = 1.8")
        #expect(analysis.told(.fatigue).last == "2026-03-16 23:59 = 1.8")
    }

    @Test("sitting counts in stretches of ten minutes, and only on days that are known")
    func sedentary() throws {
        var ada = Wearer()
        ada.wears("07:00", "09:00", heart: 60, steps: 0)
        ada.wears("09:00", "09:30", heart: 90, steps: 80)
        ada.wears("09:30", "09:39", heart: 70, steps: 0)
        ada.wears("09:39", "09:40", heart: 70, steps: 12)
        ada.wears("09:40", "09:50", heart: 70, steps: 0)
        ada.wears("09:50", "17:00", heart: 75, steps: 20)
        let analysis = try ada.analysis()
        // Two hours, and ten minutes; nine are no stretch. Ten hours are known.
        #expect(analysis.told(.sedentaryMinutes) == ["2026-03-02 23:00 = 130"])
        ada.samples.removeAll { $0.time > monday + 16 * 3600 + 59 * 60 }
        #expect(try ada.analysis().told(.sedentaryMinutes) == [])
    }

    @Test("a step counter in a drawer does not sit")
    func drawer() throws {
        var ada = Wearer()
        ada.wears("07:00", "23:00", heart: nil, steps: 0)
        ada.wears("08:00", "08:01", heart: 60, steps: nil)
        #expect(try ada.analysis().told(.sedentaryMinutes) == [])
    }

    @Test("the day's resting rate waits ten minutes after the last step")
    func restingDay() throws {
        var ada = Wearer()
        ada.wears("07:00", "08:00", heart: 110, steps: 90)
        ada.wears("08:00", "08:10", heart: 80, steps: 0)
        ada.wears("08:10", "09:10", heart: 64, steps: 0)
        ada.wears("09:10", "23:00", heart: 90, steps: 10)
        #expect(try ada.analysis().told(.restingHeartRateDay) == ["2026-03-02 23:00 = 64"])
        // Of 59 such minutes nothing is said.
        ada.samples.removeAll { $0.metric == .steps && $0.time == monday + (9 * 60 + 10) * 60 }
        #expect(try ada.analysis().told(.restingHeartRateDay) == [])
    }

    @Test("the night's rate is that of the night in the person's zone")
    func restingNight() throws {
        var ada = Wearer()
        ada.wears("00:00", "23:00", heart: { $0 < 6 * 3600 ? 52 : 70 }, steps: { _ in 0 })
        #expect(try ada.analysis().told(.restingHeartRate) == ["2026-03-02 07:00 = 54.6"])
        // 07:00 in Berlin is 06:00 UTC.
        let berlin = try Zone(named: "Europe/Berlin")
        #expect(
            try ada.analysis(AnalysisSettings(zone: berlin)).told(.restingHeartRate) == ["2026-03-02 06:00 = 52"])
    }

    @Test("a session tells its minutes in five zones, and how far the heart rate falls in the first minute")
    func session() throws {
        var ada = Wearer()
        ada.wears("08:00", "09:00", heart: 60, steps: 0)
        ada.wears("09:00", "09:20", every: 5, heart: { _ in 150 }, steps: { _ in 150 })
        ada.wears("09:20", "09:30", every: 5, heart: { _ in 165 }, steps: { _ in 160 })
        // Half a beat a second, for two minutes.
        ada.wears("09:30", "09:32", every: 5, heart: { 165 - Float($0) / 2 }, steps: { _ in 0 })
        ada.wears("09:32", "10:00", every: 5, heart: { _ in 100 }, steps: { _ in 0 })
        let analysis = try ada.analysis(Self.runner)
        let session = try #require(analysis.sessions.first)
        #expect(analysis.sessions.count == 1)
        #expect(session.start == monday + 9 * 3600 && session.end == monday + 9 * 3600 + 1800)
        #expect(session.peakHeartRate == 165 && session.meanHeartRate == 155)
        // 70 % of reserve is 148, 80 % is 162.
        #expect(session.zoneMinutes == [0, 0, 20, 10, 0])
        // Told when the session is complete.
        #expect(analysis.told(.hrRecovery60) == ["2026-03-02 09:40 = 30"])
        #expect(try ada.analysis().sessions.first?.zoneMinutes == [])
    }

    @Test("heart rate once a minute says nothing about the first minute after exercise")
    func coarseRecovery() throws {
        var ada = Wearer()
        ada.wears("09:00", "09:30", every: 60, heart: { _ in 150 }, steps: { _ in 150 })
        ada.wears("09:30", "10:00", every: 60, heart: { _ in 90 }, steps: { _ in 0 })
        let analysis = try ada.analysis(Self.runner)
        #expect(analysis.sessions.count == 1)
        #expect(analysis.told(.hrRecovery60) == [])
    }

    @Test("a workout that arrives the next morning completes the day before, with a higher revision")
    func late() throws {
        var ada = Wearer()
        ada.wears("08:00", "09:00", heart: 60, steps: 0)
        var run = Wearer()
        run.wears("20:00", "20:30", heart: 150, steps: 150)
        ada.wears("32:00", "34:00", heart: 60, steps: 0)
        ada.samples += run.samples.map { sample in
            var late = sample
            late.received = monday + 33 * 3600
            return late
        }
        let analysis = try ada.analysis(Self.runner)
        let loads = analysis.derived.filter { $0.metric == .trainingLoad }
        #expect(loads.map(\.revision) == [1, 0])
        // Half an hour of it, and the hour at 60; of both, the last value held for nobody knows how long.
        #expect(analysis.told(.trainingLoad).first == "2026-03-02 23:59 = 56.9")
        #expect(analysis.told(.fitness).first == "2026-03-02 23:59 = 1.4")
    }
}
