import Testing
import Vitals

@testable import Analysis

@Suite("Several devices, one person")
struct SourceTests {
    private func level(_ value: Float, _ source: DeviceID, _ seconds: Int64, _ metric: Metric = .heartRate) -> Happening
    {
        let at = monday + seconds
        return .sample(Sample(metric: metric, value: value, time: at, received: at, source: source))
    }

    private func steps(_ value: Float, _ source: DeviceID, _ seconds: Int64, span: Int64 = 60) -> Happening {
        let at = monday + seconds
        return .sample(
            Sample(
                metric: .steps, value: value, time: at, span: UInt32(span * 1000), received: at, source: source))
    }

    @Test("two devices that count the same steps are never added up")
    func steps() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.window(.sum, .steps, .minutes(60), parameter: 0)]), from: monday)
        for minute in Int64(1)...60 {
            driver.take(steps(100, strap, minute * 60))
            driver.take(steps(97, watch, minute * 60 + 1))
        }
        driver.run(until: monday + 3613)
        #expect(driver.analysis.value(0) > 5800 && driver.analysis.value(0) <= 6000)
        #expect(driver.stored.filter { $0.source == watch }.allSatisfy { $0.quality.contains(.redundant) })
    }

    @Test("another source speaks when the present one is silent for longer than its hold, and says why")
    func silence() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.latest(.heartRate)], priorities: [strap: 5]), from: monday)
        for second in Int64(1)...900 {
            // The strap falls silent between minutes 5 and 10.
            if !(300..<600).contains(second) { driver.take(level(80, strap, second)) }
            driver.take(level(90, watch, second))
        }
        driver.run(until: monday + 910)
        let switches = driver.closed.flatMap(\.switchovers)
        #expect(switches.map(\.reason) == [.silent, .priority])
        #expect(switches.map(\.to) == [watch, strap])
        // The strap's hold is the default minute until the first UTC hour or the sixteenth interval: here 5 s.
        #expect(switches[0].at == monday + 305)
        // Back at 10:00, it speaks again when it has been back for 30 s.
        #expect(switches[1].at == monday + 630)
        #expect(driver.analysis.value(0) == 80)
        for sample in driver.stored where sample.metric == .heartRate {
            let second = (sample.time - monday).milliseconds / 1000
            let strapSpeaks = second < 305 || second >= 630
            #expect(sample.quality.contains(.redundant) == ((sample.source == strap) != strapSpeaks))
        }
    }

    @Test("among equals the one that speaks goes on speaking")
    func ties() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        for second in Int64(1)...600 {
            driver.take(level(80, strap, second))
            driver.take(level(90, watch, second))
        }
        driver.run(until: monday + 700)
        #expect(driver.closed.allSatisfy { $0.switchovers.isEmpty })
    }

    @Test("late data of another device fills a gap, and nothing but the gap")
    func lateFill() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.window(.count, .heartRate, .minutes(60), parameter: 0)]), from: monday)
        for second in Int64(1)...1800 where !(600..<1200).contains(second) { driver.take(level(80, strap, second)) }
        for second in Int64(0)..<1800 where second % 10 == 0 {
            let at = monday + second
            driver.take(
                .sample(
                    Sample(metric: .heartRate, value: 82, time: at, received: monday + 1803, source: watch)))
        }
        driver.run(until: monday + 1820)
        let filled = driver.stored.filter { $0.source == watch && !$0.quality.contains(.redundant) }
        #expect(!filled.isEmpty)
        #expect(filled.allSatisfy { $0.time >= monday + 600 && $0.time < monday + 1200 })
        #expect(filled.allSatisfy { $0.quality.contains(.late) })
    }

    @Test("a sample given twice counts once, whether late or in time")
    func duplicates() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.window(.count, .heartRate, .minutes(60), parameter: 0)]), from: monday)
        for second in Int64(1)...600 {
            driver.take(level(80, strap, second))
            if second % 3 == 0 { driver.take(level(80, strap, second)) }
        }
        for second in Int64(1)...600 {
            driver.take(
                .sample(
                    Sample(
                        metric: .heartRate, value: 80, time: monday + second, received: monday + 700, source: strap)))
        }
        driver.run(until: monday + 720)
        #expect(driver.analysis.value(0) == 600)
        #expect(driver.stored.count == 600)
        #expect(driver.analysis.counts.duplicates == 800)
    }
}

@Suite("Sensors tell about themselves")
struct SensorTests {
    private func beats(_ list: [Float], at time: Int64, _ clock: inout BeatClock) -> [BeatClock.Beat] {
        var out: [BeatClock.Beat] = []
        for (i, interval) in list.enumerated() {
            clock.take(
                interval, index: i, count: list.count, arrival: time, contactLost: false, into: &out)
        }
        return out
    }

