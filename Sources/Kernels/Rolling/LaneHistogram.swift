import CKernels

/// How often each code occurs in the windows of 64 lanes, and marks that follow quantiles through them.
struct LaneHistogram: ~Copyable {
    private let scale: CodeScale
    private let shares: [Double]
    private let fewest: UInt16
    /// A row for each code; row 0 counts what was not measured, and nobody reads it.
    private let bins = Rows<UInt16>(count: 256, repeating: 0)
    /// Values in each lane's window.
    private let counts = Rows<UInt16>(count: 1, repeating: 0)
    /// For each share the code its lower rank lies at …
    private let marks: Rows<UInt8>
    /// … and four rows: how many codes are below it, how many at it, and the two ranks wanted.
    private let ranks: Rows<UInt16>

    init(scale: CodeScale, shares: [Double], fewest: Int) {
        self.scale = scale
        self.shares = shares.map { Swift.min(Swift.max($0, 0), 1) }
        self.fewest = UInt16(clamping: Swift.max(1, fewest))
        marks = Rows(count: shares.count, repeating: 1)
        ranks = Rows(count: 4 * shares.count, repeating: 0)
    }

    /// One row of codes enters, another leaves.
    @inline(__always) func move(in entering: UnsafePointer<UInt8>, out leaving: UnsafePointer<UInt8>) {
        vk_tally(bins.cells, entering, leaving)
        vk_count_present(counts.cells, entering, leaving)
    }

    /// Puts every mark at the lowest code: after rows that entered without being followed.
    func rewind() {
        for number in shares.indices {
            marks.row(number).update(repeating: 1, count: 64)
            ranks.row(4 * number).update(repeating: 0, count: 64)
            ranks.row(4 * number + 1).update(from: bins.row(1), count: 64)
        }
    }

    /// Brings a mark to where its rank is now and writes the quantile of each lane.
    @inline(__always) func follow(
        _ number: Int, in entering: UnsafePointer<UInt8>, out leaving: UnsafePointer<UInt8>,
        into to: UnsafeMutablePointer<Float>
    ) {
        let (below, equal) = (ranks.row(4 * number), ranks.row(4 * number + 1))
        let (low, high) = (ranks.row(4 * number + 2), ranks.row(4 * number + 3))
        let share = shares[number]
        if share == 0.5 {
            vk_median_ranks(counts.cells, low, high)
        } else {
            vk_ranks(counts.cells, share, low, high)
        }
        let mark = marks.row(number)
        var lost = vk_follow(mark, below, equal, low, high, entering, leaving, to, scale.offset, scale.step)
        // In most lanes of most rows the mark stays; the others are found one by one.
        while lost != 0 {
            let lane = lost.trailingZeroBitCount
            lost &= lost - 1
            find(lane, mark, below, equal, Int(low[lane]), Int(high[lane]), share, to)
        }
        if fewest > 1 { for lane in 0..<64 where counts.cells[lane] < fewest { to[lane] = .nan } }
    }

    @inline(__always) private func find(
        _ lane: Int, _ mark: UnsafeMutablePointer<UInt8>, _ below: UnsafeMutablePointer<UInt16>,
        _ equal: UnsafeMutablePointer<UInt16>, _ low: Int, _ high: Int, _ share: Double,
        _ to: UnsafeMutablePointer<Float>
    ) {
        guard counts.cells[lane] > 0 else {
            to[lane] = .nan
            return
        }
        var place = HistogramMark(code: Int(mark[lane]), below: Int(below[lane]), equal: Int(equal[lane]))
        place.seek(low, in: bins.cells + lane, stride: 64)
        mark[lane] = UInt8(truncatingIfNeeded: place.code)
        below[lane] = UInt16(truncatingIfNeeded: place.below)
        equal[lane] = UInt16(truncatingIfNeeded: place.equal)
        var value = scale.offset + scale.step * Float(place.code)
        let next = place.code(holding: high, in: bins.cells + lane, stride: 64)
        if next > place.code {
            let part = share * Double(counts.cells[lane] - 1) - Double(low)
            value = Float(Double(value) + part * Double(scale.step) * Double(next - place.code))
        }
        to[lane] = value
    }

    /// Median of the distances to the median at mark 0, whose lane is not empty.
    func deviation(_ lane: Int) -> Float {
        let mark = HistogramMark(
            code: Int(marks.cells[lane]), below: Int(ranks.cells[lane]), equal: Int(ranks.row(1)[lane]))
        let quarters = mark.deviation(
            low: Int(ranks.row(2)[lane]), high: Int(ranks.row(3)[lane]), in: UnsafePointer(bins.cells + lane),
            stride: 64)
        return scale.step * Float(quarters) / 4
    }
}
