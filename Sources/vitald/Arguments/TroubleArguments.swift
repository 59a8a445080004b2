import Simulator
import Vitals

/// What goes wrong with a virtual device, from the command line.
enum TroubleArguments {
    static let options: [Syntax.Option] = [
        .init(
            "contact-lost", "AT[-UNTIL]", "the sensor has no contact from then on, or until then: 20s-40s",
            repeats: true),
        .init("silence", "FROM-UNTIL", "nothing is sent: 1m-2m", repeats: true),
        .init("battery-falling", nil, "the battery loses one percent a minute"),
        .init(
            "reset-at", "TIME",
            "counters go back to 0 then: a span, or a time of day like 00:00 (midnight, where a device does that)"),
        .init("late-history", "SPAN", "what is measured in this time is withheld, then sent as history"),
        .init("garbage", "SHARE", "how many frames have garbage before them, 0 to 1"),
    ]

    static func read(_ arguments: Arguments, start: Timestamp, zone: Zone) throws(CommandError) -> SensorTrouble {
        var trouble = SensorTrouble()
        for text in arguments.all("contact-lost") {
            trouble.contactLost.append(try range(text, option: "contact-lost", isOpen: true))
        }
        for text in arguments.all("silence") {
            trouble.silence.append(try range(text, option: "silence", isOpen: false))
        }
        trouble.batteryFalls = arguments.has("battery-falling")
        trouble.withheld = try arguments.span("late-history")
        if let span = trouble.withheld, span > longestHistory {
            throw .usage("--late-history: at most \(longestHistory)")
        }
        if let text = arguments.text("reset-at") { trouble.resetAt = try moment(text, start: start, zone: zone) }
        if let text = arguments.text("garbage") {
            guard let share = Double(text), share >= 0, share <= 1 else {
                throw .usage("--garbage '\(text)': expected a share from 0 to 1, like 0.1")
            }
            trouble.garbage = share
        }
        return trouble
    }

    /// Every second of it is kept in memory.
    private static let longestHistory = TimeSpan.days(7)

    private static func range(_ text: String, option: String, isOpen: Bool) throws(CommandError) -> Range<TimeSpan> {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if let from = TimeSpan(String(parts[0])), from >= .zero {
            if parts.count == 1, isOpen { return SensorTrouble.from(from) }
            if parts.count == 2, let until = TimeSpan(String(parts[1])), until > from { return from..<until }
        }
        throw .usage("--\(option) '\(text)': expected \(isOpen ? "a span like 20s, or two" : "two spans") like 20s-40s")
    }

    /// A span from the beginning, or the next time a clock shows that time of day.
    private static func moment(_ text: String, start: Timestamp, zone: Zone) throws(CommandError) -> TimeSpan {
        if let span = TimeSpan(text), span > .zero { return span }
        let parts = text.split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 2, text.utf8.count == 5, (0..<24).contains(parts[0]), (0..<60).contains(parts[1]) else {
            throw .usage("--reset-at '\(text)': expected a span like 30s or a time of day like 00:00")
        }
        let time = TimeSpan.hours(parts[0]) + .minutes(parts[1])
        let day = zone.day(of: start)
        let today = zone.timestamp(day: day, timeOfDay: time)
        return (today > start ? today : zone.timestamp(day: day + 1, timeOfDay: time)) - start
    }
}
