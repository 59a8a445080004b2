import Testing
import Vitals

@testable import Analysis

@Suite("Late data completes and decides nothing")
struct LateTests {
    static let ring = DeviceID(high: 1, low: 3)
    static let settings = AnalysisSettings(
        features: everyFeature.filter { !isBaseline($0) }, priorities: [strap: 2, watch: 1, ring: 9],
        sessionRange: 100...118)

    /// The days before today are what late data is there to complete.
    private static func isBaseline(_ feature: Feature) -> Bool {
        switch feature {
        case .baseline, .zscore: true
        default: false
        }
    }

    /// Blocks of samples that arrive minutes to hours late: of devices that also send in time, and of one of higher
    /// priority that never does. Values are such that one of them anywhere would show.
    static func backfill(seed: UInt64, from start: Timestamp, seconds: Int64) -> [Happening] {
        var random = Random(seed)
        var list: [Happening] = []
        var t: Int64 = 3600
        while t < seconds {
            t += Int64.random(in: 60...1500, using: &random)
            let device = [strap, watch, ring][Int.random(in: 0..<3, using: &random)]
            let metric = [Metric.heartRate, .steps, .bodyTemperature, .rrInterval][
                Int.random(in: 0..<4, using: &random)]
            let length = Int64.random(in: 1...90, using: &random)
            let behind = Int64.random(in: 8...20_000, using: &random)
            for n in 0..<length {
                let time = start + TimeSpan.milliseconds((t - behind - (length - n) * 30) * 1000 + 777)
                var sample = Sample(
                    metric: metric, value: metric == .bodyTemperature ? 41.5 : metric == .rrInterval ? 1400 : 187,
                    time: time, received: start + t, source: device)
                if metric == .steps { sample.span = 30_000 }
                list.append(.sample(sample))
                if n % 20 == 3 { list.append(.sample(sample)) }
            }
        }
        return list
    }

    static func merged(_ a: [Happening], _ b: [Happening], until end: Timestamp) -> [Happening] {
        (a + b.filter { $0.at < end }).sorted { $0.at < $1.at }
    }

    @Test("a backfill raises nothing: late samples change no feature that rules read", arguments: [61, 62] as [UInt64])
    func backfillRaisesNothing(seed: UInt64) throws {
        let start = monday + 3600 * 16
        let hours: Int64 = 12
        let stream = randomStream(seed: seed, from: start, seconds: hours * 3600)
        let late = Self.backfill(seed: seed, from: start, seconds: hours * 3600)
        var without = try Driver(Self.settings, from: start)
        var with = try Driver(Self.settings, from: start)
        without.take(stream)
        with.take(Self.merged(stream, late, until: start + hours * 3600))
        let end = start + hours * 3600 + 30
        without.run(until: end)
        with.run(until: end)

        // Each tick looks at a share of the slots in turn, now and then at all.
        let differing = zip(with.closed, zip(with.values, without.values)).first { $1.0 != $1.1 }
        #expect(differing == nil, "first at \(differing?.0.tick as Timestamp?)")
        for slot in Self.settings.features.indices {
            let (a, b) = (with.analysis.value(slot), without.analysis.value(slot))
            #expect(a.bitPattern == b.bitPattern, "\(Self.settings.features[slot]) \(a), without \(b)")
            #expect(with.analysis.detail(slot) == without.analysis.detail(slot) || a.isNaN)
        }
        #expect(with.closed.map(\.sessionCompleted) == without.closed.map(\.sessionCompleted))
        #expect(with.closed.map(\.switchovers) == without.closed.map(\.switchovers))
        func timely(_ driver: Driver) -> [Sample] {
            driver.stored.filter { !$0.quality.contains(.late) && $0.source != .derived }
        }
        #expect(timely(with) == timely(without))
        #expect(with.closed.contains { $0.sessionCompleted != nil })
        // All of it is stored, each once.
        let added = with.stored.filter { $0.quality.contains(.late) }.count
        #expect(added > without.stored.filter { $0.quality.contains(.late) }.count + 500)
        #expect(with.analysis.counts.duplicates > without.analysis.counts.duplicates)
    }

    @Test("interrupted amid backfills it goes on bit for bit", arguments: [63] as [UInt64])
    func interrupted(seed: UInt64) throws {
        let start = monday + 3600 * 20
        let hours: Int64 = 14
        let stream = Self.merged(
            randomStream(seed: seed, from: start, seconds: hours * 3600),
            Self.backfill(seed: seed, from: start, seconds: hours * 3600), until: start + hours * 3600)
        let settings = AnalysisSettings(
            features: everyFeature, priorities: Self.settings.priorities, sessionRange: 100...118)
        var whole = try Driver(settings, from: start)
        var cut = try Driver(settings, from: start)
        var random = Random(seed &* 77)
        var cuts = 0
        for happening in stream {
            whole.take(happening)
            cut.take(happening)
            if Int.random(in: 0..<4000, using: &random) == 0 {
                try cut.interrupt()
                cuts += 1
                #expect(whole.analysis.nextDeadline == cut.analysis.nextDeadline)
            }
        }
        #expect(cuts > 5)
        #expect(whole.values == cut.values)
        #expect(whole.stored == cut.stored)
        whole.commit()
        cut.commit()
        #expect(whole.states["intake"] == cut.states["intake"])
        #expect(whole.states["daily"] == cut.states["daily"])
        #expect(whole.stored.contains { $0.metric == .restingHeartRate })
        #expect(whole.stored.contains { $0.quality.isSuperset(of: [.late, .redundant]) })
    }

