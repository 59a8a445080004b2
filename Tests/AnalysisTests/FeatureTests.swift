import Glibc
import Kernels
import Testing
import Vitals

@testable import Analysis

/// Windows computed the plain way, from the list of samples that came in time.
struct PlainWindow {
    var values: [Double]
    var times: [Double]

    init(_ samples: [Sample], _ metric: Metric, from: Timestamp, to: Timestamp) {
        let inside = samples.filter {
            $0.metric == metric && $0.time >= from && $0.time < to
                && $0.quality.isDisjoint(with: Quality.unusable.union(.late))
        }
        values = inside.map { Double($0.value) }
        times = inside.map { Double($0.time.milliseconds - from.milliseconds) }
    }

    var mean: Double { values.reduce(0, +) / Double(values.count) }

    func value(_ function: WindowFunction) -> Double {
        if function == .count { return Double(values.count) }
        guard !values.isEmpty else { return .nan }
        switch function {
        case .mean: return mean
        case .sum: return values.reduce(0, +)
        case .min: return values.min() ?? .nan
        case .max: return values.max() ?? .nan
        case .first: return values.first ?? .nan
        case .last: return values.last ?? .nan
        case .delta: return (values.last ?? .nan) - (values.first ?? .nan)
        case .std:
            guard values.count > 1 else { return .nan }
            return (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count - 1)).squareRoot()
        case .median:
            let sorted = values.sorted()
            let m = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[m] : (sorted[m - 1] + sorted[m]) / 2
        case .mad:
            guard let middle = RollingTwin.quantile(0.5)(values.map { Float($0) }[...]) else { return .nan }
            return RollingTwin.quantile(0.5)(values.map { Float(abs($0 - middle)) }[...]) ?? .nan
        case .slope:
            // Times at the middle of their 5-s pane.
            let x = times.map { ($0 / 5000).rounded(.down) * 5000 + 2500 }
            let mx = x.reduce(0, +) / Double(x.count)
            let squares = x.map { ($0 - mx) * ($0 - mx) }.reduce(0, +)
            guard squares > 0 else { return .nan }
            return zip(x, values).map { ($0 - mx) * ($1 - mean) }.reduce(0, +) / squares * 60_000
        default: return .nan
        }
    }
}

@Suite("Features say what the samples of their window say")
struct FeatureTests {
    static let functions: [WindowFunction] = [
        .mean, .std, .min, .max, .sum, .count, .first, .last, .delta, .slope, .median, .mad,
    ]

    @Test("windows up to an hour agree with the plain computation over the samples", arguments: [11, 12] as [UInt64])
    func plain(seed: UInt64) throws {
        var features: [Feature] = []
        let spans: [Int64] = [5, 30, 600, 3600]
        for metric in [Metric.heartRate, .bodyTemperature, .rrInterval] {
            for span in spans {
                for function in Self.functions {
                    features.append(.window(function, metric, .seconds(span), parameter: 0))
                }
            }
        }
        let start = monday + 3600 * 9
        var driver = try Driver(AnalysisSettings(features: features), from: start)
        var compared = 0
        for happening in randomStream(seed: seed, from: start, seconds: 3 * 3600) {
            let before = driver.closed.count
            driver.take(happening)
            guard driver.closed.count > before, driver.closed.count % 150 == 0, let tick = driver.closed.last?.tick
            else {
                continue
            }
            for (slot, feature) in features.enumerated() {
                guard case .window(let function, let metric, let span, _) = feature else { continue }
                let plain = PlainWindow(driver.stored, metric, from: tick - span, to: tick).value(function)
                let value = driver.analysis.value(slot)
                // A slope is the small remainder of large values.
                let scale = function == .slope ? 100 : Swift.max(1, abs(plain))
                let isClose = abs(value - plain) <= 1e-5 * scale || value.isNaN && plain.isNaN
                #expect(isClose, "\(feature) \(value), plainly \(plain)")
                compared += 1
            }
        }
        #expect(compared > 1000)
    }

    /// Levels every second and step records every minute, all in time.
    private func steady(hours: Int64, features: [Feature], zone: Zone = .utc, from start: Timestamp = monday) throws
        -> Driver
    {
        var driver = try Driver(AnalysisSettings(zone: zone, features: features), from: start)
        for second in 1...(hours * 3600) {
            let now = start + second
            driver.take(.sample(Sample(metric: .heartRate, value: 60, time: now, received: now, source: strap)))
            if second % 60 == 0 {
                driver.take(
                    .sample(Sample(metric: .steps, value: 7, time: now, span: 60_000, received: now, source: watch)))
            }
        }
        return driver
    }

