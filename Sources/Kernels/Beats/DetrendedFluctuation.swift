/// Detrended fluctuation analysis (Peng 1995): how the fluctuation of a profile grows with the length it is looked at.
public enum DetrendedFluctuation {
    /// Short-term exponent α₁ of RR intervals: boxes of 4 … 16 beats (Peng 1995), least squares of log F over log n.
    /// NaN below 64 intervals (four boxes of the longest), where the intervals do not vary or one is not finite. O(13 n).
    public static func alpha1(_ x: Span<Double>) -> Double {
        exponent(x, lengths: 4...16)
    }

    /// The slope for boxes of `lengths` values, without overlap, a line taken out of each.
    public static func exponent(_ x: Span<Double>, lengths: ClosedRange<Int>) -> Double {
        precondition(lengths.lowerBound >= 3 && lengths.count >= 2, "a box must hold more than its own line")
        let n = x.count
        guard n >= 4 * lengths.upperBound else { return .nan }
        var mean = 0.0
        for i in 0..<n { mean += x[i] }
        mean /= Double(n)
        var profile = [Double](repeating: 0, count: n)
        var sum = 0.0
        for i in 0..<n {
            sum += x[i] - mean
            profile[i] = sum
        }
        var sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0
        for length in lengths {
            let f = fluctuation(profile.span, length: length)
            guard f > 0 else { return .nan }
            let u = Logarithm.natural(Double(length)), v = Logarithm.natural(f)
            sx += u
            sy += v
            sxx += u * u
            sxy += u * v
        }
        let k = Double(lengths.count)
        return (k * sxy - sx * sy) / (k * sxx - sx * sx)
    }

    /// Root mean square of what is left of `profile` when each box of `length` values is freed of its line.
    static func fluctuation(_ profile: Span<Double>, length: Int) -> Double {
        let boxes = profile.count / length
        let n = Double(length)
        let middle = (n - 1) / 2
        // Σ (t − mean t)² of a box.
        let spread = n * (n * n - 1) / 12
        var rest = 0.0
        for box in 0..<boxes {
            let start = box * length
            var sum = 0.0, slope = 0.0, squares = 0.0
            let base = profile[start]
            for t in 0..<length {
                let v = profile[start + t] - base
                sum += v
                slope += (Double(t) - middle) * v
                squares += v * v
            }
            rest += Swift.max(0, squares - sum * sum / n - slope * slope / spread)
        }
        return (rest / Double(boxes * length)).squareRoot()
    }
}
