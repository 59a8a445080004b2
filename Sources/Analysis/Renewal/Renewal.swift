import Vitals

/// Detectors of one person that run anew over stored samples, because this program has another version of them than
/// the one that made their state.
///
/// Beside the analysis that goes on, a second one is given what is stored, each sample at the tick at which it was
/// applied, with the quality it was given then (`MetricSeries.recollect`). In it only the changed detectors speak, and
/// those that read what they give; what others gave is read from the store. When it has caught up, its detectors
/// take the place of those that began afresh (`PersonAnalysis.adopt`), and the store gets what they say of the past.
///
/// How far it goes back: the values of the last 92 days are made anew, which is all that baselines look at, after a run
/// over as long before as the detectors look back; everything stored where one of them is a sum over all that came.
/// Nothing is decided by it: see `PersonAnalysis.adopt`.
public struct Renewal: Sendable {
    public let person: PersonID
    /// Names of the detectors whose version changed.
    public let changed: [String]
    /// Series that are made anew: theirs, and those of the detectors that read these.
    public let gives: Set<Metric>
    /// What must be given, from the store.
    public let reads: Set<Metric>
    /// Where the run begins.
    public let start: Timestamp
    /// From here on values are made anew; those before are of the run-up.
    public let from: Timestamp
    /// Stored samples up to here, not included, were given.
    public private(set) var position: Timestamp
    var shadow: PersonAnalysis
    private var told: [Metric: ToldValues] = [:]
    /// Samples that came later than what was given so far, by the tick at which they were applied.
    private var waiting: [(tick: Int64, sample: Sample)] = []
    private var next = Int64.max
    /// Time of the earliest value told since `earliestNews` was asked for.
    private var earliest = Int64.max
    /// Stored revisions of daily values, by metric and time.
    private(set) var revisions: [Place: UInt8] = [:]

    struct Place: Hashable {
        var metric: Metric
        var time: Int64
    }

    /// - Parameters:
    ///   - first: time of the first stored sample.
    ///   - now: hub time.
    init(_ changed: [String], of analysis: PersonAnalysis, first: Timestamp, now: Timestamp) throws(WireError) {
        person = analysis.person
        self.changed = changed
        let cards = Self.concerned(changed)
        let gives = Set(cards.flatMap(\.gives))
        self.gives = gives
        reads = gives.union(cards.flatMap(\.reads))
        var longest: Int64? = 0
        for card in cards {
            switch card.memory {
            case .days(let days): longest = longest.map { Swift.max($0, days) }
            case .everything: longest = nil
            }
        }
        let recent = now - .days(Int64(DailyValues.kept))
        from = longest == nil ? first : Swift.max(first, recent)
        start = longest.map { Swift.max(first, recent - .days($0)) } ?? first
        position = start
        shadow = try PersonAnalysis(person: analysis.person, settings: analysis.settings)
        shadow.recollects = gives
    }

    /// The changed detectors, and whoever reads what they give.
    private static func concerned(_ changed: [String]) -> [DetectorCard] {
        let all = DetectorCard.all
        var names = Set(changed)
        while true {
            let gives = Set(all.filter { names.contains($0.name) }.flatMap(\.gives))
            let more = all.filter { !gives.isDisjoint(with: $0.reads) && !names.contains($0.name) }
            guard !more.isEmpty else { return all.filter { names.contains($0.name) } }
            names.formUnion(more.map(\.name))
        }
    }

    // MARK: Samples

