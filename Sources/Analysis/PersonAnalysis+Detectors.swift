import Vitals

extension PersonAnalysis {
    /// What detectors say may make others due (a daily value, of which a detector waits); no chain is longer.
    private static let longestChain = 4

    /// Closes the detectors whose deadline has come at tick `end`, and puts what they found where it belongs.
    ///
    /// Daily values are in force and stored at once. Others wait for their tick like anything measured, so that panes,
    /// late marks, duplicates and rebuilding are one matter: rules see them 5 s later.
    mutating func closeDetectors(_ end: Int64, session: ExerciseSession?, into closed: inout ClosedTick) {
        guard settings.derives else { return }
        var session = session
        detectors.look()
        defer { detectors.look() }
        for _ in 0..<Self.longestChain {
            guard session != nil || detectors.deadline <= end else { return }
            let found = detectors.close(moment(end, session: session))
            if session != nil { isPressing = true }
            session = nil
            closed.derived += found
            for value in found {
                guard recollects?.contains(value.metric) ?? true, value.value.isFinite,
                    Intake.isMoment(Timestamp(milliseconds: value.time))
                else { continue }
                if value.metric.isDaily {
                    guard let sample = put(value, at: end) else { continue }
                    closed.samples.append(sample)
                    giveDaily(sample, at: end)
                } else {
                    var sample = Sample(
                        metric: value.metric, value: Float(value.value),
                        time: Timestamp(milliseconds: Swift.min(value.time, end)), span: value.span,
                        received: Timestamp(milliseconds: end + Intake.grace), source: .derived)
                    guard value.isCorrection else {
                        intake.pending.append(sample)
                        continue
                    }
                    sample.quality = .late
                    sample.revision = 1
                    if recollects == nil { pending.correct(sample) } else { closed.samples.append(sample) }
                }
            }
            detectors.look()
        }
    }

    /// Gives detectors a daily value, and has their states written with this tick.
    mutating func giveDaily(_ sample: Sample, at end: Int64) {
        guard settings.derives else { return }
        let day = days.day(of: sample.time.milliseconds, in: settings.zone)
        detectors.take(sample, Arrival(tick: end, isLate: false, hold: DailyValues.hold, day: day))
        isPressing = true
    }

    private func moment(_ end: Int64, session: ExerciseSession?) -> DetectorTick {
        DetectorTick(
            tick: end, zone: settings.zone, body: settings.body, load: settings.load, view: view, daily: daily,
            session: session)
    }

    /// Puts a day's value in force; `nil` when it says nothing new.
    private mutating func put(_ value: DerivedValue, at end: Int64) -> Sample? {
        let time = Timestamp(milliseconds: value.time)
        let day = settings.zone.day(of: time).number
        let known = daily.entry(value.metric, day: day)
        let number = Float(value.value)
        guard number.isFinite else { return nil }
        if let known, known.source == .derived, known.value == number { return nil }
        // A value from elsewhere (a file) stays in force; ours is stored beside it.
        var revision: UInt8 = 0
        if let known, known.source == .derived {
            guard known.revision < .max else { return nil }
            revision = known.revision + 1
        }
        daily.put(
            DailyValues.Entry(
                metric: value.metric, day: day, time: time.milliseconds, value: number, revision: revision,
                source: .derived, known: end, after: known))
        return Sample(
            metric: value.metric, value: number, time: time, received: Timestamp(milliseconds: end + Intake.grace),
            source: .derived, revision: revision)
    }

    // MARK: Rebuilding

    /// Closes, while stored samples are given again, those detectors that fall due after their saved state and before
    /// `end`. What they find is in the store already.
    mutating func closeDetectorsAgain(before end: Int64) {
        let length = SeriesPanes.fineLength
        while true {
            detectors.look()
            guard detectors.deadline < end else { return }
            let tick = Swift.max((detectors.deadline + length - 1) / length * length, replayed + length)
            guard tick < end else { return }
            for i in series.indices {
                series[i].panes.begin(tick: tick)
                series[i].panes.end(tick: tick)
            }
            closeDetectorsAgain(at: tick)
        }
    }

    mutating func closeDetectorsAgain(at tick: Int64) {
        replayed = tick
        detectors.look()
        guard detectors.deadline <= tick else { return }
        _ = detectors.close(moment(tick, session: nil), isAgain: true)
    }
}
