import Vitals

extension PersonAnalysis {
    /// Samples received after `time` that wait for their tick, with the quality they will be given there.
    ///
    /// They may be stored before they are decided on: what `close` returns for them later is the same. Left out are
    /// those of which only the tick will tell whether their device speaks for the metric: when a second device is new,
    /// the present one falls silent, or one of higher priority comes back.
    /// Complexity: O(waiting² / metrics); at most seven seconds' samples wait.
    public func waiting(since time: Timestamp) -> [Sample] {
        var waiting: [Sample] = []
        var peers: [Metric: [Sample]] = [:]
        for sample in intake.pending where sample.received > time && sample.metric.kind != .daily {
            guard sample.value.isFinite, Intake.isMoment(sample.time) else { continue }
            if peers[sample.metric] == nil {
                peers[sample.metric] = intake.pending.filter { $0.metric == sample.metric }
            }
            var sample = sample
            if Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).late {
                sample.quality.insert(.late)
            }
            if !sample.metric.plausible.contains(sample.value) { sample.quality.insert(.implausible) }
            switch foresee(sample, among: peers[sample.metric] ?? []) {
            case .speaks: break
            case .isRedundant: sample.quality.insert(.redundant)
            case .isOpen: continue
            }
            waiting.append(sample)
        }
        return waiting.sorted(by: Self.comesBefore)
    }

    private func foresee(_ sample: Sample, among peers: [Sample]) -> MetricSeries.Foresight {
        if let place = place(of: sample.metric) {
            return series[place].foresee(sample, among: peers, lastTick: lastTick)
        }
        return peers.allSatisfy { $0.source == sample.source } ? .speaks : .isOpen
    }
}
