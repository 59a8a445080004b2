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
    /// NaN when no pair matches for `m` values, +∞ when none does for `m + 1`. What is not finite matches nothing; callers
    /// who leave it out instead let templates reach across a gap. O(n²) in lanes.
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
        let ranks = MatchRanks(x)
        var r = Self.firstTolerance
        while r <= Self.lastTolerance {
            let found = ranks.matches(m: 1, tolerance: r)
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

    /// Counts pairs i < j of the n − m places that have a value behind them. What is not finite matches nothing.
    /// O(n²) in lanes for m of 1 and 2.
    public static func matches(_ x: Span<Double>, m: Int, tolerance r: Double) -> Matches {
        precondition(m >= 1, "a template has at least one value")
        guard m <= 2 else { return scalar(x, m: m, tolerance: r) }
        guard x.count > m + 1, r >= 0 else { return Matches() }
        return MatchRanks(x).matches(m: m, tolerance: r)
    }

    /// The scalar twin: template against template, as the definition says.
    public static func scalar(_ x: Span<Double>, m: Int, tolerance r: Double) -> Matches {
        var found = Matches()
        let places = x.count - m
        guard places > 1 else { return found }
        func isAlike(_ a: Double, _ b: Double) -> Bool { a.isFinite && b.isFinite && abs(a - b) <= r }
        for i in 0..<places {
            for j in (i + 1)..<places {
                guard (0..<m).allSatisfy({ isAlike(x[i + $0], x[j + $0]) }) else { continue }
                found.base += 1
                if isAlike(x[i + m], x[j + m]) { found.longer += 1 }
            }
        }
        return found
    }
}
