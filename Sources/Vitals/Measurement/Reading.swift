/// A raw value as a profile decoded it from bytes: before counters, order, merging and plausibility.
public struct Reading: Hashable, Sendable {
    public var metric: Metric
    /// In the metric's unit, or a counter's raw total.
    public var value: Double
    /// The device's own time for it, where the protocol carries one.
    public var time: DeviceTime
    /// How a total becomes increments; `nil` for plain values.
    public var counter: CounterRule?

    @inlinable public init(metric: Metric, value: Double, time: DeviceTime = .arrival, counter: CounterRule? = nil) {
        self.metric = metric
        self.value = value
        self.time = time
        self.counter = counter
    }

    /// When a reading was true, as far as the device tells.
    public enum DeviceTime: Hashable, Sendable {
        /// No device time: stamped when the bytes arrived.
        case arrival
        /// The `index`-th of `count` heartbeat intervals of one packet, oldest first: Intake places them backwards
        /// from arrival by their own lengths.
        case beat(index: UInt16, count: UInt16)
        /// An absolute time of the device's clock, already converted to UTC.
        case at(Timestamp)
    }
}

/// How the totals or deltas of a device's counter become increments. Intake applies it, in one place.
public struct CounterRule: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A running total.
        case cumulative
        /// What happened since the last message.
        case delta
        /// What happened in a fixed block of time, stamped at its start or end.
        case bucket(length: TimeSpan, stamped: Stamp)
    }

    public enum Stamp: Hashable, Sendable { case start, end }

    public struct Resets: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// At the device's local midnight: the first value of a day counts in full.
        public static let daily = Resets(rawValue: 1)
        public static let reboot = Resets(rawValue: 2)
        public static let reconnect = Resets(rawValue: 4)
        public static let command = Resets(rawValue: 8)
        public static let session = Resets(rawValue: 16)
    }

    public var kind: Kind
    /// Bits of the counter; its modulus is 2^width unless `modulus` says otherwise.
    public var width: UInt8
    /// A wrap counts only when allowed and when the wrapped difference fits `maxRate`.
    public var wraps: Bool
    public var modulus: UInt64?
    public var resets: Resets
    /// Hold the first non-zero value after local midnight until the next one confirms it.
    public var quarantinesDayEdge: Bool
    /// Units per second that a body can do; a larger jump is held until the next reading confirms it.
    public var maxRate: Double?
    /// Replaced by an overlapping bucket when one arrives.
    public var provisional: Bool
    /// Multiplies each increment (2 for strides counted as steps).
    public var scale: UInt8
    /// The top value means "unknown".
    public var saturates: Bool

    public init(
        kind: Kind, width: UInt8 = 32, wraps: Bool = true, modulus: UInt64? = nil, resets: Resets = [],
        quarantinesDayEdge: Bool = false, maxRate: Double? = nil, provisional: Bool = false, scale: UInt8 = 1,
        saturates: Bool = false
    ) {
        self.kind = kind
        self.width = width
        self.wraps = wraps
        self.modulus = modulus
        self.resets = resets
        self.quarantinesDayEdge = quarantinesDayEdge
        self.maxRate = maxRate
        self.provisional = provisional
        self.scale = scale
        self.saturates = saturates
    }
}

/// What a frame says about the sensor itself. It feeds `worn` and `sensor_state`, and explains missing readings.
public enum Status: Hashable, Sendable {
    case worn(Bool)
    /// Contact quality, 0 lost … 1 good.
    case contact(Double)
    /// Signal strength on the device's own scale, 0…1.
    case signal(Double)
    /// A device's own message by a short stable word, e.g. `device-error`.
    case diagnostic(String)
}
