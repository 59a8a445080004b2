/// Sample entropy and what is built on its match counts (Richman & Moorman 2000; Lake & Moorman 2011).
public enum SampleEntropy {
    /// How many pairs of places look alike for `m` values (`base`) and still for `m + 1` (`longer`).
    public struct Matches: Sendable, Equatable {
        public var base = 0
        public var longer = 0
        public init(base: Int = 0, longer: Int = 0) {
            self.base = base
            self.longer = longer
        }
    }

    /// Sample entropy −ln(A / B) with templates of `m` values and tolerance `r`, Chebyshev distance ≤ r.
    ///
    /// NaN when no pair matches for `m` values, +∞ when none does for `m + 1`. Values must be finite: callers leave
    /// out what is not, since a template must not reach across a gap. O(n²) in lanes.
    public static func value(_ x: Span<Double>, m: Int = 2, tolerance r: Double) -> Double {
        let found = matches(x, m: m, tolerance: r)
        guard found.base > 0 else { return .nan }
        return -Logarithm.natural(Double(found.longer) / Double(found.base))
    }

    /// Coefficient of sample entropy: m = 1, tolerance from 30 ms in steps of 5 ms until at least five pairs match for
    /// two values, then −ln(A / B) + ln 2r − ln(mean); milliseconds in, natural logarithm of seconds out. −1.4 divides
    /// AFDB best; NaN below three intervals or when a second's tolerance still finds too few.
    public static func coefficient(_ x: Span<Double>, mean: Double) -> Double {
        guard x.count >= 3, mean > 0 else { return .nan }
        var r = Self.firstTolerance
        while r <= Self.lastTolerance {
            let found = matches(x, m: 1, tolerance: r)
            if found.longer >= Self.leastMatches {
                return -Logarithm.natural(Double(found.longer) / Double(found.base))
                    + Logarithm.natural(2 * r / 1000) - Logarithm.natural(mean / 1000)
            }
            r += Self.toleranceStep
        }
        return .nan
    }

    /// Lake & Moorman 2011, milliseconds.
    static let firstTolerance = 30.0
    static let toleranceStep = 5.0
    static let lastTolerance = 1000.0
    static let leastMatches = 5

    /// Counts pairs i < j of the n − m places that have a value behind them. O(n²) in lanes for m of 1 and 2.
    public static func matches(_ x: Span<Double>, m: Int, tolerance r: Double) -> Matches {
        precondition(m >= 1, "a template has at least one value")
        guard m <= 2 else { return scalar(x, m: m, tolerance: r) }
        let n = x.count
        guard n > m + 1, r >= 0 else { return Matches() }
        return x.withUnsafeBufferPointer { p in
            var base = 0
            var longer = 0
            for lag in 1..<(n - m) {
                let last = n - m - lag
                let (b, a) = m == 2 ? triples(p, lag, last, r) : pairs(p, lag, last, r)
                base += b
                longer += a
            }
            return Matches(base: base, longer: longer)
        }
    }

    @inline(__always) private static func triples(
        _ p: UnsafeBufferPointer<Double>, _ lag: Int, _ last: Int, _ r: Double
    ) -> (Int, Int) {
        var base = 0
        var longer = 0
        for i in 0..<last {
            let first = abs(p[i] - p[i + lag]) <= r ? 1 : 0
            let second = abs(p[i + 1] - p[i + lag + 1]) <= r ? first : 0
            base &+= second
            longer &+= abs(p[i + 2] - p[i + lag + 2]) <= r ? second : 0
        }
        return (base, longer)
    }

    @inline(__always) private static func pairs(
        _ p: UnsafeBufferPointer<Double>, _ lag: Int, _ last: Int, _ r: Double
    ) -> (Int, Int) {
        var base = 0
        var longer = 0
        for i in 0..<last {
            let first = abs(p[i] - p[i + lag]) <= r ? 1 : 0
            base &+= first
            longer &+= abs(p[i + 1] - p[i + lag + 1]) <= r ? first : 0
        }
        return (base, longer)
    }

    /// The scalar twin: template against template, as the definition says.
    public static func scalar(_ x: Span<Double>, m: Int, tolerance r: Double) -> Matches {
        var found = Matches()
        let places = x.count - m
        guard places > 1 else { return found }
        for i in 0..<places {
            for j in (i + 1)..<places {
                guard (0..<m).allSatisfy({ abs(x[i + $0] - x[j + $0]) <= r }) else { continue }
                found.base += 1
                if abs(x[i + m] - x[j + m]) <= r { found.longer += 1 }
            }
        }
        return found
    }
}
