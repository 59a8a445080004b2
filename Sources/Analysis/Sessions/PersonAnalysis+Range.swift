import Vitals

extension PersonAnalysis {
    /// The newest nightly resting heart rate, unless it is older than `restingHold`.
    public var restingHeartRate: Double? {
        guard let newest = daily.of(.restingHeartRate).last, lastTick - newest.time <= Self.restingHold else {
            return nil
        }
        return Double(newest.value)
    }

    /// A resting heart rate changes over weeks: nights without the sensor leave the last one standing for a fortnight.
    static let restingHold = TimeSpan.days(14).milliseconds

    /// The heart-rate range that a session which opens from now on is judged by, beats per minute.
    public mutating func expect(sessionRange: ClosedRange<Double>?) { settings.sessionRange = sessionRange }
}
