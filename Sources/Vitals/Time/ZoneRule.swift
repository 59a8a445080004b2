/// The footer of a TZif file: an offset, and for zones with daylight saving the two yearly changes, for ever.
///
/// The grammar of POSIX `TZ` with the extension of RFC 8536 §3.3.1: times of change within ±167 hours.
struct ZoneRule: Hashable, Sendable {
    /// Seconds to add to UTC.
    var standard: Int64
    var daylight: Daylight?

    struct Daylight: Hashable, Sendable {
        var offset: Int64
        var starts: Change
        var ends: Change
    }

    /// A moment of each year.
    struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// 1…365, 29 February never counted.
            case julian(Int)
            /// 0…365, 29 February counted.
            case ordinal(Int)
            /// Weekday (0 Sunday) of the week (5: the last) of the month.
            case weekday(month: Int, week: Int, day: Int)
        }
        var day: Day
        /// Seconds after local midnight.
        var seconds: Int64

        /// Local seconds since 1970, on the clock in force before the change.
        func local(year: Int) -> Int64 {
            let days =
                switch day {
                case .julian(let n):
                    LocalDay.number(year: year, month: 1, day: 1) + n - 1 + (LocalDay.isLeap(year) && n >= 60 ? 1 : 0)
                case .ordinal(let n):
                    LocalDay.number(year: year, month: 1, day: 1) + n
                case .weekday(let month, let week, let weekday):
                    weekdayNumber(year: year, month: month, week: week, weekday: weekday)
                }
            return Int64(days) * 86_400 + seconds
        }

        private func weekdayNumber(year: Int, month: Int, week: Int, weekday: Int) -> Int {
            let first = LocalDay.number(year: year, month: month, day: 1)
            // 1970-01-01 was a Thursday (4).
            let firstWeekday = ((first + 4) % 7 + 7) % 7
            var day = 1 + (weekday - firstWeekday + 7) % 7 + 7 * (week - 1)
            while day > LocalDay.length(ofMonth: month, year: year) { day -= 7 }
            return first + day - 1
        }
    }

    /// Some 190 000 years from 1970, in milliseconds: further away clocks are never changed.
    static let limit: Int64 = 6_000_000_000_000_000

    /// The stretch of one offset that holds a moment; milliseconds.
    func interval(at milliseconds: Int64) -> Zone.Interval {
        guard let daylight else { return Zone.Interval(start: .min, end: .max, offset: standard * 1000) }
        guard milliseconds >= -ZoneRule.limit else {
            return Zone.Interval(start: .min, end: -ZoneRule.limit, offset: standard * 1000)
        }
        guard milliseconds < ZoneRule.limit else {
            return Zone.Interval(start: ZoneRule.limit, end: .max, offset: standard * 1000)
        }
        let year = LocalDay.civil(Int(milliseconds / Zone.dayLength)).year
        // Changes may stray a week out of their year, so two years on either side hold both neighbours. At equal times
        // the later in the list wins (a zone whose daylight saving lasts all year).
        var found = Zone.Interval(start: -ZoneRule.limit, end: ZoneRule.limit, offset: standard * 1000)
        for year in year - 2...year + 2 {
            let start = (at: (daylight.starts.local(year: year) - standard) * 1000, offset: daylight.offset * 1000)
            let end = (at: (daylight.ends.local(year: year) - daylight.offset) * 1000, offset: standard * 1000)
            for change in start.at <= end.at ? [start, end] : [end, start] {
                if change.at <= milliseconds {
                    found.start = change.at
                    found.offset = change.offset
                } else {
                    found.end = min(found.end, change.at)
                }
            }
        }
        return found
    }
}

extension ZoneRule {
    /// Reads a TZ string, e.g. `CET-1CEST,M3.5.0,M10.5.0/3`; `nil` when it is not one.
    init?(_ text: some Collection<UInt8>) {
        var scanner = RuleScanner(Array(text))
        guard scanner.skipName(), let west = scanner.time(hours: 24) else { return nil }
        standard = -west
        if scanner.isAtEnd { return }
        guard scanner.skipName() else { return nil }
        var offset = standard + 3600
        if let next = scanner.peek, next != UInt8(ascii: ",") {
            guard let west = scanner.time(hours: 24) else { return nil }
            offset = -west
        }
        guard scanner.take(","), let starts = scanner.change(), scanner.take(","), let ends = scanner.change(),
            scanner.isAtEnd
        else { return nil }
        daylight = Daylight(offset: offset, starts: starts, ends: ends)
    }

    private struct RuleScanner {
        private let bytes: [UInt8]
        private var offset = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { offset >= bytes.count }
        var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard peek == UInt8(ascii: character) else { return false }
            offset += 1
            return true
        }

        /// A designation: three or more letters, or anything of letters, digits and signs between `<` and `>`.
        mutating func skipName() -> Bool {
            let quoted = take("<")
            let start = offset
            while let next = peek {
                let isLetter = UInt8(ascii: "a")...UInt8(ascii: "z") ~= next | 0x20
                let isOther =
                    UInt8(ascii: "0")...UInt8(ascii: "9") ~= next || next == UInt8(ascii: "+")
                    || next == UInt8(ascii: "-")
                guard isLetter || (quoted && isOther) else { break }
                offset += 1
            }
            return offset - start >= 3 && (!quoted || take(">"))
        }

        /// A number of at most three digits within the range.
        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            var value = 0
            let start = offset
            while offset - start < 3, let next = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= next {
                value = value * 10 + Int(next - UInt8(ascii: "0"))
                offset += 1
            }
            return offset > start && range.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hours limit: Int) -> Int64? {
            var sign: Int64 = 1
            if take("-") { sign = -1 } else { _ = take("+") }
            guard let hours = number(0...limit) else { return nil }
            var seconds = hours * 3600
            if take(":") {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let more = number(0...59) else { return nil }
                    seconds += more
                }
            }
            return sign * Int64(seconds)
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take("M") {
                guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                    let weekday = number(0...6)
                else { return nil }
                day = .weekday(month: month, week: week, day: weekday)
            } else if take("J") {
                guard let n = number(1...365) else { return nil }
                day = .julian(n)
            } else {
                guard let n = number(0...365) else { return nil }
                day = .ordinal(n)
            }
            // Without a time clocks change at 02:00.
            guard take("/") else { return Change(day: day, seconds: 7200) }
            guard let seconds = time(hours: 167) else { return nil }
            return Change(day: day, seconds: seconds)
        }
    }
}