    /// A night as a ring delivers it in one go.
    private func night(_ midnight: Timestamp, at delivery: Timestamp, from device: DeviceID, heart: Float)
        -> [Happening]
    {
        (0..<420).flatMap { (minute: Int64) -> [Happening] in
            let at = midnight + minute * 60
            return [
                .sample(
                    Sample(metric: .heartRate, value: heart, time: at + 10, received: delivery, source: device)),
                .sample(
                    Sample(
                        metric: .steps, value: minute % 4 == 0 ? 9 : 0, time: at + 60, span: 60_000,
                        received: delivery, source: device)),
            ]
        }
    }

    @Test("a ring that delivers the night at breakfast completes the resting heart rate", arguments: [true, false])
    func breakfast(isSparse: Bool) throws {
        let midnight = monday + 86_400
        let features: [Feature] = [
            .latest(.restingHeartRate), .latest(.heartRate), .window(.count, .heartRate, .hours(24), parameter: 0),
            .window(.mean, .heartRate, .days(7), parameter: 0), .window(.sum, .steps, .hours(24), parameter: 0),
            .age(.heartRate),
        ]
        var driver = try Driver(AnalysisSettings(features: features), from: midnight + -7200)
        driver.isSparse = isSparse
        driver.take(.sample(Sample(metric: .battery, value: 90, time: midnight, received: midnight, source: Self.ring)))
        let breakfast = midnight + 7 * 3600 + 1800
        driver.take(night(midnight, at: breakfast, from: Self.ring, heart: 52))
        // A second device delivers the same night: it is stored, and not added up.
        driver.take(night(midnight, at: breakfast + 600, from: watch, heart: 80))
        driver.run(until: breakfast + 7200)
        let resting = driver.stored.filter { $0.metric == .restingHeartRate }
        #expect(resting.map(\.value) == [52])
        #expect(resting.first?.time == midnight + 7 * 3600)
        // Only who asks for late data reads it as the latest; it is part of every baseline.
        #expect(driver.analysis.value(of: .late(features[0], within: .hours(1))) == 52)
        #expect(driver.analysis.value(of: .late(features[0], within: .minutes(20))).isNaN)
        for feature in features {
            let value = driver.analysis.value(of: feature)
            #expect(value.isNaN || value == 0, "\(feature) \(value)")
        }
        let late = driver.stored.filter { $0.quality.contains(.late) }
        #expect(late.count == 4 * 420)
        #expect(late.filter { $0.source == watch }.allSatisfy { $0.quality.contains(.redundant) })
        #expect(late.filter { $0.source == Self.ring }.allSatisfy { !$0.quality.contains(.redundant) })
    }

    @Test("a device that is always a minute behind decides nothing, and is reported as stale")
    func constantDelay() throws {
        let features: [Feature] = [
            .latest(.heartRate), .age(.heartRate), .window(.mean, .heartRate, .hours(6), parameter: 0),
            .window(.median, .heartRate, .minutes(10), parameter: 0), .stale(.heartRate, .minutes(30)),
        ]
        var driver = try Driver(AnalysisSettings(features: features), from: monday)
        for second in stride(from: Int64(60), to: 7200, by: 5) {
            driver.take(
                .sample(
                    Sample(
                        metric: .heartRate, value: 150, time: monday + second + -60, received: monday + second,
                        source: strap)))
            if second == 300 {
                #expect(driver.analysis.value(4) == 0)
                try driver.interrupt()
            }
        }
        try driver.interrupt()
        #expect((0..<4).allSatisfy { driver.analysis.value($0).isNaN })
        #expect(driver.analysis.value(4) == 1)
        #expect(driver.analysis.lastSample != nil)
        // The first sample in time ends it.
        driver.take(
            .sample(Sample(metric: .heartRate, value: 70, time: monday + 7200, received: monday + 7200, source: strap)))
        driver.run(until: monday + 7210)
        #expect(driver.analysis.value(0) == 70 && driver.analysis.value(4) == 0)
    }

    @Test("late samples let no source speak: a better one that is always behind never takes over")
    func neverSpeaks() throws {
        var driver = try Driver(
            AnalysisSettings(features: [.latest(.heartRate)], priorities: [strap: 5]), from: monday)
        for second in Int64(1)...900 {
            let now = monday + second
            if second < 600 {
                driver.take(.sample(Sample(metric: .heartRate, value: 90, time: now, received: now, source: watch)))
            }
            driver.take(
                .sample(Sample(metric: .heartRate, value: 80, time: now + -20, received: now, source: strap)))
        }
        driver.run(until: monday + 910)
        #expect(driver.closed.allSatisfy { $0.switchovers.isEmpty })
        #expect(driver.analysis.value(0).isNaN)
        // While the watch spoke the strap is redundant, afterwards it fills the gap.
        let behind = driver.stored.filter { $0.source == strap }
        #expect(
            behind.filter { $0.time > monday + 1 && $0.time < monday + 590 }.allSatisfy {
                $0.quality.contains(.redundant)
            })
        #expect(behind.filter { $0.time > monday + 700 }.contains { !$0.quality.contains(.redundant) })
    }
}
