import Testing
import Vitals

@testable import Analysis

/// A ring as it really is: a running total pushed live while in reach, a week of quarter hours on request.
private struct Ring {
    /// Steps of each second since `start`.
    var steps: [UInt8]
    let start: Timestamp
    let zone: Zone
    /// Seconds at which the running total fell to 0 by a restart.
    var restarts: [Int]

    static let total = CounterRule(
        kind: .cumulative, width: 24, wraps: false, resets: [.daily, .reboot], maxRate: 5, provisional: true)
    static let quarter = CounterRule(kind: .bucket(length: .minutes(15), stamped: .start))

    init(days: Int, zone: Zone, start: Timestamp, restarts: Int, random: inout Random) {
        steps = []
        self.start = start
        self.zone = zone
        var walking = false
        for second in 0..<days * 86_400 {
            if second % 60 == 0, Int.random(in: 0..<(walking ? 12 : 90), using: &random) == 0 { walking.toggle() }
            steps.append(walking ? UInt8.random(in: 1...2, using: &random) : 0)
        }
        let count = steps.count
        self.restarts = (0..<restarts).map { _ in Int.random(in: 1000..<count, using: &random) }
    }

    func time(_ second: Int) -> Timestamp { start + Int64(second) }

    private func second(_ time: Timestamp) -> Int { Int((time - start).milliseconds / 1000) }

    private func sum(_ from: Int, _ to: Int) -> Int {
        let (from, to) = (max(0, from), min(to, steps.count))
        return from < to ? steps[from..<to].reduce(0) { $0 + Int($1) } : 0
    }

    /// Today's total as the ring shows it.
    func total(_ now: Int) -> Int {
        let midnight = second(zone.start(of: zone.day(of: time(now))))
        return sum(max(midnight, restarts.filter { $0 <= now }.max() ?? midnight), now)
    }

    func quarter(_ from: Int, now: Int) -> Int { sum(from, min(from + 900, now)) }

    func truth(_ day: LocalDay) -> Int {
        sum(second(zone.start(of: day)), second(zone.start(of: day + 1)))
    }
}

@Suite("Steps are counted once, however a device tells them")
struct AccountingTests {
    private static func perDay(_ samples: [Sample], _ zone: Zone) -> [LocalDay: Double] {
        var days: [LocalDay: Double] = [:]
        for one in samples where one.metric == .steps && one.quality.isDisjoint(with: .unusable) {
            days[zone.day(of: Timestamp(milliseconds: one.time.milliseconds - 1)), default: 0] += Double(one.value)
        }
        return days
    }

    /// What a hub sees of a ring in `days` days: random times in reach, pushes of the total, downloads of the history,
    /// some of it twice; at the end everything that the ring remembers.
    private func stream(_ ring: Ring, asksHistory: Bool, random: inout Random) -> [Happening] {
        var list: [Happening] = []
        var second = 0
        func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
        func push(_ now: Int) {
            let at = ring.time(now) + TimeSpan.milliseconds(Int64.random(in: 1..<900, using: &random))
            let reading = Reading(metric: .steps, value: Double(ring.total(now)), counter: Ring.total)
            list.append(.reading(reading, watch, at))
            if chance(0.1) { list.append(.reading(reading, watch, at)) }
        }
        func download(_ now: Int, all: Bool) {
            let at = ring.time(now) + TimeSpan.milliseconds(Int64.random(in: 900..<999, using: &random))
            var starts = Array(stride(from: all ? 0 : max(0, now / 900 - 8) * 900, to: now, by: 900))
            if chance(0.3) { starts.reverse() }
            for start in starts where ring.quarter(start, now: now) > 0 || chance(0.1) {
                let reading = Reading(
                    metric: .steps, value: Double(ring.quarter(start, now: now)), time: .at(ring.time(start)),
                    counter: Ring.quarter)
                list.append(.reading(reading, watch, at))
                if chance(0.02) { list.append(.reading(reading, watch, at)) }
            }
        }
        while second < ring.steps.count - 2 {
            let reach = second + Int.random(in: 60...20_000, using: &random)
            if asksHistory, chance(0.7) { download(second, all: true) }
            while second < min(reach, ring.steps.count - 2) {
                push(second)
                if asksHistory, chance(0.02) { download(second, all: chance(0.2)) }
                second += Int.random(in: 1...(chance(0.1) ? 900 : 60), using: &random)
            }
            second += Int.random(in: 60...(chance(0.3) ? 40_000 : 900), using: &random)
        }
        if asksHistory { download(ring.steps.count, all: true) }
        return list
    }

