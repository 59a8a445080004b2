import Vitals

extension PersonAnalysis {
    /// Samples received after `time` that wait for their tick, with the quality they will be given there.
    ///
    /// They may be stored before they are decided on: what `close` returns for them later is the same. Left out are
    /// metrics for which several devices speak, since which of them does is known at the tick only.
    public func waiting(since time: Timestamp) -> [Sample] {
        var waiting: [Sample] = []
        for sample in intake.pending where sample.received > time && sample.metric.kind != .daily {
            guard sample.value.isFinite, Intake.isMoment(sample.time), hasOneSource(sample) else { continue }
            var sample = sample
            if Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).late {
                sample.quality.insert(.late)
            }
            if !sample.metric.plausible.contains(sample.value) { sample.quality.insert(.implausible) }
            waiting.append(sample)
        }
        return waiting.sorted(by: Self.comesBefore)
    }

    private func hasOneSource(_ sample: Sample) -> Bool {
        if let place = place(of: sample.metric) {
            return series[place].sources.allSatisfy { $0.id == sample.source }
        }
        return intake.pending.allSatisfy { $0.metric != sample.metric || $0.source == sample.source }
    }
}