    @Test("a smoothed level weighs samples by their age alone, half as much for each half-life")
    func smoothed() throws {
        let start = monday + 3600 * 9
        let features: [Feature] = [
            .window(.ewma, .heartRate, .minutes(10), parameter: 60),
            .window(.ewma, .heartRate, .hours(2), parameter: 600),
            .window(.ewma, .heartRate, .minutes(10), parameter: 1e9),
            .window(.mean, .heartRate, .minutes(10), parameter: 0),
            .window(.ewma, .steps, .minutes(10), parameter: 60),
        ]
        var driver = try Driver(AnalysisSettings(features: features), from: start)
        for happening in randomStream(seed: 21, from: start, seconds: 2 * 3600) { driver.take(happening) }
        let tick = try #require(driver.closed.last?.tick)
        let plain = PlainWindow(driver.stored, .heartRate, from: tick - .minutes(10), to: tick)
        #expect(plain.values.count > 20)
        var (sum, total) = (0.0, 0.0)
        for (time, value) in zip(plain.times, plain.values) {
            let weight = exp2((time / 5000).rounded(.down) * 5000 / 60_000)
            sum += weight * value
            total += weight
        }
        #expect(abs(driver.analysis.value(0) - sum / total) < 1e-4)
        // Two hours of minute panes: what came last weighs most.
        let recent = PlainWindow(driver.stored, .heartRate, from: tick - .minutes(30), to: tick)
        #expect(abs(driver.analysis.value(1) - recent.mean) < 15)
        #expect(abs(driver.analysis.value(2) - driver.analysis.value(3)) < 1e-4)
        #expect(driver.analysis.value(4).isNaN)
    }

    @Test("a rate is the amount per minute of the time that is known, not of the window")
    func rate() throws {
        var driver = try steady(
            hours: 1,
            features: [
                .window(.rate, .steps, .minutes(10), parameter: 0), .window(.rate, .steps, .hours(2), parameter: 0),
                .window(.rate, .heartRate, .minutes(10), parameter: 0),
            ])
        driver.run(until: monday + 3600 + 3)
        #expect(driver.analysis.value(0) == 7)
        #expect(driver.analysis.value(1) == 7)
        #expect(driver.analysis.value(2).isNaN)
    }

    @Test("steps of a window are exactly those whose spans lie in it, a share of those that reach over its edge")
    func steps() throws {
        var driver = try steady(
            hours: 2,
            features: [
                .window(.sum, .steps, .minutes(10), parameter: 0), .window(.sum, .steps, .seconds(90), parameter: 0),
                .window(.coverage, .steps, .minutes(10), parameter: 0), .latest(.steps),
                .window(.std, .steps, .minutes(10), parameter: 0),
                .window(.mean, .steps, .minutes(10), parameter: 0),
                .window(.sum, .steps, .hours(2), parameter: 0),
            ])
        driver.run(until: monday + 2 * 3600 + 3)
        #expect(driver.analysis.value(0) == 70)
        #expect(abs(driver.analysis.value(1) - 10.5) < 1e-5)
        #expect(driver.analysis.value(2) == 1)
        #expect(driver.analysis.value(3) == 7)
        #expect(driver.analysis.value(4).isNaN)
        #expect(driver.analysis.value(5) == 7)
        #expect(driver.analysis.value(6) == 840)
        #expect(driver.analysis.detail(4).unknown == "std is not defined for amounts such as steps")
    }

    @Test("a window that no span covers is unknown, never zero")
    func unknown() throws {
        let features: [Feature] = [
            .window(.sum, .steps, .minutes(10), parameter: 0), .window(.count, .steps, .minutes(10), parameter: 0),
            .window(.mean, .heartRate, .minutes(10), parameter: 0), .latest(.heartRate),
            .stale(.heartRate, .minutes(10)), .age(.heartRate), .stale(.glucose, .minutes(1)),
            .window(.coverage, .glucose, .minutes(1), parameter: 0),
        ]
        var driver = try steady(hours: 1, features: features)
        driver.run(until: monday + 3600 + 1200)
        let values = features.indices.map { driver.analysis.value($0) }
        #expect(values[0].isNaN && values[2].isNaN && values[3].isNaN && values[6].isNaN)
        #expect(values[1] == 0 && values[4] == 1 && values[5] == 1_195_000 && values[7] == 0)
    }

