/// Exponential smoothing and a one-sided cumulative sum of one series along time: `LaneChart` for a person alone, and for
/// a value at a time.
public struct RunChart: Sendable {
    public let share: Float
    public let slack: Float
    public let centre: Float
    public let scale: Float
    /// The smoothed level; NaN before the first value.
    public private(set) var level = Float.nan
    public private(set) var sum: Float = 0

    /// Parameters as in `LaneChart`.
    public init(share: Float, slack: Float, centre: Float, scale: Float) {
        precondition(share >= 0 && share <= 1, "a share is 0 … 1")
        self.share = share
        self.slack = slack
        self.centre = centre
        self.scale = scale
    }

    /// Goes on by one value; what is no number changes nothing.
    @inline(__always) public mutating func add(_ value: Float) {
        guard value.isFinite else { return }
        level = level.isNaN ? value : (1 - share) * level + share * value
        let up = sum + ((value - centre) * scale - slack)
        sum = up > 0 ? up : 0
    }

    /// Goes on through a run. O(moments).
    public mutating func run(_ run: borrowing PaneRun, levels: inout [Float], sums: inout [Float]) {
        precondition(levels.count == run.count && sums.count == run.count, "a place for each moment")
        var state = self
        let count = run.count
        levels.withUnsafeMutableBufferPointer { levels in
            sums.withUnsafeMutableBufferPointer { sums in
                if let scale = run.scale {
                    for place in 0..<count {
                        state.add(scale.value(run.codes.cells[place]))
                        levels[place] = state.level
                        sums[place] = state.sum
                    }
                } else {
                    for place in 0..<count {
                        state.add(run.values.cells[place])
                        levels[place] = state.level
                        sums[place] = state.sum
                    }
                }
            }
        }
        self = state
    }
}
