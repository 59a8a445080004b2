import Testing
import Vitals

@Suite("Buckets of time") struct TimeBucketsTests {
    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test("days are local ones, of 23 and 25 hours when clocks change")
    func days() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        for (from, lengths) in [("2026-03-28", [24, 23, 24]), ("2026-10-24", [24, 25, 24])] as [(String, [Int64])] {
            let start = try time("\(from)T12:00:00Z")
            let midnight = berlin.start(of: berlin.day(of: start))
            let range = TimeRange(midnight, berlin.start(of: berlin.day(of: start) + 3))
            let buckets = try #require(TimeBuckets(range, by: .days(1), in: berlin))
            #expect((0..<buckets.count).map { buckets[$0].length } == lengths.map { .hours($0) })
        }
    }

    @Test("steps begin at local midnight, and the first and the last are cut to the range")
    func steps() throws {
        let zone = try Zone(named: "Asia/Kathmandu")
        let range = TimeRange(try time("2026-11-01T00:20:00Z"), try time("2026-11-01T13:00:00Z"))
        let buckets = try #require(TimeBuckets(range, by: .hours(6), in: zone))
        // Kathmandu is 5:45 ahead: its 06:00, 12:00 and 18:00.
        #expect(
            try buckets.edges == [
                range.start, time("2026-11-01T06:15:00Z"), time("2026-11-01T12:15:00Z"), range.end,
            ])
        #expect(buckets.range == range)
    }

    @Test("weeks begin on the same day wherever the range does")
    func weeks() throws {
        let one = TimeRange(try time("2026-11-01T00:00:00Z"), try time("2026-12-01T00:00:00Z"))
        let other = TimeRange(try time("2026-11-10T00:00:00Z"), one.end)
        let (a, b) = (TimeBuckets(one, by: .days(7), in: .utc), TimeBuckets(other, by: .days(7), in: .utc))
        let inner = Set(try #require(b).edges.dropFirst())
        #expect(inner.isSubset(of: try #require(a).edges))
        #expect(inner.count >= 3)
    }

    @Test("an empty range, no step, and more than a plot can show, are refused")
    func refused() throws {
        let start = try time("2026-11-01T00:00:00Z")
        #expect(TimeBuckets(TimeRange(start, start)) == nil)
        #expect(TimeBuckets(TimeRange(start, start + .days(1)), by: .zero, in: .utc) == nil)
        #expect(TimeBuckets(.all, by: .days(1), in: .utc) == nil)
        #expect(TimeBuckets(TimeRange(start, start + .days(1)), by: .seconds(1), in: .utc, atMost: 86_399) == nil)
        #expect(TimeBuckets(TimeRange(start, start + .days(1)), by: .seconds(1), in: .utc)?.count == 86_400)
        #expect(TimeBuckets(.all, by: TimeSpan(milliseconds: .max / 2), in: .utc) != nil)
        #expect(TimeBuckets(edges: [start]) == nil && TimeBuckets(edges: [start, start]) == nil)
    }
}
