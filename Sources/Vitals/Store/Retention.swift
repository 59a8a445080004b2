/// How long samples of a series are kept, and how long sums stand for them afterwards.
///
/// Written as people say it: `raw 90d, 1m 2y, 15m forever`. What is not named is not kept on its own: samples for ever unless
/// `raw` is named, sums of a minute only where `1m` is, sums of five minutes for ever unless `5m` or `15m` is named, and sums
/// of a quarter of an hour only where `15m` is.
public struct Retention: Hashable, Sendable {
    /// `nil`: for ever. Each is at least as long as the one before.
    public let samples: TimeSpan?
    public let minutes: TimeSpan?
    public let fiveMinutes: TimeSpan?
    public let quarters: TimeSpan?

    /// Everything, for ever.
    public static let forever = Retention(samples: nil, minutes: nil, fiveMinutes: nil, quarters: nil)

    private init(samples: TimeSpan?, minutes: TimeSpan?, fiveMinutes: TimeSpan?, quarters: TimeSpan?) {
        self.samples = samples
        self.minutes = minutes
        self.fiveMinutes = fiveMinutes
        self.quarters = quarters
    }

    /// Windows of a day are rebuilt from samples at start, and late ones come after days.
    public static let shortest = TimeSpan.days(7)

    /// Why a text is no retention.
    public struct Problem: Error, Hashable, Sendable {
        public var message: String
    }

    /// Reads `raw 90d, 1m 2y, 15m forever`: a year is 365 days, a week 7.
    public init(_ text: String) throws(Problem) {
        var kept: [String: TimeSpan?] = [:]
        let known = ["raw", "1m", "5m", "15m"]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: " ").map { String($0) }
            guard words.count == 2, let word = words.first, let length = words.last, known.contains(word),
                kept[word] == nil
            else {
                throw Problem(
                    message:
                        "expected raw, 1m, 5m or 15m, each once and with how long, like \"raw 90d, 1m 2y, 15m forever\""
                )
            }
            kept.updateValue(try Self.length(length), forKey: word)
        }
        let samples = kept["raw"] ?? nil
        let minutes = kept["1m"] ?? samples
        // What is not told in between lasts until the next coarser one that is.
        let five = kept["5m"] ?? (kept["15m"] != nil ? minutes : nil)
        let quarters = kept["15m"] ?? five
        let order = [samples, minutes, five, quarters]
        for (finer, coarser) in zip(order, order.dropFirst()) {
            if let coarser, finer ?? .days(1_000_000) > coarser {
                throw Problem(message: "longer sums are kept at least as long as shorter ones and samples")
            }
        }
        self.init(samples: samples, minutes: minutes, fiveMinutes: five, quarters: quarters)
    }

    /// `nil`: for ever.
    private static func length(_ text: String) throws(Problem) -> TimeSpan? {
        if text == "forever" { return nil }
        let days: [(Character, Int64)] = [("y", 365), ("w", 7), ("d", 1)]
        for (unit, size) in days where text.last == unit {
            if let number = Int64(text.dropLast()), (1...100_000).contains(number) {
                let span = TimeSpan.days(number * size)
                guard span >= shortest else { break }
                return span
            }
        }
        throw Problem(
            message: "'\(text)' is no length: expected days, weeks or years, 7d or more, like 90d, 8w or 2y, or forever"
        )
    }
}

/// A retention and the series that it is for.
public struct RetentionRule: Hashable, Sendable {
    /// `nil`: everyone's.
    public var person: PersonID?
    /// `nil`: all but daily values, of which there is one a day.
    public var metric: Metric?
    public var keep: Retention

    public init(person: PersonID? = nil, metric: Metric? = nil, keep: Retention) {
        self.person = person
        self.metric = metric
        self.keep = keep
    }

    public func applies(to key: SeriesKey) -> Bool {
        (person == nil || person == key.person) && (metric.map { $0 == key.metric } ?? (key.metric.kind != .daily))
    }
}

extension [RetentionRule] {
    /// What the last rule that applies says.
    public func retention(of key: SeriesKey) -> Retention { last { $0.applies(to: key) }?.keep ?? .forever }
}
