import Vitals

/// A person's local day, and where it lies in time.
struct DaySpan: Sendable, Hashable {
    /// Days since 1970.
    var number: Int32
    /// Local midnight, in ms since 1970 UTC …
    var start: Int64
    /// … and the next one: 23 to 25 hours later where clocks change.
    var end: Int64

    init(number: Int32, start: Int64, end: Int64) {
        self.number = number
        self.start = start
        self.end = end
    }

    init(_ day: LocalDay, in zone: Zone) {
        number = day.number
        start = zone.start(of: day).milliseconds
        end = Swift.max(start + 1, zone.start(of: day + 1).milliseconds)
    }

    /// The last millisecond: the time of a value that stands for the whole day.
    var last: Int64 { end - 1 }

    func contains(_ time: Int64) -> Bool { time >= start && time < end }
}

/// The local day of one time after another: mostly the same as before.
struct DayCursor: Sendable {
    private var span: DaySpan?

    @inline(__always) mutating func day(of time: Int64, in zone: Zone) -> DaySpan {
        if let span, span.contains(time) { return span }
        let new = DaySpan(zone.day(of: Timestamp(milliseconds: time)), in: zone)
        span = new
        return new
    }

    /// Another zone is in force.
    mutating func forget() { span = nil }
}
