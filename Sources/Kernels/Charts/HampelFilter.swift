/// Tells single outliers from their neighbours on both sides, and puts the median in their place (Hampel 1974; Pearson
/// 2002): a value farther than `threshold` robust deviations from the median of the `reach` values before it, itself and
/// the `reach` after it.
///
/// At both ends the window is cut. Values that are not finite are no values: they stay as they are, are no outliers and
/// take no part in medians, but keep their place.
public struct HampelFilter: Sendable {
    /// A value that was decided about.
    public struct Point: Sendable, Equatable {
        /// The value, or the median in its place.
        public var value: Double
        public var isOutlier: Bool
        public init(value: Double, isOutlier: Bool) {
            self.value = value
            self.isOutlier = isOutlier
        }
    }

    public let reach: Int
    public let threshold: Double
    /// The last 2 · reach + 1 values in the order of time, and how many of them wait to be decided about.
    private var values: [Double] = []
    private var waiting = 0
    private var sorted: SortedWindow

    /// - Parameters:
    ///   - reach: Values on each side, at least 1: also the delay.
    ///   - threshold: In robust deviations, 1.4826 MAD.
    public init(reach: Int, threshold: Double = 3) {
        precondition(reach >= 1 && threshold >= 0, "a filter looks at neighbours")
        self.reach = reach
        self.threshold = threshold
        sorted = SortedWindow(capacity: 2 * reach + 1)
    }

    /// - Returns: What is decided about the value `reach` before this one; nil while there is none. O(reach).
    public mutating func take(_ value: Double) -> Point? {
        values.append(value)
        if value.isFinite { sorted.insert(value) }
        if values.count > 2 * reach + 1 { forget() }
        waiting += 1
        return waiting > reach ? decide() : nil
    }

    /// The values that wait for neighbours that do not come. The filter is empty afterwards.
    public mutating func finish() -> [Point] {
        var points: [Point] = []
        while waiting > 0 {
            if values.count - waiting > reach { forget() }
            points.append(decide())
        }
        values.removeAll(keepingCapacity: true)
        sorted.removeAll()
        return points
    }

    private mutating func forget() {
        let oldest = values.removeFirst()
        if oldest.isFinite { sorted.remove(oldest) }
    }

    private mutating func decide() -> Point {
        let value = values[values.count - waiting]
        waiting -= 1
        guard value.isFinite else { return Point(value: value, isOutlier: false) }
        let median = sorted.median
        let isOutlier = abs(value - median) > threshold * RobustScale.consistency * sorted.deviation
        return Point(value: isOutlier ? median : value, isOutlier: isOutlier)
    }

    /// All values at once: what a stream would give, one point a value. O(n · reach).
    public static func filter(_ values: Span<Double>, reach: Int, threshold: Double = 3) -> [Point] {
        var filter = HampelFilter(reach: reach, threshold: threshold)
        var points: [Point] = []
        points.reserveCapacity(values.count)
        for i in 0..<values.count {
            if let point = filter.take(values[i]) { points.append(point) }
        }
        return points + filter.finish()
    }
}
