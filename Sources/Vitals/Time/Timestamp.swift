/// A moment, in milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Every time in vitald is one of these; local days and clock times are derived from it by a `Zone`.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970 UTC; negative before it.
    public var milliseconds: Int64

    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The first moment that can be written: sorts before every other.
    public static let distantPast = Timestamp(milliseconds: .min / 4)
    /// The last moment that can be written: sorts after every other.
    public static let distantFuture = Timestamp(milliseconds: .max / 4)

    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// Saturates at the ends of the scale: a foreign clock cannot trap the daemon.
    @inlinable public static func + (a: Timestamp, b: TimeSpan) -> Timestamp {
        let (sum, overflow) = a.milliseconds.addingReportingOverflow(b.milliseconds)
        return Timestamp(milliseconds: overflow ? (b.milliseconds > 0 ? .max / 4 : .min / 4) : sum)
    }

    @inlinable public static func - (a: Timestamp, b: TimeSpan) -> Timestamp {
        a + TimeSpan(milliseconds: 0 &- b.milliseconds)
    }

    @inlinable public static func - (a: Timestamp, b: Timestamp) -> TimeSpan {
        let (difference, overflow) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        return TimeSpan(milliseconds: overflow ? (a > b ? .max / 4 : .min / 4) : difference)
    }

    /// The latest multiple of `step` that is not after this moment. `step` must be positive.
    @inlinable public func floored(to step: TimeSpan) -> Timestamp {
        let remainder = milliseconds % step.milliseconds
        return Timestamp(milliseconds: milliseconds - (remainder < 0 ? remainder + step.milliseconds : remainder))
    }
}

/// A length of time in milliseconds; may be negative.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let zero = TimeSpan(milliseconds: 0)

    @inlinable public static func milliseconds(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n) }
    @inlinable public static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 1000) }
    @inlinable public static func minutes(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 60_000) }
    @inlinable public static func hours(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 3_600_000) }
    /// Days of 24 hours. Local days, which may last 23 or 25, belong to `Zone`.
    @inlinable public static func days(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 86_400_000) }

    /// The length in seconds.
    @inlinable public var inSeconds: Double { Double(milliseconds) / 1000 }

    @inlinable public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }
    @inlinable public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds &+ b.milliseconds)
    }
    @inlinable public static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds &- b.milliseconds)
    }
    @inlinable public static func * (a: TimeSpan, n: Int64) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds &* n)
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The span as rule files write it: the largest unit that divides it, e.g. `90s`, `10m`, `28d`.
    public var description: String {
        let units: [(Int64, String)] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")]
        for (size, name) in units where milliseconds != 0 && milliseconds % size == 0 {
            return "\(milliseconds / size)\(name)"
        }
        return "\(milliseconds)ms"
    }
}

/// The half-open stretch `[start, end)`.
public struct TimeRange: Hashable, Sendable {
    public var start: Timestamp
    public var end: Timestamp

    @inlinable public init(_ start: Timestamp, _ end: Timestamp) {
        self.start = start
        self.end = end
    }

    public static let all = TimeRange(.distantPast, .distantFuture)

    @inlinable public var length: TimeSpan { end - start }
    @inlinable public func contains(_ t: Timestamp) -> Bool { start <= t && t < end }
}
