import Testing
import Vitals

@testable import Analysis

@Suite("A device's clock is a witness, not a judge")
struct ClockTests {
    private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test(
        "an unset clock is not believed: the time of arrival counts, as an estimate, and the device's counts say so",
        arguments: ["1970-01-01T00:00:00Z", "2000-01-01T00:03:00Z", "2019-01-01T08:00:00Z", "2106-02-07T06:28:15Z"])
    func unset(time: String) throws {
        var driver = try Driver(AnalysisSettings(features: [.latest(.heartRate)]), from: monday)
        for second in Int64(1)...20 {
            let clock = try at(time) + second
            driver.take(.reading(Reading(metric: .heartRate, value: 70, time: .at(clock)), strap, monday + second))
            driver.take(
                .reading(
                    Reading(
                        metric: .steps, value: Double(1000 + 2 * second), time: .at(clock), counter: CounterTests.daily),
                    strap, monday + second + 3600))
        }
        driver.run(until: monday + 3700)
        let rates = driver.stored.filter { $0.metric == .heartRate }
        #expect(rates.map(\.time) == (1...20).map { monday + Int64($0) })
        #expect(rates.allSatisfy { $0.quality == .estimatedTime })
        let steps = driver.stored.filter { $0.metric == .steps }
        #expect(steps.reduce(0) { $0 + $1.value } == 1040)
        #expect(steps.allSatisfy { $0.time > monday + 3600 && $0.quality.contains(.estimatedTime) })
        let told = driver.analysis.counts(of: strap).named.map(\.word)
        #expect(told == [time.hasPrefix("2106") ? "clock-ahead" : "clock-unset"])
    }

    @Test("a quarter hour of an unset clock is refused: nobody knows which it was")
    func unsetBlock() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        let rule = CounterRule(kind: .bucket(length: .minutes(15), stamped: .start))
        driver.take(
            .reading(
                Reading(metric: .steps, value: 90, time: .at(try at("2000-01-01T00:15:00Z")), counter: rule), strap,
                monday + 60))
        // One that has not begun yet, neither.
        driver.take(
            .reading(Reading(metric: .steps, value: 90, time: .at(monday + 900), counter: rule), strap, monday + 60))
        driver.run(until: monday + 80)
        #expect(driver.stored.allSatisfy { $0.metric != .steps })
        #expect(driver.analysis.counts(of: strap).foreignTime == 1)
        #expect(driver.analysis.counts(of: strap).refused == 1)
    }

    @Test("a clock an hour behind delays, a clock that jumps back repeats nothing and loses no step of a running total")
    func jumps() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        // From 10:00 on a total grows by one a second; the device's clock is right, then an hour ahead, then an hour
        // behind, then right again.
        let ten: Int64 = 36_000
        var total = 4000.0
        for second in stride(from: Int64(0), to: 14_400, by: 20) {
            total += 20
            let off: Int64 = second < 3600 ? 0 : second < 7200 ? 3600 : second < 10_800 ? -3600 : 0
            let now = monday + ten + second
            driver.take(
                .reading(
                    Reading(metric: .steps, value: total, time: .at(now + off), counter: CounterTests.daily), strap, now
                ))
        }
        driver.run(until: monday + 86_400)
        let steps = driver.stored.filter { $0.metric == .steps && $0.quality.isDisjoint(with: .unusable) }
        #expect(steps.reduce(0) { $0 + Double($1.value) } == total)
        #expect(steps.allSatisfy { $0.time <= monday + ten + 14_400 })
        let words = driver.analysis.counts(of: strap).named.map(\.word)
        #expect(words.contains("clock-ahead") && words.contains("counter-out-of-order"))
    }

    @Test(
        "at the person's midnight, not at UTC's and not at noon's distance: 24 h, 23 h and 25 h days",
        arguments: ["2026-06-10", "2026-03-29", "2026-10-25"])
    func localDays(day: String) throws {
        let zone = try Zone(named: "Europe/Berlin")
        let day = try #require(LocalDay(day))
        let (from, to) = (zone.start(of: day), zone.start(of: day + 1))
        var driver = try Driver(AnalysisSettings(zone: zone), from: from + -7200)
        driver.isSparse = true
        var truth: [LocalDay: Double] = [:]
        var total = 0.0
        var today = day + -1
        // A watch that knows the same midnight, read every seven minutes; a step every four seconds.
        for second in stride(from: Int64(-7140), to: (to - from).milliseconds / 1000 + 7200, by: 420) {
            let now = from + second
            if zone.day(of: now) != today {
                today = zone.day(of: now)
                total = Double((now - zone.start(of: today)).milliseconds / 4000)
            } else {
                total += 105
            }
            truth[today] = total
            driver.take(.reading(Reading(metric: .steps, value: total, counter: CounterTests.daily), watch, now))
        }
        driver.run(until: to + 7300)
        var days: [LocalDay: Double] = [:]
        for one in driver.stored where one.metric == .steps {
            days[zone.day(of: Timestamp(milliseconds: one.time.milliseconds - 1)), default: 0] += Double(one.value)
            // No span reaches over midnight.
            #expect(
                one.span == 0
                    || zone.day(of: one.start) == zone.day(of: Timestamp(milliseconds: one.time.milliseconds - 1)))
        }
        #expect(days == truth)
    }
}

