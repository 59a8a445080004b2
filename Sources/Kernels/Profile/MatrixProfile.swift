/// For each window of a series the window most like it in shape (Yeh 2016): the distance to it is small for what
/// repeats, large for what happens once (a *discord*).
///
/// Diagonals of the distance matrix are followed by the covariance of their windows, which two products per cell bring
/// up to date (the recurrence of mpx, Zimmerman 2019; Welford's form, nothing cancels). Distances are those of
/// `ShapeDistance`.
public struct MatrixProfile: Sendable {
    /// Values per window.
    public let window: Int
    /// A neighbour starts at least so many values away: windows that nearly coincide are alike trivially.
    public let apart: Int
    /// By window, the nearest of all others.
    public private(set) var neighbours: [ShapeNeighbour] = []
    /// By window, the nearest of those before it. What a stream would have said when the window was new.
    public private(set) var before: [ShapeNeighbour] = []

    /// A quarter of a window, rounded up, and one: the exclusion zone of the package stumpy.
    public static func defaultApart(window m: Int) -> Int { (m + 3) / 4 + 1 }

    /// - Parameters:
    ///   - series: In order, evenly spaced, n values; NaN where there is none. An infinity is none either, nor is
    ///     what lies 1e150 or more from 0 or from the first value.
    ///   - window: Values per window, m ≥ 2.
    ///   - apart: At least 1.
    /// O(n²) in lanes, O(n) memory. A series shorter than a window has no windows, one shorter than `window + apart`
    /// no neighbours. Distances are those of the neighbours named, to rounding. Which neighbour is nearest is told by
    /// correlations to about 1e-12; near values a million times as large as the rest, by less.
    public init(_ series: Span<Double>, window: Int, apart: Int? = nil) {
        self.window = window
        self.apart = apart ?? Self.defaultApart(window: window)
        precondition(window >= 2 && self.apart >= 1, "a window has two values, and a neighbour is another window")
        guard series.count >= window else { return }
        let windows = ShapeWindows(series, window: window)
        var join = Join(windows, window: window)
        join.run(apart: self.apart)
        fill(windows, join)
    }

    /// The window with the farthest neighbour; nil when none has one.
    public var discord: (start: Int, neighbour: ShapeNeighbour)? {
        var found: (start: Int, neighbour: ShapeNeighbour)?
        for (start, neighbour) in neighbours.enumerated() where neighbour.start != nil {
            if let best = found, neighbour.distance <= best.neighbour.distance { continue }
            found = (start, neighbour)
        }
        return found
    }

    /// From the neighbours of highest correlation to their distances, measured by the definition, and what correlations
    /// leave out.
    private mutating func fill(_ windows: ShapeWindows, _ join: Join) {
        let count = windows.kinds.count
        let constants = NearestKinds(windows.kinds, apart: apart, window: window)
        for i in 0..<count {
            func measured(_ at: Int64) -> ShapeNeighbour {
                let j = Int(at)
                guard j >= 0 else { return .none }
                let distance = ShapeDistance.varied(
                    windows.x.span, i, windows.means[i], windows.inverses[i], j, windows.means[j], windows.inverses[j],
                    window: window)
                return ShapeNeighbour(distance: distance, start: j)
            }
            let left = constants.nearer(of: measured(join.leftAt[i]), before: i)
            let right = constants.nearer(of: measured(join.rightAt[i]), after: i)
            before.append(left)
            neighbours.append(left.start == nil || right.distance < left.distance ? right : left)
        }
    }

    /// The scalar twin: every window with every other, as the definition says. O(n² m).
    public static func scalar(_ series: Span<Double>, window: Int, apart: Int? = nil) -> [ShapeNeighbour] {
        let apart = apart ?? defaultApart(window: window)
        let count = series.count - window + 1
        guard count > 0 else { return [] }
        return (0..<count).map { i in
            var best = ShapeNeighbour.none
            for j in 0..<count where abs(i - j) >= apart {
                let distance = ShapeDistance.scalar(series, i, j, window: window)
                if !distance.isNaN, best.start == nil || distance < best.distance {
                    best = ShapeNeighbour(distance: distance, start: j)
                }
            }
            return best
        }
    }
}
