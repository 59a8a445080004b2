import CKernels

/// The panes of up to 64 series of one metric, people in the lanes.
///
/// Values that fit a `CodeScale` are kept as bytes, all others as Floats. NaN and infinities are *not measured*: no
/// kernel lets one poison a window. Times are row numbers: whoever fills a block has put its samples in order, a row for
/// each pane, and left out what came twice.
public struct PaneBlock: ~Copyable {
    public let rows: Int
    public let series: Int
    /// How bytes stand for values; `nil` when Floats are kept.
    public let scale: CodeScale?
    /// For sums in Double: of Floats as asked for, of codes their own.
    public let fixed: FixedPoint
    let codes: Rows<UInt8>
    let values: Rows<Float>

    /// Turns series, one behind another and all as long, into rows. O(cells); about as fast as memory is read.
    ///
    /// - Parameters:
    ///   - seriesMajor: `series` × `rows` values; NaN where nothing was measured.
    ///   - series: 1 to 64.
    ///   - fixed: the range of the metric. Kernels over Floats give the same bits for the same window in any block that
    ///     has the same range; without one it is taken from the data.
    ///   - coded: whether bytes are wanted where they do.
    public init(_ seriesMajor: borrowing Span<Float>, series: Int, fixed: FixedPoint? = nil, coded: Bool = true) {
        precondition(series >= 1 && series <= Rows<Float>.lanes, "a block has 1 to 64 series")
        precondition(seriesMajor.count % series == 0, "all series of a block are as long")
        self = seriesMajor.withUnsafeBufferPointer { all in
            PaneBlock(all, series: series, rows: all.count / series, fixed: fixed, coded: coded)
        }
    }

    private init(_ all: UnsafeBufferPointer<Float>, series: Int, rows: Int, fixed: FixedPoint?, coded: Bool) {
        self.rows = rows
        self.series = series
        let scale = coded ? CodeScale(fitting: all) : nil
        self.scale = scale
        if let scale {
            self.fixed = FixedPoint(centre: 0, reach: Float(CodeScale.codes))
            codes = Rows(count: rows, repeating: 0)
            values = Rows(count: 0, repeating: .nan)
            if let base = all.baseAddress { Self.encode(base, series: series, rows: rows, scale, into: codes) }
        } else {
            self.fixed = fixed ?? FixedPoint(spanning: all)
            codes = Rows(count: 0, repeating: 0)
            values = Rows(count: rows, repeating: .nan)
            if let base = all.baseAddress { Self.turn(base, series: series, rows: rows, into: values) }
        }
    }

    /// The value of a cell; NaN where nothing was measured.
    public subscript(row: Int, lane: Int) -> Float {
        guard let scale else {
            let value = values[row, lane]
            return value.isFinite ? value : .nan
        }
        return scale.value(codes[row, lane])
    }

    /// Moments read of one series before the next.
    private static let stretch = 512

    private static func encode(
        _ base: UnsafePointer<Float>, series: Int, rows: Int, _ scale: CodeScale, into codes: borrowing Rows<UInt8>
    ) {
        // Series are read in stretches: sixty-four places in memory at once are more than a core reads ahead of.
        let runs = Rows<UInt8>(count: stretch, repeating: 0)
        var row = 0
        while row + 16 <= rows {
            let height = Swift.min(stretch, (rows - row) / 16 * 16)
            for lane in 0..<series {
                for place in stride(from: 0, to: height, by: 16) {
                    vk_encode16(
                        base + lane * rows + row + place, runs.cells + lane * stretch + place, scale.offset,
                        1 / scale.step)
                }
            }
            for place in stride(from: 0, to: height, by: 16) {
                for lane in stride(from: 0, to: series, by: 16) {
                    vk_turn_tile(
                        runs.cells + lane * stretch + place, Int64(stretch), codes.row(row + place) + lane)
                }
            }
            row += height
        }
        while row < rows {
            for lane in 0..<series { codes.cells[row * 64 + lane] = scale.code(base[lane * rows + row]) }
            row += 1
        }
    }

    private static func turn(
        _ base: UnsafePointer<Float>, series: Int, rows: Int, into values: borrowing Rows<Float>
    ) {
        // Sixty-four rows at a time stay in the cache while all series are written to them.
        var start = 0
        while start < rows {
            let end = Swift.min(start + 64, rows)
            for lane in 0..<series {
                let from = base + lane * rows
                for row in start..<end { values.cells[row * 64 + lane] = from[row] }
            }
            start = end
        }
    }
}
