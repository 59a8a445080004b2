import Vitals

extension MetricSeries {
    /// What is already sure of a sample whose tick is still to come.
    enum Foresight { case speaks, isRedundant, isOpen }

    /// Whether a waiting sample will speak for this series or be redundant, where nothing that may still arrive for its
    /// tick can change that.
    ///
    /// While the present source gives something usable within its hold, none of the same or lower priority can take its
    /// place; one of higher priority cannot before it has been back for `comeback`.
    ///
    /// - Parameter waiting: All samples of this metric whose ticks have not been closed.
    func foresee(_ sample: Sample, among waiting: [Sample], lastTick: Int64) -> Foresight {
        guard metric != .sensorState, sample.quality.isDisjoint(with: .unusable) else { return .speaks }
        if sources.count == 1, waiting.allSatisfy({ $0.source == sources[0].id }) { return .speaks }
        let (tick, isLate) = Intake.tick(of: sample, isIncrement: kind == .increment)
        let time = sample.time.milliseconds
        guard speaker >= 0, !isLate, time >= latestTime,
            let source = sources.firstIndex(where: { $0.id == sample.source }),
            isSteady(until: time, tick: tick, lastTick: lastTick, waiting)
        else { return .isOpen }
        let present = sources[speaker]
        if source == speaker {
            guard kind != .increment || !overlapsOthers(sample, source: source) else { return .isOpen }
            return sources.contains { $0.priority > present.priority && $0.mayReturn(at: time) } ? .isOpen : .speaks
        }
        let isRising = sources[source].priority > present.priority && time - sources[source].streak >= Self.comeback
        return isRising ? .isOpen : .isRedundant
    }

    /// Whether the present source gives usable samples up to `time` without a pause in which another could begin.
    private func isSteady(until time: Int64, tick: Int64, lastTick: Int64, _ waiting: [Sample]) -> Bool {
        let present = sources[speaker]
        let pause = present.surePatience(at: tick, lastTick: lastTick)
        var heard = present.usable
        for sample in waiting.filter({ $0.source == present.id && isUsable($0) }).sorted(by: { $0.time < $1.time }) {
            let next = sample.time.milliseconds
            guard next <= time, next - heard <= pause else { break }
            heard = Swift.max(heard, next)
        }
        return time - heard <= pause
    }

    private func isUsable(_ sample: Sample) -> Bool {
        plausible.contains(sample.value) && sample.quality.isDisjoint(with: .unusable)
    }
}

extension SourceTrack {
    /// The shortest that `patience` can be at `tick`: a cadence that is not known yet may become known, and at the
    /// beginning of an hour it is looked at again.
    fileprivate func surePatience(at tick: Int64, lastTick: Int64) -> Int64 {
        let hour = SeriesPanes.coarseLength
        let isSure =
            (fixedCadence != nil || cadence.isKnown)
            && (tick - SeriesPanes.fineLength) / hour == (lastTick - SeriesPanes.fineLength) / hour
        return isSure ? patience(at: tick) : Cadence.shortestHold
    }

    /// Whether it could have been back for long enough by `time` to speak again.
    fileprivate func mayReturn(at time: Int64) -> Bool {
        let isGone = time - usable > Swift.max(Cadence.longestHold, usableSpan * 5 / 2)
        return !isGone && time - streak >= MetricSeries.comeback
    }
}
