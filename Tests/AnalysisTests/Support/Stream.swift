import Vitals

@testable import Analysis

/// A small generator of random numbers (SplitMix64, Steele 2014), so that every run sees the same streams.
struct Random: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

let ana = PersonID(high: 0x1234_5678_9abc_4def, low: 0x8000_0000_0000_0001)
let strap = DeviceID(high: 1, low: 1)
let watch = DeviceID(high: 1, low: 2)
/// 2026-03-02T00:00:00Z, a Monday.
let monday = Timestamp(milliseconds: 1_772_409_600_000)

extension Timestamp {
    static func + (a: Timestamp, seconds: Int64) -> Timestamp { a + TimeSpan.seconds(seconds) }
}

/// One thing that happens to an analysis.
enum Happening {
    case reading(Reading, DeviceID, Timestamp)
    case status(Status, DeviceID, Timestamp)
    case sample(Sample)
    case link(DeviceID, LinkState, Timestamp)

    var at: Timestamp {
        switch self {
        case .reading(_, _, let at), .status(_, _, let at), .link(_, _, let at): at
        case .sample(let sample): sample.received
        }
    }
}

extension PersonAnalysis {
    mutating func take(_ happening: Happening) {
        switch happening {
        case .reading(let reading, let device, let at): take(reading, from: device, at: at)
        case .status(let status, let device, let at): take(status, from: device, at: at)
        case .sample(let sample): take(sample)
        case .link(let device, let state, let at): linkChanged(device: device, state: state, at: at)
        }
    }
}

/// Drives an analysis as the hub does: every tick that became due is closed before the next input is taken.
struct Driver {
    var analysis: PersonAnalysis
    /// What a store would hold.
    var stored: [Sample] = []
    var states: [String: ComponentState] = [:]
    var closed: [ClosedTick] = []
    /// Values of all slots, as bits, after each tick.
    var values: [[UInt64]] = []
    var nextTick: Timestamp
    let slots: Int
    /// Closes only ticks at which something is due, as the hub does for a person asleep.
    var isSparse = false

    init(_ settings: AnalysisSettings, from start: Timestamp) throws {
        analysis = try PersonAnalysis(person: ana, settings: settings)
        nextTick = start.floored(to: .seconds(5)) + 5
        slots = settings.features.count
    }

    mutating func run(until now: Timestamp) {
        while nextTick + TimeSpan.seconds(2) < now {
            defer { nextTick = nextTick + 5 }
            if isSparse, analysis.nextDeadline.map({ $0 > nextTick }) ?? true { continue }
            let one = analysis.close(tick: nextTick)
            stored += one.samples
            closed.append(one)
            // All slots now and then, and each in turn: the tests run unoptimised.
            let n = Int(nextTick.milliseconds / 5000)
            values.append(
                (0..<slots).filter { n % 2160 == 0 || ($0 + n) % 60 == 0 }.map { analysis.value($0).bitPattern })
        }
    }

    mutating func take(_ happening: Happening) {
        run(until: happening.at)
        analysis.take(happening)
    }

    mutating func take(_ happenings: some Sequence<Happening>) { for one in happenings { take(one) } }

    /// Commits the states, then throws the analysis away and starts it again from what a store holds.
    mutating func interrupt() throws {
        for state in analysis.changedStates() { states[state.component] = state }
        let settings = analysis.settings
        analysis = try PersonAnalysis(
            person: ana, settings: settings, restoring: Array(states.values).sorted { $0.component < $1.component })
        let range = analysis.rebuildRange
        // The store keeps one sample per series and time.
        analysis.rebuild(stored.reversed().filter { range.contains($0.time) })
    }

    /// Commits without interrupting.
    mutating func commit() {
        for state in analysis.changedStates() { states[state.component] = state }
    }
}

/// Features of every kind, over every tier.
let everyFeature: [Feature] = {
    var list: [Feature] = []
    let functions: [WindowFunction] = [
        .mean, .std, .min, .max, .sum, .count, .first, .last, .delta, .slope, .coverage,
    ]
    for function in functions {
        for metric in [Metric.heartRate, .steps, .rrInterval, .worn, .bodyTemperature, .respirationRate] {
            for span in [TimeSpan.seconds(30), .minutes(10), .minutes(60), .hours(6), .hours(24), .days(7)] {
                list.append(.window(function, metric, span, parameter: 0))
            }
        }
    }
    for metric in [Metric.heartRate, .bodyTemperature] {
        list.append(.window(.median, metric, .minutes(5), parameter: 0))
        list.append(.window(.quantile, metric, .minutes(60), parameter: 0.9))
    }
    for function in [WindowFunction.rmssd, .sdnn, .correctedShare] {
        list.append(.window(function, .rrInterval, .seconds(90), parameter: 0))
    }
    for metric in [Metric.heartRate, .steps, .worn, .restingHeartRate, .bodyTemperature] {
        list += [.latest(metric), .age(metric), .stale(metric, .minutes(10))]
    }
    list += [.baseline(.restingHeartRate, days: 28), .zscore(.restingHeartRate, days: 28)]
    list += SessionField.allCases.map { .session($0) }
    return list
}()

