/// A sum over stretches of rings' columns, in Double.
///
/// Partial sums are dealt out by position in the window modulo four, wherever a ring wraps round: the same panes give
/// the same bits wherever they lie.
struct Reduction {
    private var a = 0.0
    private var b = 0.0
    private var c = 0.0
    private var d = 0.0
    private var next = 0

    /// Σ so far.
    var total: Double { (a + b) + (c + d) }

    /// Adds a stretch of Floats, in Double. O(panes).
    mutating func add(_ column: UnsafeMutablePointer<Float>, _ stretch: PaneStretch) {
        add(column, stretch.a)
        add(column, stretch.b)
    }

    @inline(__always) private mutating func deal(_ value: Double) {
        switch next {
        case 0: a += value
        case 1: b += value
        case 2: c += value
        default: d += value
        }
        next = (next + 1) & 3
    }

    @inline(__always) private mutating func add(_ p: UnsafeMutablePointer<Float>, _ part: Range<Int>) {
        var i = part.lowerBound
        let end = part.upperBound
        while next != 0, i < end {
            deal(Double(p[i]))
            i += 1
        }
        var (s, t, u, v) = (a, b, c, d)
        while i + 4 <= end {
            s += Double(p[i])
            t += Double(p[i + 1])
            u += Double(p[i + 2])
            v += Double(p[i + 3])
            i += 4
        }
        (a, b, c, d) = (s, t, u, v)
        while i < end {
            deal(Double(p[i]))
            i += 1
        }
    }
}
