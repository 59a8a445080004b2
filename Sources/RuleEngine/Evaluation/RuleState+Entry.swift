import Vitals

extension RuleState.Entry {
    typealias Edge = (edge: Trigger.Edge, onset: Timestamp)

    /// A scheduled time that passed this long ago when the rule is first seen is not made up for.
    static let firstSightGrace = TimeSpan.minutes(10)

    /// The rule is switched off for this person: what is open ends, and nothing is remembered of a hold.
    mutating func withdraw(_ watch: Watch, at tick: Timestamp) -> Edge? {
        isHolding = false
        isTrue = false
        guard isOpen else { return nil }
        isOpen = false
        return watch.isLasting ? (.withdrawn, tick) : nil
    }

    /// One tick of a rule without `on` and `at`.
    mutating func follow(
        _ watch: Watch, at tick: Timestamp, _ local: inout RuleState.LocalTime, _ source: some FeatureSource
    ) -> Edge? {
        isTrue = false
        if isOpen {
            if ends(watch, source) {
                isOpen = false
                isHolding = false
                return watch.isLasting ? (.cleared, tick) : nil
            }
            guard watch.reopens else { return nil }
        }
        if watch.hasHours {
            let (day, timeOfDay) = local.value()
            guard watch.hours.contains(timeOfDay, on: day) else {
                isHolding = false
                return nil
            }
        }
        guard holds(watch, source) else { return nil }
        advance(watch, to: tick, source)
        guard held >= watch.hold, mayOpen(watch, at: tick, &local) else { return nil }
        open(at: tick, onset: since, &local)
        isOpen = true
        isHolding = false
        isTrue = false
        return (.opened, onset)
    }

    /// A rule with `at`: the first tick at or after that local time, once a day.
    mutating func decideDaily(
        _ watch: Watch, _ time: TimeSpan, at tick: Timestamp, _ local: inout RuleState.LocalTime,
        _ source: some FeatureSource
    ) -> Edge? {
        let (day, timeOfDay) = local.value()
        let isFirstSight = scheduledDay == .min
        if isFirstSight { scheduledDay = day.number &- 1 }
        guard scheduledDay < day.number, timeOfDay >= time else { return nil }
        scheduledDay = day.number
        if isFirstSight, timeOfDay - time > Self.firstSightGrace { return nil }
        guard watch.hours.counts(day) else { return nil }
        return decideOnce(watch, onset: tick, at: tick, &local, source)
    }

    /// A decision at one moment, without a hold.
    mutating func decideOnce(
        _ watch: Watch, onset moment: Timestamp, at tick: Timestamp, _ local: inout RuleState.LocalTime,
        _ source: some FeatureSource
    ) -> Edge? {
        if watch.hasHours, case .sessionEnd = watch.occasion {
            let (day, timeOfDay) = local.value()
            guard watch.hours.contains(timeOfDay, on: day) else { return nil }
        }
        if let when = watch.when, when.run(source) != 1 { return nil }
        guard isEnough(watch, source), mayOpen(watch, at: tick, &local) else { return nil }
        open(at: tick, onset: moment, &local)
        return (.opened, moment)
    }

    /// Whether `needs` is met, or there is none.
    private func isEnough(_ watch: Watch, _ source: some FeatureSource) -> Bool {
        watch.needs.map { $0.run(source) == 1 } ?? true
    }

    private func ends(_ watch: Watch, _ source: some FeatureSource) -> Bool {
        // A day that is completed after it was decided on takes nothing back.
        if !watch.endingDays.isEmpty, let newest = newestDay(watch.endingDays, source), newest.time <= onset {
            return false
        }
        if let clear = watch.clear { return clear.run(source) == 1 && isEnough(watch, source) }
        return watch.when?.run(source) == 0 && isEnough(watch, source)
    }

    /// Whether `when` and `needs` are true; ends the hold when `when` is false.
    private mutating func holds(_ watch: Watch, _ source: some FeatureSource) -> Bool {
        let value = watch.when?.run(source) ?? .nan
        if value == 1 { return isEnough(watch, source) }
        if isHolding, value == 0, isEnough(watch, source) { isHolding = false }
        return false
    }

    /// Takes a tick at which the condition is true into the hold.
    private mutating func advance(_ watch: Watch, to tick: Timestamp, _ source: some FeatureSource) {
        let gap = tick - lastTrue
        if isHolding, gap <= max(watch.hold, RuleBook.tick) {
            // A gap longer than a tick is time without enough data: it does not count.
            if gap <= RuleBook.tick { held = held + gap }
        } else {
            isHolding = true
            since = tick
            held = .zero
            // What came late began when it was true in the body.
            if let newest = newestDay(watch.openingDays, source), newest.isLate { since = min(tick, newest.time) }
        }
        lastTrue = tick
        isTrue = true
    }

    private func newestDay(_ slots: [Int], _ source: some FeatureSource) -> DayReading? {
        slots.compactMap { source.newestDay($0) }.max { $0.time < $1.time }
    }

    private func mayOpen(_ watch: Watch, at tick: Timestamp, _ local: inout RuleState.LocalTime) -> Bool {
        if watch.repeatAfter > .zero, tick - lastOpened < watch.repeatAfter { return false }
        guard watch.dailyLimit > 0 else { return true }
        return day != local.value().day.number || openings < watch.dailyLimit
    }

    private mutating func open(at tick: Timestamp, onset moment: Timestamp, _ local: inout RuleState.LocalTime) {
        let today = local.value().day.number
        if day != today {
            day = today
            openings = 0
        }
        openings += 1
        lastOpened = tick
        onset = moment
    }
}
