import CKernels

/// Sums of any Floats that never round: values are cut to multiples of a power of two that is coarse enough for the sum
/// of a window to stay below 2⁵³ of them, and those of Double are then exact.
///
/// Adding and taking away exact sums leaves what summing afresh would give: no drift, however long it goes on, and no
/// memory of where it began. A value loses at most half a unit, `reach` · window · 2⁻⁵³: for beats per minute and an hour
/// at 1 Hz, 2⁻³³ or 10⁻¹⁰. Squares are cut in the same way.
public struct FixedPoint: Sendable, Equatable {
    /// What values are measured from, and how far they may lie from it; what lies beyond counts as not measured.
    public let centre: Double
    public let reach: Double

    /// - Parameters:
    ///   - centre: the middle of what is expected, in the unit of the values.
    ///   - reach: the farthest a value may lie from it; rounded up to a power of two.
    public init(centre: Float, reach: Float) {
        self.centre = Double(centre)
        var power = 0x1p-60
        while power < Double(reach), power < 0x1p127 { power *= 2 }
        self.reach = power
    }

    /// For what is in `values`: NaN and infinities are left out. O(n).
    public init(spanning values: UnsafeBufferPointer<Float>) {
        var low = Float.infinity, high = -Float.infinity
        for value in values where value.isFinite {
            low = value < low ? value : low
            high = value > high ? value : high
        }
        guard low <= high else {
            self.init(centre: 0, reach: 1)
            return
        }
        let centre = low / 2 + high / 2
        self.init(centre: centre, reach: Swift.max(high - centre, centre - low))
    }

    /// The constants that cut values and squares for windows of `window` rows: 1.5 · 2⁵² of their units.
    func cuts(window: Int) -> vk_fixed {
        var length = 1.0
        while length < Double(window) { length *= 2 }
        // Sums of `length` values of at most `reach` units stay below 2⁵²; the half above marks the sign.
        let unit = reach * length * 0x1p-52
        let square = reach * reach * length * 0x1p-52
        return vk_fixed(
            centre: centre, reach: reach, cut: 1.5 * 0x1p52 * unit, cut_square: 1.5 * 0x1p52 * square)
    }
}
