import Kernels
import Vitals

/// The heartbeats of one stretch of time, and every variability that rules, `query` and files can ask of them.
///
/// Live windows, backtests and whole files are this one type, so they agree to the bit. Intervals that do not follow
/// each other (a gap, an implausible one left out) are never compared: they begin a new *run*. Measures of differences
/// and spread read all runs; entropies, DFA and spectra, which need a sequence, read the longest run alone.
///
/// Beats are corrected first (`BeatCorrection`), and above `BeatCorrection.mostCorrected` all is withheld but
/// `corrected_share` itself. `cosen` is the exception: it measures how irregular beats are, and correction would take
/// away exactly that, so it reads the intervals as they came.
public struct BeatWindow: Sendable {
    /// Corrected intervals in ms, NaN between two runs.
    private var corrected: [Double] = []
    /// Where the longest run lies in `corrected` …
    private var longest = 0..<0
    /// … and its intervals as they came.
    private var original: [Double] = []
    /// Intervals given, and how many of them correction changed or should have.
    public private(set) var count = 0
    private var changed = 0
    private let isCorrected: Bool
    /// Sum of the intervals given, in ms.
    public private(set) var length = 0.0

    /// Share of the intervals that correction changed, or that came early and escaped it, 0 … 1; NaN for none.
    public var correctedShare: Double { count > 0 ? Double(changed) / Double(count) : .nan }

    /// The beats of a file or segment, in order and without gaps between them.
    ///
    /// - Parameters:
    ///   - intervals: Milliseconds. What is outside the plausible range of `rr_interval`, or no number, is left out and
    ///     separates two runs.
    ///   - isCorrected: `false` takes the intervals as they are and withholds nothing for their quality.
    ///
    /// Complexity: O(n · 91) moves.
    public init(_ intervals: some Collection<Double>, isCorrected: Bool = true) {
        self.isCorrected = isCorrected
        var run: [Double] = []
        for interval in intervals {
            if interval.isFinite, Metric.rrInterval.plausible.contains(Float(interval)) {
                run.append(interval)
            } else {
                add(run)
                run.removeAll(keepingCapacity: true)
            }
        }
        add(run)
    }

    /// The usable beats of a window: when each happened, in ms, and the interval before it.
    ///
    /// A beat follows the one before when its interval reaches back to that beat, to within 150 ms. Clocks are set
    /// back between packets (`BeatClock`), so that intervals overlap: those follow each other, too.
    init(times: ArraySlice<Int64>, intervals: ArraySlice<Float>) {
        isCorrected = true
        var run: [Double] = []
        var before = Int64.min
        for (time, interval) in zip(times, intervals) {
            let interval = Double(interval)
            let gap = before == .min ? .infinity : Double(time - before) - interval
            if !run.isEmpty, !Self.isNext(after: gap) {
                add(run)
                run.removeAll(keepingCapacity: true)
            }
            run.append(interval)
            before = time
        }
        add(run)
    }

    /// The shortest interval left out is longer than this for nearly all hearts, and placing beats at whole
    /// milliseconds costs one.
    private static let tolerance = 150.0

    /// Whether a beat whose interval ends `gap` ms behind the beat before it is the next one.
    static func isNext(after gap: Double) -> Bool { gap <= tolerance && gap >= -Double(BeatClock.slack) }

    private mutating func add(_ run: [Double]) {
        guard !run.isEmpty else { return }
        count += run.count
        for interval in run { length += interval }
        if !corrected.isEmpty { corrected.append(.nan) }
        let start = corrected.count
        if isCorrected {
            let correction = BeatCorrection(run)
            for i in run.indices where correction.classes[i] != .normal || Self.isEarly(run, i) { changed += 1 }
            corrected += correction.intervals
        } else {
            corrected += run
        }
        if run.count > original.count {
            original = run
            longest = start..<corrected.count
        }
    }

    /// Whether an interval is far below both neighbours. The thresholds of correction follow the person, and where every
    /// third beat is early they have learned to take that for the person: these beats escape it, and are counted
    /// nevertheless. Breathing does not do that in a single beat.
    private static func isEarly(_ run: [Double], _ i: Int) -> Bool {
        i > 0 && i + 1 < run.count && run[i] < earlyShare * Swift.min(run[i - 1], run[i + 1])
    }

