import Vitals

extension PersonAnalysis {
    /// How a slot's value came about, for evidence and `explain`. Complexity: O(panes of the window).
    public func detail(_ slot: Int) -> FeatureDetail {
        guard slot >= 0, slot < settings.features.count else {
            return FeatureDetail(value: .nan, unknown: "no such feature")
        }
        return detail(of: settings.features[slot], value: value(slot))
    }

    func detail(
        of feature: Feature, value: Double, within delay: Int64 = DailyValues.timely
    ) -> FeatureDetail {
        var detail = FeatureDetail(value: value)
        guard lastTick >= 0 else {
            detail.unknown = "no tick was closed yet"
            return detail
        }
        switch feature {
        case .window(let function, let metric, let length, _):
            if metric.isDaily {
                fill(&detail, daily: dailyEntries(metric, length.milliseconds, within: delay))
                let start = lastTick - Swift.min(Swift.max(0, length.milliseconds), lastTick)
                detail.window = TimeRange(Timestamp(milliseconds: start), Timestamp(milliseconds: lastTick))
            } else if let place = place(of: metric) {
                fill(&detail, place: place, length: length.milliseconds)
                if series[place].panes.holdsAmounts, value.isNaN, ![.sum, .rate, .mean, .last].contains(function) {
                    detail.unknown = "\(function.rawValue) is not defined for amounts such as \(metric.name)"
                }
            }
            if value.isNaN, function.readsBeats, detail.count > 0, let place = place(of: metric) {
                detail.unknown =
                    beats(place, length.milliseconds).map { $0.refusal(function) ?? "the beats do not vary" }
                    ?? "the beats fill less than half of the window"
            }
            if value.isNaN, detail.unknown == nil {
                detail.unknown =
                    detail.count == 0 ? "no \(metric.name) in the window" : "too few samples of \(metric.name)"
            }
        case .latest(let metric), .age(let metric), .stale(let metric, _):
            if metric.isDaily {
                let newest = daily.newest(metric, within: delay)
                fill(&detail, daily: newest.map { [$0][...] } ?? [])
            } else if let place = place(of: metric), series[place].latestTime >= 0 {
                detail.count = 1
                detail.first = Timestamp(milliseconds: series[place].latestTime)
                detail.last = detail.first
                if series[place].speaker >= 0 {
                    detail.sources = [series[place].sources[series[place].speaker].id]
                }
            }
            if value.isNaN {
                detail.unknown =
                    detail.count > 0
                    ? "the last \(metric.name) is too old"
                    : metric.isDaily && !daily.of(metric).isEmpty
                        ? "no \(metric.name) came in time" : "no \(metric.name) yet"
            }
        case .baseline(let metric, let days), .zscore(let metric, let days):
            let today = settings.zone.day(of: Timestamp(milliseconds: lastTick)).number
            let from = Int64(today) - Int64(clamping: Swift.max(0, days))
            let entries = daily.of(metric).filter { Int64($0.day) >= from && $0.day < today }
            fill(&detail, daily: entries[...])
            if value.isNaN {
                detail.unknown =
                    entries.count < DailyValues.enough
                    ? "\(entries.count) of at least \(DailyValues.enough) days" : "no value today, or all days alike"
            }
        case .session(let field):
            if let last = sessions.last, field != .active, !value.isNaN {
                detail.window = TimeRange(last.start, last.end)
            }
            if value.isNaN { detail.unknown = "not known of the last session" }
        case .late(let feature, let span):
            return self.detail(of: feature, value: value, within: Swift.max(delay, span.milliseconds))
        case .timeOfDay, .weekday, .person, .personHas, .plan:
            detail.unknown = "not measured"
        }
        return detail
    }

    private func fill(_ detail: inout FeatureDetail, daily entries: ArraySlice<DailyValues.Entry>) {
        detail.count = entries.count
        detail.first = entries.first.map { Timestamp(milliseconds: $0.time) }
        detail.last = entries.last.map { Timestamp(milliseconds: $0.time) }
        for entry in entries where !detail.sources.contains(entry.source) { detail.sources.append(entry.source) }
    }

    private func fill(_ detail: inout FeatureDetail, place: Int, length: Int64) {
        if length <= 3_600_000 {
            fill(&detail, series[place].panes.fine, series[place].panes.middle, length)
        } else if length <= 86_400_000 {
            fill(&detail, series[place].panes.middle, series[place].panes.coarse, length)
        } else {
            fill(&detail, series[place].panes.coarse, series[place].panes.coarse, length)
        }
        guard let window = detail.window, detail.count > 0 else { return }
        let one = series[place]
        // Increments carry the end of their span, which lies one pane on when it falls on a border.
        let shift: Int64 = one.kind == .increment ? 1 : 0
        var first: Int64?
        for (i, source) in one.sources.enumerated() where speaks(one, source: i, in: window) {
            detail.sources.append(source.id)
            if let time = source.times.first(
                from: window.start.milliseconds + shift, to: window.end.milliseconds + shift)
            {
                first = Swift.min(first ?? .max, time)
            }
        }
        if let first { detail.first = Timestamp(milliseconds: first) }
        if one.latestTime >= window.start.milliseconds { detail.last = Timestamp(milliseconds: one.latestTime) }
    }

    /// Whether a source spoke for the metric at some time of the window.
    private func speaks(_ one: MetricSeries, source: Int, in window: TimeRange) -> Bool {
        guard one.sources[source].spoken >= window.start.milliseconds else { return false }
        guard one.turns.count > 1 else { return one.speaker == source || one.metric == .sensorState }
        for (n, turn) in one.turns.enumerated() where turn.source == source {
            let until = n + 1 < one.turns.count ? one.turns[n + 1].from : Int64.max
            if turn.from < window.end.milliseconds, until > window.start.milliseconds { return true }
        }
        return false
    }

    private func fill(
        _ detail: inout FeatureDetail, _ tier: PaneTier, _ outer: PaneTier, _ length: Int64
    ) {
        let window = tier.window(length, end: lastTick)
        detail.window = TimeRange(Timestamp(milliseconds: window.start), Timestamp(milliseconds: window.end))
        let span = PaneSpan.of(tier, outer, window)
        detail.coverage = WindowReading.coverage(tier, outer, span, length: window.length)
        detail.count = WindowReading.count(tier, outer, span)
        if let occupied = tier.occupied(window) {
            detail.first = Timestamp(milliseconds: occupied.first)
            detail.last = Timestamp(milliseconds: occupied.last)
        }
    }
}
