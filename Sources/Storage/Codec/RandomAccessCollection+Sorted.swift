extension RandomAccessCollection where Index == Int {
    /// The first index in `range` whose element is not before, of elements in order: those that are come first. O(log n).
    @inline(__always)
    func firstIndex(in range: Range<Int>, notBefore isBefore: (Element) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
