/// Times as people and files write them: ISO 8601 (RFC 3339 and the looser forms of spreadsheets), or milliseconds
/// since 1970.
///
/// Accepted: `2026-11-21T23:00:00Z`, `…+01:00`, `…+0100`, `…+01`, a fraction of any length after `.` or `,` (kept to
/// the millisecond), a space in place of `T`, seconds left out, no offset (local time of the given zone), a date alone
/// (its first moment in the zone), and a whole number (epoch milliseconds). Spaces around it are skipped.
public enum ISO8601 {
    /// Reads a time. For columns of millions of rows; allocates nothing.
    ///
    /// - Parameter zone: answers for times without an offset.
    /// - Returns: `nil` when it is not a time, or one that the calendar does not have.
    public static func parse(_ bytes: UnsafeRawBufferPointer, zone: inout ZoneCursor) -> Timestamp? {
        var scanner = TimeScanner(trimmed(bytes))
        guard scanner.remaining >= 10, let day = scanner.date() else {
            var scanner = TimeScanner(trimmed(bytes))
            return scanner.integer().map { Timestamp(milliseconds: $0) }
        }
        let local = Int64(day) * 86_400_000
        guard !scanner.isAtEnd else { return zone.start(of: LocalDay(number: Int32(truncatingIfNeeded: day))) }
        guard scanner.take("T") || scanner.take(" ") || scanner.take("t") else { return nil }
        guard let clock = scanner.clock() else { return nil }
        scanner.skipSpaces()
        guard !scanner.isAtEnd else { return zone.moment(local: local + clock) }
        guard let offset = scanner.offsetFromUTC(), scanner.isAtEnd else { return nil }
        return Timestamp(milliseconds: local + clock - offset)
    }

    /// Reads a time; see the forms above.
    public static func parse(_ text: String, zone: Zone = .utc) -> Timestamp? {
        var text = text
        var cursor = ZoneCursor(zone)
        return text.withUTF8 { parse(UnsafeRawBufferPointer($0), zone: &cursor) }
    }

    /// Reads a time from a field of a line.
    public static func parse(_ field: ArraySlice<UInt8>, zone: inout ZoneCursor) -> Timestamp? {
        field.withUnsafeBytes { parse($0, zone: &zone) }
    }

    @inline(__always) private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 || bytes[end - 1] == 0x0D { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}

extension Timestamp {
    /// Reads ISO 8601 or epoch milliseconds, see `ISO8601`.
    public init?(_ text: String, zone: Zone = .utc) {
        guard let time = ISO8601.parse(text, zone: zone) else { return nil }
        self = time
    }
}
