import CKernels

/// How far the shapes of two windows of equal length lie apart: the Euclidean distance of their values after each window
/// was shifted to mean 0 and scaled to standard deviation 1 (with n). Level and size do not count; 0 is the same shape,
/// 2 √m its mirror image, √(2 m) unrelated.
///
/// A window that does not vary has no shape. By the convention of the package stumpy it lies 0 from another such and √m
/// from one that varies. A window over a value that is not finite, or too large to square, is compared with nothing: NaN.
public enum ShapeDistance {
    /// Between what does not vary and what does.
    static func ofConstant(window m: Int) -> Double { Double(m).squareRoot() }

    /// The distance of the windows of `m` values that start at `i` and at `j`, as the definition says. O(m).
    public static func between(_ x: Span<Double>, _ i: Int, _ j: Int, window m: Int) -> Double {
        precondition(
            m >= 1 && i >= 0 && j >= 0 && i + m <= x.count && j + m <= x.count, "windows lie within the series")
        let a = Moments(x, i, m), b = Moments(x, j, m)
        guard a.kind != .broken, b.kind != .broken else { return .nan }
        guard a.kind == .varied, b.kind == .varied else {
            return a.kind == b.kind ? 0 : ofConstant(window: m)
        }
        return varied(x, i, a.mean, a.inverse, j, b.mean, b.inverse, window: m)
    }

    /// Of two varied windows whose moments are known. O(m) in lanes.
    static func varied(
        _ x: Span<Double>, _ i: Int, _ meanI: Double, _ inverseI: Double, _ j: Int, _ meanJ: Double,
        _ inverseJ: Double, window m: Int
    ) -> Double {
        x.withUnsafeBufferPointer { x in
            guard let x = x.baseAddress else { return .nan }
            return (Double(m) * vk_profile_square(x + i, meanI, inverseI, x + j, meanJ, inverseJ, Int64(m)))
                .squareRoot()
        }
    }

    /// The scalar twin, from the values alone.
    public static func scalar(_ x: Span<Double>, _ i: Int, _ j: Int, window m: Int) -> Double {
        let a = Moments(x, i, m), b = Moments(x, j, m)
        guard a.kind == .varied, b.kind == .varied else { return between(x, i, j, window: m) }
        var sum = 0.0
        for t in 0..<m {
            let d = (x[i + t] - a.mean) * a.inverse - (x[j + t] - b.mean) * b.inverse
            sum += d * d
        }
        return (Double(m) * sum).squareRoot()
    }

    /// Mean and spread of one window, in two passes.
    struct Moments {
        var mean = 0.0
        /// 1 / √Σ(x − mean)²; NaN where the window is not varied.
        var inverse = Double.nan
        var kind = ShapeWindows.Kind.broken

        init(_ x: Span<Double>, _ start: Int, _ m: Int) {
            // About the first value: what is large in all of them does not round away what differs.
            let base = x[start]
            var sum = 0.0
            var isConstant = true
            for t in 0..<m {
                guard x[start + t].isFinite else { return }
                sum += x[start + t] - base
                if x[start + t] != base { isConstant = false }
            }
            mean = base + sum / Double(m)
            var squares = 0.0
            for t in 0..<m { squares += (x[start + t] - mean) * (x[start + t] - mean) }
            if isConstant || squares < .leastNormalMagnitude {
                kind = .constant
            } else if squares.isFinite {
                kind = .varied
                inverse = 1 / squares.squareRoot()
            }
        }
    }
}
