import CKernels

/// A series as ranks, to find pairs of values that lie within a tolerance by whole numbers alone.
///
/// |xᵢ − xⱼ| ≤ r for exactly those j whose rank lies in one stretch around i's: rounding of differences keeps their order.
/// So the counts are those of the definition, bit for bit, in many more lanes than differences of Double have.
struct MatchRanks {
    /// Values in the series, those that are not finite among them.
    private let count: Int
    /// The finite values in ascending order, and the place of each in the series.
    private var sorted: [Double] = []
    private var places: [Int] = []

    /// O(n) for values that are spread, O(n log n) for any.
    init(_ x: Span<Double>) {
        count = x.count
        places.reserveCapacity(count)
        var least = Double.infinity, most = -Double.infinity
        for i in 0..<count where x[i].isFinite {
            places.append(i)
            least = Swift.min(least, x[i])
            most = Swift.max(most, x[i])
        }
        sorted = [Double](repeating: 0, count: places.count)
        if !sortInBuckets(x, least, most) {
            places.sort { x[$0] < x[$1] }
            for (p, place) in places.enumerated() { sorted[p] = x[place] }
        }
    }

    /// As many buckets as values, and what shares one by insertion; false where too many share one, and insertion would
    /// take long.
    private mutating func sortInBuckets(_ x: Span<Double>, _ least: Double, _ most: Double) -> Bool {
        let n = places.count
        guard n > 1, most > least, (most - least).isFinite else { return n <= 1 }
        let scale = Double(n - 1) / (most - least)
        guard scale.isFinite else { return false }
        var bucket = [Int32](repeating: 0, count: n), next = [Int32](repeating: 0, count: n + 1)
        for k in 0..<n {
            // Never beyond n − 1 but by rounding.
            bucket[k] = Swift.min(Int32((x[places[k]] - least) * scale), Int32(n - 1))
            next[Int(bucket[k]) + 1] += 1
        }
        for b in 1...n {
            guard next[b] <= Self.mostInBucket else { return false }
            next[b] += next[b - 1]
        }
        let unsorted = places
        for k in 0..<n {
            let p = Int(next[Int(bucket[k])])
            next[Int(bucket[k])] += 1
            places[p] = unsorted[k]
            sorted[p] = x[unsorted[k]]
        }
        for p in 1..<n where sorted[p] < sorted[p - 1] {
            let value = sorted[p], place = places[p]
            var to = p
            while to > 0, value < sorted[to - 1] {
                sorted[to] = sorted[to - 1]
                places[to] = places[to - 1]
                to -= 1
            }
            sorted[to] = value
            places[to] = place
        }
        return true
    }

    /// Insertion beats sorting up to some dozens.
    private static let mostInBucket = 64

    /// Pairs of places that are alike for m values, and for m + 1. O(n²) in lanes.
    func matches(m: Int, tolerance r: Double, isLong: Bool? = nil) -> SampleEntropy.Matches {
        isLong ?? (count >= Int(UInt16.max))
            ? matches(m, r, lanes: 16, vk_matches_long) : matches(m, r, lanes: 32, vk_matches_short)
    }

    @inline(__always) private func matches<Rank: FixedWidthInteger & UnsignedInteger>(
        _ m: Int, _ r: Double, lanes: Int,
        _ count: (UnsafePointer<Rank>?, UnsafePointer<Rank>?, UnsafePointer<Rank>?, Int64, Int64) -> vk_matches
    ) -> SampleEntropy.Matches {
        // Behind the values, and where one is not finite: a rank that lies in no stretch, and a stretch without a rank.
        let padded = self.count + lanes + 2
        var rank = [Rank](repeating: .max, count: padded)
        var low = [Rank](repeating: .max - 1, count: padded)
        var width = [Rank](repeating: 0, count: padded)
        // Both ends of the stretch only ever move up.
        var first = 0, last = 0
        for p in sorted.indices {
            while sorted[p] - sorted[first] > r { first += 1 }
            while last + 1 < sorted.count, sorted[last + 1] - sorted[p] <= r { last += 1 }
            let place = places[p]
            rank[place] = Rank(truncatingIfNeeded: p)
            low[place] = Rank(truncatingIfNeeded: first)
            width[place] = Rank(truncatingIfNeeded: last - first)
        }
        let found = count(rank, low, width, Int64(self.count), Int64(m))
        return SampleEntropy.Matches(base: Int(found.base), longer: Int(found.longer))
    }
}
