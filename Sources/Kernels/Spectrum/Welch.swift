import Glibc

/// Power in frequency bands of an evenly sampled signal by Welch's averaged periodograms (Welch 1967).
///
/// Hann window, half overlap, each segment freed of its mean, `points` places between 0 and the sampling rate: the
/// settings of SciPy's `welch(window="hann", nperseg=segment, nfft=points)`, and band power by the trapezoidal rule over
/// the places in [low, high). The averaged periodogram is the transform of the averaged autocorrelation; a band's power
/// is therefore a weighted sum of that, with weights made once: no long zero-padded transform is ever taken.
public struct Welch: Sendable {
    /// A band of frequencies in hertz, `low` in and `high` out.
    public struct Band: Sendable, Hashable {
        public let low: Double
        public let high: Double
        public init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }
    }

    /// Values per segment.
    public let segment: Int
    private let transform: FourierTransform
    private let window: [Double]
    /// Weight of each lag of the autocorrelation, by band.
    private let weights: [[Double]]

    /// - Parameters:
    ///   - rate: Samples per second.
    ///   - segment: Values per segment, at least 4.
    ///   - points: Places of the zero-padded transform the bands are summed over; at least `segment`.
    public init(rate: Double, segment: Int, points: Int, bands: [Band]) {
        precondition(segment >= 4 && points >= segment && rate > 0, "segments have four values, and points for them")
        self.segment = segment
        var length = 4
        while length < 2 * segment { length *= 2 }
        transform = FourierTransform(count: length)
        let window = (0..<segment).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(segment)) }
        self.window = window
        // Density, one-sided: 2 / (rate · Σ window²); the transform back divides by its own length.
        let scale = 1 / (rate * window.reduce(0) { $0 + $1 * $1 }) / Double(length)
        let step = rate / Double(points)
        // The cosines a lag meets at any place repeat after `points`.
        let cosines = (0..<points).map { cos(2 * .pi * Double($0) / Double(points)) }
        weights = bands.map { band in
            var places: [(bin: Int, weight: Double)] = []
            for bin in 0...(points / 2) where Double(bin) * step >= band.low && Double(bin) * step < band.high {
                places.append((bin, step))
            }
            guard places.count > 1 else { return [Double](repeating: 0, count: segment) }
            places[0].weight /= 2
            places[places.count - 1].weight /= 2
            return (0..<segment).map { lag in
                var sum = 0.0
                for place in places {
                    let sides = place.bin == 0 || 2 * place.bin == points ? 1.0 : 2.0
                    sum += sides * place.weight * cosines[(place.bin * lag) % points]
                }
                return sum * scale * (lag == 0 ? 1 : 2)
            }
        }
    }

    /// Power of each band, in squared units of the signal; NaN when the signal is shorter than a segment.
    /// O(n log segment).
    public func powers(_ signal: Span<Double>) -> [Double] {
        let n = signal.count
        guard n >= segment else { return weights.map { _ in .nan } }
        let step = segment - segment / 2
        let half = transform.count / 2
        var padded = [Double](repeating: 0, count: transform.count)
        var power: [Double] = []
        var total = [Double](repeating: 0, count: half + 1)
        var segments = 0
        var start = 0
        while start + segment <= n {
            var mean = 0.0
            for i in 0..<segment { mean += signal[start + i] }
            mean /= Double(segment)
            for i in 0..<segment { padded[i] = (signal[start + i] - mean) * window[i] }
            transform.power(padded.span, into: &power)
            for k in 0...half { total[k] += power[k] }
            segments += 1
            start += step
        }
        let correlation = autocorrelation(of: total)
        return weights.map { weights in
            var sum = 0.0
            for lag in 0..<segment { sum += weights[lag] * correlation[lag] }
            return sum / Double(segments)
        }
    }

    /// The cosine transform of a power spectrum, times its length.
    private func autocorrelation(of power: [Double]) -> [Double] {
        let half = transform.count / 2
        var mirrored = [Double](repeating: 0, count: transform.count)
        for k in 0...half { mirrored[k] = power[k] }
        for k in 1..<half { mirrored[transform.count - k] = power[k] }
        return transform.real(mirrored.span)
    }
}
