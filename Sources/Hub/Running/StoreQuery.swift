import Analysis
import RuleEngine
import Vitals

/// The rules' expression language over stored data: one row per step.
///
/// Ticks are closed where the daemon closes them, by the same analysis: what a rule read at a tick, a query of that tick
/// reads bit for bit, unless data of that time came late. Then the query knows more.
public struct StoreQuery {
    /// A query steps by a minute unless told otherwise.
    public static let defaultStep = TimeSpan.minutes(1)

    /// Runs `expression` for every step of `range` (all stored data when `nil`), with the value at each step's end.
    ///
    /// Unknown values are NaN. Steps are whole panes (5 s); a shorter step is rounded up.
    ///
    /// - Complexity: O(samples of the metrics asked for, in the range and one window before it + steps × panes of the
    ///   windows). What reads sessions reads all metrics.
    public static func run(
        expression text: String, store: any Store, person: Person, range: TimeRange?, step: TimeSpan,
        row: (Timestamp, Double, ValueType) throws -> Void
    ) throws {
        let expression = try Expression.compile(text)
        let zone = try Zone(named: person.zone)
        let summaries = try store.series(of: person.id)
        guard let first = summaries.map(\.first).min(), let last = summaries.map(\.last).max() else { return }
        let asked = range ?? TimeRange(first, last + .milliseconds(1))
        let step = max(step, Ticks.pane)
        let end = range == nil ? last + step : min(asked.end, last + step)
        let metrics = Feature.metrics(read: expression.features)
        let warmUp = max(expression.features.map(\.reach).max() ?? .zero, Pipeline.rebuiltWindow)

        var settings = AnalysisSettings(zone: zone, features: expression.features, body: Body(person))
        settings.derives = metrics == nil
        var walk = TickWalk(try PersonFacts(person: person, zone: zone, settings: settings))
        var time = max(asked.start, first).floored(to: step) + step
        var failure: (any Error)?
        // What a step at T reads is before T: a gauge at T waits for the next pane, an increment that ends at T counts.
        func emit(_ until: Timestamp) {
            while time < until, time <= end, failure == nil {
                walk.close(at: Ticks.first(from: time))
                do { try row(time, expression.evaluate(walk.facts), expression.type) } catch { failure = error }
                time = time + step
            }
        }
        let read = TimeRange(asked.start - warmUp, asked.end + .milliseconds(1))
        try store.samples(of: person.id, metrics: metrics ?? [], in: read) { sample in
            if sample.time > time { emit(sample.time) }
            walk.take(sample)
        }
        emit(.distantFuture)
        if let failure { throw failure }
    }
}

/// A person's facts led through stored samples, tick by tick as if each had come in time.
private struct TickWalk {
    private(set) var facts: PersonFacts
    /// The next tick that something taken, or a deadline, asks for.
    private var next = Timestamp.distantFuture

    init(_ facts: PersonFacts) { self.facts = facts }

    /// Takes a sample, not older than the ones before, and closes the ticks it leaves behind.
    mutating func take(_ sample: Sample) {
        let tick = Ticks.first(taking: sample)
        if next < tick { closeTicks(before: tick) }
        var timely = sample
        timely.received = sample.time
        facts.analysis.take(timely)
        next = min(next, tick)
    }

    /// Closes `tick`, and what is due before it.
    mutating func close(at tick: Timestamp) {
        closeTicks(before: tick)
        facts.close(tick: tick)
        lookAhead(from: tick)
    }

    private mutating func closeTicks(before end: Timestamp) {
        while next < end {
            let tick = next
            facts.close(tick: tick)
            lookAhead(from: tick)
        }
    }

    private mutating func lookAhead(from tick: Timestamp) {
        guard let deadline = facts.analysis.nextDeadline else { return next = .distantFuture }
        next = max(Ticks.first(from: deadline), tick + Ticks.pane)
    }
}

extension Feature {
    /// The metrics whose samples decide these features; `nil` where sessions do, which look at whatever there is.
    static func metrics(read features: [Feature]) -> Set<Metric>? {
        var metrics: Set<Metric> = []
        for feature in features {
            switch feature.plain {
            case .latest(let metric), .window(_, let metric, _, _), .baseline(let metric, _), .zscore(let metric, _),
                .stale(let metric, _), .age(let metric):
                metrics.insert(metric)
            // A target zone stands on the resting heart rate.
            case .plan: metrics.insert(.restingHeartRate)
            case .session: return nil
            case .timeOfDay, .weekday, .person, .personHas, .late: break
            }
        }
        // A store asked for no metric gives all: time alone needs none of them, and any one will do.
        return metrics.isEmpty ? [.restingHeartRate] : metrics
    }

    /// How far back the feature looks.
    var reach: TimeSpan {
        switch self {
        case .window(_, _, let window, _), .stale(_, let window): window
        case .baseline(_, let days), .zscore(_, let days): .days(Int64(days) + 1)
        // A daily value holds for two days; a session's usual recovery comes from the sessions of weeks.
        case .latest: .days(2)
        case .session: Pipeline.dailyHistory
        case .late(let feature, _): feature.reach
        case .age, .timeOfDay, .weekday, .person, .personHas, .plan: .zero
        }
    }
}
