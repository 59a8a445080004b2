/// What each window of a series needs to be compared by shape: its mean, its spread, and whether it can be compared.
///
/// Places that hold no value are filled with the one before them, so that sums go on, and every window over one is
/// *broken*. All sums are of values shifted by the first.
struct ShapeWindows {
    enum Kind: UInt8 {
        /// Comparable by shape.
        case varied
        /// One value throughout, or so near to it that its spread is zero: no shape, see `MatrixProfile`.
        case constant
        /// Over a place that holds no value.
        case broken
    }

    /// Whether a number is a value: finite, and not so large that squares overflow and make NaN of all sums to come.
    @inline(__always) static func isValue(_ number: Double) -> Bool { number.magnitude < 1e150 }

    /// Shifted values, holes filled.
    private(set) var x: [Double] = []
    /// By window: mean of `x`, 1 / √Σ(x − mean)² (NaN where the window is not varied), kind.
    private(set) var means: [Double] = []
    private(set) var inverses: [Double] = []
    private(set) var kinds: [Kind] = []

    /// O(n): the sums of a window are put together from those of the end of one block of `window` values and the start
    /// of the next (Chan 1979), so nothing is subtracted and nothing drifts.
    init(_ series: Span<Double>, window m: Int) {
        let n = series.count
        guard n >= m else { return }
        var base = 0.0
        for i in 0..<n where Self.isValue(series[i]) {
            base = series[i]
            break
        }
        x = [Double](repeating: 0, count: n)
        var held = 0.0
        // Values up to here that are equal, and since the last hole.
        var equal = 0
        var whole = 0
        let count = n - m + 1
        kinds = [Kind](repeating: .broken, count: count)
        for i in 0..<n {
            let value = series[i] - base
            if Self.isValue(value) {
                equal = whole > 0 && value == held ? equal + 1 : 1
                whole += 1
                held = value
            } else {
                equal = 0
                whole = 0
            }
            x[i] = held
            if i >= m - 1, whole >= m { kinds[i - m + 1] = equal >= m ? .constant : .varied }
        }
        let (mean, squares) = Self.moments(x.span, window: m)
        means = mean
        inverses = squares.indices.map { i in
            if kinds[i] == .varied, squares[i] < .leastNormalMagnitude { kinds[i] = .constant }
            return kinds[i] == .varied ? 1 / squares[i].squareRoot() : .nan
        }
    }

    /// Mean and Σ(x − mean)² of each window.
    private static func moments(_ x: Span<Double>, window m: Int) -> (means: [Double], squares: [Double]) {
        let count = x.count - m + 1
        // Of the values from here to the end of their block, and of those from the start of the block to here.
        var headMean = [Double](repeating: 0, count: x.count), headSquares = headMean
        var tailMean = headMean, tailSquares = headMean
        var start = 0
        while start < x.count {
            let end = Swift.min(start + m, x.count)
            var mean = 0.0, squares = 0.0
            for i in start..<end { fold(x[i], i - start + 1, &mean, &squares, &headMean[i], &headSquares[i]) }
            mean = 0
            squares = 0
            for i in (start..<end).reversed() { fold(x[i], end - i, &mean, &squares, &tailMean[i], &tailSquares[i]) }
            start = end
        }
        var means = [Double](repeating: 0, count: count), squares = means
        for i in 0..<count {
            let last = i + m - 1
            let a = Double(m - i % m), b = Double(m) - a
            guard b > 0 else {
                means[i] = tailMean[i]
                squares[i] = tailSquares[i]
                continue
            }
            let apart = headMean[last] - tailMean[i]
            means[i] = tailMean[i] + apart * (b / Double(m))
            squares[i] = tailSquares[i] + headSquares[last] + apart * apart * (a * b / Double(m))
        }
        return (means, squares)
    }

    /// Adds the `n`-th value to a mean and a sum of squares about it (Welford 1962).
    private static func fold(
        _ value: Double, _ n: Int, _ mean: inout Double, _ squares: inout Double, _ meanHere: inout Double,
        _ squaresHere: inout Double
    ) {
        let away = value - mean
        mean += away / Double(n)
        squares += away * (value - mean)
        meanHere = mean
        squaresHere = squares
    }
}
