/// Order statistics of a window's values without sorting them: Hoare's selection.
///
/// Only the part that holds the rank is divided further, so the work is a small multiple of n. Pivots are medians of
/// three, without chance; where they serve badly the rest is sorted, so the worst is O(n log n). No value may be NaN.
public enum Selection {
    /// Linear interpolation between the two nearest values (type 7 of Hyndman & Fan 1996); `nil` for no values.
    /// Complexity: O(n).
    ///
    /// - Parameters:
    ///   - share: 0 … 1; what lies beyond counts as the nearer of the two.
    ///   - values: none NaN, in any order.
    public static func quantile(_ share: Double, of values: some Collection<Float>) -> Double? {
        var work = Array(values)
        return work.withUnsafeMutableBufferPointer { quantile(share, in: $0) }
    }

    /// Median of the distances to the median, not scaled; `nil` for no values. O(n).
    public static func medianDeviation(of values: some Collection<Float>) -> Double? {
        var work = Array(values)
        return work.withUnsafeMutableBufferPointer { work -> Double? in
            guard let median = quantile(0.5, in: work) else { return nil }
            // The median may lie between two Floats: distances are taken in Double and ranked as such.
            var distances = work.map { abs(Double($0) - median) }
            return distances.withUnsafeMutableBufferPointer { quantile(0.5, in: $0) }
        }
    }

    private static func quantile<Value: BinaryFloatingPoint>(
        _ share: Double, in values: UnsafeMutableBufferPointer<Value>
    ) -> Double? {
        let n = values.count
        guard n > 0 else { return nil }
        let place = Swift.min(Swift.max(share, 0), 1) * Double(n - 1)
        let rank = Int(place)
        divide(values, at: rank)
        let low = Double(values[rank])
        guard place > Double(rank) else { return low }
        var next = values[rank + 1]
        for i in rank + 1..<n where values[i] < next { next = values[i] }
        return low + (Double(next) - low) * (place - Double(rank))
    }

    /// Puts at `rank` what sorting would put there, nothing greater before it and nothing less behind it.
    private static func divide<Value: Comparable>(_ values: UnsafeMutableBufferPointer<Value>, at rank: Int) {
        var low = 0
        var high = values.count - 1
        var patience = 2 * (Int.bitWidth - values.count.leadingZeroBitCount)
        while low < high {
            guard patience > 0 else {
                var rest = UnsafeMutableBufferPointer(rebasing: values[low...high])
                rest.sort()
                return
            }
            patience -= 1
            let middle = low + (high - low) / 2
            if values[middle] < values[low] { values.swapAt(middle, low) }
            if values[high] < values[low] { values.swapAt(high, low) }
            if values[high] < values[middle] { values.swapAt(high, middle) }
            let pivot = values[middle]
            var (i, j) = (low, high)
            while i <= j {
                while values[i] < pivot { i += 1 }
                while pivot < values[j] { j -= 1 }
                if i <= j {
                    values.swapAt(i, j)
                    i += 1
                    j -= 1
                }
            }
            // Between j and i lie values equal to the pivot.
            if rank <= j {
                high = j
            } else if rank >= i {
                low = i
            } else {
                return
            }
        }
    }
}
