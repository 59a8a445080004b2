import CKernels

/// A matrix profile that grows by one value at a time and forgets what is older than `history` values: with each value
/// the nearest neighbour of the newest window among those before it.
///
/// The same distances as `MatrixProfile.before` when nothing was forgotten, to rounding. Values may come one by one or
/// in any batches: the results are the same bits. Memory is fixed: 11 × `history` numbers.
public struct MatrixProfileStream: Sendable {
    /// Values per window, m.
    public let window: Int
    /// Values kept: neighbours start at most so many before the end of the newest window.
    public let history: Int
    /// A neighbour starts at least so many values before.
    public let apart: Int

    /// Values seen.
    public internal(set) var count = 0
    /// What there is no value of takes the last one, shifted by the first.
    var base = Double.nan
    var held = 0.0
    /// Values up to the newest that are equal, and that are no hole.
    var equal = 0
    var whole = 0
    // One place a value, a window standing at its first: columns of twice the history, so that what is kept lies in one
    // piece and moves only when they are full. `end` is where the next value goes.
    var x: [Double]
    var f: [Double]
    var g: [Double]
    var means: [Double]
    var inverses: [Double]
    var kinds: [ShapeWindows.Kind]
    var end = 0
    /// Covariances of the newest window with those before it, the farthest first: place p is `lags` − p before.
    var covariance: [Double]
    /// Which covariance is computed anew next: each in turn, so that rounding never grows old.
    var renewed = 0

    /// - Parameters:
    ///   - window: At least 2.
    ///   - history: At least `window + apart`.
    ///   - apart: At least 1; default as `MatrixProfile`.
    public init(window: Int, history: Int, apart: Int? = nil) {
        self.window = window
        self.history = history
        self.apart = apart ?? MatrixProfile.defaultApart(window: window)
        precondition(window >= 2 && self.apart >= 1, "a window has two values, and a neighbour is another window")
        precondition(history >= window + self.apart, "the history holds a window and one apart from it")
        x = [Double](repeating: 0, count: 2 * history)
        f = x
        g = x
        means = x
        inverses = [Double](repeating: .nan, count: 2 * history)
        kinds = [ShapeWindows.Kind](repeating: .broken, count: 2 * history)
        covariance = [Double](repeating: 0, count: history - window)
    }

    /// Lags there is a covariance for: 1 … `history` − m.
    private var lags: Int { history - window }

    /// Takes the next value, NaN where there is none. One as large as `MatrixProfile` takes for none is none here.
    ///
    /// - Returns: The newest window's nearest neighbour before it, its start counted from the first value ever. None
    ///   while there are too few values or the window is broken. O(history) in lanes.
    public mutating func append(_ value: Double) -> ShapeNeighbour {
        if end == x.count { compact() }
        hold(value)
        end += 1
        count += 1
        guard count >= window else { return .none }
        let start = end - window
        describe(start)
        // Windows kept before this one.
        let before = Swift.min(lags, count - window)
        if before > 0 { advance(start, before) }
        return nearest(start, before)
    }

    /// Moves what is kept to the front of the columns.
    private mutating func compact() {
        let from = end - history
        for i in 0..<history {
            x[i] = x[from + i]
            f[i] = f[from + i]
            g[i] = g[from + i]
            means[i] = means[from + i]
            inverses[i] = inverses[from + i]
            kinds[i] = kinds[from + i]
        }
        end = history
    }

    private mutating func hold(_ value: Double) {
        if base.isNaN, ShapeWindows.isValue(value) { base = value }
        let shifted = value - base
        if ShapeWindows.isValue(shifted) {
            equal = whole > 0 && shifted == held ? equal + 1 : 1
            whole += 1
            held = shifted
        } else {
            equal = 0
            whole = 0
        }
        x[end] = held
    }

