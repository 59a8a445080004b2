import CKernels

extension Rolling {
    /// Quantiles of the window, by linear interpolation between the two nearest values (type 7 of Hyndman & Fan 1996,
    /// as numpy and pandas do).
    ///
    /// Nothing is sorted anew: a lane keeps a histogram of its codes, and each share a mark that follows its rank (Huang
    /// 1979). Blocks of Floats are ranked piece by piece (`RankedWindow`).
    ///
    /// - Parameters:
    ///   - shares: 0 … 1 each; one histogram serves all.
    ///   - window: rows, 1 to 65,535.
    ///   - out: the rows asked for, once for each share, one share behind the other.
    public static func quantiles(
        _ shares: [Double], of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count * shares.count, "as many rows as asked for, for each share")
        precondition(window <= 65_535, "a quantile's window has at most 65,535 rows")
        guard let scale = block.scale else {
            for lane in 0..<Rows<Float>.lanes { ranked(shares, block, lane, pass, Swift.max(1, fewest), into: out) }
            return
        }
        let histogram = LaneHistogram(scale: scale, shares: shares, fewest: fewest)
        for row in pass.reading {
            let entering = block.codes.row(row)
            let leaving = pass.leavingCodes(block, row)
            histogram.move(in: entering, out: leaving)
            for mark in shares.indices {
                let to =
                    row >= pass.rows.lowerBound
                    ? out.row(mark * pass.rows.count + row - pass.rows.lowerBound) : pass.unwanted.cells
                histogram.follow(mark, in: entering, out: leaving, into: to)
            }
        }
    }

    /// Median: the quantile at one half. Parameters as in `quantiles`.
    public static func median(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { quantiles([0.5], of: block, window: window, fewest: fewest, rows: rows, into: &out) }

    /// Median absolute deviation from the window's median, not scaled (1.4826 times it estimates a standard deviation).
    ///
    /// O(spread of the codes) a cell; blocks of Floats take O(window).
    public static func mad(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count, "as many rows as asked for")
        precondition(window <= 65_535, "a quantile's window has at most 65,535 rows")
        guard let scale = block.scale else {
            for lane in 0..<Rows<Float>.lanes { sortedDeviation(block, lane, pass, Swift.max(1, fewest), into: out) }
            return
        }
        let histogram = LaneHistogram(scale: scale, shares: [0.5], fewest: fewest)
        for row in pass.reading {
            histogram.move(in: block.codes.row(row), out: pass.leavingCodes(block, row))
            let to = pass.target(out, row)
            histogram.follow(0, in: block.codes.row(row), out: pass.leavingCodes(block, row), into: to)
            guard row >= pass.rows.lowerBound else { continue }
            for lane in 0..<Rows<Float>.lanes where !to[lane].isNaN { to[lane] = histogram.deviation(lane) }
        }
    }

    private static func ranked(
        _ shares: [Double], _ block: borrowing PaneBlock, _ lane: Int, _ pass: borrowing Pass, _ fewest: Int,
        into out: borrowing Rows<Float>
    ) {
        let first = pass.reading.lowerBound
        var line: [Float] = []
        line.reserveCapacity(pass.reading.count)
        for row in pass.reading { line.append(block[row, lane]) }
        var ranks = RankedWindow(window: pass.window)
        ranks.quantiles(shares, of: line, from: pass.rows.lowerBound - first, fewest: fewest) { mark, place, value in
            out.cells[(mark * pass.rows.count + place - (pass.rows.lowerBound - first)) * 64 + lane] = value
        }
    }

    private static func sortedDeviation(
        _ block: borrowing PaneBlock, _ lane: Int, _ pass: borrowing Pass, _ fewest: Int,
        into out: borrowing Rows<Float>
    ) {
        var sorted = SortedWindow(capacity: pass.window)
        for row in pass.reading {
            sorted.insert(Double(block[row, lane]))
            if row - pass.window >= pass.reading.lowerBound { sorted.remove(Double(block[row - pass.window, lane])) }
            guard row >= pass.rows.lowerBound else { continue }
            out.cells[(row - pass.rows.lowerBound) * 64 + lane] =
                sorted.count >= fewest ? Float(sorted.deviation) : .nan
        }
    }
}