@Suite("A device in another's place")
struct SwapTests {
    private func total(_ value: Double, _ device: DeviceID, _ second: Int64) -> Happening {
        .reading(Reading(metric: .steps, value: value, counter: CounterTests.daily), device, monday + second)
    }

    private func sum(_ driver: Driver) -> Float {
        driver.stored.filter { $0.metric == .steps && $0.quality.isDisjoint(with: .unusable) }
            .reduce(0) { $0 + $1.value }
    }

    @Test("ada's watch is empty at noon, her spare one shows 5,200 steps already: they are kept, and not added")
    func spare() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        for minute in stride(from: Int64(0), through: 720, by: 10) {
            driver.take(total(Double(minute * 7), strap, minute * 60 + 1))
        }
        for minute in stride(from: Int64(750), through: 900, by: 10) {
            driver.take(total(5200 + Double(minute - 750) * 7, watch, minute * 60 + 1))
            if minute == 800 { try driver.interrupt() }
        }
        driver.run(until: monday + 60_000)
        #expect(sum(driver) == 720 * 7 + 150 * 7)
        let kept = driver.stored.filter { $0.source == watch && $0.quality.contains(.redundant) && $0.value > 0 }
        #expect(kept.map(\.value) == [5200])
        #expect(kept.first?.quality.contains(.estimatedTime) == true)
    }

    @Test("a watch that was away while another counted brings nothing for that time, however its total grew")
    func away() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        for minute in stride(from: Int64(0), through: 1000, by: 5) {
            if minute < 300 || minute >= 600 { driver.take(total(Double(minute * 10), watch, minute * 60)) }
            if (320..<560).contains(minute) { driver.take(total(Double(minute - 320) * 10, strap, minute * 60 + 2)) }
        }
        driver.run(until: monday + 86_000)
        #expect(sum(driver) <= 10_000)
        #expect(sum(driver) >= 10_000 - 80 * 10)
    }

    @Test("a watch that was away while nobody counted brings its steps, as an estimate of when")
    func alone() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        for minute in [Int64(60), 70, 80, 500, 510] { driver.take(total(Double(minute * 10), watch, minute * 60)) }
        driver.run(until: monday + 40_000)
        #expect(sum(driver) == 5100)
        let guess = driver.stored.filter { $0.metric == .steps && $0.quality.contains(.estimatedTime) && $0.value > 0 }
        #expect(guess.map(\.value) == [600, 4200])
    }
}

@Suite("Beats through a bad link")
struct BeatStories {
    @Test(
        "packets lost, repeated and delayed: no beat after its arrival, none counted twice, none more than 2.5 s off",
        arguments: 1...12 as ClosedRange<UInt64>)
    func badLink(seed: UInt64) {
        var random = Random(seed)
        var clock = BeatClock()
        var truth: [(time: Double, interval: Float)] = []
        var now = 1_000_000.0
        var placed: [BeatClock.Beat] = []
        var arrival: Int64 = 0
        for _ in 0..<400 {
            var packet: [Float] = []
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let interval = Float.random(in: 500...1100, using: &random).rounded()
                now += Double(interval)
                packet.append(interval)
                truth.append((now, interval))
            }
            if Int.random(in: 0..<10, using: &random) == 0 { continue }
            arrival = max(arrival + 1, Int64(now) + Int64.random(in: 0...700, using: &random))
            for copy in 0..<(Int.random(in: 0..<12, using: &random) == 0 ? 2 : 1) {
                var beats: [BeatClock.Beat] = []
                for (i, interval) in packet.enumerated() {
                    clock.take(
                        interval, index: i, count: packet.count, arrival: arrival + Int64(copy * 30),
                        contactLost: false,
                        into: &beats)
                }
                #expect(beats.allSatisfy { $0.time <= arrival + Int64(copy * 30) })
                // A repeated packet adds no beat of its own.
                #expect(copy == 0 || beats.allSatisfy(\.repeated))
                placed += beats
            }
        }
        let good = placed.filter { !$0.repeated }
        for (a, b) in zip(good, good.dropFirst()) { #expect(a.time < b.time) }
        // Every beat told of is near one of that length.
        var unmatched = 0
        for beat in good {
            let near = truth.contains { $0.interval == beat.interval && abs($0.time - Double(beat.time)) <= 3200 }
            if !near { unmatched += 1 }
        }
        #expect(unmatched == 0)
        #expect(good.count > truth.count * 3 / 4)
    }
}
