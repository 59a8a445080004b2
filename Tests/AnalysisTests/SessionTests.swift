import Testing
import Vitals

@testable import Analysis

/// A person minute by minute: steps and heart rate.
private struct Minutes {
    var driver: Driver
    var minute: Int64 = 0

    init(
        _ settings: AnalysisSettings = AnalysisSettings(
            features: SessionField.allCases.map { .session($0) }, sessionRange: 100...120)
    )
        throws
    {
        driver = try Driver(settings, from: monday)
    }

    mutating func go(_ count: Int64, steps: Float?, heart: Float?, cadence: Float? = nil) {
        for _ in 0..<count {
            minute += 1
            for second in stride(from: Int64(0), to: 60, by: 5) {
                let at = monday + (minute - 1) * 60 + second
                if let heart {
                    driver.take(
                        .sample(Sample(metric: .heartRate, value: heart, time: at, received: at, source: strap)))
                }
                if let cadence {
                    driver.take(
                        .sample(Sample(metric: .cadence, value: cadence, time: at, received: at, source: strap)))
                }
            }
            let at = monday + minute * 60
            if let steps {
                driver.take(
                    .sample(Sample(metric: .steps, value: steps, time: at, span: 60_000, received: at, source: watch)))
            }
        }
        driver.run(until: monday + minute * 60 + 3)
    }

    var completed: [ExerciseSession] { driver.closed.compactMap(\.sessionCompleted) }

    func value(_ field: SessionField) -> Double {
        SessionField.allCases.firstIndex(of: field).map { driver.analysis.value($0) } ?? .nan
    }
}

@Suite("Exercise sessions")
struct SessionTests {
    @Test("a walk opens a session in its eighth minute, begun at its first, ended at its last")
    func walk() throws {
        var day = try Minutes()
        day.go(30, steps: 5, heart: 65)
        day.go(7, steps: 110, heart: 110)
        #expect(day.value(.active) == 0)
        day.go(1, steps: 110, heart: 110)
        #expect(day.value(.active) == 1)
        day.go(12, steps: 110, heart: 125)
        day.go(2, steps: 0, heart: 100)
        #expect(day.value(.active) == 1)
        day.go(1, steps: 0, heart: 90)
        #expect(day.value(.active) == 0)
        day.go(2, steps: 0, heart: 90)
        day.go(4, steps: 0, heart: 84)
        #expect(day.completed.isEmpty)
        day.go(1, steps: 0, heart: 84)
        let session = try #require(day.completed.first)
        #expect(session.start == monday + 30 * 60)
        #expect(session.end == monday + 50 * 60)
        #expect(session.minutes == 20)
        #expect(session.peakHeartRate == 125)
        #expect(session.meanHeartRate == (8 * 110 + 12 * 125) / 20)
        #expect(session.minutesAboveRange == 12)
        #expect(session.rangeLow == 100 && session.rangeHigh == 120)
        #expect(session.recoveryHeartRate == 84)
        #expect(session.recoveryUsual.isNaN && session.earlierCount == 0)
        #expect(day.value(.minutes) == 20 && day.value(.recoveryHeartRate) == 84 && day.value(.count) == 0)
        day.go(70, steps: 0, heart: 60)
        #expect(day.value(.minutes).isNaN)
        #expect(day.completed.count == 1)
    }

    @Test("heart rate alone never opens a session, nor do steps without heart rate")
    func alone() throws {
        var day = try Minutes()
        day.go(40, steps: 0, heart: 150)
        day.go(40, steps: nil, heart: 150)
        day.go(40, steps: 120, heart: nil)
        #expect(day.completed.isEmpty && day.value(.active) == 0)
    }

    @Test("pedalling opens a session without a step")
    func cadence() throws {
        var day = try Minutes()
        day.go(20, steps: 0, heart: 130, cadence: 85)
        day.go(14, steps: 0, heart: 90, cadence: 0)
        #expect(day.completed.map(\.minutes) == [20])
    }

    @Test("moving again within the ten minutes makes the recovery unknown, and is a session of its own")
    func again() throws {
        var day = try Minutes()
        day.go(15, steps: 110, heart: 120)
        day.go(4, steps: 0, heart: 90)
        day.go(15, steps: 110, heart: 130)
        day.go(14, steps: 0, heart: 80)
        #expect(day.completed.map(\.minutes) == [15, 15])
        #expect(day.completed.first?.recoveryHeartRate.isNaN == true)
        #expect(day.completed.last?.recoveryHeartRate == 80)
        #expect(day.completed.last?.start == monday + 19 * 60)
    }

    @Test("without heart rate afterwards the recovery is unknown")
    func recoveryNeedsCoverage() throws {
        var day = try Minutes()
        day.go(15, steps: 110, heart: 120)
        day.go(14, steps: 0, heart: nil)
        #expect(day.completed.count == 1)
        #expect(day.completed.first?.recoveryHeartRate.isNaN == true)
    }

    @Test("when nothing measures movement any more the session ends with its last active minute")
    func lost() throws {
        var day = try Minutes()
        day.go(15, steps: 110, heart: 120)
        let before = day.driver.analysis.nextDeadline
        #expect(before == monday + 16 * 60)
        day.driver.run(until: monday + 40 * 60)
        #expect(day.completed.map(\.end) == [monday + 15 * 60])
    }

