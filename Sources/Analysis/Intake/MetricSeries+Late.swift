import Vitals

extension MetricSeries {
    /// How a used sample reaches detectors.
    @inline(__always) func arrival(of sample: Sample, source: Int, tick: Int64, day: DaySpan) -> Arrival {
        let hold = kind == .increment ? 0 : sources[source].cadence.hold(at: tick)
        // A hold like the first one was not learned; a device that really reports every 24 s is taken for a new one.
        let isLearned = hold != Cadence.defaultHold || sources[source].fixedCadence != nil
        return Arrival(
            tick: tick, isLate: Intake.tick(of: sample, isIncrement: kind == .increment).late, hold: hold,
            cadence: isLearned ? hold * 2 / 5 : 0, day: day)
    }

    /// Whether late samples complete something.
    private var keepsLate: Bool { metric == .heartRate || metric == .steps }

    /// Judges a late sample, sets its quality, and adds it to the late minutes when it is usable.
    mutating func complete(_ sample: inout Sample, source: Int, tick: Int64) -> Outcome {
        let verdict = judgeLate(sample.time.milliseconds, source: source, tick: tick)
        if case .known = verdict { return .duplicate }
        if !plausible.contains(sample.value) { sample.quality.insert(.implausible) }
        guard sample.quality.isDisjoint(with: .unusable) else { return .kept }
        if sources.count > 1, !isMissing(sample, source: source, tick: tick) {
            sample.quality.insert(.redundant)
            return .kept
        }
        if latestTime < 0, heard < 0 { heard = tick }
        return enterLate(sample, source: source, tick: tick, verdict: verdict) ? .used : .kept
    }

    /// Whether the source gave a sample of this time before, in time or late; remembers it as late if not.
    mutating func judgeLate(_ time: Int64, source: Int, tick: Int64) -> SampleTimes.Verdict {
        let horizon = tick - Self.horizon
        let timely = sources[source].times.judge(time, horizon: horizon)
        let late = sources[source].lateTimes.judge(time, horizon: horizon)
        if timely == .known || late == .known { return .known }
        if late == .new { sources[source].lateTimes.insert(time) }
        return timely == .new && late == .new ? .new : .beyondMemory
    }

    /// Adds to the late minutes, unless they are a day old or it may already be counted.
    mutating func enterLate(_ sample: Sample, source: Int, tick: Int64, verdict: SampleTimes.Verdict) -> Bool {
        let time = sample.time.milliseconds
        guard time >= tick - Self.horizon else { return false }
        // Of other metrics nothing is kept here; detectors are told of what is surely new.
        guard keepsLate else { return verdict == .new }
        if verdict == .beyondMemory, !fillsGap(at: time) { return false }
        // Taken out meanwhile, so that its columns are held once and need no copy.
        var minutes = late ?? LateMinutes(holdsAmounts: kind == .increment)
        late = nil
        if kind == .increment {
            minutes.add(amount: sample.value, over: Int64(sample.span), until: time, source: source)
        } else {
            minutes.add(sample.value, at: time, source: source)
        }
        late = minutes
        return true
    }

    /// Whether an old sample, which no memory of times can judge, falls into a minute of which nothing is known.
    private mutating func fillsGap(at time: Int64) -> Bool {
        let minute = (kind == .increment ? Swift.max(0, time - 1) : time) / SeriesPanes.middleLength
        let timely = panes.middle.slot(minute).map { panes.middle.columns.count($0) } ?? 0
        guard timely == 0 else { return false }
        guard (late?.count(minute) ?? 0) == 0 || backfill.pane == minute && time > backfill.time else { return false }
        backfill = (minute, time)
        return true
    }

    /// Whether nobody else told of the time of a late sample: neither in time, nor late before it.
    private func isMissing(_ sample: Sample, source: Int, tick: Int64) -> Bool {
        guard metric != .sensorState else { return true }
        let time = sample.time.milliseconds
        // Beyond the horizon an interrupted analysis would know less than an uninterrupted one.
        let horizon = Swift.max(0, tick - Self.horizon)
        if time >= horizon {
            let start = Swift.max(sample.start.milliseconds, horizon)
            if keepsLate {
                if let late, !late.isFree(from: start, to: time, for: source) { return false }
            } else {
                let minute = SeriesPanes.middleLength
                let from = Swift.max(start / minute * minute, horizon)
                for other in sources.indices where other != source {
                    if sources[other].lateTimes.first(from: from, to: time / minute * minute + minute) != nil {
                        return false
                    }
                }
            }
        }
        guard speaker >= 0 else { return true }
        if kind == .increment, overlapsOthers(sample, source: source) { return false }
        return spoke(source, at: sample)
    }

    /// Late minutes that no night reads any more are given back.
    @inline(__always) mutating func forgetLate(before time: Int64) {
        if let newest = late?.newest, newest < time { late = nil }
    }
}
