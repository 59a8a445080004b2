/// A calendar day of the proleptic Gregorian calendar, without a zone.
public struct LocalDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    public var number: Int32

    @inlinable public init(number: Int32) { self.number = number }

    @inlinable public static func < (a: LocalDay, b: LocalDay) -> Bool { a.number < b.number }

    @inlinable public static func + (day: LocalDay, n: Int32) -> LocalDay { LocalDay(number: day.number &+ n) }

    /// ISO 8601: 1 Monday … 7 Sunday. (1970-01-01 was a Thursday.)
    public var weekday: Int {
        let shifted = (Int(number) + 3) % 7
        return (shifted < 0 ? shifted + 7 : shifted) + 1
    }
}
