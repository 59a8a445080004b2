import Analysis
import RuleEngine
import Vitals

/// The rules' expression language over stored data: one row per step.
public struct StoreQuery {
    /// A query steps by a minute unless told otherwise.
    public static let defaultStep = TimeSpan.minutes(1)

    /// Runs `expression` for every step of `range` (all stored data when `nil`), with the value at each step's end.
    ///
    /// Unknown values are NaN. Steps are whole panes (5 s); a shorter step is rounded up.
    ///
    /// - Complexity: O(samples in the range and one window before it + steps × panes of the windows).
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
        var facts = try PersonFacts(
            person: person, zone: zone,
            settings: AnalysisSettings(zone: zone, features: expression.features, body: Body(person)))
        var tick = max(asked.start, first).floored(to: step) + step
        let end = range == nil ? last + step : min(asked.end, last + step)
        let warmUp = max(expression.features.map(\.reach).max() ?? .zero, Pipeline.rebuiltWindow)
        var failure: (any Error)?
        var walked = (max(asked.start, first) - warmUp).floored(to: Self.warmUpStep)
        // Ticks are closed on whole minutes before the first row, too: cadences and sessions are learned on the way.
        func walk(to until: Timestamp) {
            while walked + Self.warmUpStep < until {
                walked = walked + Self.warmUpStep
                facts.close(tick: walked)
            }
        }
        // What a step at T reads is before T: a gauge at T waits for the next pane, an increment that ends at T counts.
        func emit(_ until: Timestamp) {
            while tick < until, tick <= end, failure == nil {
                walk(to: Ticks.first(from: tick))
                walked = Ticks.first(from: tick)
                facts.close(tick: walked)
                do { try row(tick, expression.evaluate(facts), expression.type) } catch { failure = error }
                tick = tick + step
            }
            walk(to: min(until, tick))
        }
        try store.samples(of: person.id, metrics: [], in: TimeRange(asked.start - warmUp, asked.end + .milliseconds(1)))
        { sample in
            emit(sample.time)
            var timely = sample
            timely.received = sample.time
            facts.analysis.take(timely)
        }
        emit(.distantFuture)
        if let failure { throw failure }
    }

    /// Distance of the ticks closed where no row is asked for.
    private static let warmUpStep = TimeSpan.minutes(1)
}

extension Feature {
    /// How far back the feature looks.
    var reach: TimeSpan {
        switch self {
        case .window(_, _, let window, _), .stale(_, let window): window
        case .baseline(_, let days), .zscore(_, let days): .days(Int64(days) + 1)
        // A daily value holds for two days; a session's usual recovery comes from the sessions of weeks.
        case .latest: .days(2)
        case .session: Pipeline.dailyHistory
        case .age, .timeOfDay, .weekday, .person, .personHas, .plan: .zero
        }
    }
}
