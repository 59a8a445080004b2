import Vitals

/// What bytes turned into. Reuse one value: its arrays keep their capacity.
public struct Decoded: Sendable {
    public var readings: [Reading] = []
    public var statuses: [Status] = []
    public var diagnostics: [Diagnostic: Int] = [:]
    /// After a feed of many reads at once, where each one's part of `readings` and `statuses` ends; else empty.
    public var marks: [Mark] = []
    /// Frames that fitted a message.
    public var frames = 0
    /// The first frame that failed, at most `longestExcerpt` bytes of it, for the log.
    public var offending: [UInt8]?

    /// Enough to recognise a frame in a log line.
    public static let longestExcerpt = 64

    /// How many readings and statuses there were after one of many reads.
    public struct Mark: Hashable, Sendable {
        public var readings: Int
        public var statuses: Int

        public init(readings: Int, statuses: Int) {
            self.readings = readings
            self.statuses = statuses
        }
    }

    public init() {}

    /// Forgets everything and keeps the memory.
    public mutating func removeAll() {
        // Asking first is much cheaper than removing nothing.
        if !readings.isEmpty { readings.removeAll(keepingCapacity: true) }
        if !statuses.isEmpty { statuses.removeAll(keepingCapacity: true) }
        if !marks.isEmpty { marks.removeAll(keepingCapacity: true) }
        if !diagnostics.isEmpty { diagnostics.removeAll(keepingCapacity: true) }
        frames = 0
        offending = nil
    }
}
