import Hub
import RuleEngine
import Testing

@Suite("The shipped rules")
struct RuleTrialTests {
    @Test("do what the tests inside their files say")
    func shippedRulesPass() throws {
        let files = try TestHousehold.configured().rules
        let book = RuleBook(files: files) { "\(ContentHash(of: $0))" }
        #expect(book.errors.isEmpty)
        #expect(book.rules.count >= 5)
        for rule in book.rules {
            let outcomes = try RuleTrial.run(rule, among: files)
            #expect(outcomes.contains { !$0.test.expect.isEmpty }, "\(rule.name) has no test that fires")
            #expect(outcomes.contains { $0.test.expect.isEmpty }, "\(rule.name) has no test that stays quiet")
            for outcome in outcomes {
                #expect(outcome.passed, "\(rule.name), \(outcome.test.name): \(outcome.failures)")
            }
        }
    }

    @Test("fail their tests when the threshold is moved")
    func movedThresholdFails() throws {
        var files = try TestHousehold.configured().rules
        let place = try #require(files.firstIndex { $0.path.hasSuffix("resting-tachycardia.json5") })
        files[place].text.replace("max(120,", with: "max(145,")
        let book = RuleBook(files: files) { "\(ContentHash(of: $0))" }
        let rule = try #require(book["resting-tachycardia"])
        #expect(try RuleTrial.run(rule, among: files).contains { !$0.passed })
    }
}
