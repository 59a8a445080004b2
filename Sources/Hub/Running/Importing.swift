import Vitals

/// Puts samples of files into a store and computes the derived series, deciding nothing.
public struct Importing {
    private static let batch = 50_000

    /// Imports samples of one person, in order of time.
    ///
    /// They run through a path without rules, together with what the store already holds of the same days, so that
    /// derived series see both. The states of a running path are left alone: history decides nothing.
    public static func run(
        _ samples: [Sample], of person: Person, source: Device, store: any Store,
        progress: (Int, Int) -> Void
    ) throws {
        guard let first = samples.first, let last = samples.last else { return }
        var people = Commit(at: last.time)
        people.people = [person]
        people.devices = [source, .detectors]
        people.assignments = [Assignment(device: source.id, person: person.id)]
        try store.commit(people)
        // Whole local days: a night that was cut in two would give another value than the night itself.
        let zone = try Zone(named: person.zone)
        let around = TimeRange(
            zone.start(of: zone.day(of: first.time) + -1), zone.start(of: zone.day(of: last.time) + 2))
        var merged: [Sample] = []
        try store.samples(of: person.id, metrics: [], in: around) { sample in
            var timely = sample
            timely.received = sample.time
            merged.append(timely)
        }
        merged += samples
        merged.sort { ($0.time, $0.metric.rawValue, $0.source) < ($1.time, $1.metric.rawValue, $1.source) }
        let configured = Configured(
            people: [person], devices: [source], assignments: people.assignments, profiles: [], rules: [])
        let pipeline = try Pipeline(hub: store.identity.hub, configured: configured)
        for start in stride(from: 0, to: merged.count, by: batch) {
            let end = min(start + batch, merged.count)
            pipeline.take(merged[start..<end], of: person.id)
            if end == merged.count { pipeline.advance(to: pipeline.now + Ticks.pane + Ticks.grace + .milliseconds(1)) }
            var commit = pipeline.takeCommit()
            commit.states = []
            try store.commit(commit)
            progress(end, merged.count)
        }
    }
}