/// A person's day as two devices tell it: gaps, late blocks, duplicates, wrong clocks, implausible values, walks.
func randomStream(seed: UInt64, from start: Timestamp, seconds: Int64) -> [Happening] {
    var random = Random(seed)
    var list: [Happening] = []
    func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
    var silentUntil: [Int64] = [0, 0]
    var total = Double.random(in: 0..<5000, using: &random)
    var beat: UInt16 = 0
    var walking = false
    var held: [Sample] = []
    let step: Int64 = 1
    var t: Int64 = 0
    while t < seconds {
        let now = start + TimeSpan.milliseconds(t * 1000 + Int64.random(in: 0..<900, using: &random))
        if t % 60 == 0 {
            if chance(0.03) { walking.toggle() }
            if chance(0.01) { silentUntil[0] = t + Int64.random(in: 10...4000, using: &random) }
            if chance(0.01) { silentUntil[1] = t + Int64.random(in: 10...4000, using: &random) }
        }
        let heart = (walking ? 120.0 : 62.0) + Double.random(in: -6...6, using: &random).rounded()
        if t >= silentUntil[0] {
            if t % 3 == 0 {
                list.append(.reading(Reading(metric: .heartRate, value: chance(0.01) ? 511 : heart), strap, now))
            }
            if t % 4 == 0 {
                let count = UInt16.random(in: 1...3, using: &random)
                for index in 0..<count {
                    let length = 60_000 / heart + Double.random(in: -30...30, using: &random)
                    list.append(
                        .reading(
                            Reading(metric: .rrInterval, value: length, time: .beat(index: index, count: count)), strap,
                            now))
                }
                beat &+= count
            }
            if chance(0.002) { list.append(.status(.worn(chance(0.5)), strap, now)) }
            if t % 30 == 0 { list.append(.status(.contact(1), strap, now)) }
        }
        if t >= silentUntil[1] {
            if t % 20 == 0 {
                total += walking ? Double.random(in: 25...40, using: &random).rounded() : (chance(0.05) ? 3 : 0)
                if chance(0.002) { total = 0 }
                list.append(
                    .reading(
                        Reading(
                            metric: .steps, value: chance(0.005) ? 60_000 : total.rounded(),
                            counter: CounterRule(
                                kind: .cumulative, wraps: false, resets: [.daily, .reboot], maxRate: 5)), watch, now))
            }
            if t % 25 == 3 {
                // A device that is always behind, now more, now less.
                let behind = TimeSpan.milliseconds(Int64.random(in: 3000...90_000, using: &random))
                let value = Float(Double.random(in: 10...18, using: &random))
                list.append(
                    .sample(
                        Sample(metric: .respirationRate, value: value, time: now - behind, received: now, source: watch)
                    ))
            }
            if t % 15 == 0 {
                list.append(.reading(Reading(metric: .heartRate, value: heart + 1), watch, now))
            }
            if t % 60 == 5 {
                let temperature = 36.5 + Double.random(in: -0.4...0.4, using: &random)
                let value = Float(temperature)
                let sample = Sample(metric: .bodyTemperature, value: value, time: now, received: now, source: watch)
                if chance(0.3) { held.append(sample) } else { list.append(.sample(sample)) }
                if chance(0.1) { list.append(.sample(sample)) }
                list.append(
                    .reading(
                        Reading(
                            metric: .energy, value: 1.25, time: .at(now + Int64.random(in: -900...30, using: &random)),
                            counter: CounterRule(kind: .delta)), watch, now))
            }
        }
        if chance(0.0005) {
            for var sample in held {
                sample.received = now
                list.append(.sample(sample))
                if chance(0.1) { list.append(.sample(sample)) }
            }
            held.removeAll()
        }
        if chance(0.0003) { list.append(.link(strap, chance(0.5) ? .lost : .connected, now)) }
        t += step
    }
    return list.sorted { $0.at < $1.at }
}
