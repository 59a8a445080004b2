import Vitals

/// What a person's analysis makes of samples that lie ready, as if each had arrived at its `received`.
///
/// The same analysis as the daemon's, closed at the same ticks: wherever a sample or a deadline asks for one. After the
/// last sample time goes on to the end of its local day, so that the day's values are there.
public struct FileAnalysis: Sendable {
    /// Derived series, by time, then metric; of a revised value the last one.
    public private(set) var derived: [Sample] = []
    public private(set) var sessions: [ExerciseSession] = []
    /// The samples as the path judged them: quality, merged view.
    public private(set) var measured = 0
    /// Derived values as detectors said them.
    private var exact: [Key: Double] = [:]
    /// What intake put aside.
    public private(set) var counts = IntakeCounts()

    /// How far beyond the last local day time goes on: what is due at its end is due minutes later.
    private static let tail: Int64 = 15 * 60_000

    /// - Parameter samples: In order of `received`.
    /// - Complexity: O(samples + ticks with samples or deadlines).
    public init(_ samples: some Sequence<Sample>, person: PersonID, settings: AnalysisSettings) throws(WireError) {
        var analysis = try PersonAnalysis(person: person, settings: settings)
        var found: [Sample] = []
        var next = Int64.max
        var newest: Int64 = -1
        func close(until time: Int64) {
            while next <= time {
                let closed = analysis.close(tick: Timestamp(milliseconds: next))
                measured += closed.samples.count
                for value in closed.derived {
                    exact[Key(metric: value.metric, time: Swift.min(value.time, next))] = value.value
                }
                for sample in closed.samples where sample.source == .derived { found.append(sample) }
                if let session = closed.sessionCompleted { sessions.append(session) }
                let due = analysis.nextDeadline?.milliseconds ?? .max
                next = due < .max ? Swift.max(SeriesPanes.roundedUp(due), next + SeriesPanes.fineLength) : .max
            }
        }
        for sample in samples {
            close(until: sample.received.milliseconds - Intake.grace - 1)
            analysis.take(sample)
            guard Intake.isMoment(sample.time), Intake.isMoment(sample.received) else { continue }
            let tick = Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).tick
            next = Swift.min(next, Swift.max(tick, (analysis.lastClosed?.milliseconds ?? 0) + SeriesPanes.fineLength))
            newest = Swift.max(newest, sample.received.milliseconds)
        }
        if newest >= 0 {
            let day = settings.zone.day(of: Timestamp(milliseconds: newest))
            close(until: settings.zone.start(of: day + 1).milliseconds + Self.tail)
        }
        counts = analysis.counts
        derived = Self.latest(found)
    }

    private struct Key: Hashable {
        var metric: Metric
        var time: Int64
    }

    /// The value of one of `derived`, unrounded: samples keep seven digits.
    public func value(of sample: Sample) -> Double {
        let known = exact[Key(metric: sample.metric, time: sample.time.milliseconds)]
        guard let known, Float(known) == sample.value else { return Double(sample.value) }
        return known
    }

    /// The last revision of each value, sorted by time and metric.
    private static func latest(_ samples: [Sample]) -> [Sample] {
        let sorted = samples.sorted {
            ($0.time, $0.metric.rawValue, $0.revision) < ($1.time, $1.metric.rawValue, $1.revision)
        }
        var kept: [Sample] = []
        for sample in sorted {
            if let last = kept.last, last.time == sample.time, last.metric == sample.metric { kept.removeLast() }
            kept.append(sample)
        }
        return kept
    }
}
