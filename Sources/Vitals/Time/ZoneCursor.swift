/// A zone that remembers the stretch between two changes of the clocks it answered for last: neighbouring times cost a
/// comparison. For bulk conversion; every answer is the same as the zone's.
public struct ZoneCursor: Sendable {
    public let zone: Zone
    @usableFromInline var start: Int64
    @usableFromInline var end: Int64
    @usableFromInline var offset: Int64

    public init(_ zone: Zone) {
        self.zone = zone
        let interval = zone.interval(at: 0)
        (start, end, offset) = (interval.start, interval.end, interval.offset)
    }

    @usableFromInline mutating func move(to milliseconds: Int64) {
        let interval = zone.interval(at: milliseconds)
        (start, end, offset) = (interval.start, interval.end, interval.offset)
    }

    @inlinable mutating func seek(_ milliseconds: Int64) {
        if milliseconds < start || milliseconds >= end { move(to: milliseconds) }
    }

    /// See `Zone.offset(at:)`.
    @inlinable public mutating func offset(at time: Timestamp) -> TimeSpan {
        seek(time.milliseconds)
        return TimeSpan(milliseconds: offset)
    }

    /// See `Zone.day(of:)`.
    @inlinable public mutating func day(of time: Timestamp) -> LocalDay {
        seek(time.milliseconds)
        return split(time.milliseconds, offset: offset).day
    }

    /// See `Zone.timeOfDay(_:)`.
    @inlinable public mutating func timeOfDay(_ time: Timestamp) -> TimeSpan {
        seek(time.milliseconds)
        return split(time.milliseconds, offset: offset).timeOfDay
    }

    /// See `Zone.start(of:)`.
    public mutating func start(of day: LocalDay) -> Timestamp { zone.start(of: day) }

    /// See `Zone.timestamp(day:timeOfDay:)`.
    @inlinable public mutating func timestamp(day: LocalDay, timeOfDay: TimeSpan) -> Timestamp {
        let (local, overflow) = (Int64(day.number) * 86_400_000).addingReportingOverflow(timeOfDay.milliseconds)
        return overflow ? (timeOfDay.milliseconds > 0 ? .distantFuture : .distantPast) : moment(local: local)
    }

    /// The first moment at which wall clocks show `local` (milliseconds as if it were UTC).
    @inlinable mutating func moment(local: Int64) -> Timestamp {
        // Far enough from the last change no earlier interval can hold the same wall time: two furthest offsets.
        let margin: Int64 = 2 * 26 * 3_600_000
        let guess = local &- offset
        if guess < end, start == .min || guess &- margin >= start { return Timestamp(milliseconds: guess) }
        return slowMoment(local: local)
    }

    @usableFromInline mutating func slowMoment(local: Int64) -> Timestamp {
        let moment = zone.moment(local: local, skipped: .byGap)
        seek(moment.milliseconds)
        return moment
    }
}
