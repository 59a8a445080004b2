import Kernels

/// Power of RR intervals in the bands of Task Force 1996: LF 0.04–0.15 Hz, HF 0.15–0.40 Hz, in ms².
///
/// The intervals are taken as a line from beat to beat, read four times a second, freed of their mean, and Welch's
/// method is used with segments of 64 s (256 values), Hann window and 4096 places: the settings of the package
/// hrv-analysis. Other settings give other numbers (published packages differ by 13 to 28 % in the median), so
/// compare only what was computed alike.
public struct FrequencyDomain: Sendable, Equatable {
    public var lf = Double.nan
    public var hf = Double.nan
    public var ratio: Double { lf / hf }

    /// Hertz the intervals are read at; above twice the highest frequency a breath reaches.
    static let rate = 4.0
    static let segment = 256
    static let points = 4096
    static let bands = [Welch.Band(low: 0.04, high: 0.15), Welch.Band(low: 0.15, high: 0.40)]
    private static let welch = Welch(rate: rate, segment: segment, points: points, bands: bands)

    public init() {}

    /// - Parameter intervals: Milliseconds in order, corrected, at least 64 s of them; NaN for less. O(duration).
    public init(_ intervals: [Double]) {
        guard let signal = Self.resample(intervals), signal.count >= Self.segment else { return }
        let power = Self.welch.powers(signal.span)
        lf = power[0]
        hf = power[1]
    }

    /// The intervals at each quarter of a second from the first beat to before the last.
    static func resample(_ intervals: [Double]) -> [Double]? {
        guard intervals.count >= 2, intervals.allSatisfy({ $0 > 0 && $0 < 1e7 }) else { return nil }
        let total = intervals.dropFirst().reduce(0, +) / 1000
        let count = Int((total * rate).rounded(.up))
        var signal: [Double] = []
        signal.reserveCapacity(count)
        var beat = 0
        var start = 0.0
        var end = intervals[1] / 1000
        for i in 0..<count {
            let t = Double(i) / rate
            while t > end, beat + 2 < intervals.count {
                beat += 1
                start = end
                end = start + intervals[beat + 1] / 1000
            }
            let share = (t - start) / (end - start)
            signal.append(intervals[beat] + (intervals[beat + 1] - intervals[beat]) * share)
        }
        guard !signal.isEmpty else { return nil }
        let mean = signal.reduce(0, +) / Double(signal.count)
        return signal.map { $0 - mean }
    }
}
