import Analysis
import Profiles
import Testing
import Vitals

@testable import Simulator

@Suite("What goes wrong with a virtual device is seen by whoever decodes it")
struct TroubleTests {
    static func trouble(_ change: (inout SensorTrouble) -> Void) -> SensorTrouble {
        var trouble = SensorTrouble()
        change(&trouble)
        return trouble
    }

    static let off: Range<TimeSpan> = .seconds(20) ..< .seconds(50)

    static let withHeartRate = ShippedProfiles.library.profiles.filter { $0.metrics.contains(.heartRate) }.map(\.id)

    @Test("lost contact gives no heart rate, and ends", arguments: TroubleTests.withHeartRate)
    func contact(id: String) throws {
        let heard = try ProfileSensorTests.hear(
            id, for: .seconds(70), TroubleTests.trouble { $0.contactLost = [TroubleTests.off] })
        let times = heard.readings.filter { $0.reading.metric == .heartRate }.map { $0.at - DemoScenario.noon }
        // The message that closes the second in which contact went is the last one to have a rate.
        #expect(!times.contains { $0 > .seconds(21) && $0 < .seconds(50) }, "\(id) \(times)")
        #expect(times.contains { $0 >= .seconds(50) }, "\(id)")
    }

    @Test(
        "a sensor that can tell says that it is off the body, and when it is back",
        arguments: [
            "ble.hrs", "contec.cms50.legacy", "contec.cms50.v7", "diy.lines", "csv.lines", "ble.plx", "nonin.df2",
        ])
    func status(id: String) throws {
        let heard = try ProfileSensorTests.hear(
            id, for: .seconds(70), TroubleTests.trouble { $0.contactLost = [TroubleTests.off] })
        func isLost(_ status: Status) -> Bool { status == .worn(false) || status == .contact(0) }
        let lost = heard.statuses.filter { isLost($0.status) }.map { $0.at - DemoScenario.noon }
        #expect(lost.contains { $0 >= .seconds(20) && $0 <= .seconds(23) }, "\(id) \(heard.statuses)")
        let back = heard.statuses.last { !isLost($0.status) }.map { $0.at - DemoScenario.noon }
        #expect(try #require(back) >= .seconds(50))
    }

    @Test("a falling battery falls a percent a minute", arguments: ["ble.hrs", "diy.lines", "csv.lines"])
    func battery(id: String) throws {
        let levels = try ProfileSensorTests.hear(
            id, for: .minutes(5) + .seconds(2), TroubleTests.trouble { $0.batteryFalls = true }
        ).values(.battery)
        #expect(zip(levels, levels.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(levels.last.map { abs($0 - 95) <= 1 } == true, "\(levels)")
    }

    /// Walks, rests while the counter begins anew, and walks on.
    static func restingAt(_ start: Timestamp, walk: TimeSpan) -> SyntheticPerson {
        SyntheticPerson(
            seed: 3,
            scenario: Scenario([.init(.walk, for: walk), .init(.sit, for: .minutes(1)), .init(.walk, for: .days(1))]),
            start: start)
    }

    /// Steps as intake counts them from a device's bytes, per second of their samples, and those the person walked.
    static func walked(
        _ id: String, _ person: SyntheticPerson, for length: TimeSpan, _ trouble: SensorTrouble
    ) throws -> (counted: [Sample], truth: Int, raw: [Double]) {
        let profile = try ShippedProfiles.profile(id)
        var sensor = try ProfileSensor(profile, wearer: person, trouble: trouble)
        var decoder = Decoder(profile)
        var analysis = try PersonAnalysis(
            person: PersonID(high: 1, low: 1), settings: AnalysisSettings(zone: .utc, features: []))
        let device = DeviceID(high: 2, low: 2)
        var samples: [Sample] = []
        var raw: [Double] = []
        var tick = sensor.start + .seconds(5)
        let transmissions = sensor.transmissions(until: sensor.start + length + .milliseconds(1))
        for transmission in transmissions {
            while tick + .seconds(2) < transmission.at {
                samples += analysis.close(tick: tick).samples
                tick = tick + .seconds(5)
            }
            var decoded = Decoded()
            decoder.feed(transmission.bytes, input: transmission.input, at: transmission.at, into: &decoded)
            for reading in decoded.readings where reading.metric == .steps {
                raw.append(reading.value)
                analysis.take(reading, from: device, at: transmission.at)
            }
        }
        for _ in 0..<12 {
            samples += analysis.close(tick: tick).samples
            tick = tick + .seconds(5)
        }
        var person = person
        var truth = 0
        for _ in 0..<length.milliseconds / 1000 { truth = person.live().steps }
        return (samples.filter { $0.metric == .steps }, truth, raw)
    }

