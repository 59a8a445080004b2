import Analysis
import Vitals

/// Features of a whole file: the functions of rules and queries with the file as their window.
///
/// Beats go through the same `BeatWindow` as live ones. Intervals that do not follow each other in time are never
/// compared, in a file without times all follow each other.
struct FileFeatures {
    static let names: [String] = WindowFunction.available.filter { $0 != .quantile }.map(\.rawValue).sorted()

    private let metric: Metric?
    private let samples: [Sample]
    private let values: [Double]
    private let beats: BeatWindow

    /// - Parameter metric: What functions other than those of beats read; heart rate, or the first there is.
    init(_ all: [Sample], metric: Metric?, isCorrected: Bool) {
        let metric = metric ?? (all.contains { $0.metric == .heartRate } ? .heartRate : all.first?.metric)
        self.metric = metric
        samples = all.filter { $0.metric == metric && $0.metric.plausible.contains($0.value) }
        values = samples.map { Double($0.value) }
        beats = BeatWindow(
            all.lazy.filter { $0.metric == .rrInterval }.map { Double($0.value) }, isCorrected: isCorrected)
    }

    func value(_ function: WindowFunction) -> Double {
        if function.readsBeats { return beats.value(function) }
        guard let first = values.first, let last = values.last else { return function == .count ? 0 : .nan }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        switch function {
        case .mean: return mean
        case .std:
            return n < 2 ? .nan : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
        case .min: return values.min() ?? .nan
        case .max: return values.max() ?? .nan
        case .sum: return values.reduce(0, +)
        case .count: return n
        case .first: return first
        case .last: return last
        case .delta: return last - first
        case .slope: return slope
        case .median: return Self.median(values)
        case .mad:
            let middle = Self.median(values)
            return Self.median(values.map { abs($0 - middle) })
        case .coverage: return coverage
        default: return .nan
        }
    }

    /// Why there is no value.
    func refusal(_ function: WindowFunction) -> String {
        if function.readsBeats { return beats.refusal(function) ?? "not defined for these beats" }
        guard let metric else { return "no data" }
        return values.isEmpty ? "no \(metric.name)" : "too few values of \(metric.name)"
    }

    /// Least squares, per minute; NaN where all times are one.
    private var slope: Double {
        guard let start = samples.first?.time else { return .nan }
        let x = samples.map { Double(($0.time - start).milliseconds) / 60_000 }
        let n = Double(x.count)
        let (centre, mean) = (x.reduce(0, +) / n, values.reduce(0, +) / n)
        let squares = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        guard squares > 0 else { return .nan }
        return zip(x, values).reduce(0) { $0 + ($1.0 - centre) * ($1.1 - mean) } / squares
    }

    private var coverage: Double {
        guard let metric else { return .nan }
        var coverage = SeriesCoverage(of: metric.kind)
        for sample in samples { coverage.take(sample) }
        return coverage.share ?? .nan
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let n = sorted.count
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
    }
}
