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
    /// Heart rate of the last hour in panes of 5 s.
    var fineHeart: PaneTier?

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
    func stepRate(_ minute: Int64) -> Double? {
        guard let steps, let slot = steps.slot(minute), steps.columns.covered(slot) >= MinuteActivity.knownSteps else {
            return nil
        }
        return Double(steps.columns.amount[slot]) / SeriesPanes.amountUnit * 60_000
            / Double(steps.columns.covered(slot))
    }

    func mean(_ tier: PaneTier?, _ minute: Int64) -> Double? {
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

    /// Milliseconds of a minute whose steps must be known: nine tenths.
    private static let known = Int(SessionTracker.minute * 9 / 10)

    /// Sum and count of heart-rate samples, and number of minutes, over minutes `[from, to)` whose steps are known to be
    /// none: at least nine tenths covered, and not one step in them. Late samples count as timely ones do.
    ///
    /// - Parameter calm: How many minutes before must have been so as well.
    func resting(from: Int64, to: Int64, after calm: Int = 0) -> (sum: Double, count: Int, minutes: Int) {
        var result = (sum: 0.0, count: 0, minutes: 0)
        var minute = from - Int64(calm)
        var still = 0
        while minute < to {
            let (covered, amount) = movement(minute)
            still = covered >= Self.known && amount == 0 ? still + 1 : 0
            var sum = 0.0
            var count = 0
            for tier in [heart, lateHeart] {
                guard let tier, let slot = tier.slot(minute) else { continue }
                sum += Double(tier.columns.sum[slot])
                count += tier.columns.count(slot)
            }
            if still > calm, minute >= from, count > 0 {
                result.sum += sum
                result.count += count
                result.minutes += 1
            }
            minute += 1
        }
        return result
    }

    /// Minutes of `[from, to)` in stretches of at least `shortest` without a step, and how many are known at all: steps
    /// and heart rate.
    func still(from: Int64, to: Int64, shortest: Int) -> (minutes: Int, known: Int) {
        var result = (minutes: 0, known: 0)
        var run = 0
        func end() {
            if run >= shortest { result.minutes += run }
            run = 0
        }
        var minute = from
        while minute < to {
            let (covered, amount) = movement(minute)
            let isKnown = covered >= Self.known && hasHeart(minute)
            if isKnown { result.known += 1 }
            if isKnown, amount == 0 { run += 1 } else { end() }
            minute += 1
        }
        end()
        return result
    }

    private func hasHeart(_ minute: Int64) -> Bool {
        [heart, lateHeart].contains { tier in
            guard let tier, let slot = tier.slot(minute) else { return false }
            return tier.columns.count(slot) > 0 || tier.columns.covered(slot) > 0
        }
    }

    /// The largest fall of heart rate within 60 s that begins at most 60 s before or after a moment; `nil` where fewer
    /// than ten pairs of 5-second panes are known.
    func fall(around moment: Int64) -> Double? {
        guard let fineHeart else { return nil }
        func mean(_ time: Int64) -> Double? {
            guard let slot = fineHeart.slot(time / fineHeart.length), fineHeart.columns.count(slot) > 0 else {
                return nil
            }
            return Double(fineHeart.columns.sum[slot]) / Double(fineHeart.columns.count(slot))
        }
        var largest: Double?
        var pairs = 0
        for time in stride(from: moment - 60_000, to: moment + 60_000, by: Int(fineHeart.length)) {
            guard let first = mean(time), let second = mean(time + 60_000) else { continue }
            pairs += 1
            largest = Swift.max(largest ?? -.infinity, first - second)
        }
        return pairs >= HeartRateRecovery.enoughPairs ? largest : nil
    }

    /// Minutes of `[from, to)` whose mean heart rate lies in each of five zones, which begin at 50, 60, 70, 80 and 90 %
    /// of heart-rate reserve (Karvonen 1957).
    func zones(from: Int64, to: Int64, rest: Double, most: Double) -> [Double] {
        var minutes = [Double](repeating: 0, count: Self.zoneBegins.count)
        guard let heart else { return minutes }
        var minute = Swift.max(from, heart.newest - Int64(heart.capacity) + 1)
        while minute < to {
            if let mean = mean(heart, minute),
                let zone = Self.zoneBegins.lastIndex(where: { mean >= rest + $0 * (most - rest) })
            {
                minutes[zone] += 1
            }
            minute += 1
        }
        return minutes
    }

    static let zoneBegins = [0.5, 0.6, 0.7, 0.8, 0.9]

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
