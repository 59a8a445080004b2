/// Middle and spread that outliers hardly move: the median, and the median absolute deviation (MAD) from it.
public enum RobustScale {
    /// What makes the MAD of normally distributed values their standard deviation: 1 / Φ⁻¹(¾).
    public static let consistency = 1.4826022185056018

    /// Median absolute deviation from `median` of values in ascending order; NaN for none. Of an even number the mean of
    /// the middle two, as the median. O(n): deviations are met in ascending order from the middle outward.
    public static func deviation(ofSorted values: Span<Double>, median: Double) -> Double {
        let n = values.count
        guard n > 0 else { return .nan }
        var right = 0
        while right < n, values[right] < median { right += 1 }
        var left = right - 1
        var previous = 0.0, last = 0.0
        for _ in 0...(n / 2) {
            previous = last
            if right < n, left < 0 || values[right] - median <= median - values[left] {
                last = values[right] - median
                right += 1
            } else {
                last = median - values[left]
                left -= 1
            }
        }
        return n % 2 == 0 ? previous + (last - previous) / 2 : last
    }
}
