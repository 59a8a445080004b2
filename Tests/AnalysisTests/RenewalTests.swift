import Testing
import Vitals

@testable import Analysis

@Suite("Detectors of a changed version are made anew from history")
struct RenewalTests {
    static let changed = ["hr_excess", "illness_cusum", "resting_heart_rate"]
    static let day: Int64 = 86_400
    static let settings = AnalysisSettings(body: Body(maxHeartRate: 180))

    struct Place: Hashable {
        var metric: Metric
        var time: Timestamp
        var source: DeviceID
    }

    /// A wristband's minutes: nights of another rate each day, a walk a day, three nights that came at breakfast.
    static func minutes(of days: Range<Int64>) -> [Happening] {
        var random = Random(UInt64(5 + days.lowerBound))
        var list: [Happening] = []
        for day in days {
            let rest = 52 + Double(day * 7 % 5) + (46...47 ~= day % 50 ? 6 : 0)
            let comesLate = day % 20 == 17
            for minute in 0..<Int64(1440) {
                let at = monday + day * Self.day + minute * 60
                let walks = (1080..<1110).contains(minute)
                let rate = (minute < 420 ? rest : rest + 15) + (walks ? 45 : 0)
                let received = comesLate && minute < 420 ? monday + day * Self.day + 27_000 : at
                list.append(
                    .sample(
                        Sample(
                            metric: .heartRate,
                            value: Float(rate + Double.random(in: -3...3, using: &random).rounded()),
                            time: at + 7, received: max(received, at + 7), source: strap)))
                list.append(
                    .sample(
                        Sample(
                            metric: .steps, value: walks ? 100 : 0, time: at + 60, span: 60_000,
                            received: max(received, at + 60), source: watch)))
            }
        }
        return list.sorted { $0.at < $1.at }
    }

    /// What a store makes of samples: of one place the highest revision.
    static func kept(_ samples: [Sample]) -> [Place: Sample] {
        var kept: [Place: Sample] = [:]
        for sample in samples {
            let place = Place(metric: sample.metric, time: sample.time, source: sample.source)
            if let known = kept[place], known.revision >= sample.revision { continue }
            kept[place] = sample
        }
        return kept
    }

    /// Derived values that count, by place.
    static func told(_ samples: [Sample]) -> [Place: Float] {
        kept(samples).filter { $0.key.source == .derived && $0.value.quality.isDisjoint(with: .unusable) }
            .mapValues(\.value)
    }

    /// Runs a renewal over what the driver stored, letting `between` happen after each slice; `false` when that asks to
    /// stop, as a power cut would.
    static func renew(_ driver: inout Driver, between: (inout Driver, Int) -> Bool) throws -> Bool {
        guard let first = driver.stored.map(\.time).min(), let now = driver.analysis.lastClosed,
            var renewal = try driver.analysis.renewal(first: first, now: now)
        else { return true }
        func samples(_ driver: Driver, _ from: Timestamp, _ to: Timestamp) -> [Sample] {
            kept(driver.stored.filter { $0.time >= from && $0.time < to && renewal.reads.contains($0.metric) })
                .map(\.value)
        }
        var slice = 0
        while let last = driver.analysis.lastClosed, renewal.position + 2 * Self.day < last {
            let until = renewal.position + 2 * Self.day
            renewal.take(samples(driver, renewal.position, until), until: until, lastTick: last)
            slice += 1
            guard between(&driver, slice) else { return false }
        }
        _ = renewal.earliestNews()
        let settled = renewal.position - .days(4)
        driver.stored += renewal.corrections(
            in: TimeRange(renewal.from, settled), stored: samples(driver, renewal.from, settled), at: renewal.position)
        guard between(&driver, slice + 1) else { return false }
        let last = try #require(driver.analysis.lastClosed)
        renewal.take(samples(driver, renewal.position, last + 60), until: last + 60, lastTick: last)
        renewal.finish(at: last)
        let again = min(settled, renewal.earliestNews() ?? settled)
        let rest = renewal.corrections(
            in: TimeRange(again, last + 60), stored: samples(driver, again, last + 60), at: last)
        driver.stored += try #require(try driver.analysis.adopt(renewal, corrections: rest))
        return true
    }

    /// The same person until day 50 under an older version: other values, missing ones, some that never were.
    static func aged(_ driver: Driver) throws -> Driver {
        var old = driver
        let gives = Set(
            DetectorCard.all.filter { changed.contains($0.name) || $0.reads.contains(.restingHeartRate) }
                .flatMap(\.gives))
        var n = 0
        old.stored = old.stored.compactMap { sample in
            guard gives.contains(sample.metric), sample.source == .derived else { return sample }
            n += 1
            if n % 7 == 3 { return nil }
            var sample = sample
            if n % 2 == 0 { sample.value += 2 }
            if n % 11 == 5 { sample.time = sample.time + 300 }
            return sample
        }
        for metric in gives where metric.isDaily {
            for var entry in old.analysis.daily.of(metric) {
                old.analysis.daily.remove(metric, day: entry.day)
                entry.value += 2
                entry.timely += 2
                if entry.day % 9 != 2 { old.analysis.daily.put(entry) }
            }
        }
        old.commit()
        for name in changed { old.states[Detectors.prefix + name]?.version = 0 }
        try restart(&old)
        return old
    }

