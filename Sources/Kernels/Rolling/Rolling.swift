import CKernels

/// Statistics of trailing windows: row *t* of a result speaks of rows *t − window + 1 … t* of the block.
///
/// A window that reaches before the block's first row is as long as there are rows. Not measured (NaN, infinite, beyond
/// the block's range) enters nothing; a window with fewer than `fewest` values gives NaN, and so does an empty one. Every
/// result is a function of the values in its window alone: integer sums, sums that never round (`FixedPoint`) and order
/// statistics have no memory, so blocks may be cut anywhere. Bits agree between blocks that keep values in the same way;
/// between bytes and Floats those of deviations, slopes and scores may differ in the last place. Cost is O(1) a cell whatever the window, unless said
/// otherwise. `RollingTwin` computes the same from the definition.
public enum Rolling {
    /// Longest window, in rows: twelve days of seconds, two years of minutes.
    public static let longest = 1 << 20

    /// What all kernels over rows share: which rows to write, and the rows that enter and leave.
    struct Pass: ~Copyable {
        let window: Int
        let rows: Range<Int>
        /// Stands in for rows before the first.
        private let blankCodes = Rows<UInt8>(count: 1, repeating: 0)
        private let blankValues = Rows<Float>(count: 1, repeating: .nan)
        /// Takes what rows before the first wanted one give.
        let unwanted = Rows<Float>(count: 2, repeating: 0)

        init(_ block: borrowing PaneBlock, window: Int, rows: Range<Int>?) {
            precondition(window >= 1 && window <= Rolling.longest, "a window has 1 to \(Rolling.longest) rows")
            self.window = window
            self.rows = rows ?? 0..<block.rows
            precondition(self.rows.lowerBound >= 0 && self.rows.upperBound <= block.rows, "rows outside the block")
        }

        /// All rows that must be read, in order.
        var reading: Range<Int> { Swift.max(0, rows.lowerBound - window + 1)..<rows.upperBound }

        @inline(__always) func leavingCodes(_ block: borrowing PaneBlock, _ row: Int) -> UnsafeMutablePointer<UInt8> {
            row - window >= reading.lowerBound ? block.codes.row(row - window) : blankCodes.cells
        }
        @inline(__always) func leavingValues(_ block: borrowing PaneBlock, _ row: Int) -> UnsafeMutablePointer<Float> {
            row - window >= reading.lowerBound ? block.values.row(row - window) : blankValues.cells
        }
        @inline(__always) func target(_ out: borrowing Rows<Float>, _ row: Int) -> UnsafeMutablePointer<Float> {
            row >= rows.lowerBound ? out.row(row - rows.lowerBound) : unwanted.cells
        }
    }

    /// Mean: the exact sum, divided and rounded.
    ///
    /// - Parameters:
    ///   - window: rows, 1 to `longest`.
    ///   - fewest: values a window must hold.
    ///   - rows: which rows to compute; all when nil. Rows before them are read as far as the window reaches.
    ///   - out: as many rows as asked for; lanes without a series become NaN.
    public static func mean(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { sum(of: block, window: window, fewest: fewest, rows: rows, kind: .mean, into: &out) }

    /// Sum; NaN, not 0, where nothing was measured.
    public static func sum(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { sum(of: block, window: window, fewest: fewest, rows: rows, kind: .sum, into: &out) }

    /// How many values the window holds; never NaN.
    public static func count(
        of block: borrowing PaneBlock, window: Int, rows: Range<Int>? = nil, into out: inout Rows<Float>
    ) { sum(of: block, window: window, fewest: 0, rows: rows, kind: .count, into: &out) }

    private enum Kind: Int32 { case sum, count, mean }

    private static func sum(
        of block: borrowing PaneBlock, window: Int, fewest: Int, rows: Range<Int>?, kind: Kind,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count, "as many rows as asked for")
        let fewest = Swift.max(1, fewest)
        guard let scale = block.scale else {
            let state = Rows<Double>(count: 2, repeating: 0)
            let fixed = block.fixed.cuts(window: window)
            for row in pass.reading {
                vk_sum_exact_floats(
                    state.row(0), state.row(1), block.values.row(row), pass.leavingValues(block, row),
                    pass.target(out, row), fixed, fixed.centre, 1, Double(fewest), kind.rawValue)
            }
            return
        }
        guard scale.sumsFitFloat(window: window) else {
            let state = Rows<Double>(count: 2, repeating: 0)
            let fixed = block.fixed.cuts(window: window)
            for row in pass.reading {
                vk_sum_exact_bytes(
                    state.row(0), state.row(1), block.codes.row(row), pass.leavingCodes(block, row),
                    pass.target(out, row), fixed, Double(scale.offset), Double(scale.step), Double(fewest),
                    kind.rawValue)
            }
            return
        }
        let state = Rows<Int32>(count: 2, repeating: 0)
        if kind == .mean {
            for row in pass.reading {
                vk_mean_bytes(
                    state.row(0), state.row(1), block.codes.row(row), pass.leavingCodes(block, row),
                    pass.target(out, row), scale.offset, scale.step, Int32(fewest))
            }
        } else {
            for row in pass.reading {
                vk_sum_bytes(
                    state.row(0), state.row(1), block.codes.row(row), pass.leavingCodes(block, row),
                    pass.target(out, row), scale.offset, scale.step, Int32(fewest), kind.rawValue)
            }
        }
    }
}