    @Test(
        "live totals and quarter hours of a ring, through dropped links, restarts, midnights and repetitions",
        arguments: [("UTC", 1, 0), ("Europe/Berlin", 2, 2), ("Asia/Kathmandu", 3, 1), ("Europe/Berlin", 4, 0)]
            as [(String, UInt64, Int)])
    func ring(zone name: String, seed: UInt64, restarts: Int) throws {
        let zone = try Zone(named: name)
        var random = Random(seed)
        // Three days around the night in which Berlin's clocks go forward.
        let start = zone.start(of: try #require(LocalDay("2026-03-28")))
        let ring = Ring(days: 3, zone: zone, start: start, restarts: restarts, random: &random)
        let stream = stream(ring, asksHistory: true, random: &random)
        var driver = try Driver(AnalysisSettings(zone: zone), from: start)
        driver.isSparse = true
        for (n, one) in stream.enumerated() {
            driver.take(one)
            if n % 3001 == 3000 { try driver.interrupt() }
            guard n % 500 == 0 else { continue }
            for (day, sum) in Self.perDay(driver.stored, zone) {
                #expect(sum <= Double(ring.truth(day)), "\(day) after \(n) readings")
            }
        }
        driver.run(until: ring.time(ring.steps.count) + 3600)
        // A last word of the ring, when nothing is awaited any more.
        driver.take(
            .reading(
                Reading(metric: .steps, value: 0, counter: Ring.total), watch, ring.time(ring.steps.count) + 7200))
        driver.run(until: ring.time(ring.steps.count) + 7300)
        let days = Self.perDay(driver.stored, zone)
        #expect(days.count >= 3)
        for (day, sum) in days { #expect(sum == Double(ring.truth(day)), "\(day)") }
        // No step lies where the ring's own quarter hours say that there was none.
        let quarters = stride(from: 0, to: ring.steps.count, by: 900).map { ring.quarter($0, now: .max) }
        for one in driver.stored where one.metric == .steps && one.value > 0 {
            let to = Int((one.time - start).milliseconds - 1) / 900_000
            let from = Int((one.start - start).milliseconds) / 900_000
            let around = quarters[max(0, from)...min(to, quarters.count - 1)].reduce(0, +)
            #expect(one.quality.contains(.estimatedTime) || around > 0, "\(one)")
        }
    }

    @Test("live totals alone: each line of totals up to its last reading, and never more", arguments: [11, 12, 13])
    func totalsAlone(seed: UInt64) throws {
        var random = Random(seed)
        let ring = Ring(days: 2, zone: .utc, start: monday, restarts: 3, random: &random)
        let stream = stream(ring, asksHistory: false, random: &random)
        // What can be known: the last total before each reset.
        var known: [LocalDay: Double] = [:]
        var last: (value: Double, day: LocalDay)?
        for case .reading(let reading, _, let at) in stream {
            let day = Zone.utc.day(of: at)
            if let line = last, reading.value < line.value || day != line.day {
                known[line.day, default: 0] += line.value
            }
            last = (reading.value, day)
        }
        if let last { known[last.day, default: 0] += last.value }
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        driver.take(stream)
        let end = ring.time(ring.steps.count)
        driver.take(.reading(Reading(metric: .steps, value: 0, counter: Ring.total), watch, end + 7200))
        driver.run(until: end + 7300)
        for (day, sum) in Self.perDay(driver.stored, .utc) {
            #expect(sum <= Double(ring.truth(day)), "\(day)")
            // A restart between two readings may stay unseen when the new line passed the old one meanwhile.
            #expect(sum == known[day] ?? 0, "\(day)")
        }
    }

    @Test("a morning away: its quarter hours say when the 3,000 steps were, not the last quarter before the total")
    func morning() throws {
        let eight = monday + 8 * 3600
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.take(.reading(Reading(metric: .steps, value: 0, counter: Ring.total), watch, monday + 60))
        driver.take(.reading(Reading(metric: .steps, value: 3000, counter: Ring.total), watch, eight))
        for (n, steps) in [1200.0, 1700].enumerated() {
            driver.take(
                .reading(
                    Reading(
                        metric: .steps, value: steps, time: .at(monday + 6 * 3600 + Int64(n) * 900),
                        counter: Ring.quarter), watch, eight + 20))
        }
        driver.take(.reading(Reading(metric: .steps, value: 3010, counter: Ring.total), watch, eight + 60))
        driver.run(until: eight + 100)
        let steps = driver.stored.filter { $0.metric == .steps && $0.value > 0 }
        #expect(steps.map(\.value) == [10, 1200, 1700] || steps.map(\.value) == [1200, 1700, 10])
        #expect(steps.first { $0.value == 1700 }?.time == monday + 6 * 3600 + 1800)
        // Nobody says when the other 100 were: an hour later they are put before the total, as an estimate.
        driver.take(.reading(Reading(metric: .steps, value: 3010, counter: Ring.total), watch, eight + 3700))
        driver.run(until: eight + 3800)
        let rest = driver.stored.filter { $0.value == 100 }
        #expect(rest.map(\.time) == [eight])
        #expect(rest.first?.quality.contains([.estimatedTime, .late]) == true)
    }

    @Test("a week of history at first sight is counted whole, and asked for again not at all")
    func week() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        let now = monday + 7 * 86_400 + 40
        for _ in 0..<2 {
            for day in (0..<7).reversed() {
                for slot in 0..<96 {
                    driver.take(
                        .reading(
                            Reading(
                                metric: .steps, value: 20, time: .at(monday + Int64(day * 96 + slot) * 900),
                                counter: Ring.quarter), watch, now))
                }
            }
        }
        driver.run(until: now + 60)
        #expect(driver.stored.filter { $0.metric == .steps }.reduce(0) { $0 + $1.value } == 7 * 96 * 20)
        #expect(driver.stored.filter { $0.metric == .steps }.count == 7 * 96)
    }

    @Test("two totals in one read both count")
    func oneRead() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        for value in [0.0, 4, 7, 7] {
            driver.take(
                .reading(Reading(metric: .steps, value: value, counter: CounterTests.daily), watch, monday + 60))
        }
        for value in [3.0, 3] {
            driver.take(.reading(Reading(metric: .distance, value: value), watch, monday + 60))
        }
        driver.run(until: monday + 80)
        #expect(driver.stored.filter { $0.metric == .steps }.reduce(0) { $0 + $1.value } == 7)
        #expect(driver.stored.filter { $0.metric == .distance }.reduce(0) { $0 + $1.value } == 6)
    }
}
