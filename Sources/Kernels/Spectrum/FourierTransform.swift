import Glibc

/// Discrete Fourier transform of a fixed power-of-two length, with its twiddle factors made once.
///
/// Radix 2, in place, decimation in time. Real input of length n is taken as n/2 complex values and split afterwards.
public struct FourierTransform: Sendable {
    public let count: Int
    private let cosines: [Double]
    private let sines: [Double]
    private let order: [Int]

    /// - Parameter count: A power of two, at least 4.
    public init(count: Int) {
        precondition(count >= 4 && count & (count - 1) == 0, "the length of a transform is a power of two")
        self.count = count
        let half = count / 2
        cosines = (0..<half).map { cos(2 * .pi * Double($0) / Double(count)) }
        sines = (0..<half).map { -sin(2 * .pi * Double($0) / Double(count)) }
        var order = [Int](repeating: 0, count: half)
        let bits = half.trailingZeroBitCount
        for i in 0..<half {
            var r = 0
            for b in 0..<bits where i >> b & 1 == 1 { r |= 1 << (bits - 1 - b) }
            order[i] = r
        }
        self.order = order
    }

    /// |X_k|² for k = 0 … n/2 of a real signal of `count` values. O(n log n).
    public func power(_ signal: Span<Double>, into power: inout [Double]) {
        let half = count / 2
        if power.count != half + 1 { power = [Double](repeating: 0, count: half + 1) }
        spectrum(signal) { k, re, im in power[k] = re * re + im * im }
    }

    /// Re X_k for k = 0 … n/2 of a real signal of `count` values. O(n log n).
    public func real(_ signal: Span<Double>) -> [Double] {
        var result = [Double](repeating: 0, count: count / 2 + 1)
        spectrum(signal) { k, re, _ in result[k] = re }
        return result
    }

    @inline(__always) private func spectrum(_ signal: Span<Double>, _ take: (Int, Double, Double) -> Void) {
        precondition(signal.count == count, "the signal has the length of the transform")
        let half = count / 2
        var re = [Double](repeating: 0, count: half)
        var im = re
        for i in 0..<half {
            re[order[i]] = signal[2 * i]
            im[order[i]] = signal[2 * i + 1]
        }
        transform(&re, &im)
        take(0, re[0] + im[0], 0)
        take(half, re[0] - im[0], 0)
        for k in 1..<half {
            let j = half - k
            // Even and odd samples' transforms, and their sum turned by k.
            let er = (re[k] + re[j]) / 2, ei = (im[k] - im[j]) / 2
            let or = (im[k] + im[j]) / 2, oi = (re[j] - re[k]) / 2
            take(k, er + cosines[k] * or - sines[k] * oi, ei + cosines[k] * oi + sines[k] * or)
        }
    }

    /// In place over bit-reversed input of n/2 complex values.
    private func transform(_ re: inout [Double], _ im: inout [Double]) {
        let n = count / 2
        re.withUnsafeMutableBufferPointer { re in
            im.withUnsafeMutableBufferPointer { im in
                cosines.withUnsafeBufferPointer { cosines in
                    sines.withUnsafeBufferPointer { sines in
                        var length = 2
                        while length <= n {
                            let half = length / 2
                            let stride = count / length
                            var start = 0
                            while start < n {
                                for k in 0..<half {
                                    let a = start + k, b = a + half
                                    let c = cosines[k * stride], s = sines[k * stride]
                                    let tr = c * re[b] - s * im[b], ti = c * im[b] + s * re[b]
                                    re[b] = re[a] - tr
                                    im[b] = im[a] - ti
                                    re[a] += tr
                                    im[a] += ti
                                }
                                start += length
                            }
                            length *= 2
                        }
                    }
                }
            }
        }
    }

    /// The scalar twin: the sum of the definition. O(n²).
    public static func scalar(_ signal: Span<Double>) -> [Double] {
        let n = signal.count
        return (0...(n / 2)).map { k in
            var re = 0.0, im = 0.0
            for t in 0..<n {
                let angle = 2 * Double.pi * Double((k * t) % n) / Double(n)
                re += signal[t] * cos(angle)
                im -= signal[t] * sin(angle)
            }
            return re * re + im * im
        }
    }
}
