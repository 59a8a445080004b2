import Vitals

/// An exercise session, complete with the ten minutes after it.
public struct ExerciseSession: Hashable, Sendable {
    /// First active minute … end of the last.
    public var start: Timestamp
    public var end: Timestamp
    /// Beats per minute; NaN when no heart rate was measured.
    public var meanHeartRate: Double
    public var peakHeartRate: Double
    /// Minutes whose mean heart rate was above `rangeHigh`; NaN without a range.
    public var minutesAboveRange: Double
    /// The expected range when the session opened; NaN when none was set.
    public var rangeLow: Double
    public var rangeHigh: Double
    /// Mean heart rate of minutes 5 to 10 after the end; NaN when less than half of them was measured, or when the
    /// person was active again.
    public var recoveryHeartRate: Double
    /// 90th percentile of earlier sessions' recovery rates; NaN before the fifth.
    public var recoveryUsual: Double
    /// Earlier sessions with a known recovery rate (the last 50 are kept).
    public var earlierCount: Int
    /// Minutes in five zones that begin at 50, 60, 70, 80 and 90 % of heart-rate reserve; empty where the resting or the
    /// maximum heart rate is not known.
    public var zoneMinutes: [Double] = []

    /// Length in minutes.
    public var minutes: Double { (end - start).inSeconds / 60 }
}

// Unknown is NaN, which equals nothing: sessions are compared bit by bit.
extension ExerciseSession {
    private var bits: [UInt64] {
        [
            meanHeartRate, peakHeartRate, minutesAboveRange, rangeLow, rangeHigh, recoveryHeartRate, recoveryUsual,
        ].map(\.bitPattern)
    }

    public static func == (a: ExerciseSession, b: ExerciseSession) -> Bool {
        a.start == b.start && a.end == b.end && a.earlierCount == b.earlierCount && a.bits == b.bits
            && a.zoneMinutes == b.zoneMinutes
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(start)
        hasher.combine(end)
        hasher.combine(bits)
    }
}
