import Vitals

extension MetricSeries {
    /// Applies a stored sample again at the tick at which it was applied first, in an analysis that begins with it.
    ///
    /// As `apply`, but what was judged of it then is trusted: who spoke, what was redundant, what was lost. Who has
    /// which priority may have changed since.
    mutating func recollect(_ sample: Sample, source: Int, tick: Int64) -> Outcome {
        let isLate = Intake.tick(of: sample, isIncrement: kind == .increment).late
        let time = sample.time.milliseconds
        if !isLate, time > sources[source].newest {
            if !isState, sources[source].newest >= 0 {
                sources[source].cadence.saw(interval: time - sources[source].newest)
            }
            sources[source].newest = time
        }
        return rebuild(sample, source: source, tick: tick, isLate: isLate) ? .used : .kept
    }
}
