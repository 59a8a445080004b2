import Testing
import Vitals

@testable import RuleEngine

/// Compiles and evaluates with features answered by a table.
private func evaluate(_ text: String, _ table: [Feature: Double] = [:]) throws -> Double {
    let expression = try Expression.compile(text)
    return expression.evaluate(TableSource(features: expression.features, table: table))
}

@Suite("Expressions")
struct ExpressionTests {
    @Test(
        "bind as arithmetic does",
        arguments: [
            ("1 + 2 * 3", 7.0), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("8 / 4 / 2", 1), ("-2 * -3", 6), ("- -2", 2),
            ("2 * 3 > 5 and not 1 > 2", 1), ("not 1 > 2 or 1 > 2", 1), ("not (1 > 2 or 2 > 1)", 0),
            ("true or false and false", 1), ("1 < 2 == true", -1), ("abs(3 - 5)", 2), ("min(3, 1, 2)", 1),
            ("max(3, 1, 2)", 3), ("clamp(7, 0, 5)", 5), ("clamp(-7, 0, 5)", 0), ("if(1 > 2, 3, 4)", 4),
            ("if(2 > 1, 3, 4)", 3), ("else(1, 2)", 1), ("else(1 / 0, 2)", 2), ("10m / 30s", 20), ("1h30m / 1m", 90),
            ("6h - 90m > 4h", 1), ("2 * 10m == 20m", 1), ("09:30 - 9h == 30m", 1), ("24:00 == 1d", 1),
            ("0.5 + .5", -1), ("3 != 4", 1), ("3 >= 3", 1), ("3 <= 2", 0),
        ])
    func binding(text: String, expected: Double) throws {
        // -1 marks what must not compile: comparisons do not chain, numbers begin with a digit.
        if expected == -1 {
            #expect(throws: RuleError.self) { try Expression.compile(text) }
        } else {
            #expect(try evaluate(text) == expected)
        }
    }

    @Test("ask for the features the design names")
    func features() throws {
        let cases: [(String, Feature, ValueType)] = [
            ("heart_rate", .latest(.heartRate), .number),
            ("mean(heart_rate, 10m)", .window(.mean, .heartRate, .minutes(10), parameter: 0), .number),
            ("min(heart_rate, 1h)", .window(.min, .heartRate, .hours(1), parameter: 0), .number),
            ("sum(steps, 24h)", .window(.sum, .steps, .days(1), parameter: 0), .number),
            ("quantile(heart_rate, 1h, 0.9)", .window(.quantile, .heartRate, .hours(1), parameter: 0.9), .number),
            ("baseline(resting_heart_rate, 28d)", .baseline(.restingHeartRate, days: 28), .number),
            ("zscore(resting_heart_rate, 28d)", .zscore(.restingHeartRate, days: 28), .number),
            ("stale(heart_rate, 10m)", .stale(.heartRate, .minutes(10)), .boolean),
            ("age_of(heart_rate)", .age(.heartRate), .duration), ("age(heart_rate)", .age(.heartRate), .duration),
            ("time_of_day", .timeOfDay, .duration), ("weekday", .weekday, .number),
            ("person.limits.max_heart_rate", .person(.limitMaxHeartRate), .number),
            ("person.has('beta_blocker')", .personHas("beta_blocker"), .boolean),
            ("session.active", .session(.active), .boolean), ("session.minutes", .session(.minutes), .number),
            ("plan.rest", .plan(.rest), .boolean), ("plan.target_high", .plan(.targetHigh), .number),
        ]
        for (text, feature, type) in cases {
            let expression = try Expression.compile(text)
            #expect(expression.features.first == feature, "\(text)")
            #expect(expression.type == type, "\(text)")
        }
    }

