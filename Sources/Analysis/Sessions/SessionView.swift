import Vitals

/// The minute panes that sessions and the night's resting rate are read from: sessions from what came in time, the
/// night from what came late as well.
struct SessionView {
    var heart: PaneTier?
    var steps: PaneTier?
    var cadence: PaneTier?
    var speed: PaneTier?
    var power: PaneTier?
    var lateHeart: PaneTier?
    var lateSteps: PaneTier?

    func activity(_ minute: Int64) -> MinuteActivity {
        var result = MinuteActivity.unknown
        func join(_ other: MinuteActivity) { if other.rawValue > result.rawValue { result = other } }
        if let rate = stepRate(minute) {
            join(.of(rate, calm: MinuteActivity.calmSteps, active: MinuteActivity.activeSteps))
        }
        if let value = mean(cadence, minute) {
            join(.of(value, calm: MinuteActivity.calmCadence, active: MinuteActivity.activeCadence))
        }
        if let value = mean(speed, minute) {
            join(.of(value, calm: MinuteActivity.calmSpeed, active: MinuteActivity.activeSpeed))
        }
        if let value = mean(power, minute) {
            join(.of(value, calm: MinuteActivity.calmPower, active: MinuteActivity.activePower))
        }
        return result
    }

    /// Steps a minute, where at least half of the minute is known.
    private func stepRate(_ minute: Int64) -> Double? {
        guard let steps, let slot = steps.slot(minute), steps.columns.covered(slot) >= MinuteActivity.knownSteps else {
            return nil
        }
        return Double(steps.columns.amount[slot]) / SeriesPanes.amountUnit * 60_000
            / Double(steps.columns.covered(slot))
    }

    private func mean(_ tier: PaneTier?, _ minute: Int64) -> Double? {
        guard let tier, let slot = tier.slot(minute), tier.columns.count(slot) > 0 else { return nil }
        return Double(tier.columns.sum[slot]) / Double(tier.columns.count(slot))
    }

    /// Mean, peak and coverage of heart rate over minutes `[from, to)`.
    func heartRate(from: Int64, to: Int64) -> (mean: Double, peak: Double, coverage: Double) {
        guard let heart, to > from else { return (.nan, .nan, 0) }
        var sum = 0.0
        var count = 0
        var covered = 0
        var peak = -Float.infinity
        let oldest = Swift.max(from, heart.newest - Int64(heart.capacity) + 1)
        var minute = oldest
        while minute < to {
            if let slot = heart.slot(minute) {
                sum += Double(heart.columns.sum[slot])
                count += heart.columns.count(slot)
                covered += heart.columns.covered(slot)
                peak = Swift.max(peak, heart.columns.high[slot])
            }
            minute += 1
        }
        guard count > 0 else { return (.nan, .nan, 0) }
        return (sum / Double(count), Double(peak), Double(covered) / Double((to - from) * heart.length))
    }

    /// How many minutes' mean heart rate lies above `limit`.
    func minutesAbove(_ limit: Double, from: Int64, to: Int64) -> Double {
        guard let heart else { return .nan }
        var n = 0
        var minute = Swift.max(from, heart.newest - Int64(heart.capacity) + 1)
        while minute < to {
            if let mean = mean(heart, minute), mean > limit { n += 1 }
            minute += 1
        }
        return Double(n)
    }

    /// Sum and count of heart-rate samples, and number of minutes, over minutes `[from, to)` whose steps are known to be
    /// none: at least nine tenths covered, and not one step in them. Late samples count as timely ones do.
    func resting(from: Int64, to: Int64) -> (sum: Double, count: Int, minutes: Int) {
        let known = Int(SessionTracker.minute * 9 / 10)
        var result = (sum: 0.0, count: 0, minutes: 0)
        var minute = from
        while minute < to {
            let (covered, amount) = movement(minute)
            var sum = 0.0
            var count = 0
            for tier in [heart, lateHeart] {
                guard let tier, let slot = tier.slot(minute) else { continue }
                sum += Double(tier.columns.sum[slot])
                count += tier.columns.count(slot)
            }
            if covered >= known, amount == 0, count > 0 {
                result.sum += sum
                result.count += count
                result.minutes += 1
            }
            minute += 1
        }
        return result
    }

    /// Milliseconds of a minute whose steps are known, and the steps in whole units, in time or late.
    private func movement(_ minute: Int64) -> (covered: Int, amount: Int64) {
        var result = (covered: 0, amount: Int64(0))
        for tier in [steps, lateSteps] {
            guard let tier, let slot = tier.slot(minute) else { continue }
            result.covered += tier.columns.covered(slot)
            result.amount = result.amount &+ tier.columns.amount[slot]
        }
        return result
    }
}
