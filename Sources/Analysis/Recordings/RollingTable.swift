import Kernels
import Vitals

/// Recordings of one level laid side by side on an even grid of moments, and statistics of trailing windows along them.
///
/// This is where moments are many and all of them are asked for: a lone recording lies along time (`PaneRun`), several lie
/// beside each other, one in each lane (`PaneBlock`), and each statistic is a pass of the kernels over all moments. Rules
/// ask for few windows at a time and read panes instead.
public struct RollingTable: Sendable {
    /// The first moment begins here; a multiple of `step`.
    public let start: Timestamp
    /// Distance of the moments. A moment holds the mean of what was measured in it.
    public let step: TimeSpan
    /// Moments.
    public let rows: Int
    private let recordings: [[Float]]

    /// Recordings that may lie beside each other.
    public static let widest = 64
    /// Values that are held at most, 1 GB of them.
    public static let largest = 1 << 28

    public enum Fault: Error, Hashable, Sendable {
        /// No usable sample in any of them.
        case empty
        /// From the first to the last sample of all recordings there are so many moments, more than fit.
        case tooLong(moments: Int)
        /// More recordings than lanes.
        case tooMany
        /// The window holds more moments than the statistic can count.
        case windowTooLong(moments: Int)
    }

    /// - Parameters:
    ///   - recordings: samples of one level in order of time. Values that no body gives (`Metric.plausible`) are left out.
    ///   - step: at least 1 ms.
    /// - Complexity: O(samples + moments).
    public init(_ recordings: [[Sample]], step: TimeSpan) throws(Fault) {
        guard recordings.count <= Self.widest else { throw .tooMany }
        let length = Swift.max(1, step.milliseconds)
        let usable = recordings.map { list in
            list.filter { $0.metric.plausible.contains($0.value) && Intake.isMoment($0.time) }
        }
        guard let first = usable.compactMap({ $0.map(\.time.milliseconds).min() }).min(),
            let last = usable.compactMap({ $0.map(\.time.milliseconds).max() }).max()
        else { throw .empty }
        let origin = first / length
        let moments = Int(last / length - origin) + 1
        guard moments <= Self.largest / (recordings.count > 1 ? Self.widest : 1) else {
            throw .tooLong(moments: moments)
        }
        self.step = .milliseconds(length)
        start = Timestamp(milliseconds: origin * length)
        rows = moments
        self.recordings = usable.map { list in
            var values = [Float](repeating: .nan, count: moments)
            var sum = 0.0
            var count = 0
            var place = -1
            for sample in list {
                let here = Int(sample.time.milliseconds / length - origin)
                if here != place { (place, sum, count) = (here, 0, 0) }
                sum += Double(sample.value)
                count += 1
                values[here] = count == 1 ? sample.value : Float(sum / Double(count))
            }
            return values
        }
    }

    /// The distance at which most samples follow each other, at least a second: a grid that loses little.
    public static func step(of recordings: [[Sample]]) -> TimeSpan {
        var distances: [Float] = []
        for list in recordings {
            for (a, b) in zip(list, list.dropFirst()) where b.time > a.time {
                distances.append(Float((b.time - a.time).milliseconds))
                if distances.count >= 1_000_000 { break }
            }
        }
        let middle = OrderedSamples.quantile(0.5, of: distances) ?? 1000
        return .milliseconds(Swift.max(1000, Int64((middle / 1000).rounded()) * 1000))
    }

    /// What lies in moment `row` was measured before this.
    public func end(of row: Int) -> Timestamp {
        Timestamp(milliseconds: start.milliseconds + Int64(row + 1) * step.milliseconds)
    }

    /// The statistics of the windows that end with each moment, in the order asked for: recordings, then moments.
    ///
    /// Unknown is NaN: `mean` and its like where nothing was measured, `std`, `slope` and `zscore` below two moments. `slope`
    /// is per minute, `std` has n − 1. `ewma` halves a moment's weight with each window. `cusum` adds up, one-sided, by how
    /// many robust standard deviations (1.4826 MAD) beyond half of one the moments lie above the recording's median; it
    /// stands on the whole recording and knows no window.
    ///
    /// - Parameter window: rounded to whole moments, at least one.
    /// - Complexity: O(moments) for each statistic, whatever the window; `mad` of values finer than 255 steps O(window) more.
    public func values(_ statistics: [RollingStatistic], window: TimeSpan) throws(Fault) -> [[[Float]]] {
        let width = Swift.max(1, Int((window.milliseconds + step.milliseconds / 2) / step.milliseconds))
        for statistic in statistics where width > longest(statistic) { throw .windowTooLong(moments: width) }
        return recordings.count > 1 ? across(statistics, width) : along(statistics, width)
    }

