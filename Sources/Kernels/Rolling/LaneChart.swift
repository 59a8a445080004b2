import CKernels

/// Exponential smoothing and a one-sided cumulative sum (Page 1954) of 64 lanes, one row after another.
///
/// The level follows y ← (1 − share) y + share · x and starts at the first value; the sum follows
/// S ← max(0, S + (x − centre) · scale − slack). What was not measured changes neither. Both remember: the state is kept
/// between blocks, and going on gives what one long block would.
public struct LaneChart: ~Copyable {
    /// Weight of the newest value, 0 … 1.
    public let share: Float
    /// What is taken from each standardised value before it is summed.
    public let slack: Float
    private let levels = Rows<Float>(count: 1, repeating: .nan)
    private let sums = Rows<Float>(count: 1, repeating: 0)
    private let centres: Rows<Float>
    private let scales: Rows<Float>

    /// - Parameters:
    ///   - centre: for each lane what the sum takes as its middle; lanes without one have 0.
    ///   - scale: for each lane what a deviation is multiplied with: 1/σ for sums in standard deviations.
    public init(share: Float, slack: Float, centre: [Float], scale: [Float]) {
        precondition(share >= 0 && share <= 1, "a share is 0 … 1")
        self.share = share
        self.slack = slack
        centres = Rows(count: 1, repeating: 0)
        scales = Rows(count: 1, repeating: 0)
        for lane in 0..<Swift.min(64, centre.count) { centres.cells[lane] = centre[lane] }
        for lane in 0..<Swift.min(64, scale.count) { scales.cells[lane] = scale[lane] }
    }

    /// Goes on through all rows of a block. O(cells).
    ///
    /// - Parameters:
    ///   - levels: receives the smoothed level of each row; NaN before a lane's first value.
    ///   - sums: receives the cumulative sum of each row.
    public mutating func run(
        _ block: borrowing PaneBlock, levels out: inout Rows<Float>, sums total: inout Rows<Float>
    ) {
        precondition(out.count == block.rows && total.count == block.rows, "as many rows as the block")
        for row in 0..<block.rows {
            if let scale = block.scale {
                vk_chart_bytes(
                    block.codes.row(row), scale.offset, scale.step, levels.cells, sums.cells, centres.cells,
                    scales.cells, share, slack, out.row(row), total.row(row))
            } else {
                vk_chart_floats(
                    block.values.row(row), levels.cells, sums.cells, centres.cells, scales.cells, share, slack,
                    out.row(row), total.row(row))
            }
        }
    }
}
