extension ISO8601 {
    /// The time in UTC, `2026-11-21T23:00:00Z`; milliseconds only when they are not zero.
    ///
    /// Outside the years 0 to 9999 it is written as epoch milliseconds. `parse` reads both back to the same value.
    public static func format(_ time: Timestamp) -> String { text { write(time, to: &$0) } }

    /// The time as clocks in the zone show it, with the offset: `2026-11-22T00:00:00+01:00`; `Z` in UTC.
    public static func format(_ time: Timestamp, in zone: Zone) -> String {
        text { write(time, offset: zone.offset(at: time), to: &$0) }
    }

    /// Appends the UTC form as ASCII.
    public static func write(_ time: Timestamp, to bytes: inout [UInt8]) { write(time, offset: .zero, to: &bytes) }

    /// Appends the local form for an offset from UTC as ASCII. Offsets with seconds (before 1972) are written as UTC.
    public static func write(_ time: Timestamp, offset: TimeSpan, to bytes: inout [UInt8]) {
        let offset = offset.milliseconds % 60_000 == 0 ? offset.milliseconds : 0
        guard years.contains(time.milliseconds), years.contains(time.milliseconds + offset) else {
            bytes.append(contentsOf: String(time.milliseconds).utf8)
            return
        }
        let (day, clock) = split(time.milliseconds, offset: offset)
        let (year, month, dayOfMonth) = day.civil
        let milliseconds = Int(clock.milliseconds)
        pair(year / 100, to: &bytes)
        pair(year % 100, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        pair(month, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        pair(dayOfMonth, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        pair(milliseconds / 3_600_000, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        pair(milliseconds / 60_000 % 60, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        pair(milliseconds / 1000 % 60, to: &bytes)
        let fraction = milliseconds % 1000
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / 100))
            pair(fraction % 100, to: &bytes)
        }
        guard offset != 0 else { return bytes.append(UInt8(ascii: "Z")) }
        bytes.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let minutes = Int(offset.magnitude / 60_000)
        pair(minutes / 60, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        pair(minutes % 60, to: &bytes)
    }

    /// 0000-01-01 up to 9999-12-31, in milliseconds.
    private static let years: Range<Int64> = -62_167_219_200_000..<253_402_300_800_000

    @inline(__always) private static func pair(_ value: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
        bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    private static func text(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 in UTC.
    public var description: String { ISO8601.format(self) }
}
