import Vitals

/// One person's metric: its sources, the merged view of them, and the panes of that view.
///
/// The view holds what came in time for its tick. A late sample is judged, stored, and recognised when it comes again;
/// but it enters no pane a rule reads, is never the latest, teaches no cadence, and lets no source speak (DESIGN §5,
/// promise 4). Of heart rate and steps it goes to `late`, from which the night's resting heart rate is completed.
///
/// The merged view never adds two devices up: at any time one source speaks, the others' samples are kept as
/// `redundant`. Another speaks when the present one gave nothing usable for longer than its hold, or when one of higher
/// priority has been back for 30 s.
struct MetricSeries: Sendable {
    /// A source of higher priority speaks again after giving samples for this long.
    static let comeback: Int64 = 30_000
    /// Spans of two sources may overlap by rounding.
    static let tolerance: Int64 = 1000
    static let keptTurns = 32
    /// Duplicates are recognised, and panes rebuilt, this far back.
    static let horizon: Int64 = 24 * 3_600_000

    let metric: Metric
    let kind: Metric.Kind
    let plausible: ClosedRange<Float>
    var panes: SeriesPanes
    var order: OrderedSamples?

    var sources: [SourceTrack] = []
    /// Index of the source that speaks; −1 before the first sample.
    private(set) var speaker = -1
    /// Who spoke from when on, oldest first; the last entry is the speaker's.
    private(set) var turns: [(from: Int64, source: Int)] = []
    /// Heart rate and steps that came late; `nil` while there are none of the last day.
    var late: LateMinutes?
    /// The tick of the first late sample, when it came before any in time; −1 otherwise.
    var heard: Int64 = -1
    /// Time and value of the newest sample of the merged view; −1 before the first.
    private(set) var latestTime: Int64 = -1
    private(set) var latestValue: Float = .nan
    /// Where old data beyond the memory of times is being filled in.
    var backfill: (pane: Int64, time: Int64) = (-1, -1)

    init(metric: Metric) {
        self.metric = metric
        kind = metric.kind
        plausible = metric.plausible
        panes = SeriesPanes(holdsAmounts: kind == .increment)
    }

    var isState: Bool { kind == .state }

    /// Since when nothing in time has come: the newest sample, or for a series that only ever came late, when that was
    /// first heard; −1 for a series never heard of.
    var silentSince: Int64 { latestTime >= 0 ? latestTime : heard }

    /// Hold of the present source.
    var hold: Int64 {
        speaker >= 0 ? sources[speaker].patience(at: .max) : isState ? Cadence.stateHold : Cadence.defaultHold
    }

    enum Outcome { case duplicate, kept, used }

    /// Judges a sample at the tick it is applied, sets its quality, and adds it to the panes when it is usable.
    ///
    /// `source` is its index in `sources`. Rebuilding trusts the stored quality and changes nothing but panes.
    mutating func apply(_ sample: inout Sample, source: Int, tick: Int64, switched: inout [SourceSwitch]) -> Outcome {
        // The flag alone may be a file's; whether the sample is late here, its times tell.
        if sample.quality.contains(.late), Intake.tick(of: sample, isIncrement: kind == .increment).late {
            return complete(&sample, source: source, tick: tick)
        }
        let time = sample.time.milliseconds
        let verdict = sources[source].times.judge(time, horizon: tick - Self.horizon)
        if case .known = verdict { return .duplicate }
        if case .new = verdict { sources[source].times.insert(time) }

        if !plausible.contains(sample.value) { sample.quality.insert(.implausible) }
        if time > sources[source].newest {
            if !isState, sources[source].newest >= 0 {
                sources[source].cadence.saw(interval: time - sources[source].newest)
            }
            sources[source].newest = time
        }
        guard sample.quality.isDisjoint(with: .unusable) else { return .kept }
        if sources.count > 1, !speaks(sample, source: source, tick: tick, switched: &switched) {
            sample.quality.insert(.redundant)
            note(sample, source: source, tick: tick)
            return .kept
        }
        if speaker < 0 {
            speaker = source
            turns.append((time, source))
        }
        note(sample, source: source, tick: tick)
        if time > sources[source].spoken { sources[source].spoken = time }
        if time >= latestTime {
            latestTime = time
            latestValue = sample.value
        }
        return enter(sample, source: source, tick: tick, verdict: verdict) ? .used : .kept
    }

    /// Remembers when the source gave something usable.
    private mutating func note(_ sample: Sample, source: Int, tick: Int64) {
        let time = sample.time.milliseconds
        guard time > sources[source].usable else { return }
        if time - sources[source].usable > sources[source].patience(at: tick) { sources[source].streak = time }
        sources[source].usable = time
        sources[source].usableSpan = Int64(sample.span)
    }

    /// Adds to the panes. What is older than the memory of times may already be in them and stays out: only a caller
    /// that closes a sample's tick before handing it over gets there.
    private mutating func enter(_ sample: Sample, source: Int, tick: Int64, verdict: SampleTimes.Verdict) -> Bool {
        let time = sample.time.milliseconds
        if case .beyondMemory = verdict { return false }
        if kind == .increment {
            panes.add(amount: sample.value, over: Int64(sample.span), until: time)
        } else {
            panes.add(sample.value, at: time, hold: sources[source].cadence.hold(at: tick))
            order?.insert(sample.value, at: time)
        }
        return true
    }

    // MARK: Several sources

