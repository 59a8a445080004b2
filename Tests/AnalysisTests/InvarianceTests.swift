import Testing
import Vitals

@testable import Analysis

@Suite("What does not matter does not matter")
struct InvarianceTests {
    static let settings = AnalysisSettings(
        features: everyFeature, priorities: [strap: 2, watch: 1], sessionRange: 100...118)

    private func shifted(_ happening: Happening, by span: TimeSpan) -> Happening {
        switch happening {
        case .reading(var reading, let device, let at):
            if case .at(let time) = reading.time { reading.time = .at(time + span) }
            return .reading(reading, device, at + span)
        case .status(let status, let device, let at): return .status(status, device, at + span)
        case .sample(let sample): return .sample(shifted(sample, by: span))
        case .link(let device, let state, let at): return .link(device, state, at + span)
        }
    }

    private func shifted(_ sample: Sample, by span: TimeSpan) -> Sample {
        var sample = sample
        sample.time = sample.time + span
        sample.received = sample.received + span
        return sample
    }

    @Test("the same stream some days later gives the same bits some days later", arguments: [1, 17, 400] as [Int64])
    func dateShift(days: Int64) throws {
        let start = monday + 3600 * 3
        let stream = randomStream(seed: 21, from: start, seconds: 6 * 3600)
        var one = try Driver(Self.settings, from: start)
        var two = try Driver(Self.settings, from: start + .days(days))
        one.take(stream)
        two.take(stream.map { shifted($0, by: .days(days)) })
        #expect(one.stored.map { shifted($0, by: .days(days)) } == two.stored)
        #expect(one.values.count == two.values.count)
        // Slots are looked at in turn by the tick's number, so all are compared at the end.
        for slot in everyFeature.indices {
            #expect(
                one.analysis.value(slot).bitPattern == two.analysis.value(slot).bitPattern, "\(everyFeature[slot])")
        }
    }

    @Test("samples of one tick may arrive in any order", arguments: [31, 32] as [UInt64])
    func order(seed: UInt64) throws {
        let start = monday + 3600 * 3
        var random = Random(seed)
        var samples: [Sample] = []
        for happening in randomStream(seed: seed, from: start, seconds: 2 * 3600) {
            guard case .reading(let reading, let device, let at) = happening, reading.counter == nil,
                reading.time == .arrival
            else { continue }
            let late = Bool.random(using: &random) ? Int64.random(in: 0..<40, using: &random) : 0
            samples.append(
                Sample(
                    metric: reading.metric, value: Float(reading.value), time: at + -late, received: at, source: device)
            )
        }
        var one = try Driver(Self.settings, from: start)
        var two = try Driver(Self.settings, from: start)
        var tick: [Sample] = []
        func end(_ tick: inout [Sample]) {
            one.run(until: tick.last?.received ?? start)
            two.run(until: tick.last?.received ?? start)
            for sample in tick { one.analysis.take(sample) }
            for sample in tick.shuffled(using: &random) { two.analysis.take(sample) }
            tick.removeAll()
        }
        for sample in samples {
            // A new tick begins 2 s behind a multiple of 5 s.
            if let first = tick.first,
                (first.received.milliseconds - 2001) / 5000 != (sample.received.milliseconds - 2001) / 5000
            {
                end(&tick)
            }
            tick.append(sample)
        }
        end(&tick)
        one.run(until: start + 2 * 3600 + 60)
        two.run(until: start + 2 * 3600 + 60)
        #expect(one.stored == two.stored)
        #expect(one.stored.count > 1000)
        #expect(one.values == two.values)
    }

    @Test("a copy goes its own way")
    func copies() throws {
        let start = monday + 3600 * 3
        let stream = randomStream(seed: 51, from: start, seconds: 3 * 3600)
        var one = try Driver(Self.settings, from: start)
        one.take(stream.prefix(stream.count / 2))
        var copy = one
        let before = everyFeature.indices.map { copy.analysis.value($0).bitPattern }
        one.take(stream.suffix(stream.count / 2))
        #expect(everyFeature.indices.map { copy.analysis.value($0).bitPattern } == before)
        #expect(everyFeature.indices.map { one.analysis.value($0).bitPattern } != before)
        copy.take(stream.suffix(stream.count / 2))
        #expect(copy.stored == one.stored)
        #expect(copy.values == one.values)
    }

    @Test("foreign values and clocks neither trap nor last", arguments: 1...20 as ClosedRange<UInt64>)
    func foreign(seed: UInt64) throws {
        var random = Random(seed)
        let times: [Int64] = [
            .min, .min / 4, -1, 0, 1, 4999, 5000, monday.milliseconds, monday.milliseconds + 1, 4_102_444_800_000,
            Intake.lastTime - 1, Intake.lastTime, Intake.lastTime + 1, .max / 4, .max,
        ]
        let numbers: [Double] = [
            .nan, .infinity, -.infinity, 0, -0.0, -1, 1, 70, 1e9, 1e30, 1e300, .leastNonzeroMagnitude, 65_535, 0x1p52,
        ]
        let rules: [CounterRule?] = [
            nil, CounterRule(kind: .cumulative, width: 64, modulus: 0, resets: [.daily], maxRate: 0),
            CounterRule(kind: .cumulative, width: 0, wraps: true, scale: 255, saturates: true),
            CounterRule(kind: .delta, maxRate: .nan, provisional: true),
            CounterRule(kind: .bucket(length: TimeSpan(milliseconds: .max), stamped: .start)),
            CounterRule(kind: .bucket(length: .minutes(-5), stamped: .end)),
            CounterRule(kind: .bucket(length: .minutes(15), stamped: .start)),
        ]
        func time() -> Timestamp { Timestamp(milliseconds: times.randomElement(using: &random) ?? 0) }
        func number() -> Double { numbers.randomElement(using: &random) ?? 0 }
        var analysis = try PersonAnalysis(person: ana, settings: Self.settings)
        var stored: [Sample] = []
        for _ in 0..<400 {
            let metric = Metric.allCases.randomElement(using: &random) ?? .steps
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let stamps: [Reading.DeviceTime] = [
                    .arrival, .at(time()),
                    .beat(
                        index: .random(in: 0...3, using: &random),
                        count: [0, 1, 3, .max].randomElement(using: &random) ?? 0),
                ]
                analysis.take(
                    Reading(
                        metric: metric, value: number(), time: stamps.randomElement(using: &random) ?? .arrival,
                        counter: rules.randomElement(using: &random) ?? nil), from: strap, at: time())
            case 2:
                analysis.take(
                    Sample(
                        metric: metric, value: Float(number()), time: time(),
                        span: [0, 1, 60_000, .max].randomElement(using: &random) ?? 0, received: time(), source: watch))
            case 3: analysis.take(.contact(number()), from: strap, at: time())
            case 4: analysis.linkChanged(device: watch, state: .lost, at: time())
            default:
                // Hours, days, a hundred years: and now and then a tick that makes no sense.
                let gaps: [Int64] = [5, 5, 60, 3600, 86_400, 40 * 86_400, 100 * 365 * 86_400]
                let gap = (gaps.randomElement(using: &random) ?? 5) * 1000
                let from = (analysis.lastClosed ?? monday).milliseconds
                let isSense = Int.random(in: 0..<9, using: &random) > 0
                let tick = Timestamp(milliseconds: isSense ? from + gap : time().milliseconds)
                stored += analysis.close(tick: tick).samples
                for slot in everyFeature.indices.shuffled(using: &random).prefix(20) {
                    _ = analysis.value(slot)
                    _ = analysis.detail(slot)
                }
                _ = analysis.nextDeadline
                if Bool.random(using: &random) {
                    analysis = try PersonAnalysis(
                        person: ana, settings: Self.settings, restoring: analysis.changedStates())
                    analysis.rebuild(stored)
                }
            }
        }
    }

    @Test("states cut off or changed at any byte are refused or read, and never trap")
    func damagedStates() throws {
        var driver = try Driver(AnalysisSettings(features: []), from: monday + 3600 * 5)
        driver.take(randomStream(seed: 41, from: monday + 3600 * 5, seconds: 3 * 3600))
        let states = driver.analysis.changedStates()
        #expect(states.count > 4)
        let intake = states.filter { $0.component == "intake" }
        for state in states {
            let others = state.component == "intake" ? [] : intake
            let step = Swift.max(1, state.bytes.count / 300)
            for length in stride(from: 0, to: state.bytes.count, by: step) {
                var short = state
                short.bytes = Array(state.bytes[..<length])
                // Hour panes may end after any whole hour, everything else must be whole.
                if !state.component.hasPrefix("panes/") {
                    #expect(throws: WireError.self) {
                        try PersonAnalysis(person: ana, settings: AnalysisSettings(), restoring: others + [short])
                    }
                }
                var bent = state
                bent.bytes[length] ^= 0xFF
                guard
                    var analysis = try? PersonAnalysis(
                        person: ana, settings: AnalysisSettings(), restoring: others + [bent])
                else { continue }
                _ = analysis.close(tick: Timestamp(milliseconds: 1_900_000_000_000))
                _ = analysis.nextDeadline
            }
        }
        #expect(throws: WireError.self) {
            var newer = intake[0]
            newer.version += 1
            _ = try PersonAnalysis(person: ana, settings: AnalysisSettings(), restoring: [newer])
        }
    }
}
