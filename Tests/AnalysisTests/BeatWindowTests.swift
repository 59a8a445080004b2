import Kernels
import Testing
import Vitals

@testable import Analysis

/// A heart that breathes: 75 beats a minute, 40 ms up and down every 4.2 s, and a little noise; in whole 1/64 ms, so
/// that no arithmetic rounds it.
func breathing(_ count: Int, seed: UInt64 = 3) -> [Double] {
    var random = Random(seed)
    var time = 0.0
    return (0..<count).map { _ in
        let phase = (time / 4200).truncatingRemainder(dividingBy: 1)
        let wave = phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase
        let interval = ((800 + 40 * wave + Double.random(in: -12...12, using: &random)) * 64).rounded() / 64
        time += interval
        return interval
    }
}

/// Early beats with a pause behind them, one in `every`.
func ectopic(_ intervals: [Double], every: Int) -> [Double] {
    var result = intervals
    for i in stride(from: every, to: result.count - 1, by: every) {
        result[i] -= 300
        result[i + 1] += 300
    }
    return result
}

let beatFunctions = WindowFunction.allCases.filter(\.readsBeats)

@Suite("Beats of a window are corrected, then measured, or withheld with a reason")
struct BeatWindowTests {
    @Test("values are those of the kernels over the corrected intervals, and of the uncorrected ones when asked for")
    func kernels() {
        let beats = ectopic(breathing(400), every: 100)
        let window = BeatWindow(beats)
        let corrected = BeatCorrection(beats)
        #expect(corrected.share > 0 && window.correctedShare == corrected.share)
        let statistics = BeatStatistics.scalar(corrected.intervals.span)
        #expect(abs(window.value(.rmssd) - statistics.rmssd) < 1e-9)
        #expect(abs(window.value(.sd2) - statistics.sd2) < 1e-9)
        #expect(window.value(.dfa1) == DetrendedFluctuation.alpha1(corrected.intervals.span))
        #expect(window.value(.lf) == FrequencyDomain(corrected.intervals).lf)
        #expect(window.value(.cosen) == BeatWindow(beats, isCorrected: false).value(.cosen))
        let raw = BeatWindow(beats, isCorrected: false)
        #expect(abs(raw.value(.rmssd) - BeatStatistics.scalar(beats.span).rmssd) < 1e-9)
        #expect(raw.value(.rmssd) > 1.3 * window.value(.rmssd))
        #expect(raw.correctedShare == 0)
        for function in beatFunctions { #expect(!window.value(function).isNaN, "\(function)") }
    }

    @Test("correction brings the variability of a heart with ectopic beats back to what it was without them")
    func correction() {
        let clean = BeatWindow(breathing(600))
        let disturbed = BeatWindow(ectopic(breathing(600), every: 50))
        #expect(clean.correctedShare < 0.01)
        for function in [WindowFunction.rmssd, .sdnn, .sd1, .sd2] {
            let (a, b) = (clean.value(function), disturbed.value(function))
            #expect(abs(a - b) < 0.05 * a, "\(function) \(a) \(b)")
        }
    }

    @Test("above the stated share all is withheld but the share itself and COSEn, and the reason is told")
    func withheld() {
        let window = BeatWindow(ectopic(breathing(300), every: 12))
        #expect(window.correctedShare > BeatCorrection.mostCorrected)
        for function in beatFunctions {
            let isTold = function == .correctedShare || function == .cosen
            #expect(window.value(function).isNaN != isTold, "\(function)")
        }
        #expect(window.refusal(.rmssd)?.hasSuffix("of the beats had to be corrected, more than 5 %") == true)
        #expect(BeatWindow(ectopic(breathing(300), every: 12), isCorrected: false).value(.rmssd) > 0)
    }

    @Test("intervals on both sides of a gap are never compared")
    func gaps() {
        let slow = breathing(100).map { $0 + 200 }
        let parted = BeatWindow(breathing(100) + [.nan] + slow)
        let joined = BeatWindow(breathing(100) + slow)
        let alone = BeatWindow(breathing(100))
        #expect(abs(parted.value(.rmssd) - alone.value(.rmssd)) < 1e-9)
        #expect(joined.value(.rmssd) > alone.value(.rmssd))
        #expect(parted.count == 200)
        // A sequence is read from the longest run alone.
        let uneven = BeatWindow(breathing(80) + [9000] + breathing(200, seed: 8))
        #expect(uneven.value(.sampleEntropy) == BeatWindow(breathing(200, seed: 8)).value(.sampleEntropy))
        #expect(BeatWindow(breathing(99) + [.nan] + breathing(99)).value(.sampleEntropy).isNaN)
    }

    @Test("twice the intervals are twice the variability in ms, and the same shares and shapes")
    func scaling() {
        let beats = breathing(300)
        let one = BeatWindow(beats)
        let two = BeatWindow(beats.map { 2 * $0 })
        for function in [WindowFunction.rmssd, .sdnn, .sd1, .sd2] {
            #expect(two.value(function) == 2 * one.value(function), "\(function)")
        }
        for function in [WindowFunction.sampleEntropy, .dfa1, .correctedShare] {
            #expect(abs(two.value(function) - one.value(function)) < 1e-12, "\(function)")
        }
    }

    @Test("what is too short, constant, endless or no number has a defined value")
    func bad() {
        for beats in [[], [800], [.nan, .nan], [.infinity, -.infinity], [-5, 0, 1e300], breathing(19)] {
            let window = BeatWindow(beats)
            for function in beatFunctions where function != .cosen {
                #expect(window.value(function).isNaN, "\(function) of \(beats.count)")
            }
            #expect(window.refusal(.rmssd)?.hasSuffix("of at least 20 beats") == true)
        }
        #expect(BeatWindow([]).correctedShare.isNaN)
        let flat = BeatWindow(Array(repeating: 800.0, count: 300))
        for function in [WindowFunction.rmssd, .sdnn, .pnn50, .sd1, .sd2, .lf, .hf, .correctedShare, .sampleEntropy] {
            #expect(abs(flat.value(function)) < 1e-9, "\(function) \(flat.value(function))")
        }
        for function in [WindowFunction.lnRMSSD, .dfa1, .lfHf] { #expect(flat.value(function).isNaN, "\(function)") }
        #expect(BeatWindow(breathing(100)).value(.mean).isNaN)
        #expect(BeatWindow(breathing(140)).refusal(.lf) == "111 of at least 120 s without a gap")
    }

    // MARK: Live

    static let features: [Feature] = beatFunctions.flatMap { function in
        [.window(function, .rrInterval, .minutes(5), parameter: 0)]
    }

    private func stream(_ beats: [Double], from start: Timestamp, losing lost: Range<Int> = 0..<0) -> [Happening] {
        var time = Double(start.milliseconds)
        var list: [Happening] = []
        for (i, interval) in beats.enumerated() {
            time += interval
            let at = Timestamp(milliseconds: Int64(time))
            guard !lost.contains(i) else { continue }
            list.append(
                .sample(
                    Sample(metric: .rrInterval, value: Float(interval), time: at, received: at, source: strap)))
        }
        return list
    }

    @Test("a live window, an interrupted one and a batch over the same beats agree to the bit")
    func live() throws {
        let beats = ectopic(breathing(1200), every: 70)
        let start = monday + 7200
        var driver = try Driver(AnalysisSettings(features: Self.features), from: start)
        var compared = 0
        for (n, happening) in stream(beats, from: start, losing: 500..<515).enumerated() {
            driver.take(happening)
            if n % 301 == 300 { try driver.interrupt() }
            guard n % 97 == 0, let tick = driver.closed.last?.tick else { continue }
            let inside = driver.stored.filter {
                $0.metric == .rrInterval && $0.time >= tick - .minutes(5) && $0.time < tick
            }
            var intervals: [Double] = []
            for (i, sample) in inside.enumerated() {
                if i > 0, (sample.time - inside[i - 1].time).milliseconds > Int64(sample.value) + 2 {
                    intervals.append(.nan)
                }
                intervals.append(Double(sample.value))
            }
            let batch = BeatWindow(intervals)
            guard batch.length >= 150_000 else { continue }
            for (slot, function) in beatFunctions.enumerated() {
                let value = driver.analysis.value(slot)
                #expect(value.isNaN == batch.value(function).isNaN && (value.isNaN || value == batch.value(function)))
                compared += value.isNaN ? 0 : 1
            }
        }
        #expect(compared > 80)
    }

    @Test("a window that beats fill less than half is unknown, and says why")
    func sparse() throws {
        let start = monday
        var driver = try Driver(AnalysisSettings(features: Self.features), from: start)
        driver.take(stream(breathing(180), from: start))
        driver.run(until: start + 144 + 5)
        let slot = try #require(beatFunctions.firstIndex(of: .rmssd))
        #expect(driver.analysis.value(slot).isNaN)
        #expect(driver.analysis.detail(slot).unknown == "the beats fill less than half of the window")
        driver.take(stream(breathing(60, seed: 5), from: start + 144))
        driver.run(until: start + 190)
        #expect(driver.analysis.value(slot) > 0)
        #expect(driver.analysis.detail(slot).unknown == nil)
    }
}
