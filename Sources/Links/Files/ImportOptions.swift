import Vitals

/// How a file of measurements is to be understood, where the file itself does not say.
public struct ImportOptions: Sendable {
    /// Answers for times without an offset.
    public var zone: Zone
    /// What columns mean, by their name in the file (case and punctuation do not matter).
    public var map: [String: ColumnRole]
    /// What an increment covers; else the file's own step.
    public var span: TimeSpan?
    /// Whether the time of an increment is the start or the end of its span; start unless said otherwise.
    public var stamp: CounterRule.Stamp
    /// What a column without a known name measures; in a file with several known ones, the only one to read.
    public var metric: Metric?
    /// Unit of heartbeat intervals; else by their size.
    public var unit: IntervalUnit?
    /// When a list without clock times began.
    public var start: Timestamp?
    /// Source of the samples.
    public var source: DeviceID

    /// Unit of heartbeat intervals and elapsed times.
    public enum IntervalUnit: String, CaseIterable, Sendable {
        case milliseconds = "ms"
        case seconds = "s"
    }

    public init(
        source: DeviceID, zone: Zone = .utc, map: [String: ColumnRole] = [:], span: TimeSpan? = nil,
        stamp: CounterRule.Stamp = .start, metric: Metric? = nil, unit: IntervalUnit? = nil, start: Timestamp? = nil
    ) {
        self.source = source
        self.zone = zone
        self.map = map
        self.span = span
        self.stamp = stamp
        self.metric = metric
        self.unit = unit
        self.start = start
    }

    /// Reads the command line's `COLUMN=NAME,…`, where `NAME` is `time`, `ignore` or a metric.
    public static func map(_ text: String) throws(FileError) -> [String: ColumnRole] {
        var map: [String: ColumnRole] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty else {
                throw FileError(.badOption, path: "--map", "'\(part)' is not COLUMN=NAME, e.g. pulse=heart_rate")
            }
            guard let role = ColumnRole(name: String(sides[1])) else {
                let hint = KnownColumns.nearest(String(sides[1]), in: ColumnRole.names)
                throw FileError(
                    .badOption, path: "--map",
                    "no metric is named '\(sides[1])'"
                        + (hint.map { "; did you mean '\($0)'?" } ?? "; time, ignore or a metric such as heart_rate"))
            }
            map[String(sides[0])] = role
        }
        return map
    }
}

/// What a column of a file holds.
public enum ColumnRole: Hashable, Sendable {
    case time
    case metric(Metric)
    case ignored

    /// `time`, `ignore`, or a metric's snake-case name.
    public init?(name: String) {
        switch name {
        case "time": self = .time
        case "ignore": self = .ignored
        default:
            guard let metric = Metric(name: name) else { return nil }
            self = .metric(metric)
        }
    }

    public static let names: [String] = ["time", "ignore"] + Metric.allCases.map(\.name)

    public var name: String {
        switch self {
        case .time: "time"
        case .ignored: "ignore"
        case .metric(let metric): metric.name
        }
    }
}
