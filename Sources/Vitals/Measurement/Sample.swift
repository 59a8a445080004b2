/// One measured or derived value, as it is stored and analysed.
///
/// One (series, time) holds one sample; of two, the higher revision wins.
public struct Sample: Hashable, Sendable {
    /// When it was true in the body; for increments the end of the span.
    public var time: Timestamp
    /// When the hub received it (hub clock).
    public var received: Timestamp
    /// In the metric's unit. Always finite.
    public var value: Float
    /// Milliseconds before `time` that the value covers; 0 for everything but increments, and values of detectors that
    /// know only later: those speak of the moment `start`.
    public var span: UInt32
    public var metric: Metric
    public var quality: Quality
    /// 0 for a first writing; a correction carries a higher one.
    public var revision: UInt8
    /// The device, file or detector it came from.
    public var source: DeviceID

    @inlinable public init(
        metric: Metric, value: Float, time: Timestamp, span: UInt32 = 0, received: Timestamp, source: DeviceID,
        quality: Quality = [], revision: UInt8 = 0
    ) {
        self.time = time
        self.received = received
        self.value = value
        self.span = span
        self.metric = metric
        self.quality = quality
        self.revision = revision
        self.source = source
    }

    /// Where the covered span begins; equals `time` for gauges.
    @inlinable public var start: Timestamp { Timestamp(milliseconds: time.milliseconds - Int64(span)) }
}

/// What is known about a sample's trustworthiness. No flag: measured, plausible, in time.
public struct Quality: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sensor said that it had no contact.
    public static let contactLost = Quality(rawValue: 1)
    /// It arrived after its pane had closed: it completes history and decides nothing.
    public static let late = Quality(rawValue: 2)
    /// Outside the metric's plausible range.
    public static let implausible = Quality(rawValue: 4)
    /// The hub's clock was not yet synchronised.
    public static let estimatedTime = Quality(rawValue: 8)
    /// An artefact by its shape (ectopic beat, spike).
    public static let artefact = Quality(rawValue: 16)
    /// Another device spoke for this person and metric at that time: kept, never added up.
    public static let redundant = Quality(rawValue: 32)

    /// Samples with any of these never enter a feature.
    public static let unusable: Quality = [.contactLost, .implausible, .artefact, .redundant]

    /// The set flags' names, in a fixed order.
    public var names: [String] {
        let all: [(Quality, String)] = [
            (.contactLost, "contact_lost"), (.late, "late"), (.implausible, "implausible"),
            (.estimatedTime, "estimated_time"), (.artefact, "artefact"), (.redundant, "redundant"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// What one stored series is: a person's metric from one source.
public struct SeriesKey: Hashable, Comparable, Sendable {
    public var person: PersonID
    public var metric: Metric
    public var source: DeviceID

    @inlinable public init(person: PersonID, metric: Metric, source: DeviceID) {
        self.person = person
        self.metric = metric
        self.source = source
    }

    public static func < (a: SeriesKey, b: SeriesKey) -> Bool {
        (a.person, a.metric.rawValue, a.source) < (b.person, b.metric.rawValue, b.source)
    }
}
