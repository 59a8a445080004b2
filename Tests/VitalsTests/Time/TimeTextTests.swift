import Testing

@testable import Vitals

@Suite("Written times, days and spans")
struct TimeTextTests {
    @Test(
        "every accepted form means the moment it says",
        arguments: [
            ("2026-11-21T23:00:00Z", 1_795_302_000_000), ("2026-11-21T23:00:00.5Z", 1_795_302_000_500),
            ("2026-11-21t23:00:00,123456z", 1_795_302_000_123), ("2026-11-21T23:00Z", 1_795_302_000_000),
            ("2026-11-22T00:00:00+01:00", 1_795_302_000_000), ("2026-11-22T04:45:00+0545", 1_795_302_000_000),
            ("2026-11-21T18:00:00-05", 1_795_302_000_000), ("2026-11-21 23:00:00 +00:00", 1_795_302_000_000),
            ("2026-11-22 00:00:00", 1_795_302_000_000), ("2026-11-22", 1_795_302_000_000),
            ("2026-11-21T24:00:00", 1_795_302_000_000), ("  2026-11-22 00:00\r", 1_795_302_000_000),
            ("1795302000000", 1_795_302_000_000), ("0", 0), ("-1", -1), ("1970-01-01T00:00:00Z", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("2026-07-01 12:00:00", 1_782_900_000_000), ("20261121", 20_261_121),
        ])
    func accepted(text: String, milliseconds: Int64) throws {
        // Local forms are read in a zone one hour ahead in winter, two in summer.
        let time = ISO8601.parse(text, zone: try Zone(named: "Europe/Berlin"))
        #expect(time == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "what is not a time is refused",
        arguments: [
            "", " ", "-", "T", "yesterday", "2026-13-01", "2026-02-29", "2026-11-31T00:00:00Z", "2026-00-10",
            "2026-11-21T", "2026-11-21T23", "2026-11-21T24:00:01Z", "2026-11-21T25:00Z", "2026-11-21T23:60:00Z",
            "2026-11-21T23:00:61Z", "2026-11-21T23:00:00.Z", "2026-11-21T23:00:00+1", "2026-11-21T23:00:00+01:",
            "2026-11-21T23:00:00Zx", "2026-11-21T23:00:00+27:00", "2026-11-21X23:00:00", "2026-11-2", "２026-11-21",
            "99999999999999999999", "1e12", "12:30", "2026-11-21T23:00:00+01:60", "2026-11-21  23:00",
        ])
    func refused(text: String) {
        #expect(ISO8601.parse(text) == nil)
    }

    @Test("a written time cut anywhere is refused or another time, never a trap")
    func truncation() {
        let text = Array("2026-11-21T23:00:00.123+01:30".utf8)
        for length in 0..<text.count {
            var cursor = ZoneCursor(.utc)
            let time = ISO8601.parse(text[..<length], zone: &cursor)
            #expect(time != Timestamp(milliseconds: 1_795_296_600_123))
        }
    }

    @Test("what is written is read back to the same millisecond")
    func roundTrip() throws {
        var random = SystemRandomNumberGenerator()
        let zones = try ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"].map { try Zone(named: $0) }
        for _ in 0..<20_000 {
            let time = Timestamp(milliseconds: .random(in: -80_000_000_000_000...280_000_000_000_000, using: &random))
            #expect(ISO8601.parse(ISO8601.format(time)) == time)
            for zone in zones { #expect(ISO8601.parse(ISO8601.format(time, in: zone)) == time) }
        }
        for ms in [Int64.min, .max, Timestamp.distantPast.milliseconds, Timestamp.distantFuture.milliseconds] {
            #expect(ISO8601.parse(ISO8601.format(Timestamp(milliseconds: ms))) == Timestamp(milliseconds: ms))
        }
    }

    @Test("times are written in UTC with milliseconds where there are any, or as local clocks show them")
    func format() throws {
        #expect(ISO8601.format(Timestamp(milliseconds: 1_795_302_000_000)) == "2026-11-21T23:00:00Z")
        #expect(ISO8601.format(Timestamp(milliseconds: 1_795_302_000_007)) == "2026-11-21T23:00:00.007Z")
        #expect("\(Timestamp(milliseconds: -1))" == "1969-12-31T23:59:59.999Z")
        let time = Timestamp(milliseconds: 1_795_302_000_000)
        #expect(ISO8601.format(time, in: try Zone(named: "Europe/Berlin")) == "2026-11-22T00:00:00+01:00")
        #expect(ISO8601.format(time, in: try Zone(named: "America/St_Johns")) == "2026-11-21T19:30:00-03:30")
        #expect(ISO8601.format(time, in: .utc) == "2026-11-21T23:00:00Z")
    }

    @Test("calendar days and their numbers agree over eight centuries and at the ends")
    func civilDays() throws {
        var expected = (year: 1600, month: 1, day: 1)
        let first = try #require(LocalDay(year: 1600, month: 1, day: 1))
        for n in 0..<Int32(292_194) {
            let day = first + n
            #expect(day.civil == expected)
            expected.day += 1
            if LocalDay(year: expected.year, month: expected.month, day: expected.day) == nil {
                expected = expected.month == 12 ? (expected.year + 1, 1, 1) : (expected.year, expected.month + 1, 1)
            }
        }
        #expect(expected == (2400, 1, 1))
        for number in [Int32.min, -1, 0, .max] {
            let (year, month, day) = LocalDay(number: number).civil
            #expect(LocalDay.number(year: year, month: month, day: day) == Int(number))
        }
    }

    @Test("days are written and read as ISO 8601")
    func dayText() {
        #expect(LocalDay("2026-11-21")?.number == 20_778)
        #expect("\(LocalDay(number: 20_778))" == "2026-11-21")
        #expect(LocalDay(number: 20_778).weekday == 6)
        for bad in ["", "2026-11-21 ", "2026-11-2", "2026-02-30", "2026/11/21", "21-11-2026"] {
            #expect(LocalDay(bad) == nil, "\(bad)")
        }
    }

    @Test(
        "spans are read as rule files write them",
        arguments: [
            ("90s", 90_000), ("10m", 600_000), ("6h", 21_600_000), ("28d", 2_419_200_000), ("250ms", 250),
            ("40m10s", 2_410_000), ("1d2h3m4s5ms", 93_784_005), ("-5m", -300_000), ("+5m", 300_000), ("0s", 0),
        ])
    func spans(text: String, milliseconds: Int64) {
        #expect(TimeSpan(text) == TimeSpan(milliseconds: milliseconds))
    }

    @Test(
        "what is not a span is refused",
        arguments: [
            "", "-", "10", "m", "10 m", "10M", "1.5h", "5s10m", "5m5m", "1ms1s", "m10", "10min", "--5m",
            "999999999999999999999d", "99999999999999d", "5m-3s",
        ])
    func notSpans(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test("a span's description reads back as the span")
    func spanRoundTrip() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let size: Int64 = [1, 1000, 60_000, 3_600_000, 86_400_000].randomElement(using: &random) ?? 1
            let span = TimeSpan(milliseconds: .random(in: -100_000...100_000, using: &random) * size)
            #expect(TimeSpan("\(span)") == span)
        }
    }
}
