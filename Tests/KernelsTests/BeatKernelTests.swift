import Glibc
import Kernels
import Testing

/// A small generator with a seed: the same numbers on every machine.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
    mutating func intervals(_ count: Int, mean: Double = 800, spread: Double = 60, gaps: Double = 0) -> [Double] {
        (0..<count).map { _ in
            Double.random(in: 0..<1, using: &self) < gaps
                ? .nan : (mean + spread * Double.random(in: -1...1, using: &self)).rounded()
        }
    }
}

func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
    (a.isNaN && b.isNaN) || a == b || abs(a - b) <= tolerance * Swift.max(1, abs(a), abs(b))
}

@Suite("Beat kernels and their scalar twins")
struct BeatKernelTests {
    @Test("time-domain statistics equal their twin for every length, with and without gaps")
    func statistics() {
        var numbers = Numbers(seed: 7)
        for count in 0..<70 {
            for gaps in [0, 0.1, 0.6, 1] {
                let x = numbers.intervals(count, gaps: gaps)
                let ours = BeatStatistics(x.span), twin = BeatStatistics.scalar(x.span)
                #expect(ours.count == twin.count && ours.pairs == twin.pairs && ours.nn50 == twin.nn50)
                for (a, b) in [
                    (ours.mean, twin.mean), (ours.sdnn, twin.sdnn), (ours.rmssd, twin.rmssd), (ours.sdsd, twin.sdsd),
                ] {
                    #expect(near(a, b), "\(count) intervals: \(a) and \(b)")
                }
            }
        }
    }

    @Test("moving or scaling intervals moves and scales their statistics")
    func scaling() {
        var numbers = Numbers(seed: 11)
        let x = numbers.intervals(300)
        let base = BeatStatistics(x.span)
        let away = x.map { $0 + 1e6 }, tripled = x.map { $0 * 3 }
        let moved = BeatStatistics(away.span), scaled = BeatStatistics(tripled.span)
        #expect(near(moved.sdnn, base.sdnn, 1e-8) && near(moved.rmssd, base.rmssd) && near(moved.mean, base.mean + 1e6))
        #expect(near(scaled.sdnn, 3 * base.sdnn) && near(scaled.rmssd, 3 * base.rmssd))
    }

    @Test("match counts of sample entropy equal their twin, whole values at the tolerance included")
    func matches() {
        var numbers = Numbers(seed: 3)
        for count in [0, 1, 2, 3, 4, 9, 60, 131] {
            let x = numbers.intervals(count)
            for m in 1...3 {
                for r in [0, 5, 12, 200.0] {
                    #expect(
                        SampleEntropy.matches(x.span, m: m, tolerance: r)
                            == SampleEntropy.scalar(x.span, m: m, tolerance: r))
                }
            }
        }
    }

    @Test("what repeats exactly has no entropy, and too little has none to tell")
    func entropyEnds() {
        let beat = (0..<60).map { $0 % 2 == 0 ? 800.0 : 900 }
        #expect(SampleEntropy.value(beat.span, tolerance: 10) < 0.05)
        #expect(SampleEntropy.value([800.0, 810].span, tolerance: 10).isNaN)
        #expect(SampleEntropy.coefficient([Double]().span, mean: .nan).isNaN)
    }

    @Test("the exponent of white noise is near ½, of its sum near 1½")
    func fluctuation() {
        var numbers = Numbers(seed: 5)
        let noise = numbers.intervals(8000)
        var sum = 0.0
        let walk = noise.map { v -> Double in
            sum += v - 800
            return sum
        }
        #expect(abs(DetrendedFluctuation.alpha1(noise.span) - 0.5) < 0.1)
        #expect(abs(DetrendedFluctuation.alpha1(walk.span) - 1.5) < 0.1)
        #expect(DetrendedFluctuation.alpha1([Double](repeating: 800, count: 200).span).isNaN)
        #expect(DetrendedFluctuation.alpha1(Array(noise[0..<63]).span).isNaN)
    }
}

@Suite("Spectra and their scalar twins")
struct SpectrumTests {
    @Test("Welch finds a sine's power in its band and nowhere else")
    func welch() {
        let bands = [Welch.Band(low: 0.04, high: 0.15), Welch.Band(low: 0.15, high: 0.4)]
        let welch = Welch(rate: 4, segment: 256, points: 4096, bands: bands)
        let x = (0..<1200).map { 20 * sine(0.1 * Double($0) / 4) }
        let power = welch.powers(x.span)
        #expect(abs(power[0] - 200) < 2 && power[1] < 0.2)
        let short = welch.powers(Array(x[0..<255]).span)
        #expect(short[0].isNaN && short[1].isNaN)
    }

    @Test("Welch equals its twin for short and long segments, even and odd")
    func welchTwin() {
        var numbers = Numbers(seed: 31)
        let x = numbers.intervals(700, mean: 0)
        for (segment, points) in [(4, 4), (5, 9), (33, 64), (100, 100), (256, 1024)] {
            let bands = [Welch.Band(low: 0, high: 3), Welch.Band(low: 0.1, high: 0.6), Welch.Band(low: 1.9, high: 2.5)]
            let welch = Welch(rate: 4, segment: segment, points: points, bands: bands)
            for count in [segment, segment + 1, 2 * segment, 2 * segment + segment / 2, 700] where count <= 700 {
                let signal = Array(x[..<count])
                for (power, band) in zip(welch.powers(signal.span), bands) {
                    let twin = Welch.scalar(signal.span, rate: 4, segment: segment, points: points, band: band)
                    #expect(near(power, twin, 1e-9), "\(segment) \(points) \(count) \(band): \(power) and \(twin)")
                }
            }
        }
    }

    @Test("Lomb–Scargle equals its twin and peaks where the sine is")
    func lomb() {
        var numbers = Numbers(seed: 9)
        var t = 0.0
        let times = (0..<300).map { _ -> Double in
            t += Double.random(in: 0.6...1.1, using: &numbers)
            return t
        }
        let values = times.map { 800 + 30 * sine(0.25 * $0) + Double.random(in: -5...5, using: &numbers) }
        let power = LombScargle.power(times: times.span, values: values.span, first: 0.003, step: 0.0007, count: 571)
        for k in stride(from: 0, to: 571, by: 7) {
            let twin = LombScargle.scalar(times: times.span, values: values.span, frequency: 0.003 + 0.0007 * Double(k))
            #expect(near(power[k], twin, 1e-6), "\(k): \(power[k]) and \(twin)")
        }
        let peak = power.indices.max { power[$0] < power[$1] } ?? 0
        #expect(abs(0.003 + 0.0007 * Double(peak) - 0.25) < 0.002)
    }

    private func sine(_ turns: Double) -> Double { sin(2 * .pi * turns) }
}
