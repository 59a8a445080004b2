import Glibc

/// How unlikely each value is under a normal distribution fitted to those before it: the *windowed Gaussian* detector of
/// the Numenta Anomaly Benchmark (Lavin & Ahmad 2015), number by number.
///
/// The window grows to `window` values and then moves on by `step` values at a time. Score 1 − Q(|x − mean| / σ), from
/// ½ (at the mean) to 1; σ with n. The first value has 0.
public struct WindowedGaussian: Sendable {
    public let window: Int
    public let step: Int
    /// The last values, oldest first; beyond `window` those that wait for the next move.
    private var values: [Double] = []
    private var mean = 0.0
    private var squares = 0.0

    /// NAB's settings: 6400 values, moved by 100.
    public init(window: Int = 6400, step: Int = 100) {
        precondition(window >= 1 && step >= 1 && step <= window, "a window has a value and moves within itself")
        self.window = window
        self.step = step
    }

    /// Where the values do not vary, σ is this, as in the reference.
    static let leastDeviation = 0.000_001

    /// - Returns: NaN for a value that is not finite, which takes no place in the window. O(1), and O(window) once in
    ///   `step` values when the window moves.
    public mutating func take(_ value: Double) -> Double {
        guard value.isFinite else { return .nan }
        let score = values.isEmpty ? 0 : score(value)
        values.append(value)
        if values.count <= window {
            let away = value - mean
            mean += away / Double(values.count)
            squares += away * (value - mean)
        } else if values.count == window + step {
            values.removeFirst(step)
            measure()
        }
        return score
    }

    private func score(_ value: Double) -> Double {
        let deviation = (squares / Double(Swift.min(values.count, window))).squareRoot()
        let z = abs(value - mean) / (deviation == 0 ? Self.leastDeviation : deviation)
        return 1 - 0.5 * erfc(z / 2.0.squareRoot())
    }

    /// In two passes: nothing drifts over years.
    private mutating func measure() {
        let base = values[0]
        mean = base + values.reduce(0) { $0 + ($1 - base) } / Double(values.count)
        squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
}
