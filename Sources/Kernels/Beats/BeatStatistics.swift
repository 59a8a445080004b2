/// Time-domain and Poincaré statistics of a run of RR intervals (Task Force 1996, Brennan 2001).
///
/// A NaN breaks the run: it is no interval, and no difference is taken across it. Values are in the unit of the input,
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

    /// Two passes in lanes. O(n).
    public init(_ intervals: Span<Double>) {
        self = Self.measure(intervals, lanes: Lanes.self)
    }

    private typealias Lanes = SIMD8<Double>

    /// Sums are taken of values shifted by the first one, so that nothing large cancels; lanes are added in a fixed order.
    private static func measure(_ intervals: Span<Double>, lanes: SIMD8<Double>.Type) -> BeatStatistics {
        let n = intervals.count
        var result = BeatStatistics()
        var first = 0
        while first < n, intervals[first].isNaN { first += 1 }
        guard first < n else { return result }
        let base = intervals[first]

        var sum = Lanes.zero, square = Lanes.zero, number = Lanes.zero
        var step = Lanes.zero, stepSquare = Lanes.zero, steps = Lanes.zero, large = Lanes.zero
        let one = Lanes(repeating: 1), limit = Lanes(repeating: Self.step)
        func add(_ here: Lanes, _ before: Lanes) {
            let present = here .== here
            let v = (here - base).replacing(with: 0, where: .!present)
            sum += v
            square += v * v
            number += Lanes.zero.replacing(with: one, where: present)
            let d = here - before
            let both = d .== d
            let e = d.replacing(with: 0, where: .!both)
            step += e
            stepSquare += e * e
            steps += Lanes.zero.replacing(with: one, where: both)
            large += Lanes.zero.replacing(with: one, where: (e .> limit) .| (e .< -limit))
        }
        intervals.withUnsafeBufferPointer { p in
            guard let start = p.baseAddress else { return }
            // The first interval has nothing before it.
            var head = Lanes(repeating: .nan)
            head[0] = p[0]
            add(head, Lanes(repeating: .nan))
            var i = 1
            while i + Lanes.scalarCount <= n {
                let here = UnsafeRawPointer(start + i).loadUnaligned(as: Lanes.self)
                let before = UnsafeRawPointer(start + i - 1).loadUnaligned(as: Lanes.self)
                add(here, before)
                i += Lanes.scalarCount
            }
            if i < n {
                var here = Lanes(repeating: .nan), before = here
                for lane in 0..<(n - i) {
                    here[lane] = p[i + lane]
                    before[lane] = p[i + lane - 1]
                }
                add(here, before)
            }
        }
        result.fill(
            base: base, count: number.sum(), sum: sum.sum(), squares: square.sum(), pairs: steps.sum(),
            steps: step.sum(), stepSquares: stepSquare.sum(), large: large.sum())
        return result
    }

    private mutating func fill(
        base: Double, count n: Double, sum: Double, squares: Double, pairs k: Double, steps: Double,
        stepSquares: Double,
        large: Double
    ) {
        count = Int(n)
        pairs = Int(k)
        nn50 = Int(large)
        if n > 0 { mean = base + sum / n }
        if n > 1 { sdnn = (Swift.max(0, squares - sum * sum / n) / (n - 1)).squareRoot() }
        if k > 0 { rmssd = (stepSquares / k).squareRoot() }
        if k > 1 { sdsd = (Swift.max(0, stepSquares - steps * steps / k) / (k - 1)).squareRoot() }
    }

    /// The scalar twin: one interval after the other, as the definitions say.
    public static func scalar(_ intervals: Span<Double>) -> BeatStatistics {
        var result = BeatStatistics()
        var values: [Double] = []
        var differences: [Double] = []
        for i in 0..<intervals.count where !intervals[i].isNaN {
            values.append(intervals[i])
            if i > 0, !intervals[i - 1].isNaN { differences.append(intervals[i] - intervals[i - 1]) }
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
