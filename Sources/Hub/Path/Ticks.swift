import Vitals

/// The ticks at which decisions are made (DESIGN §2).
enum Ticks {
    /// Length of a pane.
    static let pane = TimeSpan.seconds(5)
    /// How long after a pane's end it is decided: room for readings that are under way.
    static let grace = TimeSpan.seconds(2)

    /// The last tick that is due before an input stamped `at`: the largest T with T + grace < at.
    static func last(before at: Timestamp) -> Timestamp { (at - grace - .milliseconds(1)).floored(to: pane) }

    /// The first tick whose decision time is not before `deadline`.
    static func first(decidingAt deadline: Timestamp) -> Timestamp {
        (deadline - grace + pane - .milliseconds(1)).floored(to: pane)
    }

    /// The first tick at or after a moment.
    static func first(from time: Timestamp) -> Timestamp { (time + pane - .milliseconds(1)).floored(to: pane) }

    /// The tick at which a sample is applied when it comes in time: the first after it, or at its end for increments.
    static func first(taking sample: Sample) -> Timestamp {
        first(from: sample.span > 0 ? sample.time : sample.time + .milliseconds(1))
    }
}
