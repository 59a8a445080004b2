import Testing
import Vitals

@testable import Analysis

/// The counter cases of the device notes, by their ids: readings of a counter, and what each local day then holds.
@Suite("Counters become what happened, per local day")
struct CounterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var id: String
        var zone = "UTC"
        var rule: CounterRule
        var readings: [(String, Double)]
        var expect: [String: Double]
        var testDescription: String { id }
    }

    static let daily = CounterRule(kind: .cumulative, wraps: false, resets: [.daily, .reboot], maxRate: 5)
    static let quarantined = CounterRule(
        kind: .cumulative, wraps: false, resets: [.daily, .reboot], quarantinesDayEdge: true, maxRate: 5)
    static let strides = CounterRule(kind: .cumulative, width: 8, resets: .reboot, maxRate: 3)

    static let cases: [Case] = [
        Case(
            id: "cnt-01 a daily counter's first value of the day counts in full", rule: daily,
            readings: [("2026-03-01T08:00:00Z", 300), ("2026-03-01T12:00:00Z", 4000), ("2026-03-01T20:00:00Z", 9000)],
            expect: ["2026-03-01": 9000]),
        Case(
            id: "cnt-02 a reset at midnight", rule: daily,
            readings: [("2026-03-01T20:00:00Z", 9000), ("2026-03-02T00:00:05Z", 0), ("2026-03-02T07:00:00Z", 120)],
            expect: ["2026-03-01": 9000, "2026-03-02": 120]),
        Case(
            id: "cnt-03 a reboot on the same day continues", rule: daily,
            readings: [("2026-03-01T10:00:00Z", 5000), ("2026-03-01T10:05:00Z", 0), ("2026-03-01T11:00:00Z", 800)],
            expect: ["2026-03-01": 5800]),
        Case(
            id: "cnt-04 yesterday's total after midnight", rule: quarantined,
            readings: [
                ("2026-03-01T22:00:00Z", 1000), ("2026-03-02T07:30:00Z", 1000), ("2026-03-02T07:30:02Z", 0),
                ("2026-03-02T08:00:00Z", 50),
            ],
            expect: ["2026-03-01": 1000, "2026-03-02": 50]),
        Case(
            id: "cnt-06 a wrap that fits the rate", rule: strides,
            readings: [("2026-03-01T10:00:00Z", 250), ("2026-03-01T10:00:10Z", 5)], expect: ["2026-03-01": 11]),
        Case(
            id: "cnt-07 a wrap that does not fit is a reset", rule: strides,
            readings: [("2026-03-01T10:00:00Z", 250), ("2026-03-01T10:00:02Z", 5)], expect: ["2026-03-01": 5]),
        Case(
            id: "cnt-09 a jump is ignored when the next value confirms the old line", rule: daily,
            readings: [
                ("2026-03-01T10:00:00Z", 2000), ("2026-03-01T10:00:05Z", 65000), ("2026-03-01T10:00:10Z", 2010),
            ],
            expect: ["2026-03-01": 2010]),
        Case(
            id: "cnt-10 deltas", rule: CounterRule(kind: .delta),
            readings: [("2026-03-01T10:00:00Z", 7), ("2026-03-01T10:00:10Z", 0), ("2026-03-01T10:00:20Z", 5)],
            expect: ["2026-03-01": 12]),
        Case(
            id: "cnt-13 the local day decides", zone: "Europe/Berlin",
            rule: CounterRule(kind: .cumulative, wraps: false, resets: .daily, maxRate: 5),
            readings: [("2026-03-01T22:30:00Z", 7000), ("2026-03-01T23:30:00Z", 20)],
            expect: ["2026-03-01": 7000, "2026-03-02": 20]),
        Case(
            id: "cnt-14 a day of 23 hours", zone: "Europe/Berlin", rule: daily,
            readings: [
                ("2026-03-28T22:00:00Z", 6000), ("2026-03-28T23:10:00Z", 15), ("2026-03-29T01:30:00Z", 40),
                ("2026-03-29T21:59:00Z", 5000),
            ],
            expect: ["2026-03-28": 6000, "2026-03-29": 5000]),
        Case(
            id: "cnt-16 an older timestamp is not a reset", rule: daily,
            readings: [
                ("2026-03-01T12:00:00Z", 500), ("2026-03-01T12:00:00Z", 500), ("2026-03-01T11:59:00Z", 480),
                ("2026-03-01T12:10:00Z", 700),
            ],
            expect: ["2026-03-01": 700]),
    ]

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private func perDay(_ increments: [Increment], _ zone: Zone) -> [LocalDay: Double] {
        var days: [LocalDay: Double] = [:]
        for one in increments where one.value != 0 {
            days[zone.day(of: Timestamp(milliseconds: one.to - 1)), default: 0] += one.value
        }
        return days
    }

    @Test("case", arguments: cases)
    func counterCase(_ one: Case) throws {
        let zone = try Zone(named: one.zone)
        var track = CounterTrack(metric: .steps)
        var out: [Increment] = []
        for (text, value) in one.readings {
            let at = try time(text).milliseconds
            _ = track.take(value, at: at, stamped: false, received: at, rule: one.rule, zone: zone, into: &out)
        }
        var expected: [LocalDay: Double] = [:]
        for (day, value) in one.expect { expected[try #require(LocalDay(day))] = value }
        #expect(perDay(out, zone) == expected)
        for increment in out {
            #expect(increment.from <= increment.to && increment.value >= 0)
            // Never over local midnight.
            if one.rule.resets.contains(.daily) {
                let midnight = zone.start(of: zone.day(of: Timestamp(milliseconds: increment.to))).milliseconds
                #expect(increment.from >= midnight || increment.value == 0 && increment.to == midnight)
            }
        }
    }

    @Test("cnt-11 a block replaces the deltas inside it")
    func deltasAndBlocks() throws {
        var track = CounterTrack(metric: .steps)
        var out: [Increment] = []
        let delta = CounterRule(kind: .delta, provisional: true)
        let bucket = CounterRule(kind: .bucket(length: .minutes(10), stamped: .end))
        for (text, value, rule) in [
            ("2026-03-01T10:01:00Z", 30.0, delta), ("2026-03-01T10:05:00Z", 50.0, delta),
            ("2026-03-01T10:10:00Z", 112.0, bucket), ("2026-03-01T10:11:00Z", 9.0, delta),
        ] {
            let at = try time(text).milliseconds
            _ = track.take(value, at: at, stamped: false, received: at, rule: rule, zone: .utc, into: &out)
        }
        #expect(out.map(\.value).reduce(0, +) == 121)
        #expect(out.map(\.value) == [30, 50, 32, 9])
    }

    @Test("a growing block counts what is new, a repeated one nothing")
    func growingBlock() {
        var track = CounterTrack(metric: .steps)
        var out: [Increment] = []
        let rule = CounterRule(kind: .bucket(length: .minutes(15), stamped: .start))
        let start = monday.milliseconds
        for (minute, value) in [(5, 40.0), (10, 60.0), (20, 90.0), (30, 90.0), (40, 80.0)] {
            _ = track.take(
                value, at: start, stamped: true, received: start + Int64(minute) * 60_000, rule: rule, zone: .utc,
                into: &out)
        }
        #expect(out.map(\.value) == [40, 20, 30])
        #expect(out.map { ($0.to - start) / 60_000 } == [5, 10, 15])
    }

    @Test("an unchanged total says that nothing happened in the whole gap; an amount is put into its last quarter hour")
    func spans() {
        var track = CounterTrack(metric: .steps)
        var out: [Increment] = []
        let rule = CounterRule(kind: .cumulative, wraps: false, resets: .reboot)
        let start = monday.milliseconds
        for (hour, value) in [(0, 500.0), (6, 500.0), (9, 620.0)] {
            let at = start + Int64(hour) * 3_600_000
            _ = track.take(value, at: at, stamped: false, received: at, rule: rule, zone: .utc, into: &out)
        }
        #expect(
            out == [
                Increment(value: 0, from: start, to: start + 6 * 3_600_000),
                Increment(
                    value: 120, from: start + 9 * 3_600_000 - 900_000, to: start + 9 * 3_600_000,
                    since: start + 6 * 3_600_000),
            ])
    }

    @Test("the baseline survives a restart", arguments: cases)
    func restart(_ one: Case) throws {
        let zone = try Zone(named: one.zone)
        var track = CounterTrack(metric: .steps)
        var again = track
        var a: [Increment] = []
        var b: [Increment] = []
        for (text, value) in one.readings {
            let at = try time(text).milliseconds
            _ = track.take(value, at: at, stamped: false, received: at, rule: one.rule, zone: zone, into: &a)
            _ = again.take(value, at: at, stamped: false, received: at, rule: one.rule, zone: zone, into: &b)
            var writer = ByteWriter()
            again.write(to: &writer)
            var reader = ByteReader(writer.bytes)
            again = try CounterTrack(from: &reader, version: PersonAnalysis.version)
        }
        #expect(a == b)
        #expect(track == again)
    }

    @Test("foreign totals neither trap nor count", arguments: [Double.nan, .infinity, -1, 1e300, 0x1p53])
    func foreign(_ value: Double) {
        var track = CounterTrack(metric: .steps)
        var out: [Increment] = []
        #expect(
            track.take(value, at: 5, stamped: false, received: 5, rule: Self.daily, zone: .utc, into: &out) != nil)
        #expect(out.isEmpty)
    }
}
