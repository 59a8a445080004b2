import Analysis
import Kernels
import Testing

/// Why variability is withheld above a share of corrected beats: what is left of the truth when early beats are put
/// into five-minute windows of 24-hour recordings without any.
@Suite("Correction gives back the variability that beats had before", .enabled(if: SharedData.isHere))
struct CorrectionTests {
    /// A small generator of random numbers (SplitMix64, Steele 2014).
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Windows of 300 plausible beats of which correction finds nothing to change.
    private func windows() throws -> [[Double]] {
        var windows: [[Double]] = []
        for name in RhythmRecord.nsr2db.prefix(4) {
            let beats = try RhythmRecord("nsr2db", name).intervals
            for start in stride(from: 2000, to: beats.count - 300, by: 1500) {
                let window = Array(beats[start..<start + 300])
                if window.allSatisfy(RhythmRecord.plausible.contains), BeatWindow(window).correctedShare == 0 {
                    windows.append(window)
                }
            }
        }
        return windows
    }

    /// Early by a quarter to two fifths, with the pause that makes up for it.
    private func disturbed(_ window: [Double], beats: Int, _ random: inout Random) -> [Double] {
        var result = window
        var places: Set<Int> = []
        while places.count < beats {
            let place = Int.random(in: 3..<window.count - 3, using: &random)
            if !places.contains(place - 1), !places.contains(place + 1) { places.insert(place) }
        }
        for place in places.sorted() {
            let early = window[place] * Double.random(in: 0.25...0.4, using: &random)
            result[place] -= early
            result[place + 1] += early
        }
        return result
    }

    @Test("up to the share above which it is withheld, RMSSD is off by less than a tenth in nine of ten windows")
    func share() throws {
        var random = Random(state: 5)
        let clean = try windows()
        #expect(clean.count > 15)
        var errors: [Int: [Double]] = [:]
        for window in clean {
            let truth = BeatWindow(window).value(.rmssd)
            for beats in [1, 2, 4, 6, 8, 12, 18, 26, 40] {
                let disturbed = disturbed(window, beats: beats, &random)
                let rmssd = BeatStatistics(BeatCorrection(disturbed).intervals.span).rmssd
                let percent = Int((BeatWindow(disturbed).correctedShare * 100).rounded(.up))
                errors[Swift.min(percent, 20), default: []].append(abs(rmssd - truth) / truth)
            }
        }
        var within: [Double] = []
        for percent in errors.keys.sorted() {
            let sorted = (errors[percent] ?? []).sorted()
            let middle = sorted[sorted.count / 2]
            let most = sorted[sorted.count * 9 / 10]
            print("corrected <= \(percent) %: \(sorted.count) windows, RMSSD off by \(middle) (median), \(most) (p90)")
            if Double(percent) <= BeatCorrection.mostCorrected * 100 { within += sorted }
        }
        within.sort()
        #expect(within[within.count * 9 / 10] < 0.1)
    }
}
