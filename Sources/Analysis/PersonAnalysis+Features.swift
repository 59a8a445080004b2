import Kernels
import Vitals

extension PersonAnalysis {
    /// Value of `settings.features[slot]` at the last closed tick; NaN when unknown, and for features that are not
    /// Analysis' to answer. Late samples change none but baselines, and what is asked for as `late`. Computed when first asked for after a tick. Complexity: O(panes of the window).
    public func value(_ slot: Int) -> Double {
        guard slot >= 0, slot < cache.count else { return .nan }
        if let known = cache[slot] { return known }
        let value = compute(settings.features[slot])
        cache.set(slot, value)
        return value
    }

    /// Value of any feature at the last closed tick, without a slot.
    public func value(of feature: Feature) -> Double { compute(feature) }

    /// - Parameter delay: how late values of daily series may have come, in ms.
    func compute(_ feature: Feature, within delay: Int64 = DailyValues.timely) -> Double {
        let end = lastTick
        guard end >= 0 else { return .nan }
        switch feature {
        case .window(let function, let metric, let length, let parameter):
            if metric.isDaily {
                return dailyWindow(
                    function, dailyEntries(metric, length.milliseconds, within: delay), length.milliseconds, parameter)
            }
            guard let place = place(of: metric) else {
                return function == .count || function == .coverage ? 0 : .nan
            }
            return window(function, place, length.milliseconds, parameter)
        case .latest(let metric):
            if metric.isDaily {
                guard let last = daily.newest(metric, within: delay), end - last.time <= DailyValues.hold
                else { return .nan }
                return Double(last.value)
            }
            guard let place = place(of: metric), series[place].latestTime >= 0,
                end - series[place].latestTime <= series[place].hold
            else { return .nan }
            return Double(series[place].latestValue)
        case .baseline(let metric, let days):
            return daily.baseline(metric, days: days, today: today)
        case .zscore(let metric, let days):
            return daily.zscore(metric, days: days, today: today, within: delay)
        case .age(let metric):
            guard let latest = latestTime(metric, within: delay) else { return .nan }
            return Double(Swift.max(0, end - latest))
        case .stale(let metric, let limit):
            guard let since = silentSince(metric, within: delay) else { return .nan }
            return end - since >= limit.milliseconds ? 1 : 0
        case .session(let field):
            return sessions.value(field, at: end)
        case .late(let feature, let span):
            return compute(feature, within: Swift.max(delay, span.milliseconds))
        case .timeOfDay, .weekday, .person, .personHas, .plan:
            return .nan
        }
    }

    private var today: Int32 { settings.zone.day(of: Timestamp(milliseconds: lastTick)).number }

    private func latestTime(_ metric: Metric, within delay: Int64) -> Int64? {
        if metric.isDaily { return daily.newest(metric, within: delay)?.time }
        guard let place = place(of: metric), series[place].latestTime >= 0 else { return nil }
        return series[place].latestTime
    }

    /// A device whose every sample comes late is silent as far as rules can tell, and is to be reported as such: silent
    /// since it was first heard. Only of what was never heard at all nothing is known.
    private func silentSince(_ metric: Metric, within delay: Int64) -> Int64? {
        if metric.isDaily { return latestTime(metric, within: delay) }
        guard let place = place(of: metric), series[place].silentSince >= 0 else { return nil }
        return series[place].silentSince
    }

    /// Windows up to 1 h read 5-s panes, up to 24 h minute panes, longer ones hour panes.
    private func window(_ function: WindowFunction, _ place: Int, _ length: Int64, _ parameter: Double) -> Double {
        if function.readsBeats { return beats(place, length)?.value(function) ?? .nan }
        if function.readsSamples {
            return order(function, place, length, share: function == .quantile ? parameter : 0.5)
        }
        // Only the two tiers are copied, a reference each: a method of the series would retain all of it.
        let inner: PaneTier
        let outer: PaneTier
        if length <= 3_600_000 {
            inner = series[place].panes.fine
            outer = series[place].panes.middle
        } else {
            inner = length <= 86_400_000 ? series[place].panes.middle : series[place].panes.coarse
            outer = series[place].panes.coarse
        }
        let window = inner.window(length, end: lastTick)
        switch function {
        case .first: return inner.first(window)
        case .last: return last(place, window)
        case .delta: return inner.holdsAmounts ? .nan : last(place, window) - inner.first(window)
        case .slope: return inner.slope(window)
        case .ewma: return inner.smoothed(window, halfLife: parameter * 1000)
        default: break
        }
        let span = PaneSpan.of(inner, outer, window)
        switch function {
        case .mean: return WindowReading.mean(inner, outer, span)
        case .sum: return WindowReading.sum(inner, outer, span)
        case .count: return Double(WindowReading.count(inner, outer, span))
        case .coverage: return WindowReading.coverage(inner, outer, span, length: window.length)
        case .std: return WindowReading.deviation(inner, outer, span)
        case .min: return WindowReading.least(inner, outer, span)
        case .max: return WindowReading.greatest(inner, outer, span)
        case .rate: return WindowReading.rate(inner, outer, span)
        default: return .nan
        }
    }

