import Storage
import Vitals

/// How long the store keeps what, and by which clock.
extension Daemon {
    /// How often it is written how far the clock is trusted: a power cut costs so much of the week that a clock has to prove.
    private static let agesInterval: Int64 = 3_600_000

    /// Tells the store what the configuration says: when it was opened, and when that was read again.
    func furnishStore() {
        store?.retention = retention
        store?.retentionTime = ages.now
        store?.feedLimits = configuration.feed
    }

    /// People under the ids that the store knows them by.
    private var retention: [RetentionRule] {
        let names = Dictionary(configuration.people.map { ($0.id, $0.name) }) { first, _ in first }
        let ids = Dictionary(configured.people.map { ($0.name, $0.id) }) { first, _ in first }
        return configuration.retention.map { rule in
            var rule = rule
            rule.person = rule.person.map { person in names[person].flatMap { ids[$0] } ?? person }
            return rule
        }
    }

    /// Goes on from what was known when the hub was last stopped.
    func beginAges(_ states: [ComponentState]) {
        ages = TrustedTime(states)
        lastAgesLook = HubClock.stopwatch()
    }

    /// Looks whether the clock goes on evenly, and says in the log when it does not.
    ///
    /// - Returns: By how much it was set, where that is too much to be believed.
    @discardableResult
    func watchAges() -> TimeSpan? {
        guard clock.rate == 1 else { return nil }
        let stopwatch = HubClock.stopwatch()
        let step = ages.look(at: HubClock.wall(), after: .milliseconds(stopwatch - lastAgesLook))
        lastAgesLook = stopwatch
        store?.retentionTime = ages.now
        guard let step else { return nil }
        lastAgesKept = nil
        let days = step.milliseconds / 86_400_000
        observer.log(
            "the clock went \(days < 0 ? "back" : "ahead") by \(abs(days)) days: nothing grows too old by it until it has gone on "
                + "evenly for a week")
        return step
    }

    /// What is to be kept of it with the next commit, now and then.
    func takeAges() -> [ComponentState] {
        let stopwatch = HubClock.stopwatch()
        guard clock.rate == 1, lastAgesKept.map({ stopwatch - $0 >= Self.agesInterval }) ?? true else { return [] }
        lastAgesKept = stopwatch
        return [ages.state]
    }
}
