import Vitals

/// The hours of the local day, and the days of the week, in which a rule is at work.
///
/// `22:00-06:00` goes over midnight and belongs to the day on which it begins.
struct LocalHours: Hashable, Sendable {
    /// Since midnight.
    var start: TimeSpan
    /// Exclusive; not after `start` when the hours go over midnight.
    var end: TimeSpan
    /// Bit n is set when ISO weekday n + 1 counts.
    var days: UInt8

    static let everyDay: UInt8 = 0b111_1111
    static let always = LocalHours(start: .zero, end: .hours(24), days: everyDay)

    var isAlways: Bool { self == .always }

    func contains(_ timeOfDay: TimeSpan, on day: LocalDay) -> Bool {
        if start < end { return start <= timeOfDay && timeOfDay < end && counts(day) }
        return timeOfDay >= start ? counts(day) : timeOfDay < end && counts(day + -1)
    }

    func counts(_ day: LocalDay) -> Bool { days & (1 << UInt8(truncatingIfNeeded: day.weekday - 1)) != 0 }

    /// `09:00-21:00`; `nil` for anything else.
    static func hours(_ text: String) -> (start: TimeSpan, end: TimeSpan)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = ClockTime(parts[0]), let end = ClockTime(parts[1]),
            start.milliseconds != end.milliseconds, start.milliseconds < TimeSpan.hours(24).milliseconds
        else { return nil }
        return (start.span, end.span)
    }

    static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// `mon-fri`, `sat,sun`, `mon,wed-fri`, `fri-mon`; `nil` for anything else.
    static func days(_ text: String) -> UInt8? {
        var days: UInt8 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != " " }.lowercased() }
            guard let from = ends.first.flatMap(weekdays.firstIndex), ends.count <= 2,
                let to = ends.last.flatMap(weekdays.firstIndex)
            else { return nil }
            var day = from
            days |= 1 << UInt8(day)
            while day != to {
                day = (day + 1) % 7
                days |= 1 << UInt8(day)
            }
        }
        return days == 0 ? nil : days
    }
}