    /// The newest value, when it lies in the window: every window ends now.
    private func last(_ place: Int, _ window: PaneWindow) -> Double {
        series[place].latestTime >= window.start ? Double(series[place].latestValue) : .nan
    }

    private func order(_ function: WindowFunction, _ place: Int, _ length: Int64, share: Double) -> Double {
        let from = Swift.max(0, lastTick - length)
        guard length <= OrderedSamples.memory, let order = series[place].order, order.since <= from else { return .nan }
        let values = order.values(from: from, to: lastTick)
        let known =
            function == .mad ? Selection.medianDeviation(of: values) : Selection.quantile(share, of: values)
        return known ?? .nan
    }

    /// The beats of a window, `nil` where they were not kept for it or fill less than half of it: a value then says
    /// more about the gaps than about the heart.
    func beats(_ place: Int, _ length: Int64) -> BeatWindow? {
        let from = Swift.max(0, lastTick - length)
        guard length <= OrderedSamples.memory, let order = series[place].order, order.since <= from else { return nil }
        let kept = order.samples(from: from, to: lastTick)
        let window = BeatWindow(times: kept.times, intervals: kept.values)
        return window.length * 2 >= Double(lastTick - from) ? window : nil
    }

    /// Windows over daily series: each value counts at its time (07:00 for the night's).
    private func dailyWindow(
        _ function: WindowFunction, _ entries: ArraySlice<DailyValues.Entry>, _ length: Int64, _ parameter: Double
    ) -> Double {
        let values = entries.map { Double($0.value) }
        let n = Double(values.count)
        if function == .count { return n }
        if function == .coverage { return Swift.min(1, n * 86_400_000 / Double(Swift.max(length, 86_400_000))) }
        guard let first = values.first, let last = values.last else { return .nan }
        let sum = values.reduce(0, +)
        switch function {
        case .sum: return sum
        case .mean: return sum / n
        case .min: return values.min() ?? .nan
        case .max: return values.max() ?? .nan
        case .first: return first
        case .last: return last
        case .delta: return last - first
        case .median: return OrderedSamples.quantile(0.5, of: entries.map(\.value)) ?? .nan
        case .quantile: return OrderedSamples.quantile(parameter, of: entries.map(\.value)) ?? .nan
        case .mad: return Selection.medianDeviation(of: entries.map(\.value)) ?? .nan
        case .ewma:
            var smoothed = WeightedMean()
            var time = entries[entries.startIndex].time
            for entry in entries {
                smoothed.age(by: Double(entry.time - time), halfLife: parameter * 1000)
                smoothed.add(Double(entry.value), count: 1)
                time = entry.time
            }
            return smoothed.value
        case .std:
            guard n > 1 else { return .nan }
            return (values.reduce(0) { $0 + ($1 - sum / n) * ($1 - sum / n) } / (n - 1)).squareRoot()
        case .slope:
            let x = entries.map { Double($0.time - entries[entries.startIndex].time) / 60_000 }
            let centre = x.reduce(0, +) / n
            let squares = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
            guard squares > 0 else { return .nan }
            return zip(x, values).reduce(0) { $0 + ($1.0 - centre) * ($1.1 - sum / n) } / squares
        default: return .nan
        }
    }

    func dailyEntries(_ metric: Metric, _ length: Int64, within delay: Int64) -> ArraySlice<DailyValues.Entry> {
        let from = length < lastTick ? lastTick - Swift.max(0, length) : 0
        let entries = daily.seen(metric, within: delay)
        let low = entries.firstIndex { $0.time >= from } ?? entries.endIndex
        let high = entries.firstIndex { $0.time >= lastTick } ?? entries.endIndex
        return entries[low..<Swift.max(low, high)]
    }
}

extension Metric {
    var isDaily: Bool { rawValue >= Metric.restingHeartRate.rawValue && kind == .daily }
}
