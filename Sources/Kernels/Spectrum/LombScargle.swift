import Glibc

/// Periodogram of unevenly spaced values by least squares of a sine with a free mean at each frequency (Lomb 1976,
/// Scargle 1982; floating mean: Zechmeister & Kürster 2009). RR intervals need no resampling for it.
public enum LombScargle {
    /// Power at `first + k · step` hertz for k in 0 ..< count: half the drop of Σ (y − mean)², so that white noise of
    /// variance σ² has power σ².
    ///
    /// - Parameters:
    ///   - times: Seconds, in any order; the same time may come twice.
    ///   - values: As many.
    /// - Returns: NaN throughout below three values or when one or its time is not finite, and at frequencies the times
    ///   tell nothing of: 0, or all times equal. O(n · count) in lanes of frequencies.
    public static func power(
        times: Span<Double>, values: Span<Double>, first: Double, step: Double, count: Int
    ) -> [Double] {
        precondition(times.count == values.count, "a value for each time")
        let n = times.count
        guard n >= 3 else { return [Double](repeating: .nan, count: count) }
        var mean = 0.0
        for i in 0..<n { mean += values[i] }
        mean /= Double(n)
        var y = [Double](repeating: 0, count: n)
        for i in 0..<n { y[i] = values[i] - mean }

        typealias Lanes = SIMD8<Double>
        // Where each value's phase stands for the eight frequencies of this block, and how far a block turns it.
        var cosine = [Lanes](repeating: .zero, count: n)
        var sine = cosine
        var turnCosine = [Double](repeating: 0, count: n)
        var turnSine = turnCosine
        let origin = times[0]
        for i in 0..<n {
            let t = 2 * Double.pi * (times[i] - origin)
            for lane in 0..<8 {
                let phase = t * (first + Double(lane) * step)
                cosine[i][lane] = cos(phase)
                sine[i][lane] = sin(phase)
            }
            turnCosine[i] = cos(t * 8 * step)
            turnSine[i] = sin(t * 8 * step)
        }

        var result = [Double](repeating: 0, count: count)
        let w = 1 / Double(n)
        var k = 0
        while k < count {
            var c = Lanes.zero, s = c, yc = c, ys = c, cc = c, cs = c
            for i in 0..<n {
                let a = cosine[i], b = sine[i]
                c += a
                s += b
                yc += y[i] * a
                ys += y[i] * b
                cc += a * a
                cs += a * b
                cosine[i] = a * turnCosine[i] - b * turnSine[i]
                sine[i] = b * turnCosine[i] + a * turnSine[i]
            }
            // Moments about the means, as weights 1/n give them; Σ cos² + Σ sin² = n.
            let meanC = c * w, meanS = s * w
            let varC = cc * w - meanC * meanC
            let varS = (Double(n) - cc) * w - meanS * meanS
            let cov = cs * w - meanC * meanS
            let d = varC * varS - cov * cov
            let covYC = yc * w, covYS = ys * w
            let drop = (varS * covYC * covYC + varC * covYS * covYS - 2 * cov * covYC * covYS) / d
            for lane in 0..<Swift.min(8, count - k) { result[k + lane] = 0.5 * Double(n) * drop[lane] }
            k += 8
        }
        return result
    }

    /// The scalar twin: sums of the definition at one frequency.
    public static func scalar(times: Span<Double>, values: Span<Double>, frequency: Double) -> Double {
        let n = Double(times.count)
        guard n >= 3 else { return .nan }
        var mean = 0.0
        for i in 0..<values.count { mean += values[i] }
        mean /= n
        var c = 0.0, s = 0.0, yc = 0.0, ys = 0.0, cc = 0.0, ss = 0.0, cs = 0.0
        for i in 0..<times.count {
            let a = cos(2 * .pi * frequency * times[i]), b = sin(2 * .pi * frequency * times[i])
            let y = values[i] - mean
            c += a
            s += b
            yc += y * a
            ys += y * b
            cc += a * a
            ss += b * b
            cs += a * b
        }
        let varC = cc / n - c * c / n / n, varS = ss / n - s * s / n / n, cov = cs / n - c * s / n / n
        yc /= n
        ys /= n
        return 0.5 * n * (varS * yc * yc + varC * ys * ys - 2 * cov * yc * ys) / (varC * varS - cov * cov)
    }
}