    @Test("a window counts as known when 70 % of it are covered, or what 'needs' says of it")
    func fullness() throws {
        let mean = Feature.window(.mean, .heartRate, .minutes(10), parameter: 0)
        let coverage = Feature.window(.coverage, .heartRate, .minutes(10), parameter: 0)
        #expect(try evaluate("mean(heart_rate, 10m)", [mean: 80, coverage: 0.7]) == 80)
        #expect(try evaluate("mean(heart_rate, 10m)", [mean: 80, coverage: 0.69]).isNaN)
        #expect(try evaluate("mean(heart_rate, 10m)", [mean: 80]).isNaN)
        #expect(try evaluate("coverage(heart_rate, 10m)", [coverage: 0.2]) == 0.2)

        let expression = try Expression.compile("mean(heart_rate, 10m)")
        let source = TableSource(features: expression.features, table: [mean: 80, coverage: 0.42])
        let node = expression.explain(source)
        #expect(node.value.isNaN && node.detail?.unknown == "42 % of the window is covered, 70 % are needed")

        for (share, needs) in [(0.5, "coverage(heart_rate, 10m) >= 0.5"), (0.7, "coverage(heart_rate, 5m) >= 0.5")] {
            let rule = book(ruleText("when: 'mean(heart_rate, 10m) > 1', needs: 'true and \(needs) and true'"))
            let when = try #require(rule.rules.first?.when?.expression)
            for covered in [0.45, 0.55, 0.65, 0.75] {
                let source = TableSource(features: rule.features, table: [mean: 80, coverage: covered])
                #expect(when.evaluate(source).isNaN == (covered < share))
            }
        }
    }

    @Test("ask for the same feature once")
    func sharedSlots() throws {
        let expression = try Expression.compile("heart_rate > 100 and heart_rate < 150 and steps < 5")
        #expect(expression.features == [.latest(.heartRate), .latest(.steps)])
        #expect(expression.slots == [0, 1])
    }

    @Test("compare a state with its label")
    func labels() throws {
        #expect(try evaluate("worn == off", [.latest(.worn): 0]) == 1)
        #expect(try evaluate("sensor_location != wrist", [.latest(.sensorLocation): 2]) == 0)
        #expect(throws: RuleError.self) { try Expression.compile("worn == of") }
    }

    @Test(
        "are refused where types or units do not fit, at the character to blame",
        arguments: [
            // text, column, code, a part of message and hint
            ("", 1, RuleError.Code.syntax, "found nothing"),
            ("heart_rate >", 13, .syntax, "found the end"),
            ("heart_rate > 120 and", 21, .syntax, "found the end"),
            ("mean(heart_rate, 10m", 21, .syntax, "',' or ')'"),
            ("heart_rate = 3", 12, .syntax, "== to compare"),
            ("heart_rate > 3 && steps < 2", 16, .syntax, "write and"),
            ("heart_rate ≥ 3", 12, .syntax, "write >="),
            ("mean(heart_rate， 10m)", 16, .syntax, "write ,"),
            ("1 < heart_rate < 3", 16, .syntax, "do not chain"),
            ("10min", 1, .syntax, "neither a number nor a duration"),
            ("25:00", 1, .syntax, "time of day"),
            ("heart_rat", 1, .unknownName, "did you mean 'heart_rate'?"),
            ("person.agee", 8, .unknownName, "did you mean 'age'?"),
            ("sesion.active", 1, .unknownName, "did you mean 'session'?"),
            ("meen(heart_rate, 10m)", 1, .unknownName, "did you mean 'mean'?"),
            ("mean", 1, .syntax, "mean(heart_rate, 10m)"),
            ("heart_rate(10m)", 1, .syntax, "is a metric"),
            ("mean(heart_rate, 10)", 18, .type, "10m for minutes"),
            ("mean(heart_rate)", 1, .syntax, "takes 2 arguments"),
            ("mean(heart_rate, 10m, 3)", 23, .syntax, "takes 2 arguments"),
            ("mean(2 * heart_rate, 10m)", 6, .type, "name of a metric"),
            ("rate(heart_rate, 5m)", 1, .type, "use slope(heart_rate, 10m)"),
            ("ewma(heart_rate, 10m)", 1, .syntax, "ewma(heart_rate, 10m, 2m)"),
            ("ewma(heart_rate, 10m, 20m)", 23, .invalidValue, "between 5s and its window"),
            ("mad(heart_rate, 2h)", 17, .invalidValue, "kept for 1h"),
            ("sum(heart_rate, 10m)", 1, .type, "use mean(heart_rate, 10m)"),
            ("mean(steps, 10m)", 1, .type, "use sum(steps, 10m)"),
            ("mean(worn, 10m)", 1, .type, "codes of states"),
            ("median(heart_rate, 2h)", 20, .invalidValue, "kept for 1h"),
            ("mean(heart_rate, 7s)", 18, .invalidValue, "whole panes"),
            ("mean(heart_rate, 3s)", 18, .invalidValue, "shortest window"),
            ("mean(resting_heart_rate, 10m)", 26, .invalidValue, "1d"),
            ("quantile(heart_rate, 1h, 90)", 26, .invalidValue, "0.9"),
            ("baseline(heart_rate, 28d)", 10, .type, "did you mean 'resting_heart_rate'?"),
            ("baseline(resting_heart_rate, 36h)", 30, .invalidValue, "whole days"),
            ("age_of(heart_rate) + 5", 20, .type, "durations have a unit"),
            ("age_of(heart_rate) > 600", 20, .type, "cannot compare a duration and a number"),
            ("10m * 10m", 5, .type, "means nothing"),
            ("5 / 10m", 3, .type, "no type"),
            ("session.active + 1", 1, .type, "yes/no"),
            ("heart_rate and steps < 2", 1, .type, "compare it"),
            ("not heart_rate", 5, .type, "'not' needs a yes/no value"),
            ("if(heart_rate, 1, 2)", 4, .type, "condition"),
            ("if(session.active, 1, 2m)", 23, .type, "choose between"),
            ("session.active < plan.rest", 16, .type, "cannot compare"),
            ("mean(heart_rate, 10m) > sum(steps, 10m)", 23, .type, "different units"),
            ("heart_rate + weight", 12, .type, "/min"),
            ("person.has(beta_blocker)", 12, .syntax, "in quotes"),
            ("person.has('Beta Blocker')", 12, .invalidValue, "small letters"),
            ("person.has('beta", 12, .syntax, "never closed"),
            ("'text' == 'text'", 1, .type, "person.has"),
            ("(1 > 2", 7, .syntax, "')'"), ("1 > 2)", 6, .syntax, "found ')'"), ("and", 1, .syntax, "found 'and'"),
        ])
    func refusals(text: String, column: Int, code: RuleError.Code, part: String) throws {
        do {
            _ = try Expression.compile(text)
            Issue.record("\(text) compiled")
        } catch {
            #expect(error.code == code, "\(text): \(error)")
            #expect((error.line, error.column) == (1, column), "\(text): \(error)")
            #expect("\(error)".contains(part), "\(error)")
        }
    }

