import Vitals

/// One person's path from readings to features: intake, panes, sessions and daily series.
///
/// A value: it reads no clock and no store. Give it readings and samples as they arrive, close the ticks in order, and
/// ask for features between closings. Interrupted anywhere and restored from its states and the stored samples of
/// `rebuildRange`, it goes on bit for bit as if it had not been interrupted.
public struct PersonAnalysis: Sendable {
    public let person: PersonID
    public internal(set) var settings: AnalysisSettings
    var intake = Intake()
    var series: [MetricSeries] = []
    var sessions = SessionTracker()
    var daily = DailyValues()
    var detectors = Detectors()
    var days = DayCursor()
    /// Something was decided at this tick that detectors read: their states are written with it.
    var isPressing = false
    /// The last tick at which detectors were closed again while rebuilding.
    var replayed: Int64 = 0
    /// Detectors that are being made anew from history.
    var pending = PendingRenewal()
    /// Set in the analysis of a `Renewal`: stored samples are applied as they were judged, and only these series told.
    var recollects: Set<Metric>?
    /// Pane end of the last closed tick; −1 before the first.
    var lastTick: Int64 = -1
    var isIntakeChanged = false
    /// Index in `series` by raw value of the metric; 255: none.
    private var places: [UInt8]
    var cache: FeatureCache

    private static let longestRawValue = 1024

    /// - Parameter restoring: the states `changedStates` gave out, the last of each component. An empty list starts
    ///   afresh.
    /// - Throws: `WireError` when a state is damaged or of a newer version.
    public init(person: PersonID, settings: AnalysisSettings, restoring states: [ComponentState] = [])
        throws(WireError)
    {
        self.person = person
        self.settings = settings
        places = Array(repeating: 255, count: Self.longestRawValue)
        cache = FeatureCache(count: settings.features.count)
        try restore(states)
        prepareOrders(since: 0)
    }

    /// What Intake put aside since this value was created.
    public var counts: IntakeCounts { intake.counts }

    /// The same of one device's readings.
    public func counts(of device: DeviceID) -> IntakeCounts {
        intake.devices.first { $0.id == device }?.counts ?? IntakeCounts()
    }

    // MARK: Input

    /// Takes one reading of a device of this person. `received` never goes backward.
    public mutating func take(_ reading: Reading, from device: DeviceID, at received: Timestamp) {
        isIntakeChanged = true
        intake.take(reading, from: device, at: received, zone: settings.zone)
        guard !intake.guesses.isEmpty else { return }
        let series = series
        intake.doubt { metric, device in
            var spoken = Int64.min
            for one in series where one.metric == metric {
                for source in one.sources where source.id != device { spoken = Swift.max(spoken, source.spoken) }
            }
            return spoken
        }
    }

    /// Takes what a device says about itself.
    public mutating func take(_ status: Status, from device: DeviceID, at received: Timestamp) {
        isIntakeChanged = true
        intake.take(status, from: device, at: received)
    }

    /// Takes one sample of a file.
    public mutating func take(_ sample: Sample) {
        isIntakeChanged = true
        intake.take(sample)
    }

    public mutating func linkChanged(device: DeviceID, state: LinkState, at time: Timestamp) {
        isIntakeChanged = true
        intake.take(state, of: device, at: time)
    }

    /// New settings come into force: slots, zone, priorities, cadences. Data stay as they are.
    public mutating func update(settings: AnalysisSettings) {
        self.settings = settings
        days.forget()
        cache = FeatureCache(count: settings.features.count)
        let from = Swift.max(lastTick, 0) + SeriesPanes.fineLength
        for i in series.indices {
            for j in series[i].sources.indices {
                let id = series[i].sources[j].id
                series[i].sources[j].priority = settings.priorities[id] ?? 0
                guard !series[i].isState else { continue }
                let fixed = settings.cadence[id]?.milliseconds
                if fixed != series[i].sources[j].fixedCadence {
                    series[i].sources[j].fixedCadence = fixed
                    series[i].sources[j].cadence.decide(from: from, fixed: fixed)
                }
            }
        }
        prepareOrders(since: Swift.max(lastTick, 0))
        isIntakeChanged = true
        if lastTick >= 0 { detectors.record(at: lastTick, isPressing: true, person: person) }
    }

    // MARK: Deadlines

    /// Time of the newest usable sample of any metric that came in time; of a metric that only came late, when it was
    /// first heard.
    public var lastSample: Timestamp? {
        var newest: Int64 = -1
        for i in series.indices where series[i].metric != .sensorState {
            newest = Swift.max(newest, series[i].silentSince)
        }
        return newest < 0 ? nil : Timestamp(milliseconds: newest)
    }

    /// The pane end at which `close` must be called although nothing more arrives: for samples that wait, a session's
    /// end, the detectors. `nil`: nothing is due.
    public var nextDeadline: Timestamp? {
        var next = Int64.max
        for sample in intake.pending {
            next = Swift.min(next, Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).tick)
        }
        if intake.devices.contains(where: { !$0.beat.packet.isEmpty }) {
            next = Swift.min(next, lastTick + SeriesPanes.fineLength)
        }
        if let session = sessions.deadline { next = Swift.min(next, session) }
        next = Swift.min(next, detectors.deadline)
        if let due = pending.due { next = Swift.min(next, due) }
        guard next < .max else { return nil }
        return Timestamp(milliseconds: Swift.max(next, lastTick + SeriesPanes.fineLength))
    }

    /// Time of the last closed tick.
    public var lastClosed: Timestamp? { lastTick < 0 ? nil : Timestamp(milliseconds: lastTick) }

    // MARK: Series

    @inline(__always) func place(of metric: Metric) -> Int? {
        let raw = Int(metric.rawValue)
        guard raw < places.count, places[raw] != 255 else { return nil }
        return Int(places[raw])
    }

    mutating func insert(_ one: MetricSeries) -> Int {
        series.append(one)
        places[Int(one.metric.rawValue)] = UInt8(truncatingIfNeeded: series.count - 1)
        return series.count - 1
    }

    /// Index of the metric's series, made when it is new; `nil` for daily metrics, which have no panes.
    @inline(__always) mutating func seriesIndex(_ metric: Metric, since tick: Int64) -> Int? {
        if let known = place(of: metric) { return known }
        var new = MetricSeries(metric: metric)
        guard new.kind != .daily else { return nil }
        if asksForOrder(metric) { new.order = OrderedSamples(since: 0) }
        new.panes.freezeHours(before: tick / SeriesPanes.coarseLength)
        new.panes.thawHours()
        return insert(new)
    }

    @inline(__always) mutating func sourceIndex(_ id: DeviceID, in place: Int) -> Int {
        for i in series[place].sources.indices where series[place].sources[i].id == id { return i }
        series[place].sources.append(SourceTrack(settings: settings, id: id, isState: series[place].isState))
        return series[place].sources.count - 1
    }

    private func asksForOrder(_ metric: Metric) -> Bool {
        settings.features.contains { feature in
            if case .window(let function, metric, _, _) = feature { return function.readsSamples }
            return false
        }
    }

    /// Medians, quantiles and functions of beats need the samples themselves: kept from now on for metrics that are asked for.
    private mutating func prepareOrders(since time: Int64) {
        for i in series.indices where series[i].kind != .increment {
            let wanted = asksForOrder(series[i].metric)
            if wanted, series[i].order == nil { series[i].order = OrderedSamples(since: time) }
            if !wanted, series[i].order != nil { series[i].order = nil }
        }
    }
}
