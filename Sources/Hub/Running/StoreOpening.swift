import Vitals

extension Pipeline {
    /// How far back stored samples are read at start, so that every window up to a day can be rebuilt (DESIGN §5): a day,
    /// and what still covers its beginning (`PersonAnalysis.rebuildRange`).
    static let rebuiltWindow = TimeSpan.hours(27)
    /// How far back daily series are read: `baseline` looks at most this far.
    static let dailyHistory = TimeSpan.days(90)

    /// A pipeline that goes on where the store's last commit ended.
    public convenience init(resuming store: any Store, configured: Configured) throws {
        var states = try store.states(of: nil)
        var recent: [PersonSamples] = []
        for person in configured.people { states += try store.states(of: person.id) }
        let end = try HubState(states).now
        for person in configured.people {
            recent.append(
                try PersonSamples(person: person.id, samples: Pipeline.recent(of: person.id, in: store, end: end)))
        }
        try self.init(hub: store.identity.hub, configured: configured, states: states, recent: recent)
    }

    /// The samples from which windows and daily baselines are rebuilt.
    static func recent(of person: PersonID, in store: any Store, end: Timestamp) throws(StoreError) -> [Sample] {
        var end = end
        if end == .distantPast {
            end = try store.series(of: person).map(\.last).max() ?? .distantPast
        }
        var samples: [Sample] = []
        let start = end - rebuiltWindow
        try store.samples(of: person, metrics: Metric.dailySeries, in: TimeRange(end - dailyHistory, start)) {
            samples.append($0)
        }
        try store.samples(of: person, metrics: [], in: TimeRange(start, .distantFuture)) { samples.append($0) }
        return samples
    }
}

extension Metric {
    /// Every metric with one value a local day.
    static let dailySeries = Set(Metric.allCases.filter { $0.kind == .daily })
}
