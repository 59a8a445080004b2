import Testing
import Vitals

@testable import vitald

@Suite struct SeriesCoverageTests {
    private let source = DeviceID(high: 1, low: 2)

    private func coverage(_ metric: Metric, at seconds: [Double], span: UInt32 = 0, quality: Quality = []) -> Double? {
        var coverage = SeriesCoverage(of: metric.kind)
        for second in seconds {
            let time = Timestamp(milliseconds: Int64(second * 1000))
            coverage.take(
                Sample(
                    metric: metric, value: 60, time: time, span: span, received: time, source: source, quality: quality)
            )
        }
        return coverage.share
    }

    @Test("a steady series covers all of its time, whatever its cadence")
    func steady() {
        for cadence in [0.5, 1, 5, 60] {
            let share = coverage(.heartRate, at: (0..<500).map { Double($0) * cadence })
            #expect(share == 1)
        }
    }

    @Test("a gap counts up to the hold of two and a half cadences")
    func gap() {
        let times = (0...100).map { Double($0) * 60 } + (0...100).map { 12_000 + Double($0) * 60 }
        let share = coverage(.heartRate, at: times)
        #expect(abs((share ?? 0) - (6000 + 150 + 6000) / 18_000.0) < 1e-9)
    }

    @Test("spans cover what they cover, overlaps once")
    func spans() {
        #expect(coverage(.steps, at: [60, 120, 240], span: 60_000) == 0.75)
        #expect(coverage(.steps, at: [60, 90, 120], span: 60_000) == 1)
    }

    @Test("a sample alone, repeated or unusable has no coverage")
    func degenerate() {
        #expect(coverage(.heartRate, at: []) == nil)
        #expect(coverage(.heartRate, at: [5]) == nil)
        #expect(coverage(.heartRate, at: [5, 5, 5]) == nil)
        #expect(coverage(.heartRate, at: [5, 6, 7], quality: .contactLost) == nil)
    }

    @Test("the median gap is that of sorted gaps within its bucket's width", arguments: 1...20)
    func median(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var gaps: [Double] = []
        var times = [0.0]
        for _ in 0..<501 {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            gaps.append(Double(1 + (state >> 40) % 300) * 100)
            times.append(times[times.count - 1] + gaps[gaps.count - 1] / 1000)
        }
        var coverage = SeriesCoverage(of: .gauge)
        for second in times {
            let time = Timestamp(milliseconds: Int64((second * 1000).rounded()))
            coverage.take(Sample(metric: .heartRate, value: 60, time: time, received: time, source: source))
        }
        let exact = gaps.sorted()[250]
        #expect(abs((coverage.medianGap ?? 0) / exact - 1) < 0.05)
    }
}