    private func longest(_ statistic: RollingStatistic) -> Int {
        statistic.readsOrder ? 65_535 : statistic == .slope ? 65_536 : Rolling.longest
    }

    /// What a slope per moment is multiplied with.
    private var perMinute: Float { Float(60_000 / Double(step.milliseconds)) }

    private func share(_ width: Int) -> Float {
        Float(1 - WeightedMean.factor(of: 1, halfLife: Double(width)))
    }

    /// Median and 1 / (1.4826 MAD) of a recording; a MAD of 0 gives no scale.
    private func scale(of values: [Float]) -> (centre: Float, scale: Float) {
        let known = values.filter(\.isFinite)
        let centre = OrderedSamples.quantile(0.5, of: known) ?? 0
        let spread = (Selection.medianDeviation(of: known) ?? 0) * RobustScale.consistency
        return (Float(centre), spread > 0 ? Float(1 / spread) : .nan)
    }

    private static let slack: Float = 0.5

    // MARK: A recording alone

    private func along(_ statistics: [RollingStatistic], _ width: Int) -> [[[Float]]] {
        let recording = recordings[0]
        let run = PaneRun(recording.span)
        return statistics.map { statistic in
            var out = [Float](repeating: .nan, count: rows)
            switch statistic {
            case .mean: Rolling.mean(of: run, window: width, into: &out)
            case .std: Rolling.deviation(of: run, window: width, into: &out)
            case .min: Rolling.least(of: run, window: width, into: &out)
            case .max: Rolling.greatest(of: run, window: width, into: &out)
            case .sum: Rolling.sum(of: run, window: width, into: &out)
            case .count: Rolling.count(of: run, window: width, into: &out)
            case .median: Rolling.median(of: run, window: width, into: &out)
            case .quantile(let share): Rolling.quantiles([share], of: run, window: width, into: &out)
            case .mad: Rolling.mad(of: run, window: width, into: &out)
            case .zscore: Rolling.zscore(of: run, window: width, into: &out)
            case .slope:
                Rolling.slope(of: run, window: width, into: &out)
                for i in out.indices { out[i] *= perMinute }
            case .ewma, .cusum:
                var other = out
                let (centre, scale) = scale(of: recording)
                var chart = RunChart(share: share(width), slack: Self.slack, centre: centre, scale: scale)
                if statistic == .ewma {
                    chart.run(run, levels: &out, sums: &other)
                } else if scale.isFinite {
                    chart.run(run, levels: &other, sums: &out)
                }
            }
            return [out]
        }
    }

    // MARK: Several beside each other

    private func across(_ statistics: [RollingStatistic], _ width: Int) -> [[[Float]]] {
        let all = recordings.flatMap(\.self)
        let block = PaneBlock(all.span, series: recordings.count)
        var out = Rows<Float>(count: rows, repeating: .nan)
        return statistics.map { statistic in
            switch statistic {
            case .mean: Rolling.mean(of: block, window: width, into: &out)
            case .std: Rolling.deviation(of: block, window: width, into: &out)
            case .min: Rolling.least(of: block, window: width, into: &out)
            case .max: Rolling.greatest(of: block, window: width, into: &out)
            case .sum: Rolling.sum(of: block, window: width, into: &out)
            case .count: Rolling.count(of: block, window: width, into: &out)
            case .median: Rolling.median(of: block, window: width, into: &out)
            case .quantile(let share): Rolling.quantiles([share], of: block, window: width, into: &out)
            case .mad: Rolling.mad(of: block, window: width, into: &out)
            case .zscore: Rolling.zscore(of: block, window: width, into: &out)
            case .slope: Rolling.slope(of: block, window: width, into: &out)
            case .ewma, .cusum:
                var other = Rows<Float>(count: rows, repeating: .nan)
                let scales = recordings.map(scale)
                var chart = LaneChart(
                    share: share(width), slack: Self.slack, centre: scales.map(\.centre),
                    scale: scales.map { $0.scale.isFinite ? $0.scale : 0 })
                if statistic == .ewma {
                    chart.run(block, levels: &out, sums: &other)
                } else {
                    chart.run(block, levels: &other, sums: &out)
                }
            }
            return recordings.indices.map { lane in
                let series = out.series(lane)
                switch statistic {
                case .slope: return series.map { $0 * perMinute }
                case .cusum where !scale(of: recordings[lane]).scale.isFinite: return series.map { _ in .nan }
                default: return series
                }
            }
        }
    }
}
