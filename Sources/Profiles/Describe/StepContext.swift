import Vitals

/// A value that a step's bytes may hold: `now.hh`, `day.start`, `history.sinceMs`, `cfg.NAME`.
enum MomentValue: Hashable, Sendable {
    /// Of the year two digits, or all.
    case year(Moment), fullYear(Moment), month(Moment), dayOfMonth(Moment)
    case hour, minute, second
    /// Monday is 1.
    case weekday
    case unix, milliseconds
    case zoneHours, zoneMinutes
    /// Seconds since 1970 at the day's beginning, and how many days ago it was.
    case dayStart, daysAgo
    case historySeconds, historyMilliseconds
    case setting(String)

    enum Moment: Hashable, Sendable { case now, day }

    static let names: [String: MomentValue] = [
        "now.yy": .year(.now), "now.yyyy": .fullYear(.now), "now.mo": .month(.now), "now.dd": .dayOfMonth(.now),
        "now.hh": .hour, "now.mi": .minute, "now.ss": .second, "now.weekday": .weekday, "now.unix": .unix,
        "now.ms": .milliseconds, "now.tzHours": .zoneHours, "now.tzMinutes": .zoneMinutes,
        "day.yy": .year(.day), "day.yyyy": .fullYear(.day), "day.mo": .month(.day), "day.dd": .dayOfMonth(.day),
        "day.start": .dayStart, "day.ago": .daysAgo,
        "history.since": .historySeconds, "history.sinceMs": .historyMilliseconds,
    ]

    /// Whether it is taken from the clock.
    var isTime: Bool {
        switch self {
        case .daysAgo, .historySeconds, .historyMilliseconds, .setting: false
        default: true
        }
    }

    init?(_ name: String) {
        if let known = Self.names[name] {
            self = known
        } else if name.hasPrefix("cfg."), name.utf8.count > 4 {
            self = .setting(String(name.dropFirst(4)))
        } else {
            return nil
        }
    }
}

/// What a step's bytes depend on. Deciding them is a pure function of it.
///
/// ```swift
/// let context = StepContext(now: now, zone: zone, settings: profile.settings, options: ["history"])
/// for (step, bytes) in context.unrolled(profile.connect) { … }
/// ```
public struct StepContext: Sendable {
    public var now: Timestamp
    /// Where the device is worn.
    public var zone: Zone
    /// Days before today that `day` means.
    public var daysAgo = 0
    /// Values of `cfg.NAME`: the profile's own, changed by the household.
    public var settings: [String: Int]
    /// What `if:` asks for.
    public var options: Set<String>
    /// Until when data is known already; `nil`: nothing is.
    public var historySince: Timestamp?
    /// Values of `$secret.NAME` in arguments of drivers: keys that a household keeps to itself.
    public var secrets: [String: String]

    public init(
        now: Timestamp, zone: Zone, settings: [String: Int] = [:], options: Set<String> = [],
        historySince: Timestamp? = nil, secrets: [String: String] = [:]
    ) {
        self.now = now
        self.zone = zone
        self.settings = settings
        self.options = options
        self.historySince = historySince
        self.secrets = secrets
    }

    /// The steps that are to be taken, options and days resolved, each with what it sends.
    public func unrolled(_ steps: [Step]) -> [(step: Step, bytes: [UInt8]?)] {
        steps.flatMap { step -> [(step: Step, bytes: [UInt8]?)] in
            switch step {
            case .ifOption(let option, let inner): return options.contains(option) ? unrolled([inner]) : []
            case .forEachDay(let count, let inner):
                return (0..<days(count)).flatMap { day in
                    var context = self
                    context.daysAgo = day
                    return context.unrolled([inner])
                }
            default: return [(step, bytes(of: step))]
            }
        }
    }

    /// For how many days a step for each of `count` days is taken: back to the one up to which data is known already, by
    /// the device's calendar, which is local or UTC.
    public func days(_ count: Int) -> Int {
        guard let historySince else { return count }
        let known = [zone, .utc].map { Int($0.day(of: now).number) - Int($0.day(of: historySince).number) }
        return min(count, known.reduce(0, max) + 1)
    }

    /// What a step sends; `nil` where it sends nothing, or where a value it needs is not known.
    public func bytes(of step: Step) -> [UInt8]? {
        switch step {
        case .send(let bytes): return bytes
        case .write(_, let payload, _, _):
            switch payload {
            case .bytes(let bytes): return bytes
            case .text(let text): return Self.pieces(text).flatMap { fill($0) }
            case .currentTime(let local): return currentTime(local ? zone : .utc)
            }
        case .command(let command, _, _): return bytes(of: command)
        case .ifOption(_, let inner), .forEachDay(_, let inner), .ask(let inner, _): return bytes(of: inner)
        case .wait, .read, .subscribe, .indicate, .driver: return nil
        }
    }

