import Vitals

extension DailyValues {
    /// A daily value that is there within this time after the moment it is stamped with came in time. Nights are told
    /// two minutes after their end, days two minutes after midnight; the rest is for the hub's own pauses.
    static let timely: Int64 = 10 * 60_000

    /// The value of a day as a rule sees it that decides on what came within `delay` ms; `nil` when there was none.
    ///
    /// What came later, or was made anew from history, completes baselines and reports; for such a rule the day stays as
    /// it was known in time.
    static func seen(_ entry: Entry, within delay: Int64) -> Float? {
        if entry.known - entry.time <= delay { return entry.value }
        return entry.timely.isNaN ? nil : entry.timely
    }

    /// The newest value that such a rule sees. Complexity: O(days after it).
    func newest(_ metric: Metric, within delay: Int64) -> Entry? {
        for var entry in of(metric).reversed() {
            guard let value = Self.seen(entry, within: delay) else { continue }
            entry.value = value
            return entry
        }
        return nil
    }

    /// All values that such a rule sees.
    func seen(_ metric: Metric, within delay: Int64) -> [Entry] {
        of(metric).compactMap { entry in
            guard let value = Self.seen(entry, within: delay) else { return nil }
            var entry = entry
            entry.value = value
            return entry
        }
    }
}

extension DailyValues.Entry {
    /// A value put in force at the tick `known`, in place of what was known of the day before.
    init(
        metric: Metric, day: Int32, time: Int64, value: Float, revision: UInt8, source: DeviceID, known: Int64,
        after before: DailyValues.Entry?
    ) {
        self.init(
            metric: metric, day: day, time: time, value: value, revision: revision, source: source, known: known,
            timely: known - time <= DailyValues.timely ? value : before?.timely ?? .nan)
    }
}
