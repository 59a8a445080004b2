import Glibc

/// The scorer of the Numenta Anomaly Benchmark (Lavin & Ahmad 2015): early hits in a labelled window earn, late hits
/// less, misses and false hits cost.
struct NABScorer {
    /// What hits, misses and false hits weigh.
    struct Profile {
        var hit = 1.0
        var miss = 1.0
        var falseHit = 0.11
    }

    struct Score: Equatable {
        var value = 0.0
        /// Rows after the probation by what they were.
        var truePositives = 0
        var trueNegatives = 0
        var falsePositives = 0
        var falseNegatives = 0
    }

    var profile = Profile()

    /// Rows at the start of a file of `count` rows that are not judged.
    static func probation(_ count: Int) -> Int { Swift.min(count * 15 / 100, 750) }

    private static func sigmoid(_ y: Double) -> Double { y > 3 ? -1 : 2 / (1 + exp(5 * y)) - 1 }

    /// - Parameters:
    ///   - scores: One a row.
    ///   - threshold: Rows from here on are hits.
    ///   - windows: Rows from first to last that are labelled, in order.
    func score(_ scores: [Double], threshold: Double, windows: [ClosedRange<Int>]) -> Score {
        var result = Score()
        var previous: ClosedRange<Int>?
        var coming = windows[...]
        var earned: Double?
        func settle(_ window: ClosedRange<Int>) {
            result.value += earned ?? -profile.miss
            earned = nil
            previous = window
        }
        let probation = Self.probation(scores.count)
        for (i, score) in scores.enumerated() {
            while let window = coming.first, i > window.upperBound {
                settle(window)
                coming.removeFirst()
            }
            let isHit = score >= threshold
            let window = coming.first.flatMap { $0.contains(i) ? $0 : nil }
            guard i >= probation else { continue }
            switch (window, isHit) {
            case (let window?, true):
                result.truePositives += 1
                let place = Double(window.upperBound - i + 1) / Double(window.count)
                if earned == nil { earned = profile.hit * Self.sigmoid(-place) / Self.sigmoid(-1) }
            case (_?, false): result.falseNegatives += 1
            case (nil, true):
                result.falsePositives += 1
                let place = previous.map { Double(i - $0.upperBound) / Double($0.count - 1) }
                result.value += profile.falseHit * (place.map(Self.sigmoid) ?? -1)
            case (nil, false): result.trueNegatives += 1
            }
        }
        for window in coming { settle(window) }
        return result
    }

    /// 0 for a detector that says nothing, 100 for one that hits each of `windows` windows at once and nothing else.
    func normalised(_ value: Double, windows: Int) -> Double {
        100 * (value + profile.miss * Double(windows)) / ((profile.hit + profile.miss) * Double(windows))
    }
}
