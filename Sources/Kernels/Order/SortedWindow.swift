/// The values of a sliding window in order: insertion and removal by binary search and one memory move, which beats
/// trees and heaps up to some thousand values.
public struct SortedWindow: Sendable {
    private var values: [Double] = []

    public init(capacity: Int) { values.reserveCapacity(capacity + 1) }

    public var count: Int { values.count }

    /// Adds a value; NaN is refused silently: it has no place in an order.
    public mutating func insert(_ value: Double) {
        guard !value.isNaN else { return }
        values.insert(value, at: place(of: value))
    }

    /// Removes one value equal to `value`, if there is one.
    public mutating func remove(_ value: Double) {
        guard !value.isNaN else { return }
        let place = place(of: value)
        if place < values.count, values[place] == value { values.remove(at: place) }
    }

    public mutating func removeAll() { values.removeAll(keepingCapacity: true) }

    /// Linear interpolation between the two nearest (type 7 of Hyndman & Fan 1996); NaN when empty.
    public func quantile(_ share: Double) -> Double {
        guard !values.isEmpty else { return .nan }
        let place = Swift.min(Swift.max(share, 0), 1) * Double(values.count - 1)
        let below = Int(place)
        let low = values[below]
        guard below + 1 < values.count else { return low }
        return low + (values[below + 1] - low) * (place - Double(below))
    }

    public var median: Double { quantile(0.5) }

    /// Median absolute deviation from the median, not scaled; NaN when empty. O(n).
    public var deviation: Double { RobustScale.deviation(ofSorted: values.span, median: median) }

    /// Index of the first value not below `value`.
    private func place(of value: Double) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A quantile of each centred window of `width` values (shorter at the ends, as many as there are). O(n · width)
    /// moves at worst, of at most one cache line in practice.
    public static func centred(_ x: Span<Double>, width: Int, shares: [Double]) -> [[Double]] {
        let n = x.count
        let half = width / 2
        var window = SortedWindow(capacity: width)
        var result = shares.map { _ in [Double](repeating: .nan, count: n) }
        for i in 0..<Swift.min(half, n) { window.insert(x[i]) }
        for i in 0..<n {
            if i + half < n { window.insert(x[i + half]) }
            if i - half - 1 >= 0 { window.remove(x[i - half - 1]) }
            for k in shares.indices { result[k][i] = window.quantile(shares[k]) }
        }
        return result
    }
}
