/// Sums, counts and extremes over a stretch of a ring's columns.
///
/// Partial sums are kept by position in the window modulo four, wherever the ring wraps round: the same panes give the
/// same bits wherever they lie.
enum Reduction {
    /// Σ of a Float column in Double. O(panes).
    static func sum(_ column: [Float], _ stretch: PaneStretch) -> Double {
        column.withUnsafeBufferPointer { p in
            var lanes = Lanes()
            lanes.add(p, stretch.a)
            lanes.add(p, stretch.b)
            return lanes.total
        }
    }

    /// Σ of whole numbers; exact in any order.
    static func sum<T: FixedWidthInteger>(_ column: [T], _ stretch: PaneStretch) -> Int {
        column.withUnsafeBufferPointer { p in
            var total = 0
            for i in stretch.a { total &+= Int(truncatingIfNeeded: p[i]) }
            for i in stretch.b { total &+= Int(truncatingIfNeeded: p[i]) }
            return total
        }
    }

    static func least(_ column: [Float], _ stretch: PaneStretch) -> Float {
        column.withUnsafeBufferPointer { p in
            var least = Float.infinity
            for i in stretch.a { least = p[i] < least ? p[i] : least }
            for i in stretch.b { least = p[i] < least ? p[i] : least }
            return least
        }
    }

    static func greatest(_ column: [Float], _ stretch: PaneStretch) -> Float {
        column.withUnsafeBufferPointer { p in
            var greatest = -Float.infinity
            for i in stretch.a { greatest = p[i] > greatest ? p[i] : greatest }
            for i in stretch.b { greatest = p[i] > greatest ? p[i] : greatest }
            return greatest
        }
    }

    /// Four sums, dealt out in turn.
    private struct Lanes {
        var a = 0.0
        var b = 0.0
        var c = 0.0
        var d = 0.0
        var next = 0

        var total: Double { (a + b) + (c + d) }

        @inline(__always) mutating func deal(_ value: Double) {
            switch next {
            case 0: a += value
            case 1: b += value
            case 2: c += value
            default: d += value
            }
            next = (next + 1) & 3
        }

        @inline(__always) mutating func add(_ p: UnsafeBufferPointer<Float>, _ part: Range<Int>) {
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
}
