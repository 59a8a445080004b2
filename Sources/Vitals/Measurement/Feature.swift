/// A number that rules can ask for: everything an expression reads from outside itself.
///
/// Values are `Double`; booleans are 1 and 0; *unknown* is NaN. The type checker of `RuleEngine` and the provider in
/// `Hub` both switch over this enum, so a new feature is added here first.
///
/// Of daily series a feature tells what came in time (within ten minutes of the moment it is stamped with), and of the
/// days before today, for `baseline` and `zscore`, what is known by now.
public enum Feature: Hashable, Sendable {
    /// The latest value of a metric; unknown when older than its hold (daily series: 48 h).
    case latest(Metric)
    /// A function of a metric over a trailing window. `parameter` is `quantile`'s share 0…1 or `ewma`'s half-life in
    /// seconds, else 0.
    case window(WindowFunction, Metric, TimeSpan, parameter: Double)
    /// Median of a daily series over the last `days` local days, today excluded.
    case baseline(Metric, days: Int)
    /// Robust z of today's value of a daily series: (today − median) / (1.4826 MAD).
    case zscore(Metric, days: Int)
    /// 1 when no usable sample of the metric arrived for that long. Never unknown once the person has a source of it.
    case stale(Metric, TimeSpan)
    /// Milliseconds since the latest sample of a metric.
    case age(Metric)
    /// Milliseconds since local midnight.
    case timeOfDay
    /// ISO 8601 day of the week: 1 Monday … 7 Sunday.
    case weekday
    case person(PersonField)
    /// 1 when the person's record carries that fact (`beta_blocker`), else 0.
    case personHas(String)
    case session(SessionField)
    case plan(PlanField)
    /// The same of a daily series for a rule with `late`, which also reads values that came late, by this at most.
    indirect case late(Feature, within: TimeSpan)

    /// Without what a rule says of late data.
    public var plain: Feature { if case .late(let feature, _) = self { feature.plain } else { self } }

    /// Whether it reads values of a daily series.
    public var isOfDays: Bool {
        switch plain {
        case .latest(let metric), .window(_, let metric, _, _), .baseline(let metric, _), .zscore(let metric, _),
            .stale(let metric, _), .age(let metric):
            metric.kind == .daily
        case .timeOfDay, .weekday, .person, .personHas, .session, .plan, .late: false
        }
    }
}

/// A function over the samples of a trailing window `[T − window, T)`.
public enum WindowFunction: String, CaseIterable, Sendable, Hashable {
    case mean, std, min, max, sum, count, first, last, delta, slope, median, quantile, mad, ewma, coverage, rate
    case rmssd, sdnn, pnn50, sd1, sd2
    case lnRMSSD = "ln_rmssd"
    case sampleEntropy = "sample_entropy"
    case cosen, dfa1, lf, hf
    case lfHf = "lf_hf"
    /// Share of the beats that artefact and ectopy correction changed, or that came early and escaped it, 0 … 1.
    case correctedShare = "corrected_share"

    /// The functions this version computes; a name that is not among them is reserved.
    public static let available: Set<WindowFunction> = [
        .mean, .std, .min, .max, .sum, .count, .first, .last, .delta, .slope, .median, .quantile, .mad, .ewma,
        .coverage, .rate,
        .rmssd, .sdnn, .pnn50, .sd1, .sd2, .lnRMSSD, .sampleEntropy, .cosen, .dfa1, .lf, .hf, .lfHf, .correctedShare,
    ]

    /// Order statistics read the samples themselves, which are kept for this long.
    public static let longestSampleWindow = TimeSpan.hours(1)
    /// Entropies compare every beat with every other: four times the work for twice the window. Both are stable from a
    /// few hundred beats on, so longer windows would cost much and tell nothing more.
    public static let longestEntropyWindow = TimeSpan.minutes(10)

    /// Whether the function reads samples rather than panes.
    public var readsSamples: Bool { self == .median || self == .quantile || self == .mad || readsBeats }

    /// Whether the function is one of heartbeats: it asks for a metric of intervals between them.
    public var readsBeats: Bool {
        switch self {
        case .rmssd, .sdnn, .pnn50, .sd1, .sd2, .lnRMSSD, .correctedShare: true
        default: readsRuns
        }
    }

