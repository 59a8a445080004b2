extension SessionView {
    /// Mean heart rate of a minute, and its steps where at least nine tenths of it are covered; in time or late.
    func reading(_ minute: Int64) -> (heartRate: Double?, steps: Double?) {
        var sum = 0.0
        var count = 0
        for tier in [heart, lateHeart] {
            guard let tier, let slot = tier.slot(minute) else { continue }
            sum += Double(tier.columns.sum[slot])
            count += tier.columns.count(slot)
        }
        var covered = 0
        var amount = Int64(0)
        for tier in [steps, lateSteps] {
            guard let tier, let slot = tier.slot(minute) else { continue }
            covered += tier.columns.covered(slot)
            amount = amount &+ tier.columns.amount[slot]
        }
        let isKnown = covered >= Int(SessionTracker.minute * 9 / 10)
        return (
            count > 0 ? sum / Double(count) : nil, isKnown ? Double(amount) / SeriesPanes.amountUnit : nil
        )
    }
}
