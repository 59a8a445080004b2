/// The pane that values are being added to, in full precision: sums are kept relative to the pane's first value, so
/// that their squares do not cancel, and whole numbers add up exactly.
struct OpenPane: Sendable, Equatable {
    /// Number of the pane since 1970.
    var index: Int64
    var count = 0
    /// The first value: what the sums are relative to.
    var base = 0.0
    /// Σ (v − base) and Σ (v − base)².
    var shifted = 0.0
    var squares = 0.0
    var low = Float.infinity
    var high = -Float.infinity

    init(index: Int64) { self.index = index }

    @inline(__always) mutating func add(_ value: Float) {
        let v = Double(value)
        if count == 0 { base = v }
        let d = v - base
        shifted += d
        squares += d * d
        count &+= 1
        low = Swift.min(low, value)
        high = Swift.max(high, value)
    }

    /// Adds another pane's values.
    @inline(__always) mutating func add(_ other: OpenPane) {
        guard other.count > 0 else { return }
        if count == 0 { base = other.base }
        let d = other.base - base
        let n = Double(other.count)
        squares += other.squares + 2 * d * other.shifted + n * d * d
        shifted += other.shifted + n * d
        count &+= other.count
        low = Swift.min(low, other.low)
        high = Swift.max(high, other.high)
    }

    var sum: Double { base * Double(count) + shifted }
    /// Σ (v − mean)²; never negative.
    var deviations: Double { count > 1 ? Swift.max(0, squares - shifted * shifted / Double(count)) : 0 }
}