    private mutating func speaks(
        _ sample: Sample, source: Int, tick: Int64, switched: inout [SourceSwitch]
    ) -> Bool {
        // What a sensor says about itself is never merged.
        guard metric != .sensorState, speaker >= 0 else { return true }
        let time = sample.time.milliseconds
        if kind == .increment, overlapsOthers(sample, source: source) { return false }
        if time < latestTime { return spoke(source, at: sample) }
        if source == speaker { return true }
        let present = sources[speaker]
        let silence = time - present.usable
        let streak = time - sources[source].usable > sources[source].patience(at: tick) ? time : sources[source].streak
        let reason: SourceSwitch.Reason
        if silence > present.patience(at: tick) {
            reason = .silent
        } else if sources[source].priority > present.priority, time - streak >= Self.comeback {
            reason = .priority
        } else {
            return false
        }
        switched.append(
            SourceSwitch(metric: metric, from: present.id, to: sources[source].id, reason: reason, at: sample.time))
        speaker = source
        turns.append((time, source))
        if turns.count > Self.keptTurns { turns.removeFirst() }
        return true
    }

    func overlapsOthers(_ sample: Sample, source: Int) -> Bool {
        let start = sample.start.milliseconds
        let end = sample.time.milliseconds
        for other in sources.indices where other != source {
            if sources[other].spoken > start + Self.tolerance, end > latestTime { return true }
        }
        return false
    }

    /// Whether a sample behind the newest belongs to the source that spoke then, or falls where nobody did.
    func spoke(_ source: Int, at sample: Sample) -> Bool {
        let time = sample.time.milliseconds
        let probe = kind == .increment ? sample.start.milliseconds + Int64(sample.span) / 2 : time
        var i = turns.count - 1
        while i > 0, turns[i].from > probe { i -= 1 }
        if i >= 0, turns[i].source == source, turns[i].from <= probe { return true }
        if probe / SeriesPanes.fineLength > panes.fine.newest { return true }
        if let slot = panes.fine.slot(probe / SeriesPanes.fineLength) { return panes.fine.columns.covered(slot) == 0 }
        if let slot = panes.middle.slot(probe / SeriesPanes.middleLength) {
            return panes.middle.columns.covered(slot) == 0
        }
        return false
    }

    // MARK: Rebuilding

    /// Adds a stored sample, applied at `tick`, to the panes it was added to then, and to nothing else; tells whether it
    /// was used then.
    mutating func rebuild(_ sample: Sample, source: Int, tick: Int64, isLate: Bool) -> Bool {
        let time = sample.time.milliseconds
        if isLate {
            let verdict = judgeLate(time, source: source, tick: tick)
            guard verdict != .known, sample.quality.isDisjoint(with: .unusable) else { return false }
            if latestTime < 0, heard < 0 { heard = tick }
            return enterLate(sample, source: source, tick: tick, verdict: verdict)
        }
        let verdict = sources[source].times.judge(time, horizon: tick - Self.horizon)
        if case .known = verdict { return false }
        if case .new = verdict { sources[source].times.insert(time) }
        guard sample.quality.isDisjoint(with: .unusable) else { return false }
        let isUsed = enter(sample, source: source, tick: tick, verdict: verdict)
        if time >= latestTime {
            latestTime = time
            latestValue = sample.value
        }
        if speaker < 0 {
            speaker = source
            turns.append((time, source))
        }
        return isUsed
    }
}

extension MetricSeries {
    func write(to writer: inout ByteWriter) {
        writer.integer(metric.rawValue)
        writer.integer(Int8(truncatingIfNeeded: speaker))
        writer.integer(latestTime)
        writer.float(latestValue)
        writer.integer(heard)
        writer.integer(backfill.pane)
        writer.integer(backfill.time)
        writer.list(turns) {
            $0.integer($1.from)
            $0.byte(UInt8(truncatingIfNeeded: $1.source))
        }
        writer.optional(order?.since) { $0.integer($1) }
        writer.list(sources) {
            $0.id($1.id)
            $1.cadence.write(to: &$0)
            for time in [$1.newest, $1.usable, $1.usableSpan, $1.streak, $1.spoken] { $0.integer(time) }
        }
    }

    init(from reader: inout ByteReader, version: Int, settings: AnalysisSettings) throws(WireError) {
        self.init(metric: try reader.raw())
        let at = reader.offset
        speaker = Int(try reader.integer(Int8.self))
        latestTime = try reader.integer()
        latestValue = try reader.float()
        // Version 1 did not know it.
        if version > 1 { heard = try reader.integer() }
        backfill = (try reader.integer(), try reader.integer())
        turns = try reader.list { (r: inout ByteReader) throws(WireError) -> (from: Int64, source: Int) in
            (try r.integer(), Int(try r.byte()))
        }
        if let since: Int64 = try reader.optional({ (r: inout ByteReader) throws(WireError) in try r.integer() }) {
            order = OrderedSamples(since: since)
        }
        let isState = isState
        sources = try reader.list { (r: inout ByteReader) throws(WireError) in
            let id: DeviceID = try r.id()
            var source = SourceTrack(settings: settings, id: id, isState: isState)
            source.cadence = try Cadence(from: &r)
            source.newest = try r.integer()
            source.usable = try r.integer()
            source.usableSpan = try r.integer()
            source.streak = try r.integer()
            source.spoken = try r.integer()
            guard source.usableSpan >= 0, source.usableSpan <= Int64(UInt32.max) else {
                throw WireError(.malformed("a span of \(source.usableSpan) ms"), at: r.offset)
            }
            return source
        }
        guard speaker < sources.count, speaker >= -1, turns.allSatisfy({ $0.source < sources.count }),
            latestTime <= Intake.lastTime, heard <= Intake.lastTime, backfill.time <= Intake.lastTime
        else { throw WireError(.malformed("a source that is not there"), at: at) }
    }
}