    @Test("a wristband that reports once a minute covers a quiet night fully")
    func coverage() throws {
        let features: [Feature] = [.window(.coverage, .heartRate, .minutes(60), parameter: 0)]
        var driver = try Driver(AnalysisSettings(features: features), from: monday)
        for minute in 1...180 {
            let now = monday + Int64(minute) * 60
            driver.take(.sample(Sample(metric: .heartRate, value: 55, time: now, received: now, source: strap)))
        }
        driver.run(until: monday + 180 * 60 + 8)
        #expect(driver.analysis.value(0) == 1)
        // Silent for ten minutes: 2.5 minutes of them are held, 7.5 are not.
        driver.run(until: monday + 190 * 60 + 3)
        #expect(driver.analysis.value(0) == 52.5 / 60)
    }

    @Test("detail names the window, its samples' times and their sources")
    func detail() throws {
        var driver = try steady(hours: 1, features: [.window(.mean, .heartRate, .minutes(10), parameter: 0)])
        driver.run(until: monday + 3603)
        let detail = driver.analysis.detail(0)
        #expect(detail.value == 60)
        #expect(detail.window == TimeRange(monday + 3000, monday + 3600))
        #expect(detail.first == monday + 3000)
        #expect(detail.last == monday + 3599)
        #expect(detail.count == 600)
        #expect(detail.coverage == 1)
        #expect(detail.sources == [strap])
    }

    @Test("panes of one series take at most 64 KB", arguments: [true, false])
    func footprint(amounts: Bool) {
        #expect(SeriesPanes(holdsAmounts: amounts).footprint <= 65_536)
    }

    @Test("the same panes give the same bits wherever they lie in the ring", arguments: [1, 2, 3, 50, 719] as [Int64])
    func ringPlace(shift: Int64) {
        var random = Random(5)
        var one = PaneTier(length: 5000, capacity: 720, holdsAmounts: false, keepsFirst: true)
        var two = one
        two.makeUnique()
        for index in Int64(1000)..<1700 {
            // Magnitudes so far apart that the order of adding shows.
            var pane = OpenPane(index: index)
            pane.add(
                Float.random(in: -1...1, using: &random)
                    * Float(sign: .plus, exponent: Int.random(in: -60...60, using: &random), significand: 1))
            one.write(pane)
            pane.index += shift
            two.write(pane)
        }
        for panes in [1, 3, 4, 500, 699] as [Int64] {
            let a = one.window(panes * 5000, end: 1700 * 5000)
            let b = two.window(panes * 5000, end: (1700 + shift) * 5000)
            #expect(
                WindowReading.sum(one, one, PaneSpan.of(one, one, a)).bitPattern
                    == WindowReading.sum(two, two, PaneSpan.of(two, two, b)).bitPattern)
            #expect(
                WindowReading.deviation(one, one, PaneSpan.of(one, one, a)).bitPattern
                    == WindowReading.deviation(two, two, PaneSpan.of(two, two, b)).bitPattern)
            #expect(one.slope(a).bitPattern == two.slope(b).bitPattern)
        }
    }

    @Test("a baseline is the median of the days before today, and needs seven")
    func baseline() throws {
        let features: [Feature] = [.baseline(.restingHeartRate, days: 28), .zscore(.restingHeartRate, days: 28)]
        var driver = try Driver(AnalysisSettings(features: features), from: monday)
        let values: [Float] = [60, 61, 59, 60, 62, 58, 60, 70]
        for (day, value) in values.enumerated() {
            let at = monday + Int64(day) * 86_400 + 7 * 3600
            driver.take(
                .sample(Sample(metric: .restingHeartRate, value: value, time: at, received: at + 120, source: watch)))
            driver.run(until: at + 200)
            #expect(driver.analysis.value(0).isNaN == (day < 7))
        }
        #expect(driver.analysis.value(0) == 60)
        #expect(abs(driver.analysis.value(1) - 10 / 1.4826) < 1e-9)
    }
}
