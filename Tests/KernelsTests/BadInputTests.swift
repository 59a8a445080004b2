import Testing

@testable import Kernels

@Suite("What beat and spectrum kernels make of bad input")
struct BadInputTests {
    private static let huge = Double.greatestFiniteMagnitude
    /// Nothing, too little, nothing but holes, what does not vary, what is no number, what is too large to square.
    private static let bad: [[Double]] = [
        [], [800], [.nan], [Double](repeating: .nan, count: 100), [Double](repeating: 800, count: 100),
        [.infinity, -.infinity, .infinity], [Double](repeating: .infinity, count: 100),
        (0..<100).map { $0 == 50 ? .infinity : 800 + Double($0 % 7) },
        (0..<100).map { $0 == 50 ? .nan : 800 + Double($0 % 7) }, (0..<100).map { $0 % 2 == 0 ? huge : -huge },
        (0..<100).map { Double($0 % 5) * .leastNonzeroMagnitude }, (0..<100).map { Double($0 % 5) * 1e-200 },
    ]

    private static let flat = bad[4]

    private func statistics(_ x: [Double]) -> BeatStatistics { BeatStatistics(x.span) }
    private func entropy(_ x: [Double], _ r: Double) -> Double { SampleEntropy.value(x.span, tolerance: r) }
    private func coefficient(_ x: [Double], _ mean: Double) -> Double {
        SampleEntropy.coefficient(x.span, mean: mean)
    }
    private func alpha(_ x: [Double]) -> Double { DetrendedFluctuation.alpha1(x.span) }
    private func lomb(_ times: [Double], _ values: [Double], first: Double, count: Int) -> [Double] {
        LombScargle.power(times: times.span, values: values.span, first: first, step: 0.013, count: count)
    }

    @Test("time-domain statistics are numbers where there is something to measure, and NaN where not")
    func timeDomain() {
        for x in Self.bad {
            let ours = BeatStatistics(x.span), twin = BeatStatistics.scalar(x.span)
            #expect(ours.count == twin.count && ours.pairs == twin.pairs && ours.nn50 == twin.nn50, "\(x.prefix(3))")
        }
        let none = statistics([Double]())
        #expect(none.mean.isNaN && none.sdnn.isNaN && none.rmssd.isNaN && none.sd1.isNaN && none.sd2.isNaN)
        #expect(none.pnn50.isNaN && none.lnRMSSD.isNaN)
        let one = statistics([800.0])
        #expect(one.mean == 800 && one.sdnn.isNaN && one.rmssd.isNaN && one.count == 1 && one.pairs == 0)
        let flat = statistics(Self.flat)
        #expect(flat.mean == 800 && flat.sdnn == 0 && flat.rmssd == 0 && flat.pnn50 == 0 && flat.lnRMSSD.isNaN)
        // An infinity is a gap like another.
        #expect(statistics(Self.bad[7]) == statistics(Self.bad[8]))
    }

