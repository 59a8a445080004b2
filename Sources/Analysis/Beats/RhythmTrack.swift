import Kernels

/// Follows a rhythm beat by beat and says, about two minutes later, where it was irregular.
///
/// Two measures of the same beats must agree before a rhythm counts as irregular, and single early beats are taken out
/// first, since they make any rhythm look varied:
/// 1. *Ectopy.* An early beat and the pause that makes up for it are each put at their mean (`premature`, `tolerance`).
///    In a regular rhythm that gives back the beats as they would have been; in an irregular one few pairs look so.
/// 2. *Entropy of words* (`WordEntropy`, Zhou 2015) over 127 words, and *COSEn* (Lake & Moorman 2011) over the middle 60
///    beats, every eighth beat, of the beat 63 back.
/// 3. *Several in a row.* It becomes irregular when both lie above their limits four times in a row (32 beats), and
///    regular again when one lies below its lower limit four times in a row. What was decided is given out 12 looks
///    later, so that a beginning is put where entropy rose, not where it was believed.
/// 4. *Noise.* Gaps part words; with more than `mostGaps` in the window nothing is said, and after `longestGap` it
///    begins anew.
///
/// The published limit of the word entropy (0.639) opens; the limit of COSEn (−1.5) is the one that divides AFDB best.
/// The lower limits, the tolerance and the counts were chosen on AFDB and MITDB together, cross-validated over records
/// (`Benchmarks/rhythm_thresholds.py`; `RhythmTests` has the figures); nsr2db, chf2db, the healthy and CinC 2017 chose nothing.
public struct RhythmTrack: Sendable, Equatable {
    /// What was decided of the beats around a moment.
    public struct Decision: Sendable, Hashable {
        /// Time of the beat it speaks of, as `take` was given it.
        public var time: Int64
        public var isIrregular: Bool
    }

    /// An interval below this share of the median around it is early …
    static let premature = 0.93
    /// … and made up for when it and the next are two medians long, to this share.
    static let tolerance = 0.10
    /// The pause is longer than the early interval by this factor at least.
    static let pause = 1.15
    /// The median is of so many intervals on both sides.
    static let reach = 5
    /// Beats between two looks.
    static let stride = 8
    /// Looks in a row that must agree.
    static let agreeing = 4
    /// Looks for which a decision is held back.
    static let delay = 12
    /// Beats of COSEn.
    static let cosenBeats = 60
    /// Entropy of words that opens, and below which it closes.
    static let opening = WordEntropy.threshold
    static let closing = 0.45
    /// The same of COSEn.
    static let cosenOpening = -1.5
    static let cosenClosing = -1.9
    /// Beats kept: a window of words is 129 beats long.
    static let kept = 136
    static let window = WordEntropy.words + 2
    /// Raw beats kept at most; those that no median needs are given up together.
    static let mostRaw = 64
    /// Gaps in a window above which it is noise: one beat in thirteen.
    static let mostGaps = 10
    /// After a longer gap nothing is known of the rhythm before it, in ms.
    static let longestGap: Int64 = 30_000

    struct Beat: Equatable, Sendable {
        var time: Int64
        var interval: Double
        /// The beat before it is not known.
        var isFirst: Bool
    }

    enum Look: UInt8, Sendable {
        case regular, between, irregular
    }

    /// The last intervals as they came, back to the last gap, and how many of them wait for those behind them.
    var raw: [Beat] = []
    var waiting = 0
    /// What the next beat counts as, when it makes up for the one before.
    var mean = Double.nan
    /// The last beats without ectopy, at `seen` modulo `kept`.
    var beats: [Beat] = []
    var seen = 0
    /// Beats without one before them, in the window.
    var gaps = 0
    var entropy = WordEntropy()
    /// Looks not yet given out, oldest first.
    var looks: [(time: Int64, look: Look, isIrregular: Bool)] = []
    var isIrregular = false
    /// Looks in a row that speak for the other state.
    var contrary = 0

    public init() {}

    /// Takes the next beat: when it happened, and the interval before it, both in ms.
    ///
    /// - Returns: What is now decided of a beat about two minutes ago.
    /// - Complexity: O(136); every eighth beat O(60²).
    public mutating func take(time: Int64, interval: Double) -> Decision? {
        var decision: Decision?
        var isFirst = raw.isEmpty
        if let last = raw.last {
            let gap = Double(time) - Double(last.time) - interval
            if gap > Double(Self.longestGap) || gap < -Double(Self.longestGap) {
                self = RhythmTrack()
                isFirst = true
            } else if !BeatWindow.isNext(after: gap) {
                // Nothing behind the gap says anything about the beats before it.
                while waiting > 0 { decision = settle() ?? decision }
                raw.removeAll(keepingCapacity: true)
                mean = .nan
                isFirst = true
            }
        }
        raw.append(Beat(time: time, interval: interval, isFirst: isFirst))
        if raw.count == Self.mostRaw { raw.removeFirst(Self.mostRaw - 2 * Self.reach - 2) }
        waiting += 1
        if waiting > Self.reach { decision = settle() ?? decision }
        return decision
    }

