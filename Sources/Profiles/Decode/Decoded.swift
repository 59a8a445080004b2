import Vitals

/// What bytes turned into. Reuse one value: its arrays keep their capacity.
public struct Decoded: Sendable {
    public var readings: [Reading] = []
    public var statuses: [Status] = []
    public var diagnostics: [Diagnostic: Int] = [:]
    /// Frames that fitted a message.
    public var frames = 0
    /// The first frame that failed, at most `longestExcerpt` bytes of it, for the log.
    public var offending: [UInt8]?

    /// Enough to recognise a frame in a log line.
    public static let longestExcerpt = 64

    public init() {}

    /// Forgets everything and keeps the memory.
    public mutating func removeAll() {
        readings.removeAll(keepingCapacity: true)
        statuses.removeAll(keepingCapacity: true)
        if !diagnostics.isEmpty { diagnostics.removeAll(keepingCapacity: true) }
        frames = 0
        offending = nil
    }
}
