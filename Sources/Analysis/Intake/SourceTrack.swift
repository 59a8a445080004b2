import Vitals

/// What is known about one source of one metric.
struct SourceTrack: Sendable {
    let id: DeviceID
    var priority: Int
    /// The profile's cadence in ms; `nil`: learned.
    var fixedCadence: Int64?
    var cadence: Cadence
    // All of these tell of samples that came in time: late ones neither speak nor keep a source alive.
    /// Time of its newest sample.
    var newest: Int64 = -1
    /// Time and span of its newest usable sample, and since when these came without a pause.
    var usable: Int64 = -1
    var usableSpan: Int64 = 0
    var streak: Int64 = -1
    /// End of what it gave to the merged view.
    var spoken: Int64 = -1
    var times = SampleTimes()
    /// What came late, so that it is recognised when it comes again.
    var lateTimes = SampleTimes()

    init(id: DeviceID, priority: Int, fixedCadence: Int64?, isState: Bool) {
        self.id = id
        self.priority = priority
        self.fixedCadence = isState ? nil : fixedCadence
        cadence = Cadence(
            hold: isState ? Cadence.stateHold : self.fixedCadence.map(Cadence.hold(of:)) ?? Cadence.defaultHold)
    }

    /// How long it may be silent before another source speaks: its hold, or 2.5 of its blocks.
    func patience(at tick: Int64) -> Int64 {
        Swift.max(cadence.hold(at: tick), usableSpan * 5 / 2)
    }
}

/// Another source speaks for a metric from now on.
public struct SourceSwitch: Hashable, Sendable {
    public enum Reason: UInt8, Sendable {
        /// The source that spoke gave nothing usable for longer than its hold.
        case silent = 0
        /// A source of higher priority has been back for 30 s.
        case priority
    }

    public var metric: Metric
    public var from: DeviceID
    public var to: DeviceID
    public var reason: Reason
    /// Time of the first sample of the new source.
    public var at: Timestamp
}
