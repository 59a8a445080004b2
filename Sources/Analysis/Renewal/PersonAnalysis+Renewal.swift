import Vitals

/// Which detectors are being made anew from history, and what is still to be stored of that and of late data. Part of a
/// person's state, so that an interrupted renewal is begun again.
struct PendingRenewal: Sendable, Equatable {
    /// Names of the detectors whose state was of another version, sorted.
    var detectors: [String] = []
    /// Values of series that are not daily, to be stored when windows are no longer rebuilt from their time.
    var corrections: [Sample] = []
    var isChanged = false

    /// From which tick on a correction may be stored.
    private static func due(_ sample: Sample) -> Int64 {
        SeriesPanes.roundedUp(sample.time.milliseconds + PersonAnalysis.rebuiltLength) + SeriesPanes.fineLength
    }

    /// When the first of them may be.
    var due: Int64? { corrections.map(Self.due).min() }

    /// Puts one in the place of an earlier one of the same series and time. Complexity: O(what waits).
    mutating func correct(_ sample: Sample) {
        isChanged = true
        let place = corrections.lastIndex {
            $0.metric == sample.metric && $0.time == sample.time && $0.source == sample.source
        }
        guard let place else { return corrections.append(sample) }
        let revision = corrections[place].revision
        corrections[place] = sample
        corrections[place].revision = Swift.max(revision, sample.revision)
    }

    /// Takes out those that may be stored at a tick.
    mutating func take(at end: Int64) -> [Sample] {
        let ripe = corrections.filter { Self.due($0) <= end }
        guard !ripe.isEmpty else { return [] }
        corrections.removeAll { Self.due($0) <= end }
        isChanged = true
        return ripe
    }

    mutating func begin(_ name: String) {
        guard !detectors.contains(name) else { return }
        detectors = (detectors + [name]).sorted()
        isChanged = true
    }

    func write(to writer: inout ByteWriter) {
        writer.list(detectors) { $0.text($1) }
        writer.list(corrections) { $0.wire($1) }
    }

    init() {}

    init(from reader: inout ByteReader) throws(WireError) {
        detectors = try reader.list { (r: inout ByteReader) throws(WireError) in try r.text() }
        corrections = try reader.list { (r: inout ByteReader) throws(WireError) in try r.wire() }
        guard corrections.allSatisfy({ Intake.isMoment($0.time) && $0.value.isFinite }) else {
            throw WireError(.malformed("a correction that cannot be"), at: reader.offset)
        }
    }
}

extension PersonAnalysis {
    /// Detectors whose stored state is of another version. They began afresh from the samples of the last day, until
    /// what a `Renewal` finds takes their place.
    public var renewed: [String] { pending.detectors }

    /// Begins to run changed detectors anew; `nil` when none are.
    ///
    /// - Parameters:
    ///   - first: time of the person's first stored sample.
    ///   - now: hub time.
    public func renewal(first: Timestamp, now: Timestamp) throws(WireError) -> Renewal? {
        renewed.isEmpty ? nil : try Renewal(renewed, of: self, first: first, now: now)
    }

    /// Puts detectors that have caught up in the place of those that began afresh.
    ///
    /// Daily values are in force from now on for baselines and for detectors. Nothing is decided on them: no rule sees
    /// a value of the past that changed or came new by this as its latest (`DailyValues.Entry`), and the panes of other
    /// series keep what was known in time. What differs in those within the time from which windows are rebuilt is
    /// stored when it has passed, so that a restart finds the same panes.
    ///
    /// - Parameters:
    ///   - renewal: given every stored sample up to `lastClosed`.
    ///   - corrections: what `Renewal.corrections` said last, not yet stored.
    /// - Returns: what is to be stored now; `nil` when the renewal stands elsewhere or is of other detectors.
    public mutating func adopt(_ renewal: Renewal, corrections: [Sample]) throws(WireError) -> [Sample]? {
        guard renewal.person == person, renewal.changed == renewed, lastTick >= 0,
            renewal.shadow.lastTick == lastTick
        else { return nil }
        var shadow = renewal.shadow
        shadow.detectors.record(at: lastTick, isPressing: true, person: person)
        let names = Set(DetectorCard.all.filter { !renewal.gives.isDisjoint(with: $0.gives) }.map(\.name))
        let states = shadow.detectors.takeStates().filter {
            names.contains(String($0.component.dropFirst(Detectors.prefix.count)))
        }
        try detectors.adopt(states, lastTick: lastTick)
        for metric in renewal.gives where metric.isDaily { recall(metric, of: renewal) }
        let border = lastTick - Self.rebuiltLength
        let waits = { (sample: Sample) in !sample.metric.isDaily && sample.time.milliseconds >= border }
        for sample in corrections where waits(sample) { pending.correct(sample) }
        pending.detectors = []
        pending.isChanged = true
        cache = FeatureCache(count: settings.features.count)
        detectors.look()
        return corrections.filter { !waits($0) }
    }

    /// Puts a series' daily values as a renewal made them in force.
    private mutating func recall(_ metric: Metric, of renewal: Renewal) {
        let from = renewal.from.milliseconds
        let old = daily.of(metric).filter { $0.source == .derived && $0.time >= from }
        let new = renewal.shadow.daily.of(metric).filter { $0.source == .derived && $0.time >= from }
        for entry in old where !new.contains(where: { $0.day == entry.day }) { daily.remove(metric, day: entry.day) }
        for var entry in new {
            let before = old.first { $0.day == entry.day }
            let stored = renewal.revisions[Renewal.Place(metric: metric, time: entry.time)] ?? 0
            entry.revision = Swift.max(stored, before?.revision ?? 0)
            if let before, before.value == entry.value {
                (entry.known, entry.timely) = (before.known, before.timely)
            } else {
                (entry.known, entry.timely) = (.max, before?.timely ?? .nan)
            }
            daily.remove(metric, day: entry.day)
            daily.put(entry)
        }
    }

    /// What waits of an earlier renewal, once it may be stored.
    mutating func storeCorrections(at end: Int64, into closed: inout ClosedTick) {
        if !pending.corrections.isEmpty { closed.samples += pending.take(at: end) }
    }
}

extension Detectors {
    /// Puts other states in place of the present ones, to be written with the next commit.
    mutating func adopt(_ states: [ComponentState], lastTick: Int64) throws(WireError) {
        for state in states {
            _ = try restore(state, lastTick: lastTick)
            unsaved.removeAll { $0.component == state.component }
            unsaved.append(state)
        }
    }
}
