import Vitals

/// A time of day as rule files write it: `09:00`. `24:00` is the end of the day.
struct ClockTime {
    /// Since local midnight, 0…24 h.
    var milliseconds: Int64

    init?(hours: some Collection<UInt8>, minutes: some Collection<UInt8>) {
        guard (1...2).contains(hours.count), minutes.count == 2,
            let hour = Int64(String(decoding: hours, as: UTF8.self)),
            let minute = Int64(String(decoding: minutes, as: UTF8.self)),
            0...24 ~= hour, 0...59 ~= minute, hour < 24 || minute == 0
        else { return nil }
        milliseconds = (hour * 60 + minute) * 60_000
    }

    /// `nil` unless the text is `H:MM` or `HH:MM`.
    init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isNumeric = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: ":") ~= $0 }
        guard parts.count == 2, isNumeric else { return nil }
        self.init(hours: parts[0], minutes: parts[1])
    }

    var span: TimeSpan { TimeSpan(milliseconds: milliseconds) }
}
