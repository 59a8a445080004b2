import Vitals

/// Reads the time column of one file. What a number means and whether 3/4 is in March or in April is decided once for
/// the file, so that one odd row cannot be read differently from its neighbours.
struct TimeField {
    enum Form: Equatable {
        /// ISO 8601 or `yyyy-MM-dd HH:mm:ss`.
        case iso
        /// Slashes: month first (United States, Fitbit) or day first; dots: always day first.
        case civil(dayFirst: Bool)
        /// A count of milliseconds × `scale` since 1970.
        case epoch(scale: Double)
        /// Numbers too small for an epoch: time since the start of the recording.
        case elapsed
        /// The time of day beside a date column.
        case clock
    }

    var form: Form
    private var zone: ZoneCursor

    init(form: Form, zone: Zone) {
        self.form = form
        self.zone = ZoneCursor(zone)
    }

    /// 1973-03-03 in seconds: smaller numbers are no epoch. A recording would have to last three years to reach it.
    private static let smallestEpoch: Double = 1e8
    /// Beyond are milliseconds: seconds that large lie in the year 5138.
    private static let smallestMilliseconds: Double = 1e11
    private static let smallestMicroseconds: Double = 1e14
    private static let smallestNanoseconds: Double = 1e17

    /// The form of a value, or `nil` when it is no time.
    static func form(of bytes: UnsafeRawBufferPointer) -> Form? {
        if let number = FieldNumber.parse(bytes) { return form(of: number) }
        var zone = ZoneCursor(.utc)
        if isISO(bytes), ISO8601.parse(bytes, zone: &zone) != nil { return .iso }
        for dayFirst in [false, true] where CivilTime(bytes, dayFirst: dayFirst) != nil {
            return .civil(dayFirst: dayFirst)
        }
        if CivilTime.clock(bytes) != nil { return .clock }
        return nil
    }

    private static func form(of number: Double) -> Form {
        switch number.magnitude {
        case ..<smallestEpoch: .elapsed
        case ..<smallestMilliseconds: .epoch(scale: 1000)
        case ..<smallestMicroseconds: .epoch(scale: 1)
        case ..<smallestNanoseconds: .epoch(scale: 1e-3)
        default: .epoch(scale: 1e-6)
        }
    }

    /// The time in milliseconds since 1970; since the start for `elapsed`, where the unit is whatever the file uses.
    @inline(__always) mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Double? {
        if form == .iso {
            guard TimeField.isISO(bytes), let time = ISO8601.parse(bytes, zone: &zone) else { return nil }
            return Double(time.milliseconds)
        }
        return parseOther(bytes)
    }

    private mutating func parseOther(_ bytes: UnsafeRawBufferPointer) -> Double? {
        switch form {
        case .iso: return nil
        case .civil(let dayFirst):
            guard let civil = CivilTime(bytes, dayFirst: dayFirst) else { return nil }
            return Double(zone.timestamp(day: civil.day, timeOfDay: civil.timeOfDay).milliseconds)
        case .epoch(let scale):
            guard let number = FieldNumber.parse(bytes), TimeField.form(of: number) == form else { return nil }
            return (number * scale).rounded()
        case .elapsed:
            guard let number = FieldNumber.parse(bytes), number.magnitude < TimeField.smallestEpoch else { return nil }
            return number
        case .clock:
            return nil
        }
    }

    /// A date and a time of day from two columns.
    mutating func parse(date: UnsafeRawBufferPointer, clock: UnsafeRawBufferPointer) -> Double? {
        guard let timeOfDay = CivilTime.clock(clock) else { return nil }
        let day: LocalDay
        if TimeField.isISO(date) {
            var utc = ZoneCursor(.utc)
            guard let midnight = ISO8601.parse(date, zone: &utc) else { return nil }
            day = Zone.utc.day(of: midnight)
        } else {
            guard case .civil(let dayFirst) = form, let civil = CivilTime(date, dayFirst: dayFirst) else { return nil }
            day = civil.day
        }
        return Double(zone.timestamp(day: day, timeOfDay: timeOfDay).milliseconds)
    }

