import Vitals

extension PersonAnalysis {
    /// Closes the pane that ends at `tick`: samples due are judged, merged and added; sessions and detectors follow.
    ///
    /// Late samples are returned too, flagged, to be stored; but no feature and no session changes by them. They only
    /// complete derived series.
    ///
    /// Ticks are multiples of 5 s and rise; any other tick changes nothing. Ticks may be left out while nothing is
    /// pending. Cost: O(samples due + series); a gap costs at most one pass over the rings.
    public mutating func close(tick: Timestamp) -> ClosedTick {
        var closed = ClosedTick(tick: tick)
        let end = tick.milliseconds
        guard end > lastTick, end >= SeriesPanes.fineLength, end % SeriesPanes.fineLength == 0, Intake.isMoment(tick)
        else { return closed }
        if isKnownUniquelyReferenced(&cache) { cache.clear() } else { cache = FeatureCache(count: cache.count) }

        lookAtCadences(end)
        for i in series.indices { series[i].panes.begin(tick: end) }
        // What a tick left out would have decided is decided before newer samples are known.
        if lastTick >= 0, end - lastTick > SeriesPanes.fineLength {
            closed.sessionCompleted = closeSessions(end - SeriesPanes.fineLength)
            closeDetectors(end - SeriesPanes.fineLength, session: closed.sessionCompleted, into: &closed)
        }
        apply(until: end, into: &closed)
        for i in series.indices {
            series[i].panes.end(tick: end)
            series[i].order?.forget(before: end - OrderedSamples.memory)
            series[i].forgetLate(before: end - MetricSeries.horizon)
            for j in series[i].sources.indices {
                series[i].sources[j].cadence.look(after: end, fixed: series[i].sources[j].fixedCadence)
            }
        }
        lastTick = end
        isIntakeChanged = true
        let session = closed.sessionCompleted == nil ? closeSessions(end) : nil
        if let session { closed.sessionCompleted = session }
        closeDetectors(end, session: session, into: &closed)
        if settings.derives, recollects == nil { detectors.record(at: end, isPressing: isPressing, person: person) }
        isPressing = false
        storeCorrections(at: end, into: &closed)
        return closed
    }

    /// A UTC hour began since the last tick: cadences are looked at again.
    private mutating func lookAtCadences(_ end: Int64) {
        let hour = (end - SeriesPanes.fineLength) / SeriesPanes.coarseLength
        guard lastTick >= 0, hour > (lastTick - SeriesPanes.fineLength) / SeriesPanes.coarseLength else { return }
        for i in series.indices where !series[i].isState {
            for j in series[i].sources.indices {
                series[i].sources[j].cadence.decide(from: end, fixed: series[i].sources[j].fixedCadence)
            }
        }
    }

    // MARK: Samples

    private mutating func apply(until end: Int64, into closed: inout ClosedTick) {
        intake.flushBeats()
        guard !intake.pending.isEmpty else { return }
        var due = gather(until: end)
        guard !due.isEmpty else { return }
        var kept = 0
        for n in due.indices {
            let metric = due[n].metric
            guard let place = seriesIndex(metric, since: end) else {
                if takeDaily(due[n], at: end) {
                    // A value that was withdrawn is kept, and says nothing.
                    if due[n].quality.isDisjoint(with: .unusable) { giveDaily(due[n], at: end) }
                    due[kept] = due[n]
                    kept += 1
                }
                continue
            }
            let source = sourceIndex(due[n].source, in: place)
            let outcome =
                recollects == nil
                ? series[place].apply(&due[n], source: source, tick: end, switched: &closed.switchovers)
                : series[place].recollect(due[n], source: source, tick: end)
            if outcome == .duplicate {
                intake.noteDuplicate(of: due[n].source)
                continue
            }
            if outcome == .used, settings.derives {
                let day = days.day(of: due[n].time.milliseconds, in: settings.zone)
                detectors.take(due[n], series[place].arrival(of: due[n], source: source, tick: end, day: day))
            }
            due[kept] = due[n]
            kept += 1
        }
        if kept < due.count { due.removeLast(due.count - kept) }
        closed.samples = closed.samples.isEmpty ? due : due + closed.samples
    }

