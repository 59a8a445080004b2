import CKernels

extension Rolling {
    /// Standard deviation with n − 1; NaN below two values.
    ///
    /// The variance of codes is computed exactly and rounded once; of Floats it is off by less than `reach`² · window ·
    /// 2⁻⁵³. Parameters as in `mean`.
    public static func deviation(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 2, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { spread(of: block, window: window, fewest: fewest, rows: rows, scored: false, into: &out) }

    /// How many standard deviations (n − 1) the newest value lies above its window's mean, itself included. NaN where it
    /// was not measured, below two values, and where all values are the same.
    public static func zscore(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 2, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { spread(of: block, window: window, fewest: fewest, rows: rows, scored: true, into: &out) }

    private static func spread(
        of block: borrowing PaneBlock, window: Int, fewest: Int, rows: Range<Int>?, scored: Bool,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count, "as many rows as asked for")
        let fewest = Swift.max(2, fewest)
        // Σ code² of a window fits 32 bits.
        if let scale = block.scale, window <= Int(Int32.max) / (CodeScale.codes * CodeScale.codes) {
            let state = Rows<Int32>(count: 3, repeating: 0)
            for row in pass.reading {
                if scored {
                    vk_zscore_bytes(
                        state.row(0), state.row(1), state.row(2), block.codes.row(row), pass.leavingCodes(block, row),
                        pass.target(out, row), Int32(fewest))
                } else {
                    vk_deviation_bytes(
                        state.row(0), state.row(1), state.row(2), block.codes.row(row), pass.leavingCodes(block, row),
                        pass.target(out, row), scale.step, Int32(fewest))
                }
            }
            return
        }
        let state = Rows<Double>(count: 3, repeating: 0)
        let fixed = block.fixed.cuts(window: window)
        for row in pass.reading {
            if let scale = block.scale {
                vk_deviation_exact_bytes(
                    state.row(0), state.row(1), state.row(2), block.codes.row(row), pass.leavingCodes(block, row),
                    pass.target(out, row), fixed, Double(scale.step), Double(fewest), scored ? 1 : 0)
            } else {
                vk_deviation_exact_floats(
                    state.row(0), state.row(1), state.row(2), block.values.row(row), pass.leavingValues(block, row),
                    pass.target(out, row), fixed, 1, Double(fewest), scored ? 1 : 0)
            }
        }
    }

    /// Least-squares slope over the rows, in units per row; NaN below two values.
    ///
    /// Windows of at most 65,536 rows: beyond, the places' fourth powers leave what Double counts exactly.
    public static func slope(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 2, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count, "as many rows as asked for")
        precondition(window <= 65_536, "a slope's window has at most 65,536 rows")
        let fewest = Swift.max(2, fewest)
        let places = Rows<Double>(count: 3, repeating: 0)
        // Σ code · place of a window fits 32 bits.
        if let scale = block.scale, window * window / 2 * CodeScale.codes <= Int(Int32.max) {
            let state = Rows<Int32>(count: 2, repeating: 0)
            for row in pass.reading {
                vk_slope_bytes(
                    state.row(0), state.row(1), places.row(0), places.row(1), places.row(2), block.codes.row(row),
                    pass.leavingCodes(block, row), pass.target(out, row), Int32(window), scale.step, Double(fewest))
            }
            return
        }
        let state = Rows<Double>(count: 4, repeating: 0)
        // Σ value · place must not round either: as if the window were its own square long.
        let fixed = block.fixed.cuts(window: window * window)
        for row in pass.reading {
            if let scale = block.scale {
                vk_slope_exact_bytes(
                    state.row(0), state.row(1), state.row(2), state.row(3), places.cells, block.codes.row(row),
                    pass.leavingCodes(block, row), pass.target(out, row), fixed, Double(window), Double(scale.step),
                    Double(fewest))
            } else {
                vk_slope_exact_floats(
                    state.row(0), state.row(1), state.row(2), state.row(3), places.cells, block.values.row(row),
                    pass.leavingValues(block, row), pass.target(out, row), fixed, Double(window), 1, Double(fewest))
            }
        }
    }
}
