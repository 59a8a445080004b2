import CKernels

/// One series along time: the layout for a person alone, time in the lanes.
///
/// Values are kept as in `PaneBlock`, bytes where a `CodeScale` fits, in order of time. Storage reaches 64 values beyond
/// the end, not measured, so that vectors may.
public struct PaneRun: ~Copyable {
    /// Moments.
    public let count: Int
    public let scale: CodeScale?
    public let fixed: FixedPoint
    let codes: Rows<UInt8>
    let values: Rows<Float>

    /// - Parameters:
    ///   - series: NaN where nothing was measured; infinities count as that, too.
    ///   - fixed: the range of the metric, as for `PaneBlock`.
    ///   - coded: whether bytes are wanted where they do.
    public init(_ series: borrowing Span<Float>, fixed: FixedPoint? = nil, coded: Bool = true) {
        self = series.withUnsafeBufferPointer { PaneRun($0, fixed: fixed, coded: coded) }
    }

    private init(_ series: UnsafeBufferPointer<Float>, fixed: FixedPoint?, coded: Bool) {
        count = series.count
        let scale = coded ? CodeScale(fitting: series) : nil
        self.scale = scale
        let rows = series.count / 64 + 2
        codes = Rows(count: scale == nil ? 0 : rows, repeating: 0)
        values = Rows(count: scale == nil ? rows : 0, repeating: .nan)
        self.fixed =
            scale == nil
            ? fixed ?? FixedPoint(spanning: series) : FixedPoint(centre: 0, reach: Float(CodeScale.codes))
        guard let base = series.baseAddress else { return }
        guard let scale else {
            values.cells.update(from: base, count: series.count)
            return
        }
        var place = 0
        while place + 16 <= series.count {
            vk_encode16(base + place, codes.cells + place, scale.offset, 1 / scale.step)
            place += 16
        }
        while place < series.count {
            codes.cells[place] = scale.code(base[place])
            place += 1
        }
    }

    /// The value of a moment; NaN where nothing was measured.
    public subscript(place: Int) -> Float {
        precondition(place >= 0 && place < count, "outside the run")
        guard let scale else { return values.cells[place].isFinite ? values.cells[place] : .nan }
        return scale.value(codes.cells[place])
    }
}
