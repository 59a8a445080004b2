/// Walks over the bytes of a written time without allocating. Every access is bounds-checked.
struct TimeScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always) var isAtEnd: Bool { offset >= bytes.count }
    @inline(__always) var remaining: Int { bytes.count - offset }
    @inline(__always) var peek: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    @inline(__always) mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    @inline(__always) mutating func skipSpaces() {
        while peek == 0x20 || peek == 0x09 { offset += 1 }
    }

    /// The digit at the position, or `nil`.
    @inline(__always) mutating func digit() -> Int? {
        let value = Int(peek) - 0x30
        guard 0...9 ~= value else { return nil }
        offset += 1
        return value
    }

    /// Exactly two digits.
    @inline(__always) mutating func pair() -> Int? {
        guard let tens = digit(), let ones = digit() else { return nil }
        return tens * 10 + ones
    }

    /// `yyyy-mm-dd` as days since 1970.
    @inline(__always) mutating func date() -> Int? {
        guard let century = pair(), let years = pair(), take("-"), let month = pair(), take("-"), let day = pair()
        else { return nil }
        let year = century * 100 + years
        guard 1...12 ~= month, day >= 1, day <= LocalDay.length(ofMonth: month, year: year) else { return nil }
        return LocalDay.number(year: year, month: month, day: day)
    }

    /// `hh:mm[:ss[.fraction]]` as milliseconds since midnight; what is beyond milliseconds is cut off. 24:00 ends the
    /// day, and the leap second 23:59:60 is the first second of the next minute.
    @inline(__always) mutating func clock() -> Int64? {
        guard let hours = pair(), take(":"), let minutes = pair(), minutes < 60 else { return nil }
        var milliseconds = Int64(hours * 3600 + minutes * 60) * 1000
        if take(":") {
            guard let seconds = pair(), seconds <= 60 else { return nil }
            milliseconds += Int64(seconds) * 1000
            if take(".") || take(",") {
                guard let first = digit() else { return nil }
                milliseconds += Int64(first) * 100
                if let second = digit() {
                    milliseconds += Int64(second) * 10
                    if let third = digit() { milliseconds += Int64(third) }
                }
                while digit() != nil {}
            }
        }
        guard hours < 24 || milliseconds == 24 * 3_600_000 else { return nil }
        return milliseconds
    }

    /// `Z`, `±hh`, `±hhmm`, `±hh:mm` in milliseconds ahead of UTC.
    @inline(__always) mutating func offsetFromUTC() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = pair() else { return nil }
        var minutes = 0
        if !isAtEnd {
            _ = take(":")
            guard let more = pair() else { return nil }
            minutes = more
        }
        guard hours < 26, minutes < 60 else { return nil }
        return sign * Int64(hours * 60 + minutes) * 60_000
    }

    /// An optional sign and digits up to the end.
    @inline(__always) mutating func integer() -> Int64? {
        let negative = take("-")
        if !negative { _ = take("+") }
        guard let first = digit() else { return nil }
        var value = negative ? -Int64(first) : Int64(first)
        while let next = digit() {
            let (tenfold, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, low) = tenfold.addingReportingOverflow(negative ? -Int64(next) : Int64(next))
            guard !high, !low else { return nil }
            value = sum
        }
        return isAtEnd ? value : nil
    }
}