    @Test("match counts equal their twin for what is no number, in short ranks and in long ones")
    func matches() {
        var numbers = Numbers(seed: 19)
        // One value far away leaves the others in a few buckets.
        let crowded = numbers.intervals(400, spread: 3) + [1e9]
        for x in Self.bad + [crowded, numbers.intervals(200, gaps: 0.1), [0, 1e-300, 1e308, -1e308]] {
            for r in [0, 40, Double.infinity, .nan, 1e-201] {
                for m in 1...2 {
                    let twin = SampleEntropy.scalar(x.span, m: m, tolerance: r)
                    #expect(SampleEntropy.matches(x.span, m: m, tolerance: r) == twin, "\(x.prefix(3)) \(r) \(m)")
                    guard r >= 0, x.count > m + 1 else { continue }
                    #expect(
                        MatchRanks(x.span).matches(m: m, tolerance: r, isLong: true) == twin, "\(x.prefix(3)) \(r) \(m)"
                    )
                }
            }
        }
    }

    @Test("every pair of a long flat series matches, and none is lost")
    func longAndFlat() {
        let n = 3000
        let x = [Double](repeating: 800, count: n)
        for m in 1...2 {
            let pairs = (n - m) * (n - m - 1) / 2
            #expect(SampleEntropy.matches(x.span, m: m, tolerance: 0) == .init(base: pairs, longer: pairs))
        }
    }

    @Test("entropies are NaN where no pair matches, and infinite where none goes on matching")
    func entropies() {
        #expect(entropy([Double](), 1).isNaN)
        #expect(entropy([1, 2, 4, 8, 16, 32], 0.5).isNaN)
        #expect(entropy([1, 1, 9, 1, 1, 50, 70], 0.5) == .infinity)
        #expect(entropy(Self.flat, 0).magnitude == 0)
        for x in Self.bad where x.count < 3 || x.allSatisfy({ !$0.isFinite }) {
            #expect(coefficient(x, 800).isNaN)
        }
        #expect(coefficient(Self.flat, .nan).isNaN)
        #expect(coefficient(Self.flat, 0).isNaN)
    }

    @Test("scaling and shifting intervals with the tolerance changes no entropy")
    func scaling() {
        var numbers = Numbers(seed: 44)
        let x = numbers.intervals(250)
        let moved = x.map { 4 * $0 + 1024 }
        #expect(
            SampleEntropy.matches(x.span, m: 2, tolerance: 12) == SampleEntropy.matches(moved.span, m: 2, tolerance: 48)
        )
        let a = DetrendedFluctuation.alpha1(x.span), b = DetrendedFluctuation.alpha1(moved.span)
        #expect(near(a, b, 1e-9))
    }

    @Test("fluctuations and powers are NaN of what is no number, and 0 or NaN of what does not vary")
    func spectra() {
        let welch = Welch(rate: 4, segment: 64, points: 256, bands: [.init(low: 0.04, high: 0.4)])
        for x in Self.bad {
            let isUsable = x.count >= 64 && x.allSatisfy { $0.isFinite && $0.magnitude < 1e150 }
            let power = welch.powers(x.span)[0]
            #expect(isUsable ? power >= 0 : !power.isFinite, "\(x.prefix(3)): \(power)")
            #expect(alpha(x).isNaN || isUsable, "\(x.prefix(3))")
            let times = x.indices.map { Double($0) }
            let powers = lomb(times, x, first: 0.05, count: 20)
            #expect(powers.count == 20)
            #expect(powers.allSatisfy { isUsable ? $0 >= 0 || $0.magnitude < 1e-6 : !$0.isFinite || x.count < 64 })
        }
        let level = [Double](repeating: 800, count: 64)
        #expect(welch.powers(level.span)[0] < 1e-18)
        #expect(alpha(Self.flat).isNaN)
    }

    @Test("Lomb–Scargle does not mind the order of times, nor a time twice, and says NaN where times tell nothing")
    func times() {
        var numbers = Numbers(seed: 50)
        let values = numbers.intervals(60, mean: 0)
        let times = values.indices.map { Double($0 / 2) * 0.9 }
        let order = values.indices.shuffled(using: &numbers)
        let a = lomb(times, values, first: 0.01, count: 25)
        let otherTimes = order.map { times[$0] }, otherValues = order.map { values[$0] }
        let b = lomb(otherTimes, otherValues, first: 0.01, count: 25)
        for (p, q) in zip(a, b) { #expect(near(p, q, 1e-7) && p >= 0) }
        let same = [Double](repeating: 5, count: 60)
        #expect(lomb(same, values, first: 0.1, count: 3).allSatisfy { $0.isNaN })
        #expect(lomb(times, values, first: 0, count: 1)[0].isNaN)
        var broken = times
        broken[7] = .infinity
        #expect(
            lomb(broken, values, first: 0.1, count: 3).allSatisfy { $0.isNaN })
        // A century of gap in the middle.
        let apart = times.enumerated().map { $1 + ($0 > 30 ? 3.2e9 : 0) }
        #expect(
            lomb(apart, values, first: 0.1, count: 9)
                .allSatisfy { $0 >= 0 })
    }
}
