/// `Rolling` from the definitions: one window after another, in Double, with sorting and no shortcuts. The oracle of
/// the tests; O(rows · window).
public enum RollingTwin {
    /// The statistic of a window's values, oldest first, NaN where nothing was measured; `nil` for *not enough*.
    public typealias Statistic = (_ window: ArraySlice<Float>) -> Double?

    /// One statistic along a series.
    public static func along(_ series: [Float], window: Int, _ statistic: Statistic) -> [Float] {
        series.indices.map { row in
            statistic(series[Swift.max(0, row - window + 1)...row]).map { Float($0) } ?? .nan
        }
    }

    private static func numbers(_ window: ArraySlice<Float>) -> [Double] {
        window.filter(\.isFinite).map { Double($0) }
    }

    public static func count(_ window: ArraySlice<Float>) -> Double? { Double(numbers(window).count) }

    public static func sum(_ window: ArraySlice<Float>) -> Double? {
        let x = numbers(window)
        return x.isEmpty ? nil : x.reduce(0, +)
    }

    public static func mean(_ window: ArraySlice<Float>) -> Double? {
        sum(window).map { $0 / Double(numbers(window).count) }
    }

    public static func least(_ window: ArraySlice<Float>) -> Double? { numbers(window).min() }
    public static func greatest(_ window: ArraySlice<Float>) -> Double? { numbers(window).max() }

    /// With n − 1.
    public static func deviation(_ window: ArraySlice<Float>) -> Double? {
        let x = numbers(window)
        guard x.count > 1, let mean = mean(window) else { return nil }
        return (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)).squareRoot()
    }

    public static func zscore(_ window: ArraySlice<Float>) -> Double? {
        guard let last = window.last, last.isFinite, let mean = mean(window), let deviation = deviation(window),
            deviation > 0
        else { return nil }
        return (Double(last) - mean) / deviation
    }

    /// Units per row.
    public static func slope(_ window: ArraySlice<Float>) -> Double? {
        let points = window.enumerated().filter { $0.element.isFinite }.map { (Double($0.offset), Double($0.element)) }
        guard points.count > 1 else { return nil }
        let n = Double(points.count)
        let centre = points.reduce(0) { $0 + $1.0 } / n
        let mean = points.reduce(0) { $0 + $1.1 } / n
        let products = points.reduce(0) { $0 + ($1.0 - centre) * ($1.1 - mean) }
        return products / points.reduce(0) { $0 + ($1.0 - centre) * ($1.0 - centre) }
    }

    /// Type 7 of Hyndman & Fan 1996.
    public static func quantile(_ share: Double) -> Statistic {
        { window in quantile(share, of: numbers(window)) }
    }

    static func quantile(_ share: Double, of values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return last }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }

    public static func mad(_ window: ArraySlice<Float>) -> Double? {
        let x = numbers(window)
        guard let median = quantile(0.5, of: x) else { return nil }
        return quantile(0.5, of: x.map { abs($0 - median) })
    }
}