    /// Takes what is due from the pending samples, in the order (time, metric, source).
    private mutating func gather(until end: Int64) -> [Sample] {
        var due: [Sample] = []
        due.reserveCapacity(intake.pending.count)
        var waiting = 0
        var isSorted = true
        for n in intake.pending.indices {
            var sample = intake.pending[n]
            let isIncrement =
                place(of: sample.metric).map { series[$0].kind == .increment }
                ?? (sample.metric.kind == .increment)
            let (tick, late) = Intake.tick(of: sample, isIncrement: isIncrement)
            if tick > end {
                intake.pending[waiting] = sample
                waiting += 1
                continue
            }
            if late { sample.quality.insert(.late) }
            if let last = due.last, Self.comesBefore(sample, last) { isSorted = false }
            due.append(sample)
        }
        intake.pending.removeLast(intake.pending.count - waiting)
        if !isSorted { due.sort(by: Self.comesBefore) }
        return due
    }

    /// The order of application. What lies beyond time, metric and source only settles which of two duplicates stays.
    @inline(__always) static func comesBefore(_ a: Sample, _ b: Sample) -> Bool {
        if a.time != b.time { return a.time < b.time }
        if a.metric != b.metric { return a.metric.rawValue < b.metric.rawValue }
        if a.source != b.source { return a.source < b.source }
        if a.revision != b.revision { return a.revision > b.revision }
        if a.received != b.received { return a.received < b.received }
        if a.quality != b.quality { return a.quality.rawValue < b.quality.rawValue }
        if a.span != b.span { return a.span < b.span }
        return a.value.bitPattern < b.value.bitPattern
    }

    private mutating func takeDaily(_ sample: Sample, at end: Int64) -> Bool {
        guard sample.quality.isDisjoint(with: .unusable) else { return true }
        let day = settings.zone.day(of: sample.time).number
        let known = daily.entry(sample.metric, day: day)
        if let known, known.source == sample.source,
            known.time == sample.time.milliseconds, known.revision >= sample.revision
        {
            intake.counts.duplicates &+= 1
            return false
        }
        daily.put(
            DailyValues.Entry(
                metric: sample.metric, day: day, time: sample.time.milliseconds, value: sample.value,
                revision: sample.revision, source: sample.source, known: end, after: known))
        return true
    }

    // MARK: Sessions

    var view: SessionView {
        func tier(_ metric: Metric) -> PaneTier? { place(of: metric).map { series[$0].panes.middle } }
        func late(_ metric: Metric) -> PaneTier? { place(of: metric).flatMap { series[$0].late?.tier } }
        return SessionView(
            heart: tier(.heartRate), steps: tier(.steps), cadence: tier(.cadence), speed: tier(.speed),
            power: tier(.power), lateHeart: late(.heartRate), lateSteps: late(.steps),
            fineHeart: place(of: .heartRate).map { series[$0].panes.fine })
    }

    /// Resting and maximum heart rate, where both are known.
    private func heartLimits(at end: Int64) -> (rest: Double, most: Double)? {
        let day = settings.zone.day(of: Timestamp(milliseconds: end))
        guard let most = settings.body.maxHeartRate(on: day),
            let rest = daily.newest(.restingHeartRate, upTo: day.number, within: 14) ?? settings.body.restingHeartRate,
            most > rest
        else { return nil }
        return (rest, most)
    }

    private mutating func closeSessions(_ end: Int64) -> ExerciseSession? {
        guard settings.derives, end / SessionTracker.minute > sessions.next else { return nil }
        return sessions.close(tick: end, view: view, range: settings.sessionRange, limits: heartLimits(at: end))
    }
}