    static func restart(_ driver: inout Driver) throws {
        driver.analysis = try PersonAnalysis(
            person: ana, settings: settings,
            restoring: Array(driver.states.values).sorted { $0.component < $1.component })
        let range = driver.analysis.rebuildRange
        driver.analysis.rebuild(kept(driver.stored).values.filter { range.contains($0.time) })
    }

    static let rest = minutes(of: 50..<60)
    /// Who ran with the present version all along: until day 50, and until the end.
    static let lived = Result {
        var driver = try Self.driver(from: monday)
        driver.take(minutes(of: 0..<50))
        return driver
    }
    static let whole = Result {
        var driver = try lived.get()
        driver.take(rest)
        settle(&driver)
        return driver
    }

    /// Lets the last ticks of day 60 come.
    static func settle(_ driver: inout Driver) {
        for second in Int64(0)...1 { driver.run(until: monday + (60 * day + second)) }
    }

    static func driver(from start: Timestamp) throws -> Driver {
        var driver = try Driver(settings, from: start)
        driver.isSparse = true
        return driver
    }

    @Test(
        "after it values and states are those of one that had run with the new version all along, cut short or not",
        arguments: [[], [5, 20], [26]] as [[Int]])
    func equal(cuts: [Int]) throws {
        let whole = try Self.whole.get()
        var other = try Self.aged(try Self.lived.get())
        #expect(other.analysis.renewed == Self.changed)
        // While it runs, life goes on: two hours to each slice.
        var rest = Self.rest[...]
        for cut in cuts + [.max] {
            let isDone = try Self.renew(&other) { driver, slice in
                let until = driver.nextTick + 7200
                while let next = rest.first, next.at < until { driver.take(rest.removeFirst()) }
                driver.commit()
                return slice < cut
            }
            #expect(isDone == (cut == .max))
            if !isDone {
                try Self.restart(&other)
                #expect(other.analysis.renewed == Self.changed)
            }
        }
        #expect(other.analysis.renewed.isEmpty)
        other.take(rest)
        Self.settle(&other)
        let (a, b) = (Self.told(whole.stored), Self.told(other.stored))
        let differing = Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }
            .sorted { ($0.time, $0.metric.rawValue) < ($1.time, $1.metric.rawValue) }
        for place in differing.prefix(5) {
            Issue.record(
                "\(place.metric) at \(ISO8601.format(place.time)): \(a[place] as Float?), here \(b[place] as Float?)")
        }
        #expect(differing.isEmpty, "\(differing.count) of \(a.count)")
        let bytes = whole.analysis.detectors.bytes
        #expect(other.analysis.detectors.bytes.filter { bytes[$0] != $1 }.keys.sorted() == [])
        for metric in Metric.allCases where metric.isDaily {
            let values = { (driver: Driver) in
                driver.analysis.daily.of(metric).map { [Double($0.day), Double($0.value)] }
            }
            #expect(values(whole) == values(other), "\(metric)")
        }
        // What is restored afterwards has nothing left to renew.
        try other.interrupt()
        #expect(other.analysis.renewed.isEmpty)
        for metric in [Metric.illnessCusum, .illnessAlarm, .hrExcess, .nightSignal, .fitness, .restingHeartRate] {
            #expect(a.keys.contains { $0.metric == metric }, "\(metric)")
        }
    }

    @Test("what was told of the past in time stays what rules see")
    func decidesNothing() throws {
        let whole = try Self.lived.get()
        var other = try Self.aged(whole)
        #expect(Self.told(other.stored) != Self.told(whole.stored))
        let features: [Feature] = [
            .latest(.restingHeartRate), .latest(.nightSignal), .latest(.controlChart), .latest(.fitness),
            .age(.restingHeartRate), .window(.mean, .restingHeartRate, .days(7), parameter: 0),
            .window(.max, .illnessAlarm, .hours(24), parameter: 0), .window(.mean, .hrExcess, .days(5), parameter: 0),
            .window(.count, .illnessCusum, .hours(24), parameter: 0),
        ]
        let before = features.map { other.analysis.value(of: $0).bitPattern }
        #expect(try Self.renew(&other) { _, _ in true })
        #expect(features.map { other.analysis.value(of: $0).bitPattern } == before)
        #expect(before.contains { Double(bitPattern: $0) > 0 })
        // Baselines are complete at once.
        let baseline = Feature.baseline(.restingHeartRate, days: 28)
        #expect(other.analysis.value(of: baseline) == whole.analysis.value(of: baseline))
        // A restart finds the same.
        other.commit()
        try Self.restart(&other)
        #expect(features.map { other.analysis.value(of: $0).bitPattern } == before)
    }

    @Test("without a changed version there is nothing to renew, and a renewal of elsewhere is refused")
    func nothing() throws {
        var driver = try Self.driver(from: monday)
        driver.take(Self.minutes(of: 0..<2))
        let none = try driver.analysis.renewal(first: monday, now: monday + 1)
        #expect(none?.changed == nil)
        driver.analysis.pending.begin("resting_heart_rate")
        let renewal = try #require(try driver.analysis.renewal(first: monday, now: monday + 2 * Self.day))
        #expect(renewal.gives.isSuperset(of: [.restingHeartRate, .nightSignal, .controlChart, .fitness]))
        #expect(renewal.reads.isDisjoint(with: [.rrInterval]) && !renewal.gives.contains(.illnessCusum))
        #expect(try driver.analysis.adopt(renewal, corrections: []) == nil)
        #expect(driver.analysis.renewed == ["resting_heart_rate"])
    }
}
