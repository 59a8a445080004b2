import Vitals

/// What a person's analysis needs to know besides data.
public struct AnalysisSettings: Sendable {
    /// Zone of the person's local days.
    public var zone: Zone
    /// What rules ask for; slot i is `features[i]`.
    public var features: [Feature]
    /// Of two devices for one metric the higher speaks; missing ones have 0.
    public var priorities: [DeviceID: Int]
    /// How often a device reports, where its profile says so; others are learned.
    public var cadence: [DeviceID: TimeSpan]
    /// Expected heart-rate range of an exercise session, beats per minute: fixed when a session opens.
    public var sessionRange: ClosedRange<Double>?
    /// What detectors know of the person.
    public var body: Body
    /// How a day's training load is weighed.
    public var load = LoadFormula.banister
    /// Whether sessions are followed and detectors run. Without, what they would say is unknown unless it is given as samples: for
    /// questions about windows alone.
    public var derives = true

    public init(
        zone: Zone = .utc, features: [Feature] = [], priorities: [DeviceID: Int] = [:],
        cadence: [DeviceID: TimeSpan] = [:], sessionRange: ClosedRange<Double>? = nil, body: Body = Body()
    ) {
        self.zone = zone
        self.features = features
        self.priorities = priorities
        self.cadence = cadence
        self.sessionRange = sessionRange
        self.body = body
    }
}

/// How minutes of exercise are weighed for `training_load`.
public enum LoadFormula: Sendable {
    /// TRIMP (Banister 1991): by the share of heart-rate reserve, exponentially.
    case banister
    /// Summated zones (Edwards 1993): minutes × 1 … 5 above 50, 60, 70, 80, 90 % of the maximum heart rate.
    case edwards
}

extension SourceTrack {
    init(settings: AnalysisSettings, id: DeviceID, isState: Bool) {
        self.init(
            id: id, priority: settings.priorities[id] ?? 0, fixedCadence: settings.cadence[id]?.milliseconds,
            isState: isState)
    }
}

extension DeviceID {
    /// The source of everything vitald derives itself (resting heart rate …): one fixed id, shaped like a UUIDv4.
    public static let derived = DeviceID(high: 0x7669_7461_6c64_4d00, low: 0x8000_6465_7269_7665)
}

/// What closing a tick brought.
public struct ClosedTick: Sendable {
    public var tick: Timestamp
    /// To be stored: measured samples with their final quality, in the order (time, metric, source), then derived ones.
    public var samples: [Sample] = []
    /// What detectors said, before it was rounded to samples. Of a daily series some may be no news.
    public var derived: [DerivedValue] = []
    /// The session that was completed at this tick.
    public var sessionCompleted: ExerciseSession?
    /// Metrics for which another source speaks from now on.
    public var switchovers: [SourceSwitch] = []

    public init(tick: Timestamp) { self.tick = tick }
}

/// What Intake put aside, and why. Counted since the analysis was created; not part of any checkpoint.
public struct IntakeCounts: Hashable, Sendable {
    /// NaN or infinite.
    public var notFinite = 0
    /// Same series and time as one already taken, or the same block of history.
    public var duplicates = 0
    /// Device times of clocks that were never set: more than three years before their arrival, or after 2200.
    public var foreignTime = 0
    /// Device times after their arrival, moved to the arrival.
    public var fromTheFuture = 0
    /// Counter readings older than the last one, or repeated.
    public var outOfOrder = 0
    /// Counter readings held until the next one confirms them.
    public var held = 0
    /// Counters that started afresh without counting.
    public var rebaselined = 0
    /// Counter readings that stand for *unknown*.
    public var saturated = 0
    /// Blocks smaller than what was already counted of them, and counter values that cannot be.
    public var refused = 0

    public init() {}
    /// The word for what a device sent again: history is asked for with every connection, so that this is no news.
    public static let repetition = "repeated"

    /// What is not zero, under the words that diagnostics use.
    public var named: [(word: String, count: Int)] {
        [
            ("not-finite", notFinite), (Self.repetition, duplicates), ("clock-unset", foreignTime),
            ("clock-ahead", fromTheFuture), ("counter-out-of-order", outOfOrder), ("counter-held", held),
            ("counter-afresh", rebaselined), ("counter-unknown", saturated), ("counter-refused", refused),
        ].filter { $0.count > 0 }
    }
}