    /// Whether the function reads beats as one sequence without a gap.
    public var readsRuns: Bool {
        switch self {
        case .sampleEntropy, .cosen, .dfa1, .lf, .hf, .lfHf: true
        default: false
        }
    }

    /// The longest window of a function that reads samples; `nil` for those that read panes.
    public var longestWindow: TimeSpan? {
        switch self {
        case .sampleEntropy, .cosen: Self.longestEntropyWindow
        default: readsSamples ? Self.longestSampleWindow : nil
        }
    }
}

/// `person.*`
public enum PersonField: String, CaseIterable, Sendable, Hashable {
    case age
    /// 1 female, 2 male, unknown otherwise.
    case sex
    case maxHeartRate = "max_heart_rate"
    case limitMaxHeartRate = "limits.max_heart_rate"
    case limitMaxIntensity = "limits.max_intensity"
    case limitMaxWeeklyIncrease = "limits.max_weekly_increase"
}

/// `session.*`: the exercise session that runs (`active`), or the one that just ended.
public enum SessionField: String, CaseIterable, Sendable, Hashable {
    /// 1 while a session is open.
    case active
    /// Length in minutes.
    case minutes
    case meanHeartRate = "mean_heart_rate"
    case peakHeartRate = "peak_heart_rate"
    /// Minutes with heart rate above the upper end of the expected range.
    case minutesAboveRange = "minutes_above_range"
    /// Lower and upper end of the expected range, beats per minute.
    case rangeLow = "range_low"
    case rangeHigh = "range_high"
    /// Mean heart rate of minutes 5 to 10 after the end.
    case recoveryHeartRate = "recovery_heart_rate"
    /// The person's own 90th percentile of `recovery_heart_rate` over earlier sessions; unknown before the fifth.
    case recoveryUsual = "recovery_usual"
    /// How many earlier sessions with a recovery rate are known.
    case count
}

/// `plan.*`: today's planned session.
public enum PlanField: String, CaseIterable, Sendable, Hashable {
    case minutes
    /// Upper end of the target zone as a share of heart-rate reserve, 0…1, after adjustments.
    case intensity
    case targetLow = "target_low"
    case targetHigh = "target_high"
    case stepsGoal = "steps_goal"
    /// 1 on a day without a planned session or on an ordered rest day.
    case rest
}

/// When the newest value of a daily series that a feature reads was true, and how it came.
public struct DayReading: Hashable, Sendable {
    public var time: Timestamp
    /// It came more than ten minutes after the moment it is stamped with.
    public var isLate: Bool

    public init(time: Timestamp, isLate: Bool) {
        self.time = time
        self.isLate = isLate
    }
}

/// How a feature's value came about: what `explain` shows beside the number.
public struct FeatureDetail: Hashable, Sendable {
    /// NaN when unknown.
    public var value: Double
    /// The window read, in sample time; `nil` for values without one.
    public var window: TimeRange?
    /// Share of the window that samples cover, 0…1.
    public var coverage: Double?
    /// Samples that entered.
    public var count: Int
    /// Times of the first and last sample that entered.
    public var first: Timestamp?
    public var last: Timestamp?
    /// Where they came from.
    public var sources: [DeviceID]
    /// Why the value is unknown, in plain words.
    public var unknown: String?

    public init(
        value: Double, window: TimeRange? = nil, coverage: Double? = nil, count: Int = 0, first: Timestamp? = nil,
        last: Timestamp? = nil, sources: [DeviceID] = [], unknown: String? = nil
    ) {
        self.value = value
        self.window = window
        self.coverage = coverage
        self.count = count
        self.first = first
        self.last = last
        self.sources = sources
        self.unknown = unknown
    }
}

extension FeatureDetail {
    /// Unknown equals unknown: NaN is a value here.
    public static func == (a: FeatureDetail, b: FeatureDetail) -> Bool {
        a.value.known == b.value.known && a.window == b.window && a.coverage?.known == b.coverage?.known
            && a.count == b.count && a.first == b.first && a.last == b.last && a.sources == b.sources
            && a.unknown == b.unknown
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(value.known)
        hasher.combine(window)
        hasher.combine(count)
    }
}

extension Double {
    /// The number, or `nil` for NaN, which stands for unknown: so that values with unknowns can be compared.
    var known: Double? { isNaN ? nil : self }
}
