import RuleEngine
import Vitals

/// Runs the tests that a rule file carries, through the whole path: samples in, events out.
public struct RuleTrial {
    /// What one test made of its rule.
    public struct Outcome: Sendable {
        public var test: RuleTest
        /// What differs from the test's `expect`, a line each; empty when the test passed.
        public var failures: [String]
        public var passed: Bool { failures.isEmpty }
    }

    /// Runs every test of `rule`, with `files` as the rules in force.
    public static func run(_ rule: Rule, among files: [Configured.File]) throws -> [Outcome] {
        try rule.tests.map { test in
            Outcome(test: test, failures: try RuleTrial(test: test, rule: rule, files: files).run())
        }
    }

    private let test: RuleTest
    private let rule: Rule
    private let person: Person
    private let pipeline: Pipeline
    private let start: Timestamp

    private init(test: RuleTest, rule: Rule, files: [Configured.File]) throws {
        self.test = test
        self.rule = rule
        let named = Person(id: PersonID(derivedFrom: "test"), name: rule.people.first ?? "test")
        person = test.person.applied(to: named, on: test.start.day)
        start = try Zone(named: person.zone).timestamp(day: test.start.day, timeOfDay: test.start.timeOfDay)
        let configured = Configured(people: [person], devices: [], assignments: [], profiles: [], rules: files)
        pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: configured)
    }

    private func run() -> [String] {
        pipeline.take(Input(at: start, .time))
        let samples = self.samples()
        pipeline.take(samples[...], of: person.id)
        let last = max(samples.last?.received ?? start, test.expect.map { start + $0.to }.max() ?? start)
        pipeline.advance(to: last + Ticks.pane + Ticks.grace + .milliseconds(1))
        return compare(pipeline.takeCommit().events.filter { $0.rule == rule.name || isExpected($0.rule) })
    }

    private func isExpected(_ name: String) -> Bool { test.expect.contains { $0.rule == name } }

    /// What the test gives, in order of arrival. An increment is stamped at the end of the time it covers.
    private func samples() -> [Sample] {
        let source = DeviceID(derivedFrom: "test")
        var samples: [Sample] = []
        for given in test.given {
            let isIncrement = given.metric.kind == .increment
            for (offset, value) in given.samples {
                let time = start + offset + (isIncrement ? given.every : .zero)
                samples.append(
                    Sample(
                        metric: given.metric, value: Float(value), time: time,
                        span: isIncrement ? UInt32(clamping: given.every.milliseconds) : 0,
                        received: given.delivered.map { max(time, start + $0) } ?? time, source: source))
            }
        }
        return samples.sorted {
            ($0.received, $0.time, $0.metric.rawValue) < ($1.received, $1.time, $1.metric.rawValue)
        }
    }

    /// Each event must meet the next expectation. Later phases of an episode count only where a test names them.
    private func compare(_ events: [Event]) -> [String] {
        let phases = Set(test.expect.compactMap(\.phase))
        let told = events.filter { $0.transition == 0 || phases.contains($0.phase) }
        var failures: [String] = []
        for (i, expected) in test.expect.enumerated() {
            guard i < told.count else {
                failures.append("expected \(describe(expected)), found nothing")
                continue
            }
            if !meets(told[i], expected) {
                failures.append("expected \(describe(expected)), found \(describe(told[i]))")
            }
        }
        for event in told.dropFirst(test.expect.count) {
            failures.append("found \(describe(event)), which is not expected")
        }
        return failures
    }

    private func meets(_ event: Event, _ expected: RuleTest.Expectation) -> Bool {
        let after = event.decided - start
        return event.rule == expected.rule && event.kind == expected.kind && expected.from <= after
            && after <= expected.to && (expected.onset.map { $0.contains(event.onset - start) } ?? true)
            && (expected.phase.map { $0 == event.phase } ?? true)
            && (expected.severity.map { $0 == event.severity } ?? true)
    }

    private func describe(_ expected: RuleTest.Expectation) -> String {
        "\(expected.kind.rawValue) of \(expected.rule) between \(expected.from) and \(expected.to)"
            + (expected.onset.map { ", begun between \($0.lowerBound) and \($0.upperBound)" } ?? "")
    }

    private func describe(_ event: Event) -> String {
        "\(event.kind.rawValue) \(event.phase.rawValue) of \(event.rule) after \(event.decided - start), begun after "
            + "\(event.onset - start)"
    }
}
