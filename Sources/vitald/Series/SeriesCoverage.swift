import Vitals

/// Which share of its own time a series covers, learned in one pass in constant memory.
///
/// The share of [first, last] within `hold` after a sample, where `hold` is 2.5 × the series' own median cadence, 5 s
/// to 5 min (a daily value holds for 2.5 cadences whatever their length). For increments it is the share that spans
/// cover. Gaps are counted in buckets of a few percent, so that the median, and with it the share, may be off by 5 %.
struct SeriesCoverage: Sendable {
    private struct Bucket {
        var count = 0
        /// Milliseconds of all gaps in it.
        var sum = 0.0
    }

    static let holdOverCadence = 2.5
    static let holdBounds = 5000.0...300_000.0
    private static let bucketsPerOctave = 35.0

    private let kind: Metric.Kind
    private var buckets: [Bucket] = []
    private var gaps = 0
    private var first: Timestamp?
    private var last: Timestamp?
    /// End of what spans cover so far, and how much they cover.
    private var coveredUntil: Timestamp?
    private var covered = 0.0

    init(of kind: Metric.Kind) { self.kind = kind }

    /// Takes the next sample in order of time. Samples that no feature may use cover nothing.
    mutating func take(_ sample: Sample) {
        guard sample.quality.isDisjoint(with: .unusable) else { return }
        if kind == .increment { return take(from: sample.start, to: sample.time) }
        if let last {
            let gap = Double(max(0, (sample.time - last).milliseconds))
            guard gap > 0 else { return }
            let bucket = SeriesCoverage.bucket(of: gap)
            if bucket >= buckets.count {
                buckets.append(contentsOf: repeatElement(Bucket(), count: bucket + 1 - buckets.count))
            }
            buckets[bucket].count += 1
            buckets[bucket].sum += gap
            gaps += 1
        }
        first = first ?? sample.time
        last = sample.time
    }

    private mutating func take(from start: Timestamp, to end: Timestamp) {
        first = min(first ?? start, start)
        last = max(last ?? end, end)
        let new = max(start, coveredUntil ?? start)
        if end > new { covered += Double((end - new).milliseconds) }
        coveredUntil = max(coveredUntil ?? end, end)
    }

    private static func bucket(of gap: Double) -> Int { Int(log2(gap) * bucketsPerOctave) }

    private static func log2(_ value: Double) -> Double {
        // Mantissa and exponent: enough for a bucket, and the same on every machine.
        Double(value.exponent) + (value.significand - 1)
    }

    /// 0…1; nil for fewer than two samples.
    var share: Double? {
        guard let first, let last, last > first else { return nil }
        let length = Double((last - first).milliseconds)
        if kind == .increment { return min(1, covered / length) }
        guard let cadence = medianGap else { return nil }
        var hold = cadence * SeriesCoverage.holdOverCadence
        if kind != .daily {
            hold = min(max(hold, SeriesCoverage.holdBounds.lowerBound), SeriesCoverage.holdBounds.upperBound)
        }
        var covered = 0.0
        for bucket in buckets where bucket.count > 0 {
            covered += min(bucket.sum / Double(bucket.count), hold) * Double(bucket.count)
        }
        return min(1, covered / length)
    }

    /// Milliseconds between a sample and the next, as usual as it gets.
    var medianGap: Double? {
        var seen = 0
        for bucket in buckets {
            seen += bucket.count
            if bucket.count > 0, seen * 2 >= gaps { return bucket.sum / Double(bucket.count) }
        }
        return nil
    }
}