    /// Takes the stored samples of a stretch of time, and closes the ticks that belong to it.
    ///
    /// - Parameters:
    ///   - samples: those of `reads` with `time` from `position` until before `until`, in any order.
    ///   - lastTick: no tick after this one is closed: where the running analysis stands.
    /// - Complexity: that of the analysis, O(samples + ticks).
    public mutating func take(_ samples: [Sample], until: Timestamp, lastTick: Timestamp) {
        for sample in samples where sample.source != .derived || !gives.contains(sample.metric) {
            let tick = Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).tick
            waiting.append((tick, sample))
        }
        waiting.sort { a, b in a.tick != b.tick ? a.tick < b.tick : PersonAnalysis.comesBefore(a.sample, b.sample) }
        let limit = Swift.min(lastTick.milliseconds, until.milliseconds)
        var given = 0
        for (tick, sample) in waiting {
            guard tick <= limit else { break }
            close(until: tick - SeriesPanes.fineLength)
            shadow.take(sample)
            next = Swift.min(next, tick)
            given += 1
        }
        waiting.removeFirst(given)
        close(until: limit)
        position = until
    }

    private mutating func close(until limit: Int64) {
        while next <= limit {
            let closed = shadow.close(tick: Timestamp(milliseconds: next))
            for sample in closed.samples where sample.source == .derived && gives.contains(sample.metric) {
                guard sample.time >= from else { continue }
                told[sample.metric, default: ToldValues()].put(sample)
                earliest = Swift.min(earliest, sample.time.milliseconds)
            }
            next = shadow.nextDeadline.map { SeriesPanes.roundedUp($0.milliseconds) } ?? .max
            if next < .max { next = Swift.max(next, (shadow.lastClosed?.milliseconds ?? 0) + SeriesPanes.fineLength) }
        }
    }

    /// Closes the tick at which the running analysis stands, so that this one stands there, too.
    public mutating func finish(at tick: Timestamp) {
        let lastTick = tick.milliseconds
        guard (shadow.lastClosed?.milliseconds ?? -1) < lastTick else { return }
        next = Swift.min(next, lastTick)
        close(until: lastTick)
    }

    // MARK: Values

    /// Time of the earliest value said since the last call; a stretch compared before may have to be compared again.
    public mutating func earliestNews() -> Timestamp? {
        defer { earliest = .max }
        return earliest < .max ? Timestamp(milliseconds: earliest) : nil
    }

    /// What must be stored so that a stretch of time holds what the detectors now say of it.
    ///
    /// A value that differs is told with a higher revision. One that is no longer said is withdrawn: told again with
    /// the quality `artefact`, so that nothing reads it any more. All of them are `late`: they complete history.
    ///
    /// - Parameters:
    ///   - stored: derived samples of `gives` with `time` in `range`.
    ///   - now: when the hub knows.
    public mutating func corrections(in range: TimeRange, stored: [Sample], at now: Timestamp) -> [Sample] {
        let range = TimeRange(Swift.max(range.start, from), range.end)
        var known: [Place: Sample] = [:]
        for sample in stored where sample.source == .derived && range.contains(sample.time) {
            let place = Place(metric: sample.metric, time: sample.time.milliseconds)
            known[place] = sample
            if sample.metric.isDaily { revisions[place] = sample.revision }
        }
        var result: [Sample] = []
        func correct(_ sample: Sample, over old: Sample?) {
            guard (old?.revision ?? 0) < .max else { return }
            var sample = sample
            sample.revision = old.map { $0.revision + 1 } ?? 0
            sample.received = now
            result.append(sample)
            guard sample.metric.isDaily else { return }
            revisions[Place(metric: sample.metric, time: sample.time.milliseconds)] = sample.revision
        }
        for metric in gives {
            told[metric]?.forEach(in: range) { time, value, span in
                let old = known.removeValue(forKey: Place(metric: metric, time: time))
                if let old, old.value == value, old.span == span, !old.quality.contains(.artefact) { return }
                correct(
                    Sample(
                        metric: metric, value: value, time: Timestamp(milliseconds: time), span: span, received: now,
                        source: .derived, quality: .late), over: old)
            }
        }
        for var old in known.values where !old.quality.contains(.artefact) {
            old.quality = [.late, .artefact]
            correct(old, over: old)
        }
        return result.sorted(by: PersonAnalysis.comesBefore)
    }

    /// Whether a daily value is among what was said.
    func tells(_ metric: Metric, at time: Int64) -> Bool { told[metric]?.contains(time) ?? false }
}

/// Values of one series in order of time; 16 bytes each.
private struct ToldValues {
    private var times: [Int64] = []
    private var values: [Float] = []
    private var spans: [UInt32] = []

    private func place(of time: Int64) -> Int {
        var (low, high) = (0, times.count)
        if let last = times.last, last < time { return high }
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func put(_ sample: Sample) {
        let time = sample.time.milliseconds
        let place = place(of: time)
        if place < times.count, times[place] == time {
            values[place] = sample.value
            spans[place] = sample.span
        } else {
            times.insert(time, at: place)
            values.insert(sample.value, at: place)
            spans.insert(sample.span, at: place)
        }
    }

    func contains(_ time: Int64) -> Bool {
        let place = place(of: time)
        return place < times.count && times[place] == time
    }

    func forEach(in range: TimeRange, _ body: (Int64, Float, UInt32) -> Void) {
        for i in place(of: range.start.milliseconds)..<times.count {
            guard times[i] < range.end.milliseconds else { return }
            body(times[i], values[i], spans[i])
        }
    }
}

extension SeriesPanes {
    /// The first pane end at or after a time.
    static func roundedUp(_ time: Int64) -> Int64 { (time + fineLength - 1) / fineLength * fineLength }
}
