/// The EWMA control chart (Roberts 1959): an exponentially weighted mean between limits that its own spread sets.
///
/// zₜ = λ xₜ + (1 − λ) zₜ₋₁ from z₀ = the centre; limits centre ± L σ √(λ / (2 − λ) (1 − (1 − λ)²ᵗ)). Finds small lasting
/// shifts. A value that is not finite is no value: nothing changes and nothing is signalled.
public struct EWMAChart: Sendable, Equatable {
    /// One point of the chart. NaN throughout when there was no value.
    public struct Point: Sendable, Equatable {
        public var value = Double.nan
        public var low = Double.nan
        public var high = Double.nan
        /// Beyond the limits: above 1, below −1, within or unknown 0.
        public var side: Int { value > high ? 1 : value < low ? -1 : 0 }
    }

    public let centre: Double
    public let deviation: Double
    public let weight: Double
    public let width: Double
    /// The mean so far, and (1 − λ)²ᵗ: all there is to keep.
    public private(set) var mean: Double
    public private(set) var fading = 1.0

    /// λ = 0.2 with limits at 2.962 deviations: for shifts of about one deviation, a false signal in some 500 values
    /// (Lucas & Saccucci 1990).
    public static let usualWeight = 0.2
    public static let usualWidth = 2.962

    /// - Parameters:
    ///   - centre: What values should be around, finite.
    ///   - deviation: Their standard deviation, at least 0. 0 signals every value that is not the centre.
    ///   - weight: λ, share of the newest value, in (0, 1].
    ///   - width: L, half the distance of the limits in deviations of the mean.
    public init(centre: Double, deviation: Double, weight: Double = usualWeight, width: Double = usualWidth) {
        precondition(weight > 0 && weight <= 1 && width >= 0, "a weight is a share")
        precondition(centre.isFinite && deviation >= 0 && deviation.isFinite, "values have a centre and a spread")
        self.centre = centre
        self.deviation = deviation
        self.weight = weight
        self.width = width
        mean = centre
    }

    /// Goes on where another chart with the same settings was: `mean` and `fading` are those it had.
    public mutating func resume(mean: Double, fading: Double) {
        self.mean = mean
        self.fading = fading
    }

    /// O(1).
    public mutating func take(_ value: Double) -> Point {
        guard value.isFinite else { return Point() }
        mean = weight * value + (1 - weight) * mean
        fading *= (1 - weight) * (1 - weight)
        let reach = width * deviation * (weight / (2 - weight) * (1 - fading)).squareRoot()
        return Point(value: mean, low: centre - reach, high: centre + reach)
    }
}
