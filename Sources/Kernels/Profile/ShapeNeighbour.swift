/// The window most like another, and how far its shape lies away.
public struct ShapeNeighbour: Sendable, Equatable {
    /// As `ShapeDistance` defines it; NaN when there is nothing to compare with.
    public var distance: Double
    /// Where the neighbour starts; nil when there is none.
    public var start: Int?

    public static let none = ShapeNeighbour(distance: .nan, start: nil)

    public init(distance: Double, start: Int?) {
        self.distance = distance
        self.start = start
    }
}

extension ShapeNeighbour {
    /// The nearest neighbour of the newest window of a series among those before it: how unlike everything before the
    /// newest shape is (the *last discord*).
    ///
    /// Nothing is kept between calls and nothing is approximated: for a question asked once a day or an hour. For one
    /// asked with each value see `MatrixProfileStream`.
    /// - Parameters:
    ///   - series: In order, evenly spaced; NaN where there is no value.
    ///   - m: Values per window.
    ///   - apart: The neighbour starts at least so many values before; default as `MatrixProfile`.
    ///   - stride: The neighbour starts a multiple of so many values before: 24 for hourly values compares days at the
    ///     same time of day.
    /// - Returns: Of equally near neighbours the latest. None when the series is shorter than `m + apart`, the newest
    ///   window is broken or all before are. O(n m / stride).
    public static func ofNewest(
        _ series: Span<Double>, window m: Int, apart: Int? = nil, stride: Int = 1
    ) -> ShapeNeighbour {
        let apart = apart ?? MatrixProfile.defaultApart(window: m)
        precondition(m >= 2 && apart >= 1 && stride >= 1, "a window has two values, and a neighbour is another window")
        let newest = series.count - m
        var best = ShapeNeighbour.none
        var lag = (apart + stride - 1) / stride * stride
        while lag <= newest {
            let distance = ShapeDistance.between(series, newest, newest - lag, window: m)
            if !distance.isNaN, best.start == nil || distance < best.distance {
                best = ShapeNeighbour(distance: distance, start: newest - lag)
            }
            lag += stride
        }
        return best
    }
}
