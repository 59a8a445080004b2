/// The two-sided tabular CUSUM chart (Page 1954; Montgomery 2009, 9.1): what exceeds an allowance is added up, on each
/// side alone, and forgotten below zero.
///
/// C⁺ₜ = max(0, C⁺ₜ₋₁ + zₜ − k), C⁻ₜ = max(0, C⁻ₜ₋₁ − zₜ − k) with z = (x − centre) / deviation; a signal beyond h. A value
/// that is not finite is no value: sums stay, nothing is signalled. Sums go on after a signal until `reset`.
public struct CusumChart: Sendable, Equatable {
    public let centre: Double
    public let deviation: Double
    public let allowance: Double
    public let limit: Double
    /// The sums, in deviations: all there is to keep.
    public private(set) var above = 0.0
    public private(set) var below = 0.0

    /// Half the shift to be found, one deviation, and h = 5: a false signal in 465 values (Montgomery 2009, table 9.3).
    public static let usualAllowance = 0.5
    public static let usualLimit = 5.0

    /// - Parameters:
    ///   - centre: What values should be around, finite.
    ///   - deviation: Their standard deviation, above 0.
    ///   - allowance: k, in deviations, at least 0.
    ///   - limit: h, in deviations, at least 0.
    public init(
        centre: Double, deviation: Double, allowance: Double = usualAllowance, limit: Double = usualLimit
    ) {
        precondition(centre.isFinite && deviation > 0 && deviation.isFinite, "values have a centre and a spread")
        precondition(allowance >= 0 && limit >= 0, "allowance and limit are distances")
        self.centre = centre
        self.deviation = deviation
        self.allowance = allowance
        self.limit = limit
    }

    /// Beyond the limit: above 1, below −1, else 0; the larger sum where both are.
    public var side: Int {
        guard Swift.max(above, below) > limit else { return 0 }
        return above >= below ? 1 : -1
    }

    /// Starts again from zero, or goes on where another chart with the same settings was.
    public mutating func reset(above: Double = 0, below: Double = 0) {
        self.above = Swift.max(0, above)
        self.below = Swift.max(0, below)
    }

    /// - Returns: `side` after the value, 0 when it is none. O(1).
    @discardableResult public mutating func take(_ value: Double) -> Int {
        guard value.isFinite else { return 0 }
        let z = (value - centre) / deviation
        above = Swift.max(0, above + z - allowance)
        below = Swift.max(0, below - z - allowance)
        return side
    }
}
