/// How far each value lies from those just before it, in robust deviations: (x − median) / (1.4826 MAD) of the last
/// `window` values, itself excluded (Iglewicz & Hoaglin 1993).
///
/// Values that are not finite are no values: they get NaN, and take no place in the window.
public struct RobustScore: Sendable {
    public let window: Int
    public let least: Int
    /// The window in the order of time, a ring from `oldest` on, and in the order of size.
    private var ring: [Double] = []
    private var oldest = 0
    private var sorted: SortedWindow

    /// - Parameters:
    ///   - window: Values compared with, at least 1.
    ///   - least: Fewer give no score.
    public init(window: Int, least: Int = 10) {
        precondition(window >= 1 && least >= 1 && least <= window, "a window holds the least that is asked of it")
        self.window = window
        self.least = least
        sorted = SortedWindow(capacity: window)
    }

    /// The values compared with, oldest first: taking them again makes the same state.
    public var values: [Double] { Array(ring[oldest...] + ring[..<oldest]) }

    /// - Returns: NaN for no value or too few before it. Where those before do not vary, 0 for their value and an
    ///   infinity for every other. O(window), of which one memory move and one pass.
    public mutating func take(_ value: Double) -> Double {
        guard value.isFinite else { return .nan }
        let score = sorted.count >= least ? score(value) : .nan
        sorted.insert(value)
        if ring.count < window {
            ring.append(value)
        } else {
            sorted.remove(ring[oldest])
            ring[oldest] = value
            oldest = oldest + 1 == window ? 0 : oldest + 1
        }
        return score
    }

    private func score(_ value: Double) -> Double {
        let median = sorted.median
        guard value != median else { return 0 }
        return (value - median) / (RobustScale.consistency * sorted.deviation)
    }
}