    @Test(
        "a counter that begins anew goes back, and intake neither loses nor invents a step",
        arguments: ["pine64.infinitime", "diy.lines", "colmi.r0x", "huami.legacy"])
    func reset(id: String) throws {
        let result = try TroubleTests.walked(
            id, TroubleTests.restingAt(DemoScenario.noon, walk: .minutes(3)), for: .minutes(8),
            TroubleTests.trouble { $0.resetAt = .seconds(210) })
        #expect(zip(result.raw, result.raw.dropFirst()).contains { $1 < $0 })
        let counted = result.counted.reduce(0.0) { $0 + Double($1.value) }
        // What was walked before the first message is the baseline of counters that may have begun earlier.
        let first = result.raw.first ?? 0
        #expect(
            Double(result.truth) - counted <= first && counted <= Double(result.truth), "\(counted) \(result.truth)")
    }

    @Test("a watch begins anew at midnight, and each day keeps its steps")
    func midnight() throws {
        let midnight = DemoScenario.noon + .hours(12)
        let person = TroubleTests.restingAt(midnight - .seconds(210), walk: .minutes(3))
        let result = try TroubleTests.walked("pine64.infinitime", person, for: .minutes(8), .none)
        #expect(zip(result.raw, result.raw.dropFirst()).contains { $1 < $0 })
        let days = Dictionary(grouping: result.counted) { $0.time <= midnight }.mapValues {
            $0.reduce(0.0) { $0 + Double($1.value) }
        }
        var walker = person
        var before = 0
        for _ in 0..<210 { before = walker.live().steps }
        #expect(abs((days[true] ?? 0) - Double(before)) <= 2)
        #expect(abs((days[false] ?? 0) - Double(result.truth - before)) <= 2)
    }

    @Test("withheld data comes as history, with the times at which it was measured")
    func history() throws {
        let heard = try ProfileSensorTests.hear(
            "diy.lines", for: .minutes(4), TroubleTests.trouble { $0.withheld = .minutes(3) })
        #expect(heard.readings.allSatisfy { $0.at - DemoScenario.noon >= .minutes(3) })
        let times = heard.readings.filter { $0.reading.metric == .heartRate }.compactMap { reading -> Timestamp? in
            if case .at(let time) = reading.reading.time { time } else { nil }
        }
        #expect(times == (1...3).map { DemoScenario.noon + .minutes($0) })
    }

    @Test("a ring tells withheld quarters and its log, and no step more or less")
    func ring() throws {
        let heard = try ProfileSensorTests.hear(
            "colmi.r0x", for: .minutes(46), TroubleTests.trouble { $0.withheld = .minutes(45) })
        let dated = heard.readings.filter { if case .at = $0.reading.time { true } else { false } }
        let quarters = dated.filter { $0.reading.metric == .steps }
        var person = ProfileSensorTests.person()
        var truth = 0
        for _ in 0..<45 * 60 { truth = person.live().steps }
        #expect(quarters.count == 3)
        #expect(abs(quarters.reduce(0) { $0 + $1.reading.value } - Double(truth)) <= 2)
        let rates = dated.filter { $0.reading.metric == .heartRate }
        #expect(rates.map(\.reading.time) == (0..<9).map { .at(DemoScenario.noon + .minutes(5 * $0)) })
    }

    @Test(
        "garbage is counted and says nothing where frames have a sum",
        arguments: ["ant.hrm", "zephyr.hxm", "zephyr.bioharness", "nonin.df2", "colmi.r0x", "contec.cms50d-bt"])
    func garbage(id: String) throws {
        let clean = try ProfileSensorTests.hear(id, for: .seconds(90))
        let heard = try ProfileSensorTests.hear(id, for: .seconds(90), TroubleTests.trouble { $0.garbage = 0.5 })
        #expect(!heard.readings.isEmpty)
        #expect(heard.diagnostics.values.reduce(0, +) > clean.diagnostics.values.reduce(0, +))
        let right = Set(clean.readings.map { Said($0.reading) })
        let wrong = heard.readings.filter { !right.contains(Said($0.reading)) }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    struct Said: Hashable {
        var metric: Metric
        var value: Double
        init(_ reading: Reading) { (metric, value) = (reading.metric, reading.value) }
    }

    @Test("notifications without a sum are cut short, which shows")
    func cutShort() throws {
        let heard = try ProfileSensorTests.hear("ble.hrs", for: .minutes(2), TroubleTests.trouble { $0.garbage = 0.3 })
        #expect((heard.diagnostics[.truncated] ?? 0) > 10)
    }

    @Test(
        "silence is silent, and nothing of it is made up for", arguments: ["ble.hrs", "diy.lines", "contec.cms50.v7"])
    func silence(id: String) throws {
        let profile = try ShippedProfiles.profile(id)
        var sensor = try ProfileSensor(
            profile, wearer: ProfileSensorTests.person(),
            trouble: TroubleTests.trouble { $0.silence = [TroubleTests.off] })
        let times = sensor.transmissions(until: sensor.start + .minutes(2)).map { $0.at - DemoScenario.noon }
        #expect(!times.contains { TroubleTests.off.contains($0) })
        #expect(times.contains { $0 < .seconds(20) } && times.contains { $0 >= .seconds(50) })
    }

    @Test("trouble also befalls sensors written by hand")
    func byHand() throws {
        let profile = try ShippedProfiles.profile("contec.cms50.legacy")
        let trouble = TroubleTests.trouble {
            $0.silence = [.seconds(10) ..< .seconds(12)]
            $0.garbage = 0.2
        }
        var encoder = TroubledEncoder(
            CMS50Encoder(wearer: ProfileSensorTests.person()), trouble: trouble, start: DemoScenario.noon)
        var counts: [Int] = []
        var decoder = Decoder(profile)
        var diagnostics: [Diagnostic: Int] = [:]
        for second in 1...15 {
            var frames = Frames()
            encoder.encode(until: DemoScenario.noon + .seconds(Int64(second)), into: &frames)
            var decoded = Decoded()
            decoder.feed(frames.bytes, input: "port", at: DemoScenario.noon + .seconds(Int64(second)), into: &decoded)
            counts.append(decoded.frames)
            diagnostics.merge(decoded.diagnostics, uniquingKeysWith: +)
        }
        #expect(counts[10] == 0 && counts[11] == 0)
        #expect(counts[5] > 40 && counts[13] > 40)
        #expect((diagnostics[.resync] ?? 0) > 20)
    }

    @Test(
        "what cannot befall a device is refused with the reason",
        arguments: [
            ("contec.cms50.legacy", TroubleTests.trouble { $0.batteryFalls = true }, "battery"),
            ("contec.cms50.legacy", TroubleTests.trouble { $0.resetAt = .minutes(1) }, "counter"),
            ("ble.hrs", TroubleTests.trouble { $0.withheld = .minutes(1) }, "history"),
            ("ble.rsc", TroubleTests.trouble { $0.contactLost = [TroubleTests.off] }, "contact"),
        ])
    func refused(id: String, trouble: SensorTrouble, word: String) throws {
        let profile = try ShippedProfiles.profile(id)
        let error = #expect(throws: ProfileSensor.Refusal.self) {
            try ProfileSensor(profile, wearer: ProfileSensorTests.person(), trouble: trouble)
        }
        #expect(error?.description.contains(word) == true)
    }
}
