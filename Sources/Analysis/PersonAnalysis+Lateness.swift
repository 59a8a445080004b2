import Vitals

extension PersonAnalysis {
    /// The newest value that a feature of a daily series reads, and whether it came late; `nil` for other features and
    /// where there is none.
    public func newestDay(_ slot: Int) -> DayReading? {
        guard settings.features.indices.contains(slot), settings.features[slot].isOfDays else { return nil }
        var delay = DailyValues.timely
        if case .late(_, let span) = settings.features[slot] { delay = Swift.max(delay, span.milliseconds) }
        switch settings.features[slot].plain {
        case .latest(let metric), .window(_, let metric, _, _), .baseline(let metric, _), .zscore(let metric, _),
            .stale(let metric, _), .age(let metric):
            guard let entry = daily.newest(metric, within: delay) else { return nil }
            return DayReading(
                time: Timestamp(milliseconds: entry.time), isLate: entry.known - entry.time > DailyValues.timely)
        case .timeOfDay, .weekday, .person, .personHas, .session, .plan, .late: return nil
        }
    }
}