    @Test("beats run on across packets exactly as long as their intervals")
    func beats() {
        var clock = BeatClock()
        var all: [BeatClock.Beat] = []
        var random = Random(3)
        var now: Double = 1_000_000
        for _ in 0..<200 {
            let packet: [Float] = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                Float.random(in: 700...900, using: &random).rounded()
            }
            now += Double(packet.reduce(0, +))
            // Packets wait up to a second and a half.
            all += beats(packet, at: Int64(now) + Int64.random(in: 0...1500, using: &random) + 1500, &clock)
        }
        var wrong = 0
        for (a, b) in zip(all, all.dropFirst()) where b.time - a.time != Int64(b.interval) { wrong += 1 }
        // Only where the first packet had waited longer than later ones, the clock is set anew.
        #expect(wrong <= 8)
        #expect(all.allSatisfy { !$0.repeated || $0.interval > 0 })
    }

    @Test("after a gap the arrival sets the clock anew")
    func gap() {
        var clock = BeatClock()
        #expect(beats([800, 700], at: 10_000, &clock).map(\.time) == [9300, 10_000])
        #expect(beats([800], at: 10_900, &clock).map(\.time) == [10_800])
        #expect(beats([900], at: 60_000, &clock).map(\.time) == [60_000])
    }

    @Test("intervals sent twice are kept as artefacts")
    func repeated() {
        var clock = BeatClock()
        _ = beats([800, 800, 800], at: 10_000, &clock)
        #expect(beats([800, 800], at: 10_100, &clock).map(\.repeated) == [true, true])
        // A window that slides over the beats: each packet says again what the one before said last.
        #expect(beats([800, 810], at: 10_910, &clock).map(\.repeated) == [true, false])
        #expect(beats([810, 790, 780], at: 12_480, &clock).map(\.repeated) == [true, false, false])
        // A steady heart repeats nothing.
        for n in 0..<20 as Range<Int64> {
            #expect(beats([780], at: 13_260 + n * 780, &clock).map(\.repeated) == [false])
        }
    }

    @Test("worn is told when it changes and hourly at most; off the body readings are contact_lost")
    func worn() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.latest(.worn), .window(.count, .heartRate, .minutes(10), parameter: 0)]),
            from: monday)
        for second in Int64(1)...10_800 {
            let at = monday + second
            driver.take(.status(.worn(second < 9000), strap, at))
            driver.take(.reading(Reading(metric: .heartRate, value: 70), strap, at))
            driver.take(.reading(Reading(metric: .battery, value: 50), strap, at))
            if second == 8990 {
                #expect(driver.analysis.value(0) == 1)
                #expect(driver.analysis.value(1) == 600)
            }
        }
        driver.run(until: monday + 10_810)
        #expect(driver.analysis.value(0) == 0)
        #expect(driver.analysis.value(1) == 0)
        let told = driver.stored.filter { $0.metric == .worn }
        #expect(told.map(\.value) == [1, 1, 1, 0])
        #expect(
            told.map { ($0.time - monday).milliseconds / 1000 } == [1, 3601, 7201, 9000])
        let lost = driver.stored.filter { $0.quality.contains(.contactLost) }
        #expect(lost.count == 1801 && lost.allSatisfy { $0.metric == .heartRate })
    }

    @Test("a device that sends readings and no status repeats its state hourly", arguments: [true, false])
    func repeats(tellsWorn: Bool) throws {
        var driver = try Driver(
            AnalysisSettings(features: [.latest(.sensorState), .latest(.worn)]), from: monday)
        driver.take(.link(strap, .connected, monday + 1))
        if tellsWorn { driver.take(.status(.worn(true), strap, monday + 2)) }
        for second in stride(from: Int64(10), to: 6 * 3600, by: 10) {
            // The same value for minutes would be a flat line.
            let value = 70 + Double(second / 10 % 3)
            driver.take(.reading(Reading(metric: .heartRate, value: value), strap, monday + second))
            if second == 9000 { try driver.interrupt() }
            if second > 20 {
                #expect(driver.analysis.value(of: .latest(.sensorState)) == 0)
                #expect(driver.analysis.value(of: .latest(.worn)) == 1 || !tellsWorn)
            }
        }
        #expect(driver.stored.filter { $0.metric == .sensorState }.count == 6)
        #expect(driver.stored.filter { $0.metric == .worn }.count == (tellsWorn ? 6 : 0))
    }

    @Test("a device time after its arrival is moved to the arrival and says so")
    func future() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.take(.reading(Reading(metric: .heartRate, value: 70, time: .at(monday + 86_400)), strap, monday + 60))
        driver.run(until: monday + 120)
        #expect(driver.stored.first?.time == monday + 60)
        #expect(driver.stored.first?.quality == .estimatedTime)
    }

    @Test("what arrives after its tick is late; what arrives within two seconds of it is not")
    func late() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        for (n, received) in [6_999, 7_000, 7_001].enumerated() {
            driver.take(
                .sample(
                    Sample(
                        metric: .heartRate, value: 70,
                        time: Timestamp(milliseconds: monday.milliseconds + 4000 + Int64(n)),
                        received: Timestamp(milliseconds: monday.milliseconds + Int64(received)), source: strap)))
        }
        driver.run(until: monday + 20)
        #expect(driver.stored.map { $0.quality.contains(.late) } == [false, false, true])
    }
}
