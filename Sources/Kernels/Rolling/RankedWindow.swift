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
        for (place, value) in line.enumerated() where value.isFinite {
            // Bits of floats in the order of their values; −0 is 0.
            let bits = (value == 0 ? 0 : value).bitPattern
            let ordered = bits >> 31 == 1 ? ~bits : bits | 1 << 31
            keys.append(UInt64(ordered) << 32 | UInt64(place))
        }
        spare = keys
        for shift in [32, 43, 54] as [UInt64] {
            var places = [Int](repeating: 0, count: 2049)
            for key in keys { places[Int(key >> shift & 2047) + 1] += 1 }
            for digit in 1...2048 { places[digit] += places[digit - 1] }
            for key in keys {
                let digit = Int(key >> shift & 2047)
                spare[places[digit]] = key
                places[digit] += 1
            }
            swap(&keys, &spare)
        }
        sorted.removeAll(keepingCapacity: true)
        for (rank, key) in keys.enumerated() {
            let place = Int(truncatingIfNeeded: key & 0xFFFF_FFFF)
            ranks[place] = Int32(rank)
            sorted.append(line[line.startIndex + place])
        }
        bits = Array(repeating: 0, count: keys.count / 64 + 1)
    }

    private mutating func follow(
        _ shares: [Double], from: Int, _ wanted: Range<Int>, fewest: Int, put: (Int, Int, Float) -> Void
    ) {
        var count = 0
        var marks = [(place: Int, below: Int)](repeating: (0, 0), count: shares.count)
        for index in ranks.indices {
            let entering = Int(ranks[index])
            if entering >= 0 {
                bits[entering >> 6] |= 1 << UInt64(entering & 63)
                count += 1
                for n in marks.indices where entering < marks[n].place { marks[n].below += 1 }
            }
            let leaving = index >= window ? Int(ranks[index - window]) : -1
            if leaving >= 0 {
                bits[leaving >> 6] &= ~(1 << UInt64(leaving & 63))
                count -= 1
                for n in marks.indices where leaving < marks[n].place { marks[n].below -= 1 }
            }
            let place = from + index
            guard place >= wanted.lowerBound else { continue }
            guard count >= fewest else {
                for n in marks.indices { put(n, place, .nan) }
                continue
            }
            for n in marks.indices {
                let wantedPlace = shares[n] * Double(count - 1)
                let rank = Int(wantedPlace)
                move(&marks[n], to: rank)
                var value = Double(sorted[marks[n].place])
                let part = wantedPlace - Double(rank)
                if part > 0 { value += part * (Double(sorted[next(marks[n].place + 1)]) - value) }
                put(n, place, Float(value))
            }
        }
    }

    private func move(_ mark: inout (place: Int, below: Int), to rank: Int) {
        while mark.below > rank {
            mark.place = previous(mark.place - 1)
            mark.below -= 1
        }
        mark.place = next(mark.place)
        while mark.below < rank {
            mark.place = next(mark.place + 1)
            mark.below += 1
        }
    }

    /// The first set bit at or above `place`, which is there.
    private func next(_ place: Int) -> Int {
        var word = place >> 6
        var rest = (bits[word] >> UInt64(place & 63)) << UInt64(place & 63)
        while rest == 0 {
            word += 1
            rest = bits[word]
        }
        return word * 64 + rest.trailingZeroBitCount
    }

    private func previous(_ place: Int) -> Int {
        var word = place >> 6
        var rest = (bits[word] << UInt64(63 - (place & 63))) >> UInt64(63 - (place & 63))
        while rest == 0 {
            word -= 1
            rest = bits[word]
        }
        return word * 64 + 63 - rest.leadingZeroBitCount
    }
}
