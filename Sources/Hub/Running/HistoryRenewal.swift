import Analysis
import Vitals

/// Runs a person's changed detectors anew over what is stored, in slices of a few milliseconds (DESIGN §5, promise 8).
///
/// First everything stored is given (`Renewal`), then what the detectors say is compared with what is stored of them,
/// then what came meanwhile is caught up with and their states take the place of the present ones. Nothing is kept of a
/// run that is cut short but the corrections it has stored: the next start begins again, finds those in place, and ends
/// the same.
struct HistoryRenewal {
    /// What a slice brought.
    enum Step {
        /// Go on.
        case more
        /// To be stored; go on.
        case corrections([Sample])
        /// Everything up to the last commit was looked at: `finish` once nothing waits to be committed.
        case caughtUp
    }

    let person: Person
    /// Values corrected and withdrawn so far.
    private(set) var corrected = 0
    private(set) var withdrawn = 0
    private let store: any Store
    private var renewal: Renewal
    /// Time covered by the next slice.
    private var span = TimeSpan.hours(1)
    /// Up to where values were compared; `nil` while samples are given.
    private var compared: Timestamp?

    /// A slice that takes longer is followed by a shorter one, so that no tick waits.
    static let longestSlice: Int64 = 10
    private static let spans = TimeSpan.minutes(15)...TimeSpan.days(16)
    /// Values younger than this may still change as the last days are completed; they are compared at the end.
    private static let unsettled = TimeSpan.days(4)

    /// `nil` when no detector of the person changed, or nothing is stored.
    init?(of person: Person, in pipeline: Pipeline, store: any Store) throws {
        let first = try store.series(of: person.id).map(\.first).min()
        guard let first, let renewal = try pipeline.renewal(of: person.id, first: first) else { return nil }
        self.person = person
        self.store = store
        self.renewal = renewal
    }

    // MARK: Slices

    /// Does the work of one slice.
    mutating func step(_ pipeline: Pipeline) throws -> Step {
        guard let last = pipeline.lastClosed(of: person.id) else { return .caughtUp }
        let began = HubClock.stopwatch()
        defer { adapt(to: HubClock.stopwatch() - began) }
        guard let from = compared else {
            let until = min(renewal.position + span, last)
            renewal.take(
                try samples(TimeRange(renewal.position, until), renewal.reads), until: until, lastTick: last)
            if until >= last {
                compared = renewal.from
                _ = renewal.earliestNews()
            }
            return .more
        }
        let until = min(from + span, renewal.position - Self.unsettled)
        guard until > from else { return .caughtUp }
        compared = until
        let range = TimeRange(from, until)
        return .corrections(corrections(in: range, stored: try samples(range, renewal.gives), at: pipeline.now))
    }

    /// Catches up with what was committed meanwhile, and puts the detectors in place.
    ///
    /// Everything the pipeline decided must be in the store.
    /// - Returns: whether they are: not when a change of the configuration came between.
    mutating func finish(_ pipeline: Pipeline) throws -> Bool {
        guard let last = pipeline.lastClosed(of: person.id) else { return false }
        let end = last + .milliseconds(1)
        renewal.take(try samples(TimeRange(renewal.position, end), renewal.reads), until: end, lastTick: last)
        renewal.finish(at: last)
        let settled = compared ?? renewal.from
        let range = TimeRange(min(settled, renewal.earliestNews() ?? settled), end)
        let rest = corrections(in: range, stored: try samples(range, renewal.gives), at: pipeline.now)
        return try pipeline.adopt(renewal, corrections: rest)
    }

    private mutating func corrections(in range: TimeRange, stored: [Sample], at now: Timestamp) -> [Sample] {
        let found = renewal.corrections(in: range, stored: stored, at: now)
        let taken = found.count { $0.quality.contains(.artefact) }
        withdrawn += taken
        corrected += found.count - taken
        return found
    }

    private func samples(_ range: TimeRange, _ metrics: Set<Metric>) throws -> [Sample] {
        guard range.start < range.end else { return [] }
        var list: [Sample] = []
        try store.samples(of: person.id, metrics: metrics, in: range) { list.append($0) }
        return list
    }

    private mutating func adapt(to milliseconds: Int64) {
        if milliseconds > Self.longestSlice {
            span = max(TimeSpan(milliseconds: span.milliseconds / 2), Self.spans.lowerBound)
        }
        if milliseconds < Self.longestSlice / 2 { span = min(span * 2, Self.spans.upperBound) }
    }

    // MARK: Telling

    private var names: String { renewal.changed.joined(separator: ", ") }

    var beginning: String {
        "\(person.name): \(names) changed with this version; what is stored since \(ISO8601.format(renewal.start)) is run "
            + "through again while the hub works"
    }

    var outcome: String {
        "\(person.name): \(names) was made anew for \(ISO8601.format(renewal.from)) to "
            + "\(ISO8601.format(renewal.position)): \(corrected) values corrected, \(withdrawn) withdrawn, among them those "
            + "that depend on it; nothing of the past was decided again"
    }

    // MARK: At once

    /// Renews everyone before a command goes on with a store, where no hub is waiting.
    static func runAll(_ pipeline: Pipeline, store: any Store) throws {
        for person in pipeline.renewing {
            guard var run = try HistoryRenewal(of: person, in: pipeline, store: store) else { continue }
            loop: while true {
                switch try run.step(pipeline) {
                case .more: continue
                case .corrections(let samples):
                    try store.commit(Commit(of: samples, person: person.id, at: pipeline.now))
                case .caughtUp: break loop
                }
            }
            _ = try run.finish(pipeline)
            try store.commit(pipeline.takeCommit())
        }
    }
}

extension Commit {
    /// Nothing but samples of one person.
    init(of samples: [Sample], person: PersonID, at: Timestamp) {
        self.init(at: at)
        if !samples.isEmpty { self.samples = [PersonSamples(person: person, samples: samples)] }
    }
}