    /// `yyyy-…`: keeps whole numbers, which `ISO8601` takes for milliseconds, away from it.
    @inline(__always) private static func isISO(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 10 && bytes[4] == UInt8(ascii: "-")
    }
}

/// A date with slashes or dots and a clock time, as spreadsheets and Fitbit write them: `3/14/2020 7:05:00 AM`,
/// `14.03.2020 07:05`, `03/14/20 07:05:00`.
struct CivilTime {
    var day: LocalDay
    var timeOfDay: TimeSpan

    init?(_ bytes: UnsafeRawBufferPointer, dayFirst: Bool) {
        var offset = 0
        guard let first = CivilTime.number(bytes, &offset, most: 4), offset < bytes.count else { return nil }
        let mark = bytes[offset]
        guard mark == UInt8(ascii: "/") || mark == UInt8(ascii: ".") else { return nil }
        offset += 1
        guard let second = CivilTime.number(bytes, &offset, most: 2), offset < bytes.count, bytes[offset] == mark else {
            return nil
        }
        offset += 1
        let digits = offset
        guard let third = CivilTime.number(bytes, &offset, most: 4) else { return nil }
        let date: (year: Int, month: Int, day: Int)
        if first > 31 {
            date = (first, second, third)
        } else {
            let isDayFirst = dayFirst || mark == UInt8(ascii: ".")
            // Two digits: no wristband recorded before 1970.
            let year = offset - digits == 2 ? third + (third < 70 ? 2000 : 1900) : third
            date = (year, isDayFirst ? second : first, isDayFirst ? first : second)
        }
        guard let day = LocalDay(year: date.year, month: date.month, day: date.day) else { return nil }
        self.day = day
        if offset == bytes.count {
            timeOfDay = .zero
            return
        }
        let mid = bytes[offset]
        guard mid == 0x20 || mid == UInt8(ascii: "T") || mid == UInt8(ascii: ",") else { return nil }
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == mid { offset += 1 }
        guard let clock = CivilTime.clock(UnsafeRawBufferPointer(rebasing: bytes[offset...])) else { return nil }
        timeOfDay = clock
    }

    /// `h:mm[:ss[.fraction]][ AM|PM]` as time since midnight.
    static func clock(_ bytes: UnsafeRawBufferPointer) -> TimeSpan? {
        var offset = 0
        guard var hours = number(bytes, &offset, most: 2), take(bytes, &offset, ":"),
            let minutes = number(bytes, &offset, most: 2)
        else { return nil }
        var milliseconds = 0
        if take(bytes, &offset, ":") {
            guard let seconds = number(bytes, &offset, most: 2), seconds < 60 else { return nil }
            milliseconds = seconds * 1000
            if take(bytes, &offset, ".") || take(bytes, &offset, ",") {
                var worth = 100
                while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 {
                    milliseconds += worth * Int(bytes[offset] - 0x30)
                    worth /= 10
                    offset += 1
                }
            }
        }
        while offset < bytes.count, bytes[offset] == 0x20 { offset += 1 }
        if offset < bytes.count {
            guard offset + 2 == bytes.count, bytes[offset + 1] | 0x20 == UInt8(ascii: "m"), (1...12).contains(hours)
            else {
                return nil
            }
            switch bytes[offset] | 0x20 {
            case UInt8(ascii: "a"): hours = hours == 12 ? 0 : hours
            case UInt8(ascii: "p"): hours = hours == 12 ? 12 : hours + 12
            default: return nil
            }
        }
        guard hours < 24, minutes < 60 else { return nil }
        return TimeSpan(milliseconds: Int64((hours * 60 + minutes) * 60_000 + milliseconds))
    }

    private static func take(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ mark: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: mark) else { return false }
        offset += 1
        return true
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, most: Int) -> Int? {
        var value = 0
        var digits = 0
        while offset < bytes.count, digits < most, bytes[offset] >= 0x30, bytes[offset] <= 0x39 {
            value = value * 10 + Int(bytes[offset] - 0x30)
            offset += 1
            digits += 1
        }
        return digits > 0 ? value : nil
    }
}
