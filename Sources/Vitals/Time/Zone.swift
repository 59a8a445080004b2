/// A time zone: what local clocks showed, and will show, at each moment.
///
/// Read from the system's TZif files (RFC 8536); its footer answers for times after the last listed transition. A small
/// value: copies share the tables. Lookups are O(log transitions); for millions of rows use a `ZoneCursor`.
///
/// Two zones are equal when they have the same name.
public struct Zone: Sendable {
    /// IANA name, e.g. `Europe/Berlin`.
    public var name: String { table.name }
    let table: Table

    /// Coordinated Universal Time; needs no file.
    public static let utc = Zone(table: Table(name: "UTC", transitions: [], offsets: [0], rule: nil))

    init(table: Table) { self.table = table }

    /// The immutable content all copies share.
    final class Table: Sendable {
        let name: String
        /// Moments at which the offset changes, in milliseconds, strictly rising.
        let transitions: [Int64]
        /// Milliseconds to add to UTC: before the first transition, then from each on. One more than `transitions`.
        let offsets: [Int64]
        /// What holds after the last transition; `nil`: the last offset, for ever.
        let rule: ZoneRule?

        init(name: String, transitions: [Int64], offsets: [Int64], rule: ZoneRule?) {
            self.name = name
            self.transitions = transitions
            self.offsets = offsets
            self.rule = rule
        }
    }

    /// A stretch `[start, end)` in which the offset from UTC does not change. Milliseconds.
    struct Interval: Hashable, Sendable {
        var start: Int64
        var end: Int64
        var offset: Int64
    }

    /// No zone is further than this from UTC (RFC 8536 §3.2: more than −25 h, less than 26 h).
    static let furthestOffset: Int64 = 26 * 3_600_000
    static let dayLength: Int64 = 86_400_000

    /// The interval that holds the moment.
    func interval(at milliseconds: Int64) -> Interval {
        let transitions = table.transitions
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= milliseconds { low = middle + 1 } else { high = middle }
        }
        let start = low > 0 ? transitions[low - 1] : Int64.min
        if low == transitions.count, let rule = table.rule {
            var interval = rule.interval(at: milliseconds)
            interval.start = max(interval.start, start)
            return interval
        }
        return Interval(
            start: start, end: low < transitions.count ? transitions[low] : Int64.max, offset: table.offsets[low])
    }
}

extension Zone: Hashable {
    public static func == (a: Zone, b: Zone) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Zone: CustomStringConvertible {
    public var description: String { name }
}

extension Zone {
    /// What is to be added to UTC at that moment to get local time.
    public func offset(at time: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: interval(at: time.milliseconds).offset)
    }

    /// The local calendar day that holds the moment.
    public func day(of time: Timestamp) -> LocalDay {
        split(time.milliseconds, offset: interval(at: time.milliseconds).offset).day
    }

    /// What a wall clock shows at that moment, as milliseconds since 00:00: 0 ..< 24 h, DST or not.
    public func timeOfDay(_ time: Timestamp) -> TimeSpan {
        split(time.milliseconds, offset: interval(at: time.milliseconds).offset).timeOfDay
    }

    /// The first moment of a local day: midnight, or where clocks skip midnight the moment they go on.
    ///
    /// For a day that the zone left out (Samoa, 2011-12-30) the same moment as the start of the next.
    public func start(of day: LocalDay) -> Timestamp {
        moment(local: Int64(day.number) * Zone.dayLength, skipped: .atTransition)
    }

    /// The moment at which wall clocks show `timeOfDay` on `day`.
    ///
    /// A time that a change of clocks skips maps forward by the length of the gap (02:30 becomes 03:30); of a time
    /// that comes twice the first is meant. `timeOfDay` may exceed 24 h or be negative: it then counts on from the day.
    public func timestamp(day: LocalDay, timeOfDay: TimeSpan) -> Timestamp {
        let (local, overflow) = (Int64(day.number) * Zone.dayLength).addingReportingOverflow(timeOfDay.milliseconds)
        guard !overflow else { return timeOfDay.milliseconds > 0 ? .distantFuture : .distantPast }
        return moment(local: local, skipped: .byGap)
    }

    /// Where a local time that does not exist goes.
    enum Skipped { case byGap, atTransition }

    /// The first moment at which local time is `local` (milliseconds as if it were UTC).
    func moment(local: Int64, skipped: Skipped) -> Timestamp {
        guard abs(local / 2) < Int64.max / 4 else { return local > 0 ? .distantFuture : .distantPast }
        var interval = interval(at: local - Zone.furthestOffset)
        var before = interval.offset
        while interval.end != Int64.max, local >= interval.end + interval.offset {
            before = interval.offset
            interval = self.interval(at: interval.end)
        }
        let inside = interval.start == Int64.min || local >= interval.start + interval.offset
        guard !inside else { return Timestamp(milliseconds: local - interval.offset) }
        switch skipped {
        case .byGap: return Timestamp(milliseconds: local - before)
        case .atTransition: return Timestamp(milliseconds: interval.start)
        }
    }
}

/// Day and time of day on a clock that is `offset` milliseconds ahead of UTC.
@inlinable func split(_ milliseconds: Int64, offset: Int64) -> (day: LocalDay, timeOfDay: TimeSpan) {
    let dayLength: Int64 = 86_400_000
    let local = milliseconds &+ offset
    var day = local / dayLength
    var rest = local % dayLength
    if rest < 0 {
        day -= 1
        rest += dayLength
    }
    return (LocalDay(number: Int32(clamping: day)), TimeSpan(milliseconds: rest))
}