    @Test("a mistake in the second line is shown there")
    func secondLine() {
        do {
            _ = try Expression.compile("heart_rate > 100\n  and stepz < 3")
            Issue.record("compiled")
        } catch {
            #expect((error.line, error.column) == (2, 7))
            #expect("\(error)" == "2:7: unknown name 'stepz'\n  and stepz < 3\n      ^ did you mean 'steps'?")
        }
    }

    @Test("quantities of one unit mix with literals, factors and quotients freely")
    func units() throws {
        for text in [
            "mean(heart_rate, 10m) > max(120, 1.6 * else(resting_heart_rate, 65))",
            "session.recovery_heart_rate > resting_heart_rate + 0.4 * (person.max_heart_rate - resting_heart_rate)",
            "session.minutes_above_range > 0.2 * session.minutes", "1 * heart_rate > 1 * steps",
            "clamp(heart_rate, 40, person.max_heart_rate) > 100", "time_of_day >= 09:00 and time_of_day < 21h",
            "if(session.active, 90s, age_of(steps)) > 1m",
        ] { #expect(throws: Never.self, "\(text)") { try Expression.compile(text) } }
    }

    @Test("are refused when too long, too deep or too wide, without a crash")
    func bounds() {
        let deep = String(repeating: "(", count: 2000) + "1" + String(repeating: ")", count: 2000)
        let signs = String(repeating: "-", count: 3000) + "1"
        let nots = String(repeating: "not ", count: 1000) + "true"
        let wide = String(repeating: "1 + ", count: 1000) + "1"
        let long = String(repeating: " ", count: 5000) + "1"
        let calls = String(repeating: "abs(", count: 900) + "1" + String(repeating: ")", count: 900)
        for text in [deep, signs, nots, wide, long, calls] {
            #expect { try Expression.compile(text) } throws: { ($0 as? RuleError)?.code == .tooLarge }
        }
        #expect(throws: Never.self) { try Expression.compile(String(repeating: "1 + ", count: 200) + "1") }
    }
}
