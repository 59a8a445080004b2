/// Quantiles of sliding windows over any numbers, without a sorted list: median filtering is piecewise sorting (Suomela
/// 2014).
///
/// A piece of the series and the window before it are ranked once; the window is then a set of bits, one for each rank,
/// and each quantile a place in it that moves to the next set bit up or down. O(log) a value for ranking, in passes over
/// eleven bits of the key, and a few steps for following.
struct RankedWindow {
    private let window: Int
    private var keys: [UInt64] = []
    private var spare: [UInt64] = []
    /// Rank of each value of the piece; −1 for no number.
    private var ranks: [Int32] = []
    private var sorted: [Float] = []
    private var bits: [UInt64] = []

    init(window: Int) { self.window = window }

    /// Calls `put(share's index, place, value)` for every place from `first` on.
    mutating func quantiles(
        _ shares: [Double], of line: [Float], from first: Int, fewest: Int, put: (Int, Int, Float) -> Void
    ) {
        // Long pieces rank the window before them less often.
        let piece = Swift.max(4 * window, 4096)
        var start = first
        while start < line.count {
            let end = Swift.min(start + piece, line.count)
            let from = Swift.max(0, start - window + 1)
            rank(line[from..<end])
            follow(shares.map { Swift.min(Swift.max($0, 0), 1) }, from: from, start..<end, fewest: fewest, put: put)
            start = end
        }
    }

    private mutating func rank(_ line: ArraySlice<Float>) {
        ranks = Array(repeating: -1, count: line.count)
        keys.removeAll(keepingCapacity: true)
        var (all, any) = (UInt64.max, UInt64(0))
        for (place, value) in line.enumerated() where value.isFinite {
            // Bits of floats in the order of their values; −0 is 0.
            let bits = (value == 0 ? 0 : value).bitPattern
            let key = UInt64(bits >> 31 == 1 ? ~bits : bits | 1 << 31) << 32 | UInt64(place)
            keys.append(key)
            all &= key
            any |= key
        }
        // Bits that all keys share need no sorting: values of one metric lie within a few powers of two.
        let differing = (all ^ any) >> 32
        let highest = 64 - differing.leadingZeroBitCount
        let lowest = differing == 0 ? 0 : differing.trailingZeroBitCount
        spare = keys
        var shift = 32 + lowest
        while shift < 32 + highest {
            Self.sort(keys, into: &spare, by: UInt64(shift))
            swap(&keys, &spare)
            shift += Self.digit
        }
        sorted.removeAll(keepingCapacity: true)
        sorted.reserveCapacity(keys.count)
        bits = Array(repeating: 0, count: keys.count / 64 + 1)
        line.withUnsafeBufferPointer { line in
            ranks.withUnsafeMutableBufferPointer { ranks in
                for (rank, key) in keys.enumerated() {
                    let place = Int(truncatingIfNeeded: key & 0xFFFF_FFFF)
                    ranks[place] = Int32(truncatingIfNeeded: rank)
                    sorted.append(line[place])
                }
            }
        }
    }

    /// Bits sorted by at once.
    private static let digit = 11

    /// One pass of a radix sort.
    private static func sort(_ keys: [UInt64], into spare: inout [UInt64], by shift: UInt64) {
        let places = Rows<Int32>(count: (1 << digit) / 64 + 1, repeating: 0)
        let cells = places.cells
        let mask = UInt64(1 << digit - 1)
        keys.withUnsafeBufferPointer { keys in
            spare.withUnsafeMutableBufferPointer { spare in
                for key in keys { cells[Int(truncatingIfNeeded: key >> shift & mask) + 1] &+= 1 }
                for n in 1...(1 << digit) { cells[n] &+= cells[n - 1] }
                for key in keys {
                    let n = Int(truncatingIfNeeded: key >> shift & mask)
                    spare[Int(cells[n])] = key
                    cells[n] &+= 1
                }
            }
        }
    }

    private mutating func follow(
        _ shares: [Double], from: Int, _ wanted: Range<Int>, fewest: Int, put: (Int, Int, Float) -> Void
    ) {
        let window = window
        ranks.withUnsafeBufferPointer { ranks in
            sorted.withUnsafeBufferPointer { sorted in
                for (n, share) in shares.enumerated() {
                    bits.withUnsafeMutableBufferPointer { words in
                        guard let base = words.baseAddress else { return }
                        words.update(repeating: 0)
                        let set = RankSet(words: base)
                        Self.follow(share, ranks, sorted, set, window, from, wanted, fewest) { put(n, $0, $1) }
                    }
                }
            }
        }
    }

    @inline(__always) private static func follow(
        _ share: Double, _ ranks: UnsafeBufferPointer<Int32>, _ sorted: UnsafeBufferPointer<Float>, _ set: RankSet,
        _ window: Int, _ from: Int, _ wanted: Range<Int>, _ fewest: Int, put: (Int, Float) -> Void
    ) {
        var count = 0
        // The place followed, and how many values of the window lie below it.
        var (mark, below) = (0, 0)
        for index in ranks.indices {
            let entering = Int(ranks[index])
            if entering >= 0 {
                set.insert(entering)
                count &+= 1
                below &+= entering < mark ? 1 : 0
            }
            let leaving = index >= window ? Int(ranks[index &- window]) : -1
            if leaving >= 0 {
                set.remove(leaving)
                count &-= 1
                below &-= leaving < mark ? 1 : 0
            }
            let place = from &+ index
            guard place >= wanted.lowerBound else { continue }
            guard count >= fewest else {
                put(place, .nan)
                continue
            }
            let position = share * Double(count &- 1)
            let rank = Int(position)
            while below > rank {
                mark = set.previous(mark &- 1)
                below &-= 1
            }
            mark = set.next(mark)
            while below < rank {
                mark = set.next(mark &+ 1)
                below &+= 1
            }
            var value = Double(sorted[mark])
            let part = position - Double(rank)
            if part > 0 { value += part * (Double(sorted[set.next(mark &+ 1)]) - value) }
            put(place, Float(value))
        }
    }
}

/// The ranks that are in the window: a bit for each.
private struct RankSet {
    let words: UnsafeMutablePointer<UInt64>

    @inline(__always) func insert(_ rank: Int) { words[rank >> 6] |= 1 << UInt64(truncatingIfNeeded: rank & 63) }
    @inline(__always) func remove(_ rank: Int) { words[rank >> 6] &= ~(1 << UInt64(truncatingIfNeeded: rank & 63)) }

    /// The first set bit at or above `place`, which is there.
    @inline(__always) func next(_ place: Int) -> Int {
        var word = place >> 6
        var rest = words[word] & (~0 << UInt64(truncatingIfNeeded: place & 63))
        while rest == 0 {
            word &+= 1
            rest = words[word]
        }
        return word &* 64 &+ rest.trailingZeroBitCount
    }

    /// The last set bit at or below `place`, which is there.
    @inline(__always) func previous(_ place: Int) -> Int {
        var word = place >> 6
        var rest = words[word] & (~0 >> UInt64(truncatingIfNeeded: 63 - place & 63))
        while rest == 0 {
            word &-= 1
            rest = words[word]
        }
        return word &* 64 &+ 63 &- rest.leadingZeroBitCount
    }
}