    /// A fifth shorter than the last one is the usual limit of an early beat (Malik 1989).
    private static let earlyShare = 0.8

    // MARK: Values

    /// The value of a beat function; NaN where there are too few beats, too many of them were corrected, or the
    /// function is none of beats.
    ///
    /// Units: ms for `rmssd sdnn sd1 sd2`, ms² for `lf hf`, shares 0 … 1 for `pnn50 corrected_share`.
    /// Complexity: O(n) in the beats; O(n²) for `sample_entropy` and `cosen`.
    public func value(_ function: WindowFunction) -> Double {
        guard function.readsBeats, refusal(function) == nil else { return .nan }
        switch function {
        case .correctedShare: return correctedShare
        case .cosen: return SampleEntropy.coefficient(original.span, mean: Self.mean(original))
        case .sampleEntropy:
            let run = self.run
            let value = SampleEntropy.value(run.span, tolerance: Self.tolerance(of: run))
            return value.isFinite ? value : .nan
        case .dfa1: return DetrendedFluctuation.alpha1(run.span)
        case .lf: return FrequencyDomain(run).lf
        case .hf: return FrequencyDomain(run).hf
        case .lfHf:
            let power = FrequencyDomain(run)
            return power.hf > 0 ? power.ratio : .nan
        default: break
        }
        let statistics = BeatStatistics(corrected.span)
        switch function {
        case .rmssd: return statistics.rmssd
        case .sdnn: return statistics.sdnn
        case .pnn50: return statistics.pnn50
        case .sd1: return statistics.sd1
        case .sd2: return statistics.sd2
        case .lnRMSSD: return statistics.lnRMSSD
        default: return .nan
        }
    }

    /// Why a function has no value here, in words for people; `nil` when nothing stands against it.
    public func refusal(_ function: WindowFunction) -> String? {
        let needs = Self.needs(function)
        let isSequence = function.readsRuns
        let beats = isSequence ? original.count : count
        guard beats >= needs.beats else {
            return "\(beats) of at least \(needs.beats) beats" + (isSequence ? " without a gap" : "")
        }
        if needs.seconds > 0 {
            var sum = 0.0
            for interval in original { sum += interval }
            guard sum >= needs.seconds * 1000 else {
                return "\(Int(sum / 1000)) of at least \(Int(needs.seconds)) s without a gap"
            }
        }
        guard isCorrected, correctedShare > BeatCorrection.mostCorrected else { return nil }
        if function == .correctedShare || function == .cosen { return nil }
        return "\(Int((correctedShare * 100).rounded())) % of the beats had to be corrected, more than "
            + "\(Int(BeatCorrection.mostCorrected * 100)) %"
    }

    /// The fewest beats, and the least seconds of the longest run, that a function needs.
    ///
    /// 20 beats are a quarter of a minute, the shortest recording whose RMSSD was found usable (Munoz 2015); sample
    /// entropy with m = 2 wants 10² … 20² values (Richman & Moorman 2000), COSEn was made for 12 beats (Lake & Moorman
    /// 2011), DFA takes four of its longest boxes, and a spectrum needs about ten of its longest waves: one minute for
    /// HF (a segment of Welch's is 64 s), two for LF (Task Force 1996).
    private static func needs(_ function: WindowFunction) -> (beats: Int, seconds: Double) {
        switch function {
        case .sampleEntropy: (100, 0)
        case .cosen: (12, 0)
        case .dfa1: (64, 0)
        case .hf: (20, 65)
        case .lf, .lfHf: (20, 120)
        default: (20, 0)
        }
    }

    private var run: [Double] { Array(corrected[longest]) }

    private static func mean(_ values: [Double]) -> Double {
        var sum = 0.0
        for value in values { sum += value }
        return sum / Double(values.count)
    }

    /// A fifth of the standard deviation, as is usual for sample entropy of beats.
    private static func tolerance(of run: [Double]) -> Double { 0.2 * BeatStatistics(run.span).sdnn }
}
