import Kernels
import Testing

@Suite("Control charts")
struct ChartTests {
    private static let strange: [Double] = [.nan, .infinity, -.infinity]

    /// Noise, a shift, and some places without a value.
    private static func series(_ count: Int, seed: UInt64, gaps: Double = 0.05) -> [Double] {
        var numbers = Numbers(seed: seed)
        return numbers.intervals(count, mean: 60, spread: 6, gaps: gaps).enumerated().map { i, v in
            i > count / 2 ? v + 4 : v
        }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func mad(_ values: [Double]) -> Double {
        let middle = median(values)
        return median(values.map { abs($0 - middle) })
    }

    @Test("the EWMA chart is the weighted mean of its definition, with limits that open up")
    func ewma() {
        var chart = EWMAChart(centre: 60, deviation: 3, weight: 0.3, width: 3)
        var taken: [Double] = []
        for value in Self.series(200, seed: 1) {
            let point = chart.take(value)
            guard !value.isNaN else {
                #expect(point.value.isNaN && point.side == 0)
                continue
            }
            taken.append(value)
            // Not recursively: every value with its own weight.
            var mean = 60.0, share = 1.0, weights = 0.0, squares = 0.0
            mean = 0
            for v in taken.reversed() {
                mean += 0.3 * share * v
                weights += 0.3 * share
                squares += 0.09 * share * share
                share *= 0.7
            }
            mean += (1 - weights) * 60
            #expect(near(point.value, mean, 1e-12))
            #expect(near(point.high - 60, 3 * 3 * squares.squareRoot()) && near(60 - point.low, point.high - 60))
        }
        // A shift of 4 with a deviation of 3 must be told, to the right side.
        #expect(chart.take(64).side == 1)
        var mirrored = EWMAChart(centre: 60, deviation: 3)
        for _ in 0..<20 { _ = mirrored.take(56) }
        #expect(mirrored.take(56).side == -1)
    }

    @Test("CUSUM adds up what exceeds the allowance: Montgomery's table 9.1")
    func cusum() {
        let values = [
            9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08, 9.37,
            10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
        ]
        var chart = CusumChart(centre: 10, deviation: 1)
        let sides = values.map { chart.take($0) }
        #expect(sides.firstIndex(of: 1) == 28, "Montgomery: the first signal at observation 29")
        #expect(near(chart.above, 5.3, 1e-9) && near(chart.below, 0))
        var down = CusumChart(centre: 10, deviation: 1)
        #expect(values.map { down.take(20 - $0) } == sides.map { -$0 })
        chart.reset()
        #expect(chart == CusumChart(centre: 10, deviation: 1))
    }

    @Test("robust scores equal sorting every window")
    func robust() {
        let x = Self.series(300, seed: 5)
        for window in [1, 2, 7, 28, 500] {
            var score = RobustScore(window: window, least: Swift.min(window, 5))
            var past: [Double] = []
            for value in x {
                let ours = score.take(value)
                guard !value.isNaN else {
                    #expect(ours.isNaN)
                    continue
                }
                let kept = Array(past.suffix(window))
                #expect(score.values == Array((past + [value]).suffix(window)))
                past.append(value)
                guard kept.count >= Swift.min(window, 5) else {
                    #expect(ours.isNaN)
                    continue
                }
                let away = value - Self.median(kept)
                let spread = 1.4826022185056018 * Self.mad(kept)
                #expect(near(ours, away == 0 ? 0 : away / spread), "\(window): \(ours)")
            }
        }
    }

    @Test("the median absolute deviation equals sorting, for every small multiset")
    func medianDeviation() {
        for code in 0..<(4 * 4 * 4 * 4 * 4) {
            for count in 1...5 {
                let values = (0..<count).map { Double(code >> (2 * $0) & 3) }.sorted()
                let ours = RobustScale.deviation(ofSorted: values.span, median: Self.median(values))
                #expect(ours == Self.mad(values), "\(values)")
            }
        }
        #expect(RobustScale.deviation(ofSorted: [Double]().span, median: .nan).isNaN)
    }

    @Test("the Hampel filter finds spikes from both sides, and equals its definition to the very ends")
    func hampel() {
        var x = Self.series(120, seed: 8)
        x[40] = 150
        x[41] = 20
        x[119] = 300
        for reach in [1, 3, 10] {
            let points = HampelFilter.filter(x.span, reach: reach)
            #expect(points.count == x.count)
            for (i, point) in points.enumerated() {
                let near = x[Swift.max(0, i - reach)...Swift.min(x.count - 1, i + reach)].filter { !$0.isNaN }
                let middle = Self.median(near)
                let isOutlier = abs(x[i] - middle) > 3 * 1.4826022185056018 * Self.mad(near)
                #expect(point.isOutlier == isOutlier && (point.value == (isOutlier ? middle : x[i]) || x[i].isNaN))
            }
            if reach > 1 { #expect(points[40].isOutlier && points[41].isOutlier && points[119].isOutlier) }
            var filter = HampelFilter(reach: reach)
            var streamed = x.compactMap { filter.take($0) }
            #expect(streamed.count == x.count - reach)
            streamed += filter.finish()
            #expect(streamed.map(\.isOutlier) == points.map(\.isOutlier))
            // It is empty again.
            #expect(x.compactMap { filter.take($0) }.count == x.count - reach)
        }
        #expect(HampelFilter.filter([Double]().span, reach: 3).isEmpty)
        #expect(HampelFilter.filter([5.0].span, reach: 3) == [.init(value: 5, isOutlier: false)])
    }

    @Test("the windowed Gaussian equals fitting every window anew, before and after it starts to move")
    func gaussian() {
        let x = Self.series(500, seed: 13, gaps: 0)
        var detector = WindowedGaussian(window: 60, step: 7)
        var window: [Double] = [], waiting: [Double] = []
        for value in x {
            let ours = detector.take(value)
            if !window.isEmpty {
                let mean = window.reduce(0, +) / Double(window.count)
                let deviation =
                    (window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(window.count)).squareRoot()
                let z = abs(value - mean) / (deviation == 0 ? 1e-6 : deviation)
                // Q by its integral (Simpson), not by the function that the detector calls.
                #expect(abs(ours - (1 - Self.tail(z))) < 1e-9, "\(value) \(ours)")
            } else {
                #expect(ours == 0)
            }
            if window.count < 60 {
                window.append(value)
            } else {
                waiting.append(value)
                if waiting.count == 7 {
                    window = window.dropFirst(7) + waiting
                    waiting = []
                }
            }
        }
    }

    private static func tail(_ z: Double) -> Double {
        guard z < 12 else { return 0 }
        let steps = 2000, width = z / Double(steps)
        var sum = 0.0
        for i in 0...steps {
            let t = Double(i) * width
            sum += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * Self.exponential(-t * t / 2)
        }
        return 0.5 - sum * width / 3 / (2 * Double.pi).squareRoot()
    }

    private static func exponential(_ x: Double) -> Double {
        // Halved until small, then its series: independent of the C library.
        var n = 0
        var small = x
        while abs(small) > 0.01 {
            small /= 2
            n += 1
        }
        var term = 1.0, sum = 1.0
        for k in 1...8 {
            term *= small / Double(k)
            sum += term
        }
        for _ in 0..<n { sum *= sum }
        return sum
    }

    @Test("what is no value changes nothing, and what does not vary traps nothing")
    func strangeValues() {
        let x = Self.series(80, seed: 21, gaps: 0)
        var ewma = EWMAChart(centre: 60, deviation: 3), cusum = CusumChart(centre: 60, deviation: 3)
        var robust = RobustScore(window: 20), gaussian = WindowedGaussian(window: 30, step: 3)
        var plainEWMA = ewma, plainCusum = cusum, plainRobust = robust, plainGaussian = gaussian
        for (i, value) in x.enumerated() {
            let none = Self.strange[i % 3]
            #expect(ewma.take(none).value.isNaN && cusum.take(none) == 0)
            #expect(robust.take(none).isNaN && gaussian.take(none).isNaN)
            #expect(ewma.take(value) == plainEWMA.take(value) && cusum.take(value) == plainCusum.take(value))
            let a = robust.take(value), b = plainRobust.take(value)
            #expect(a == b || a.isNaN && b.isNaN)
            #expect(gaussian.take(value) == plainGaussian.take(value))
        }
        let flat = [Double](repeating: 60, count: 50)
        robust = RobustScore(window: 20)
        gaussian = WindowedGaussian()
        for value in flat {
            _ = robust.take(value)
            _ = gaussian.take(value)
        }
        #expect(robust.take(60) == 0 && robust.take(61) == .infinity && robust.take(59) == -.infinity)
        #expect(gaussian.take(60) == 0.5 && gaussian.take(61) == 1)
        #expect(HampelFilter.filter(flat.span, reach: 3).allSatisfy { !$0.isOutlier })
        #expect(HampelFilter.filter(Self.strange.span, reach: 3).allSatisfy { !$0.isOutlier })
        // As large as numbers get: no trap, no signal out of nothing.
        for huge in [1e300, -1e300, .greatestFiniteMagnitude, -.greatestFiniteMagnitude] {
            _ = ewma.take(huge)
            _ = cusum.take(huge)
            _ = robust.take(huge)
            _ = gaussian.take(huge)
        }
        cusum.reset()
        #expect(cusum.take(60) == 0)
    }

    @Test("scaling and shifting the values with the settings changes no signal")
    func scaling() {
        let x = Self.series(200, seed: 30)
        var a = EWMAChart(centre: 60, deviation: 3), b = EWMAChart(centre: 4 * 60 + 1000, deviation: 12)
        var c = CusumChart(centre: 60, deviation: 3), d = CusumChart(centre: 4 * 60 + 1000, deviation: 12)
        var e = RobustScore(window: 28), f = RobustScore(window: 28)
        for value in x {
            let moved = 4 * value + 1000
            #expect(a.take(value).side == b.take(moved).side)
            #expect(c.take(value) == d.take(moved))
            let s = e.take(value), t = f.take(moved)
            #expect(near(s, t))
        }
    }
}