    /// The oldest waiting beat is known well enough.
    private mutating func settle() -> Decision? {
        let i = raw.count - waiting
        waiting -= 1
        var beat = raw[i]
        if !mean.isNaN {
            beat.interval = mean
            mean = .nan
        } else if i + 1 < raw.count, isEarly(i) {
            mean = (beat.interval + raw[i + 1].interval) / 2
            beat.interval = mean
        }
        return add(beat)
    }

    /// Whether a beat is early and the next one makes up for it.
    private func isEarly(_ i: Int) -> Bool {
        let (this, next) = (raw[i].interval, raw[i + 1].interval)
        // Rarely so; the median costs more.
        guard next > this * Self.pause else { return false }
        let median = median(around: i)
        return this < Self.premature * median && abs(this + next - 2 * median) <= 2 * Self.tolerance * median
    }

    /// Of up to eleven intervals: put in order where they lie, without a list of their own.
    private func median(around i: Int) -> Double {
        let from = Swift.max(0, i - Self.reach)
        let n = Swift.min(raw.count - 1, i + Self.reach) - from + 1
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * Self.reach + 1) { near in
            for k in 0..<n {
                let interval = raw[from + k].interval
                var place = k
                while place > 0, near[place - 1] > interval {
                    near[place] = near[place - 1]
                    place -= 1
                }
                near[place] = interval
            }
            return n % 2 == 1 ? near[n / 2] : (near[n / 2 - 1] + near[n / 2]) / 2
        }
    }

    private mutating func add(_ beat: Beat) -> Decision? {
        if beats.count < Self.kept { beats.append(beat) } else { beats[seen % Self.kept] = beat }
        seen += 1
        if beat.isFirst { gaps += 1 }
        if seen > Self.window, self.beat(Self.window).isFirst { gaps -= 1 }
        if beat.isFirst { entropy.part() }
        entropy.add(beat.interval)
        guard seen >= Self.window, (seen - 1 - WordEntropy.middle) % Self.stride == 0 else { return nil }
        return look()
    }

    // MARK: Looking

    /// The beat `back` before the newest.
    private func beat(_ back: Int) -> Beat { beats[(seen - 1 - back) % Self.kept] }

    private mutating func look() -> Decision? {
        guard gaps <= Self.mostGaps else { return nil }
        let words = entropy.value
        guard !words.isNaN else { return nil }
        note(verdict(words), at: beat(WordEntropy.middle).time)
        guard looks.count > Self.delay else { return nil }
        let oldest = looks.removeFirst()
        return Decision(time: oldest.time, isIrregular: oldest.isIrregular)
    }

    private func verdict(_ words: Double) -> Look {
        // Most hearts are told by their words alone.
        if words < Self.closing { return .regular }
        var middle: [Double] = []
        middle.reserveCapacity(Self.cosenBeats)
        var sum = 0.0
        for i in 0..<Self.cosenBeats {
            let interval = beat(WordEntropy.middle + Self.cosenBeats / 2 - i).interval
            middle.append(interval)
            sum += interval
        }
        let cosen = SampleEntropy.coefficient(middle.span, mean: sum / Double(Self.cosenBeats))
        // Without a value no tolerance made beats alike: as irregular as can be.
        if cosen < Self.cosenClosing { return .regular }
        return words >= Self.opening && !(cosen < Self.cosenOpening) ? .irregular : .between
    }

    private mutating func note(_ look: Look, at time: Int64) {
        contrary = look == (isIrregular ? .regular : .irregular) ? contrary + 1 : 0
        looks.append((time, look, isIrregular))
        guard contrary >= Self.agreeing else { return }
        contrary = 0
        isIrregular.toggle()
        var changed = 0
        for i in looks.indices.reversed() {
            // A beginning reaches back over what was undecided.
            guard changed < Self.agreeing || isIrregular && looks[i].look != .regular else { break }
            looks[i].isIrregular = isIrregular
            changed += 1
        }
    }

    public static func == (a: RhythmTrack, b: RhythmTrack) -> Bool {
        a.raw == b.raw && a.waiting == b.waiting && a.mean.bitPattern == b.mean.bitPattern && a.beats == b.beats
            && a.seen == b.seen && a.gaps == b.gaps && a.entropy == b.entropy && a.isIrregular == b.isIrregular
            && a.contrary == b.contrary && a.looks.elementsEqual(b.looks) { $0 == $1 }
    }
}