    private func bytes(of command: PacketTemplate) -> [UInt8]? {
        var bytes: [UInt8] = []
        for piece in command.pieces {
            switch piece {
            case .bytes(let own): bytes += own
            case .value(let value, let encoding):
                guard let number = number(value, command.clock == .utc ? .utc : zone) else { return nil }
                switch encoding {
                case .bcd:
                    guard (0...99).contains(number) else { return nil }
                    bytes.append(UInt8(number / 10) << 4 | UInt8(number % 10))
                case .integer(let size, let bigEndian):
                    let own = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * Int64($0))) }
                    bytes += bigEndian ? own.reversed() : own
                }
            }
        }
        guard let shape = command.shape else { return bytes }
        while bytes.count < shape.length { bytes.append(shape.pad) }
        shape.check?.seal(&bytes)
        return bytes
    }

    /// Characteristic 0x2A2B (Current Time Service 1.1, §3.1.1).
    private func currentTime(_ zone: Zone) -> [UInt8] {
        let (year, month, day) = zone.day(of: now).civil
        let time = zone.timeOfDay(now).milliseconds
        let parts = [year & 0xFF, year >> 8 & 0xFF, month, day].map { UInt8(truncatingIfNeeded: $0) }
        let clock = [
            time / 3_600_000, time / 60_000 % 60, time / 1000 % 60, weekday(zone), time % 1000 * 256 / 1000, 0,
        ]
        return parts + clock.map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Monday is 1. 1970-01-01 was a Thursday.
    private func weekday(_ zone: Zone) -> Int64 { (((Int64(zone.day(of: now).number) + 3) % 7) + 7) % 7 + 1 }

    private func number(_ value: MomentValue, _ zone: Zone) -> Int64? {
        let time = zone.timeOfDay(now).milliseconds
        func civil(_ moment: MomentValue.Moment) -> (year: Int, month: Int, day: Int) {
            (moment == .now ? zone.day(of: now) : day(zone)).civil
        }
        switch value {
        case .year(let moment): return Int64(civil(moment).year % 100)
        case .fullYear(let moment): return Int64(civil(moment).year)
        case .month(let moment): return Int64(civil(moment).month)
        case .dayOfMonth(let moment): return Int64(civil(moment).day)
        case .hour: return time / 3_600_000
        case .minute: return time / 60_000 % 60
        case .second: return time / 1000 % 60
        case .weekday: return weekday(zone)
        case .unix: return now.milliseconds / 1000
        case .milliseconds: return now.milliseconds
        case .zoneHours: return zone.offset(at: now).milliseconds / 3_600_000
        case .zoneMinutes: return zone.offset(at: now).milliseconds / 60_000
        case .dayStart: return zone.start(of: day(zone)).milliseconds / 1000
        case .daysAgo: return Int64(daysAgo)
        case .historySeconds: return historySince.map { $0.milliseconds / 1000 }
        case .historyMilliseconds: return historySince.map(\.milliseconds)
        case .setting(let name): return settings[name].map { Int64($0) }
        }
    }

    private func day(_ zone: Zone) -> LocalDay {
        LocalDay(number: zone.day(of: now).number &- Int32(clamping: daysAgo))
    }

    // MARK: text

    enum TextPiece {
        case text(String)
        case value(MomentValue)
    }

    /// Cuts text at `${name}`; `nil` when a name means nothing or a brace is missing.
    static func pieces(_ text: String) -> [TextPiece]? {
        var pieces: [TextPiece] = []
        var plain = ""
        var rest = Substring(text)
        while let first = rest.first {
            if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}"),
                    let value = MomentValue(String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end]))
                else { return nil }
                pieces.append(.text(plain))
                pieces.append(.value(value))
                plain = ""
                rest = rest[rest.index(after: end)...]
            } else {
                plain.append(first)
                rest = rest.dropFirst()
            }
        }
        return pieces + [.text(plain)]
    }

    private func fill(_ pieces: [TextPiece]) -> [UInt8]? {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let own): text += own
            case .value(.zoneHours):
                // Half hours matter to those who live by them: 5.5.
                let minutes = zone.offset(at: now).milliseconds / 60_000
                text += minutes % 60 == 0 ? "\(minutes / 60)" : "\(Double(minutes) / 60)"
            case .value(let value):
                guard let number = number(value, zone) else { return nil }
                text += "\(number)"
            }
        }
        return Array(text.utf8)
    }
}