    @Test("the usual recovery is the 90th percentile of earlier ones, known from the sixth session on")
    func usual() throws {
        var day = try Minutes()
        for n in 0..<7 {
            day.go(15, steps: 110, heart: 120)
            day.go(20, steps: 0, heart: 80 + Float(n))
        }
        #expect(day.completed.map(\.earlierCount) == [0, 1, 2, 3, 4, 5, 6])
        #expect(day.completed.map(\.recoveryUsual.isNaN) == [true, true, true, true, true, false, false])
        #expect(abs((day.completed.last?.recoveryUsual ?? 0) - 84.5) < 1e-4)
    }
}

@Suite("The night's resting heart rate")
struct RestingHeartRateTests {
    /// Minutes of a night; `heart` and `steps` by minute since local midnight.
    private func night(
        _ zone: Zone, day: LocalDay, heart: (Int) -> Float?, steps: (Int) -> Float?, until: TimeSpan = .hours(8)
    ) throws -> Driver {
        let midnight = zone.start(of: day)
        var driver = try Driver(
            AnalysisSettings(zone: zone, features: [.latest(.restingHeartRate)]), from: midnight + -3600)
        let end = zone.timestamp(day: day, timeOfDay: until)
        for minute in 0..<Int((end - midnight).milliseconds / 60_000) {
            let at = midnight + Int64(minute) * 60
            if let heart = heart(minute) {
                driver.take(
                    .sample(Sample(metric: .heartRate, value: heart, time: at + 10, received: at + 10, source: strap)))
            }
            if let steps = steps(minute) {
                driver.take(
                    .sample(
                        Sample(
                            metric: .steps, value: steps, time: at + 60, span: 60_000, received: at + 60, source: watch)
                    ))
            }
        }
        driver.run(until: end + 3)
        return driver
    }

    private func resting(_ driver: Driver) -> [Sample] { driver.stored.filter { $0.metric == .restingHeartRate } }

    @Test("it is the mean of the heart rate in minutes known to hold no step, stamped 07:00 local, told at 07:02")
    func mean() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let day = try #require(LocalDay("2026-03-10"))
        // Restless every third minute; after 07:00 all is different.
        let driver = try night(
            berlin, day: day, heart: { $0 >= 420 ? 120 : $0 % 3 == 0 ? 90 : 50 + Float($0 % 2) },
            steps: { $0 % 3 == 0 ? 12 : 0 })
        let samples = resting(driver)
        #expect(samples.count == 1)
        let sample = try #require(samples.first)
        #expect(sample.value == 50.5)
        #expect(sample.time == berlin.timestamp(day: day, timeOfDay: .hours(7)))
        #expect(sample.received == berlin.timestamp(day: day, timeOfDay: .minutes(422)) + 2)
        #expect(sample.source == .derived && sample.revision == 0 && sample.quality.isEmpty)
        #expect(driver.analysis.value(0) == 50.5)
    }

    @Test("the night the clocks go forward has six hours")
    func clockChange() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let day = try #require(LocalDay("2026-03-29"))
        let driver = try night(berlin, day: day, heart: { $0 < 360 ? 50 : 100 }, steps: { _ in 0 })
        #expect(resting(driver).map(\.value) == [50])
    }

    @Test("without known steps, or with too little rest, there is no value")
    func notEnough() throws {
        let day = try #require(LocalDay("2026-03-10"))
        for steps: (Int) -> Float? in [{ _ in nil }, { _ in 3 }, { $0 < 59 ? 0 : 3 }] {
            let driver = try night(.utc, day: day, heart: { _ in 50 }, steps: steps)
            #expect(resting(driver).isEmpty)
        }
        let driver = try night(.utc, day: day, heart: { _ in 50 }, steps: { $0 < 60 ? 0 : 3 })
        #expect(resting(driver).count == 1)
    }

    @Test("late data of the night makes it again with a higher revision, until the next night")
    func late() throws {
        let day = try #require(LocalDay("2026-03-10"))
        let midnight = Zone.utc.start(of: day)
        var driver = try night(.utc, day: day, heart: { $0 < 200 ? 60 : nil }, steps: { _ in 0 })
        #expect(resting(driver).map(\.value) == [60])
        let breakfast = midnight + 9 * 3600
        for minute in Int64(200)..<400 {
            driver.take(
                .sample(
                    Sample(
                        metric: .heartRate, value: 50, time: midnight + minute * 60, received: breakfast, source: strap)
                ))
        }
        driver.run(until: breakfast + 60)
        #expect(resting(driver).map(\.value) == [60, 55])
        #expect(resting(driver).map(\.revision) == [0, 1])
        // Rules keep what was known in time, unless they ask for late data.
        #expect(driver.analysis.value(0) == 60)
        #expect(driver.analysis.value(of: .late(.latest(.restingHeartRate), within: .hours(3))) == 55)
        driver.run(until: midnight + 23 * 3600)
        #expect(resting(driver).count == 2)
    }

    @Test("a person who sends nothing is not woken")
    func asleep() throws {
        let day = try #require(LocalDay("2026-03-10"))
        var driver = try night(.utc, day: day, heart: { _ in 50 }, steps: { _ in 0 })
        // The silence, what it told, the evening, midnight, and the next night; then no more.
        var wakes: [Timestamp] = []
        while let due = driver.analysis.nextDeadline, wakes.count < 20 {
            wakes.append(due)
            driver.run(until: due + 3)
        }
        #expect(wakes.count <= 6, "\(wakes)")
        #expect(wakes.last == Zone.utc.timestamp(day: day + 1, timeOfDay: .minutes(422)))
        #expect(resting(driver).count == 1)
    }
}
