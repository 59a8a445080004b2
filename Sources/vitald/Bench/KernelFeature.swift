import Kernels

/// A statistic of trailing windows as it is measured: on a block of people, on one series, and beside peers.
struct KernelFeature: Sendable {
    /// The word peers know it by.
    var word: String
    var window: Int
    /// How many times the best peer's rate the design asks for (§10): of a block, and of one series.
    var budget: Double
    var runBudget: Double
    var block: @Sendable (borrowing PaneBlock, Int, inout Rows<Float>) -> Void
    var run: @Sendable (borrowing PaneRun, Int, inout [Float]) -> Void

    var name: String { "\(word)_\(window)" }

    /// Windows of a minute, five and an hour at 1 Hz.
    private static let windows = [60, 300, 3600]

    /// All on one day of data.
    static let ofDay: [KernelFeature] = windows.flatMap { window in
        [
            KernelFeature(
                word: "mean", window: window, budget: 2, runBudget: 1.5,
                block: { Rolling.mean(of: $0, window: $1, into: &$2) },
                run: { Rolling.mean(of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "std", window: window, budget: 4, runBudget: 1.5,
                block: { Rolling.deviation(of: $0, window: $1, into: &$2) },
                run: { Rolling.deviation(of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "min", window: window, budget: 3, runBudget: 1.5,
                block: { Rolling.least(of: $0, window: $1, into: &$2) },
                run: { Rolling.least(of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "max", window: window, budget: 3, runBudget: 1.5,
                block: { Rolling.greatest(of: $0, window: $1, into: &$2) },
                run: { Rolling.greatest(of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "median", window: window, budget: 2, runBudget: 1,
                block: { Rolling.median(of: $0, window: $1, into: &$2) },
                run: { Rolling.median(of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "q90", window: window, budget: 2, runBudget: 1,
                block: { Rolling.quantiles([0.9], of: $0, window: $1, into: &$2) },
                run: { Rolling.quantiles([0.9], of: $0, window: $1, into: &$2) }),
            KernelFeature(
                word: "slope", window: window, budget: 3, runBudget: 1,
                block: { Rolling.slope(of: $0, window: $1, into: &$2) },
                run: { Rolling.slope(of: $0, window: $1, into: &$2) }),
        ]
    }

    /// On a day of values that no byte holds.
    static let ofFineDay: [KernelFeature] = ofDay.filter { $0.window == 300 || $0.word == "median" }

    /// Seven days at 1 Hz, on eight days of data.
    static let ofWeek = KernelFeature(
        word: "zscore", window: 7 * 86_400, budget: 3, runBudget: 1,
        block: { Rolling.zscore(of: $0, window: $1, into: &$2) },
        run: { Rolling.zscore(of: $0, window: $1, into: &$2) })
}
