import Testing
import Vitals

@testable import RuleEngine

private let shipped = RuleBook(files: Folders.files(in: "Rules", ending: ".json5"), hash: lengthHash)

@Suite("The shipped rules")
struct ShippedRuleTests {
    @Test("all load")
    func load() {
        for error in shipped.errors { Issue.record("\(error)") }
        #expect(
            shipped.rules.map(\.name) == [
                "ease-after-overreach", "heart-rate-raised-for-days", "irregular-rhythm", "raised-night-heart-rate",
                "resting-bradycardia",
                "resting-tachycardia",
                "sedentary-hour",
                "sensor-silent",
            ])
    }

    @Test("say what they are for, cite a source, speak three languages, and have tests of both kinds")
    func complete() {
        for rule in shipped.rules {
            #expect(!rule.about.isEmpty && !rule.source.isEmpty, "\(rule.name)")
            for text in [rule.action.title, rule.action.text] {
                #expect(text.templates.map(\.language) == LocalizedText.languages, "\(rule.name)")
            }
            #expect(rule.tests.contains { !$0.expect.isEmpty }, "\(rule.name) has no test that fires")
            #expect(rule.tests.contains { $0.expect.isEmpty }, "\(rule.name) has no test that stays quiet")
        }
    }

    static let cases: [(String, Int)] = shipped.rules.flatMap { rule in rule.tests.indices.map { (rule.name, $0) } }

    @Test("do in the rule machine what their own tests say", arguments: cases)
    func ownTests(name: String, index: Int) throws {
        let rule = try #require(shipped[name])
        let test = rule.tests[index]
        let outcomes = Rehearsal.run(test, of: name, in: shipped)
        let seen = outcomes.map { "\($0.edge) at \($0.decided)" }
        try #require(outcomes.count == test.expect.count, "\(name), \(test.name): \(seen)")
        for (outcome, expected) in zip(outcomes, test.expect) {
            #expect(
                expected.from <= outcome.decided && outcome.decided <= expected.to, "\(name), \(test.name): \(seen)")
            #expect(outcome.action.kind == expected.kind)
            #expect(expected.onset.map { $0.contains(outcome.onset) } ?? true, "\(name), \(test.name)")
            #expect((outcome.edge == .cleared) == (expected.phase == .resolved), "\(test.name)")
        }
    }

    @Test("fill their texts in every language without leaving a placeholder")
    func texts() throws {
        for rule in shipped.rules {
            let source = TableSource(features: shipped.features, table: [:])
            for language in LocalizedText.languages {
                let text = rule.action.text.render(source, language: language)
                #expect(!text.contains("{") && !text.contains("}") && !text.contains("  "), "\(text)")
                #expect(text.contains(TextWords(language: language).unknown), "\(text)")
            }
        }
    }

    @Test("give evidence with file, line, every subexpression and its value")
    func evidence() throws {
        let rule = try #require(shipped["resting-tachycardia"])
        let outcome = try #require(Rehearsal.run(rule.tests[0], of: rule.name, in: shipped).first)
        #expect(outcome.evidence.file == "resting-tachycardia.json5")
        #expect(outcome.evidence.clauses.map(\.name) == ["when", "needs", "late"])
        let when = try #require(outcome.evidence.clauses.first)
        #expect(when.line == 6 && when.column == 11)
        #expect(when.root.value == 1)
        var texts: [String] = []
        func walk(_ node: Evidence.Node) {
            texts.append("\(node.text) = \(node.value)")
            #expect((node.detail != nil) == (node.children.isEmpty && Double(node.text) == nil && node.text != "10m"))
            node.children.forEach(walk)
        }
        walk(when.root)
        #expect(texts.contains("mean(heart_rate, 10m) = 135.0"))
        #expect(texts.contains("max(120, 1.6 * else(resting_heart_rate, 65)) = 120.0"))
        #expect(texts.contains("1.6 * else(resting_heart_rate, 65) = 104.0"))
        #expect(texts.contains("resting_heart_rate = nan"))
        #expect(texts.contains("not session.active = 1.0"))
        #expect(outcome.action.text.hasPrefix("135 bpm on average over 10 minutes with 0 steps."))
    }
}
