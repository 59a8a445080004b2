/// What the usable samples of one series come to in a stretch of time.
///
/// Usable: of a quality that lets them into features (``Quality/unusable``), and a number. A sample counts, whole, where its
/// time is, an amount (steps) too.
public struct Aggregate: Hashable, Sendable {
    /// How many samples; the figures below are theirs.
    public var count = 0
    /// In the metric's unit, as all values.
    public var minimum = Float.infinity
    public var maximum = -Float.infinity
    /// Exact where values are whole numbers; otherwise to the rounding of `Double`, which depends on how parts were added up.
    public var sum = 0.0
    /// The values of the first and the last sample; 0 of none.
    public var first: Float = 0
    public var last: Float = 0
    /// Milliseconds that the samples cover, each with what it covers in its own quarter of an hour (UTC).
    ///
    /// Of amounts their spans, as far back as the sample before. Of all others what lies within 2.5 times the quarter's
    /// usual distance (5 s to 5 min) after a sample and before the next one; the last of a quarter covers the usual distance,
    /// and one that is alone in it nothing.
    public var covered: Int64 = 0

    /// Of no samples.
    public init() {}

    public var isEmpty: Bool { count == 0 }
    /// `nil` of no samples.
    public var mean: Double? { count > 0 ? sum / Double(count) : nil }

    /// Takes in a sample that is later than all others.
    @inlinable public mutating func add(_ value: Float, covered: Int64) {
        if count == 0 { first = value }
        last = value
        count &+= 1
        minimum = value < minimum ? value : minimum
        maximum = value > maximum ? value : maximum
        sum += Double(value)
        self.covered &+= covered
    }

    /// Takes in what comes after it.
    @inlinable public mutating func add(_ later: Aggregate) {
        guard later.count > 0 else { return }
        if count == 0 { first = later.first }
        last = later.last
        count &+= later.count
        minimum = later.minimum < minimum ? later.minimum : minimum
        maximum = later.maximum > maximum ? later.maximum : maximum
        sum += later.sum
        covered &+= later.covered
    }
}

/// The aggregates of one series, beside the buckets that were asked for.
public struct SeriesAggregates: Hashable, Sendable {
    public var key: SeriesKey
    /// One for each bucket; empty where no usable sample is.
    public var aggregates: [Aggregate]

    public init(key: SeriesKey, aggregates: [Aggregate]) {
        self.key = key
        self.aggregates = aggregates
    }
}

/// Stretches of time, one behind the other without gaps.
public struct TimeBuckets: Hashable, Sendable {
    /// Where each begins, and where the last one ends: strictly increasing, at least two.
    public let edges: [Timestamp]

    /// - Parameter edges: strictly increasing, at least two; `nil` for anything else.
    public init?(edges: [Timestamp]) {
        guard edges.count >= 2, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.edges = edges
    }

    /// One for all of a range. `nil` for an empty one.
    public init?(_ range: TimeRange) { self.init(edges: [range.start, range.end]) }

    /// Buckets of one length that begin at midnight in a zone, or so many steps after it; of whole days, as many local days
    /// as the step has, 23 or 25 hours each when clocks change. The first and the last one are cut to the range.
    ///
    /// - Returns: `nil` for an empty range, a step that is not positive, and for more than `most` buckets.
    public init?(_ range: TimeRange, by step: TimeSpan, in zone: Zone, atMost most: Int = TimeBuckets.most) {
        let day = TimeSpan.days(1)
        guard step > .zero, range.start < range.end,
            range.length.milliseconds / step.milliseconds <= Int64(most)
        else { return nil }
        let days = Int32(clamping: max(1, step.milliseconds / day.milliseconds))
        var edges = [range.start]
        func add(_ edge: Timestamp) {
            if edge > range.start, edge < range.end { edges.append(edge) }
        }
        // Days are counted from the first of 1970, so that a week begins at the same day wherever the range does.
        var today = zone.day(of: range.start)
        let past = today.number % days
        today = today + -(past < 0 ? past + days : past)
        while edges.count <= most {
            let begin = zone.start(of: today)
            guard begin < range.end else { break }
            let next = today + days
            guard next > today else { break }
            let end = zone.start(of: next)
            if step < day {
                var edge = begin
                if edge < range.start {
                    let steps = (range.start - edge).milliseconds / step.milliseconds
                    edge = edge + TimeSpan(milliseconds: steps * step.milliseconds)
                }
                while edge < min(end, range.end), edges.count <= most {
                    add(edge)
                    edge = edge + step
                }
            } else {
                add(begin)
            }
            today = next
        }
        guard edges.count <= most else { return nil }
        edges.append(range.end)
        self.edges = edges
    }

    /// A year of minutes, and more than any plot shows.
    public static let most = 1_000_000

    public var count: Int { edges.count - 1 }
    public var range: TimeRange { TimeRange(edges[0], edges[edges.count - 1]) }
    public subscript(i: Int) -> TimeRange { TimeRange(edges[i], edges[i + 1]) }
}
