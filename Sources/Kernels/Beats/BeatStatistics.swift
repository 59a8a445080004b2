import CKernels

/// Time-domain and Poincaré statistics of a run of RR intervals (Task Force 1996, Brennan 2001).
///
/// What is not finite breaks the run: it is no interval, and no difference is taken across it. Values are in the unit of the input,
/// milliseconds throughout vitald; shares are 0 … 1.
public struct BeatStatistics: Sendable, Equatable {
    /// Intervals that are numbers.
    public var count = 0
    /// Pairs of neighbouring intervals: what differences are taken of.
    public var pairs = 0
    /// Mean of the intervals; NaN for none.
    public var mean = Double.nan
    /// Standard deviation of the intervals with n − 1; NaN below two.
    public var sdnn = Double.nan
    /// Root of the mean squared difference of neighbours; NaN without a pair.
    public var rmssd = Double.nan
    /// Standard deviation of the differences with n − 1; NaN below two pairs.
    public var sdsd = Double.nan
    /// Differences beyond 50 ms.
    public var nn50 = 0

    /// Share of differences beyond 50 ms, of all differences; NaN without a pair.
    public var pnn50: Double { pairs > 0 ? Double(nn50) / Double(pairs) : .nan }
    public var lnRMSSD: Double { rmssd > 0 ? Logarithm.natural(rmssd) : .nan }
    /// Short axis of the Poincaré plot: √(var(ΔRR) / 2).
    public var sd1: Double { sdsd / 2.0.squareRoot() }
    /// Long axis of the Poincaré plot: √(2 var(RR) − var(ΔRR) / 2); NaN where that is negative.
    public var sd2: Double { (2 * sdnn * sdnn - sdsd * sdsd / 2).squareRoot() }

    /// Difference that counts for NN50, in milliseconds (Ewing 1984; Task Force 1996).
    public static let step = 50.0

    public init() {}

    /// In lanes, in one pass. Sums are taken of values shifted by the first one, so that nothing large cancels, and lanes
    /// are added in a fixed order. O(n).
    public init(_ intervals: Span<Double>) {
        let n = intervals.count
        var first = 0
        while first < n, !intervals[first].isFinite { first += 1 }
        guard first < n else { return }
        let base = intervals[first]
        let sums = intervals.withUnsafeBufferPointer { x in
            // Whatever comes before the first interval is none.
            let start = x.baseAddress.map { $0 + first }
            let sums = vk_beats_whole(start, Int64(n - first), base, Self.step)
            return (sums.squares + sums.step_squares).isFinite
                ? sums : vk_beats(start, Int64(n - first), base, Self.step)
        }
        let count = sums.count, pairs = sums.pairs
        self.count = Int(count)
        self.pairs = Int(pairs)
        nn50 = Int(sums.large)
        mean = base + sums.sum / count
        if count > 1 { sdnn = Self.deviation(sums.squares, sums.sum, count) }
        if pairs > 0 { rmssd = (sums.step_squares / pairs).squareRoot() }
        if pairs > 1 { sdsd = Self.deviation(sums.step_squares, sums.step_sum, pairs) }
    }

    /// From the sums of n values and of their squares, with n − 1.
    private static func deviation(_ squares: Double, _ sum: Double, _ n: Double) -> Double {
        let rest = squares - sum * sum / n
        // Below zero by rounding only. A NaN, of squares that overflow, stays one.
        return (rest < 0 ? 0 : rest / (n - 1)).squareRoot()
    }

    /// The scalar twin: one interval after the other, as the definitions say.
    public static func scalar(_ intervals: Span<Double>) -> BeatStatistics {
        var result = BeatStatistics()
        var values: [Double] = []
        var differences: [Double] = []
        for i in 0..<intervals.count where intervals[i].isFinite {
            values.append(intervals[i])
            if i > 0, intervals[i - 1].isFinite { differences.append(intervals[i] - intervals[i - 1]) }
        }
        func variance(_ v: [Double]) -> Double {
            let mean = v.reduce(0, +) / Double(v.count)
            return v.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(v.count - 1)
        }
        result.count = values.count
        result.pairs = differences.count
        result.nn50 = differences.count { abs($0) > step }
        if !values.isEmpty { result.mean = values.reduce(0, +) / Double(values.count) }
        if values.count > 1 { result.sdnn = variance(values).squareRoot() }
        if !differences.isEmpty {
            result.rmssd = (differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)).squareRoot()
        }
        if differences.count > 1 { result.sdsd = variance(differences).squareRoot() }
        return result
    }
}
