/// Year, month and day of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
extension LocalDay {
    /// The day with that date; `nil` when the calendar has none (30 February) or the year is beyond ±5 800 000.
    public init?(year: Int, month: Int, day: Int) {
        guard (-5_800_000...5_800_000).contains(year), (1...12).contains(month), day >= 1,
            day <= LocalDay.length(ofMonth: month, year: year)
        else { return nil }
        self.init(number: Int32(truncatingIfNeeded: LocalDay.number(year: year, month: month, day: day)))
    }

    /// Year (astronomical: 0 is 1 BC), month 1…12 and day of the month 1…31.
    public var civil: (year: Int, month: Int, day: Int) { LocalDay.civil(Int(number)) }

    /// How many days a month has.
    @inlinable static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    @inlinable static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// Days since 1970-01-01 of a valid date; years within ±10^15.
    @inlinable static func number(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date of a day number within ±10^17.
    @inlinable static func civil(_ number: Int) -> (year: Int, month: Int, day: Int) {
        let z = number + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension LocalDay: CustomStringConvertible {
    /// Reads `2026-11-21`.
    public init?(_ text: String) {
        var text = text
        let day = text.withUTF8 { bytes in
            var scanner = TimeScanner(UnsafeRawBufferPointer(bytes))
            let day = scanner.date()
            return scanner.isAtEnd ? day : nil
        }
        guard let day else { return nil }
        self.init(number: Int32(truncatingIfNeeded: day))
    }

    /// ISO 8601: `2026-11-21`; years outside 0…9999 carry a sign.
    public var description: String {
        let (year, month, day) = civil
        let sign = year < 0 ? "-" : year > 9999 ? "+" : ""
        return "\(sign)\(padded(year.magnitude, 4))-\(padded(month.magnitude, 2))-\(padded(day.magnitude, 2))"
    }
}

/// `value` in decimal, with zeros in front up to `width` digits.
func padded(_ value: UInt, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
