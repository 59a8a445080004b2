import CKernels
import Glibc

/// Power in frequency bands of an evenly sampled signal by Welch's averaged periodograms (Welch 1967).
///
/// Hann window, half overlap, each segment freed of its mean, `points` places between 0 and the sampling rate: the
/// settings of SciPy's `welch(window="hann", nperseg=segment, nfft=points)`, and band power by the trapezoidal rule over
/// the places in [low, high). The averaged periodogram is the transform of the averaged autocorrelation; a band's power
/// is therefore a weighted sum of that, with weights made once: no transform is ever taken. For segments of some hundred
/// values the sums of the autocorrelation cost less in lanes than transforms do.
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
        let window = Self.hann(segment)
        self.window = window
        // Density, one-sided: twice that of each side.
        let scale = 1 / (rate * window.reduce(0) { $0 + $1 * $1 })
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

    /// Power of each band, in squared units of the signal.
    ///
    /// - Returns: NaN when the signal is shorter than a segment or holds what is not finite. O(n · segment) in lanes.
    public func powers(_ signal: Span<Double>) -> [Double] {
        let n = signal.count
        guard n >= segment else { return weights.map { _ in .nan } }
        let lanes = Int(vk_correlation_lanes)
        var padded = [Double](repeating: 0, count: segment + lanes)
        var correlation = [Double](repeating: 0, count: segment + lanes)
        var segments = 0
        var start = 0
        while start + segment <= n {
            free(signal, start, into: &padded)
            vk_correlate(padded, Int64(segment), &correlation)
            segments += 1
            start += step
        }
        return weights.map { weights in
            var sum = 0.0
            for lag in 0..<segment { sum += weights[lag] * correlation[lag] }
            return sum / Double(segments)
        }
    }

    /// Values from the start of one segment to that of the next.
    private var step: Int { segment - segment / 2 }

    /// A segment without its mean, windowed.
    private func free(_ signal: Span<Double>, _ start: Int, into segment: inout [Double]) {
        var mean = 0.0
        for i in 0..<window.count { mean += signal[start + i] }
        mean /= Double(window.count)
        for i in 0..<window.count { segment[i] = (signal[start + i] - mean) * window[i] }
    }

    private static func hann(_ count: Int) -> [Double] {
        (0..<count).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(count)) }
    }

    /// The scalar twin: the periodograms of the definition at each of `points` places, averaged and summed by the
    /// trapezoidal rule. O(n · points).
    public static func scalar(
        _ signal: Span<Double>, rate: Double, segment: Int, points: Int, band: Band
    ) -> Double {
        guard signal.count >= segment else { return .nan }
        let welch = Welch(rate: rate, segment: segment, points: points, bands: [])
        var density: [Double] = []
        for bin in 0...(points / 2) where band.low..<band.high ~= Double(bin) * rate / Double(points) {
            var sum = 0.0
            var segments = 0.0
            var values = [Double](repeating: 0, count: segment)
            for start in stride(from: 0, through: signal.count - segment, by: welch.step) {
                welch.free(signal, start, into: &values)
                var re = 0.0, im = 0.0
                for (t, value) in values.enumerated() {
                    let angle = 2 * Double.pi * Double((bin * t) % points) / Double(points)
                    re += value * cos(angle)
                    im -= value * sin(angle)
                }
                sum += re * re + im * im
                segments += 1
            }
            let sides = bin == 0 || 2 * bin == points ? 1.0 : 2.0
            density.append(sides * sum / segments / (rate * welch.window.reduce(0) { $0 + $1 * $1 }))
        }
        return zip(density, density.dropFirst()).reduce(0) { $0 + ($1.0 + $1.1) / 2 } * rate / Double(points)
    }
}