    /// Mean, spread and kind of the newest window, and how covariances change to it. O(m).
    private mutating func describe(_ start: Int) {
        var mean = 0.0
        for t in 0..<window { mean += x[start + t] }
        mean /= Double(window)
        means[start] = mean
        var squares = 0.0
        for t in 0..<window { squares += (x[start + t] - mean) * (x[start + t] - mean) }
        kinds[start] =
            whole < window ? .broken : equal >= window || squares < .leastNormalMagnitude ? .constant : .varied
        inverses[start] = kinds[start] == .varied ? 1 / squares.squareRoot() : .nan
        guard count > window else { return }
        let out = x[start - 1], into = x[start + window - 1]
        f[start] = 0.5 * (into - out)
        g[start] = (into - mean) + (out - means[start - 1])
    }

    /// Covariances with the `before` windows before the newest. O(before + m).
    private mutating func advance(_ start: Int, _ before: Int) {
        let first = lags - before
        // The farthest is met for the first time while the history fills.
        let isNew = count - window <= lags
        let from = isNew ? first + 1 : first
        let f = f, g = g
        Self.advance(&covariance, from..<lags, f.span, g.span, shift: start - lags, row: f[start], g[start])
        if isNew { covariance[first] = measured(start, lags - first) }
        if renewed < first { renewed = first }
        covariance[renewed] = measured(start, lags - renewed)
        renewed = renewed + 1 == lags ? 0 : renewed + 1
    }

    private static func advance(
        _ covariance: inout [Double], _ places: Range<Int>, _ f: Span<Double>, _ g: Span<Double>, shift: Int,
        row fi: Double, _ gi: Double
    ) {
        covariance.withUnsafeMutableBufferPointer { c in
            f.withUnsafeBufferPointer { f in
                g.withUnsafeBufferPointer { g in
                    for p in places { c[p] += fi * g[shift + p] + f[shift + p] * gi }
                }
            }
        }
    }

    /// The covariance of the newest window with the one `lag` before, by its definition. O(m).
    private func measured(_ start: Int, _ lag: Int) -> Double {
        let mean = means[start]
        var sum = 0.0
        for t in 0..<window { sum += (x[start + t] - mean) * x[start - lag + t] }
        return sum
    }

    private func nearest(_ start: Int, _ before: Int) -> ShapeNeighbour {
        guard before >= apart, kinds[start] != .broken else { return .none }
        let places = (lags - before)...(lags - apart)
        let shift = start - lags
        let first = count - history
        func neighbour(_ distance: Double, _ place: Int) -> ShapeNeighbour {
            ShapeNeighbour(distance: distance, start: first + place)
        }
        func last(_ kind: ShapeWindows.Kind) -> Int? { places.last { kinds[shift + $0] == kind } }
        if kinds[start] == .constant {
            if let place = last(.constant) { return neighbour(0, place) }
            return last(.varied).map { neighbour(ShapeDistance.ofConstant(window: window), $0) } ?? .none
        }
        var found = ShapeNeighbour.none
        if let place = highest(places, shift) {
            let other = shift + place
            found = neighbour(
                ShapeDistance.varied(
                    x.span, start, means[start], inverses[start], other, means[other], inverses[other], window: window),
                place)
        }
        let flat = ShapeDistance.ofConstant(window: window)
        if found.start == nil || flat < found.distance, let place = last(.constant) { return neighbour(flat, place) }
        return found
    }

    /// The place of the highest correlation; of equal ones the latest.
    private func highest(_ places: ClosedRange<Int>, _ shift: Int) -> Int? {
        let found = covariance.withUnsafeBufferPointer { covariance in
            inverses.withUnsafeBufferPointer { inverses -> Int64 in
                guard let c = covariance.baseAddress, let i = inverses.baseAddress else { return -1 }
                let first = places.lowerBound
                return vk_profile_highest(c + first, i + shift + first, Int64(places.count))
            }
        }
        return found < 0 ? nil : places.lowerBound + Int(found)
    }
}
