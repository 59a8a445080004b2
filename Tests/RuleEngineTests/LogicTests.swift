import Testing
import Vitals

@testable import RuleEngine

private let unknown = Double.nan

private func same(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }

/// Values of `steps` (a) and `heart_rate` (b), so that a table of features can make any operand true, false or unknown.
private func evaluate(_ text: String, a: Double, b: Double) throws -> (value: Double, asked: [Int]) {
    let expression = try Expression.compile(text)
    let values = expression.features.map { feature -> Double in
        switch feature {
        case .session(.active): a
        case .plan(.rest): b
        case .latest(.heartRate): a
        default: b
        }
    }
    let source = FixedSource(values: values)
    return (expression.evaluate(source), source.log.asked)
}

@Suite("Three-valued logic")
struct LogicTests {
    @Test("and, or and not follow Kleene's tables")
    func tables() throws {
        let values = [1, 0, unknown]
        let and = [[1, 0, unknown], [0, 0, 0], [unknown, 0, unknown]]
        let or = [[1, 1, 1], [1, 0, unknown], [1, unknown, unknown]]
        for (i, a) in values.enumerated() {
            for (j, b) in values.enumerated() {
                #expect(
                    same(try evaluate("session.active and plan.rest", a: a, b: b).value, and[i][j]), "\(a) and \(b)")
                #expect(same(try evaluate("session.active or plan.rest", a: a, b: b).value, or[i][j]), "\(a) or \(b)")
            }
            #expect(same(try evaluate("not session.active", a: a, b: 0).value, [0, 1, unknown][i]))
        }
    }

    @Test("missing data is neither zero nor false", arguments: ["<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/"])
    func unknownOperand(op: String) throws {
        for (a, b) in [(unknown, 1), (1, unknown), (unknown, unknown)] {
            #expect(try evaluate("1 * heart_rate \(op) 1 * weight", a: a, b: b).value.isNaN)
        }
    }

    @Test("min, max and clamp of something unknown are unknown; a division by zero is unknown, not infinite")
    func unknownResults() throws {
        for text in ["min(heart_rate, 3)", "max(3, heart_rate)", "clamp(5, heart_rate, 7)", "-heart_rate"] {
            #expect(try evaluate(text, a: unknown, b: 0).value.isNaN, "\(text)")
        }
        #expect(try evaluate("heart_rate / 0", a: 5, b: 0).value.isNaN)
        #expect(try evaluate("0 * heart_rate", a: unknown, b: 0).value.isNaN)
        #expect(try evaluate("heart_rate * heart_rate", a: 1e200, b: 0).value.isNaN)
        #expect(try evaluate("heart_rate > 5", a: .infinity, b: 0).value.isNaN, "a source cannot bring infinity in")
    }

    @Test("if of an unknown condition is unknown; else replaces what is unknown and nothing else")
    func choices() throws {
        #expect(try evaluate("if(session.active, 1, 2)", a: unknown, b: 0).value.isNaN)
        #expect(try evaluate("if(session.active, 1, 2)", a: 1, b: 0).value == 1)
        #expect(try evaluate("if(session.active, 1, 2)", a: 0, b: 0).value == 2)
        #expect(try evaluate("else(heart_rate, 65)", a: unknown, b: 0).value == 65)
        #expect(try evaluate("else(heart_rate, 65)", a: 0, b: 0).value == 0)
        #expect(try evaluate("else(session.active, true)", a: unknown, b: 0).value == 1)
    }

    @Test("what cannot change the result is not asked for")
    func shortCircuit() throws {
        #expect(try evaluate("session.active and plan.rest", a: 0, b: 1).asked == [0])
        #expect(try evaluate("session.active and plan.rest", a: unknown, b: 1).asked == [0, 1])
        #expect(try evaluate("session.active or plan.rest", a: 1, b: 1).asked == [0])
        #expect(try evaluate("if(session.active, 1, weight)", a: 1, b: 1).asked == [0])
        #expect(try evaluate("if(session.active, weight, 1)", a: unknown, b: 1).asked == [0])
        #expect(try evaluate("else(1 * heart_rate, weight)", a: 1, b: 1).asked == [0])
        #expect(try evaluate("false and session.active", a: 1, b: 1).asked.isEmpty)
    }

    @Test("evaluation, explanation and unfolded evaluation agree on 3000 random expressions")
    func agreement() throws {
        var dice = Dice(state: 7)
        var kinds = (known: 0, unknown: 0)
        for _ in 0..<3000 {
            let text = RandomExpression.boolean(&dice, depth: 4)
            var table = FeatureTable()
            let folded = try Expression(text, table: &table)
            let plain = try Expression(text, table: &table, folding: false)
            let source = FixedSource(values: table.features.map { _ in dice.pick([unknown, 0, 1, 2, 60, 120, 1e6]) })
            let value = folded.evaluate(source)
            #expect(same(value, plain.evaluate(source)), "\(text)")
            #expect(same(value, folded.explain(source).value), "\(text)")
            if value.isNaN { kinds.unknown += 1 } else { kinds.known += 1 }
        }
        #expect(kinds.known > 500 && kinds.unknown > 200, "\(kinds)")
    }

    @Test("neither random nor truncated nor mutated text traps")
    func hostileText() {
        var dice = Dice(state: 11)
        let rule =
            "mean(heart_rate, 10m) > max(120, 1.6 * else(resting_heart_rate, 65)) and not person.has('x') or 09:00 < 1h"
        let bytes = Array(rule.utf8)
        for end in 0...bytes.count { _ = try? Expression.compile(String(decoding: bytes[..<end], as: UTF8.self)) }
        for start in 0...bytes.count { _ = try? Expression.compile(String(decoding: bytes[start...], as: UTF8.self)) }
        for _ in 0..<3000 {
            var copy = bytes
            for _ in 0...dice.roll(4) { copy[dice.roll(copy.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            _ = try? Expression.compile(String(decoding: copy, as: UTF8.self))
        }
        let words = [
            "heart_rate", "mean", "(", ")", ",", "10m", "5", "and", "or", "not", "<", "==", "+", "-", "*", "/", "if",
            "else", "min", "'a'", "person.has", "99999999999999999999d", "1e9", "09:99", "stale", "quantile", "0.5",
            "\u{0}",
        ]
        for _ in 0..<5000 {
            let text = (0...dice.roll(12)).map { _ in dice.pick(words) }.joined(separator: dice.pick([" ", ""]))
            if let expression = try? Expression.compile(text) {
                _ = expression.explain(FixedSource(values: [1, .nan, 0, 3]))
            }
        }
    }
}

/// Well-typed expressions by chance.
enum RandomExpression {
    static func boolean(_ dice: inout Dice, depth: Int) -> String {
        guard depth > 0 else {
            return dice.pick(["session.active", "plan.rest", "true", "false", "stale(steps, 10m)"])
        }
        switch dice.roll(7) {
        case 0: return "(\(boolean(&dice, depth: depth - 1)) and \(boolean(&dice, depth: depth - 1)))"
        case 1: return "(\(boolean(&dice, depth: depth - 1)) or \(boolean(&dice, depth: depth - 1)))"
        case 2: return "not (\(boolean(&dice, depth: depth - 1)))"
        case 3:
            let parts = (0..<3).map { _ in boolean(&dice, depth: depth - 1) }
            return "if(\(parts[0]), \(parts[1]), \(parts[2]))"
        case 4: return "else(\(boolean(&dice, depth: depth - 1)), \(boolean(&dice, depth: depth - 1)))"
        default:
            let op = dice.pick(["<", "<=", ">", ">=", "==", "!="])
            return "(\(number(&dice, depth: depth - 1)) \(op) \(number(&dice, depth: depth - 1)))"
        }
    }

    /// Factors keep units out of the way.
    static func number(_ dice: inout Dice, depth: Int) -> String {
        guard depth > 0 else {
            return dice.pick(["1 * heart_rate", "1 * sum(steps, 10m)", "0", "1", "2.5", "60", "weekday", "1h / 1m"])
        }
        func inner(_ dice: inout Dice) -> String { number(&dice, depth: depth - 1) }
        switch dice.roll(8) {
        case 0: return "abs(\(inner(&dice)))"
        case 1: return "min(\(inner(&dice)), \(inner(&dice)), \(inner(&dice)))"
        case 2: return "max(\(inner(&dice)), \(inner(&dice)))"
        case 3: return "clamp(\(inner(&dice)), \(inner(&dice)), \(inner(&dice)))"
        case 4: return "if(\(boolean(&dice, depth: depth - 1)), \(inner(&dice)), \(inner(&dice)))"
        case 5: return "else(\(inner(&dice)), \(inner(&dice)))"
        case 6: return "-(\(inner(&dice)))"
        default: return "((\(inner(&dice))) \(dice.pick(["+", "-", "*", "/"])) (\(inner(&dice))))"
        }
    }
}
