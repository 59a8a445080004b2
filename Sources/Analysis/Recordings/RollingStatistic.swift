import Vitals

/// What can be told of a trailing window along a recording.
public enum RollingStatistic: Sendable, Hashable {
    case mean, std, min, max, sum, count, median, mad, slope, zscore, ewma, cusum
    /// Quantile of a share 0 … 1 (type 7), named by its hundredths: `q90`.
    case quantile(Double)

    private static let named: [(name: String, statistic: RollingStatistic)] = [
        ("mean", .mean), ("std", .std), ("min", .min), ("max", .max), ("sum", .sum), ("count", .count),
        ("median", .median), ("mad", .mad), ("slope", .slope), ("zscore", .zscore), ("ewma", .ewma),
        ("cusum", .cusum),
    ]

    /// All names, `q90` standing for any quantile `q1` to `q99`.
    public static let names: [String] = named.map(\.name) + ["q90"]

    /// - Parameter name: as in `names`.
    public init?(name: String) {
        if let known = Self.named.first(where: { $0.name == name }) {
            self = known.statistic
        } else if name.utf8.first == UInt8(ascii: "q"), let share = Int(name.dropFirst()), (1...99).contains(share) {
            self = .quantile(Double(share) / 100)
        } else {
            return nil
        }
    }

    /// Whether a window must be short enough for ranks to be counted (65,535 moments).
    var readsOrder: Bool {
        switch self {
        case .median, .mad, .quantile: true
        default: false
        }
    }
}
