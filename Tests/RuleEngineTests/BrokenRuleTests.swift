import Testing
import Vitals

@testable import RuleEngine

private let folder = "Tests/RuleEngineTests/Fixtures/broken"

@Suite("Broken rule files")
struct BrokenRuleTests {
    static let files = Folders.files(in: folder, ending: ".json5")

    @Test("are at least ten")
    func enough() { #expect(Self.files.count >= 10) }

    @Test("are refused with place, source line, caret and hint", arguments: files)
    func diagnostic(file: Configured.File) throws {
        let book = RuleBook(files: [file], hash: lengthHash)
        #expect(book.rules.isEmpty)
        let error = try #require(book.errors.first)
        let name = file.path.dropLast(".json5".count)
        let expected = try #require(Folders.text("\(folder)/\(name).expected"), "\(error)")
        #expect("\(error)\n" == expected)
        #expect("\(error)".split(separator: "\n").contains { $0.drop { $0 == " " }.first == "^" }, "no caret")
    }

    @Test("are put aside alone, and leave no feature behind")
    func aside() {
        let good = Configured.File(path: "good.json5", text: ruleText("when: 'mean(heart_rate, 10m) > 120'"))
        let book = RuleBook(files: [Self.files[0], good] + Self.files.dropFirst(), hash: lengthHash)
        #expect(book.rules.map(\.name) == ["probe"])
        #expect(book.errors.count == Self.files.count)
        #expect(
            book.features == [
                .window(.mean, .heartRate, .minutes(10), parameter: 0),
                .window(.coverage, .heartRate, .minutes(10), parameter: 0),
            ])
    }

    @Test("a second rule of the same name is refused and names the first")
    func duplicate() {
        let two = book(ruleText("when: 'heart_rate > 120'"), ruleText("when: 'heart_rate > 130'"))
        #expect(two.rules.count == 1)
        #expect(two.errors.map(\.code) == [.duplicate])
        #expect(two.errors.first?.message.contains("rule0.json5:1") == true)
    }
}
