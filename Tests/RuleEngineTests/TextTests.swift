import Testing
import Vitals

@testable import RuleEngine

private func render(_ text: String, _ values: [Feature: Double] = [:], language: String = "en") throws -> String {
    var table = FeatureTable()
    let template = try TextTemplate(text, table: &table)
    return template.render(
        TableSource(features: table.features, table: values), words: TextWords(language: language))
}

@Suite("Texts with values in them")
struct TextTests {
    @Test(
        "numbers are rounded to their decimals",
        arguments: [
            (0.0, 0, "0"), (71.5, 0, "72"), (-71.5, 0, "-72"), (0.4, 0, "0"), (-0.4, 0, "0"), (36.649, 1, "36.6"),
            (36.65, 2, "36.65"), (-0.05, 1, "-0.1"), (0.05, 2, "0.05"), (1234567.891, 3, "1234567.891"), (5, 2, "5.00"),
            (-0.004, 2, "0.00"), (9.999, 2, "10.00"),
        ])
    func numbers(value: Double, decimals: Int, expected: String) throws {
        #expect(fixed(value, decimals: decimals) == expected)
        #expect(try render("{heart_rate:\(decimals)}", [.latest(.heartRate): value]) == expected)
    }

    @Test(
        "no number traps",
        arguments: [1e300, -1e300, 1e15, 1e18, .infinity, -.infinity, .nan, Double.leastNonzeroMagnitude])
    func extremes(value: Double) throws {
        for decimals in 0...9 { _ = fixed(value, decimals: decimals) }
        for language in LocalizedText.languages {
            _ = TextWords(language: language).duration(milliseconds: value)
            _ = TextWords(language: language).clock(milliseconds: value)
        }
    }

    @Test(
        "durations print as minutes, and as what suits their length",
        arguments: [
            ("45s", "45 s", "45 秒"), ("10m", "10 min", "10 分钟"), ("119m", "119 min", "119 分钟"), ("2h", "2 h", "2 小时"),
            ("3h5m", "3 h 5 min", "3 小时 5 分钟"), ("3d", "3 days", "3 天"), ("-10m", "-10 min", "-10 分钟"),
        ])
    func durations(text: String, english: String, chinese: String) throws {
        let span = try #require(TimeSpan(text))
        let values: [Feature: Double] = [.age(.heartRate): Double(span.milliseconds)]
        #expect(try render("{age_of(heart_rate)}", values) == english)
        #expect(try render("{age_of(heart_rate)}", values, language: "zh-Hans") == chinese)
    }

    @Test("the time of day prints as a clock, what is unknown as that word, doubled braces as braces")
    func others() throws {
        #expect(try render("at {time_of_day}", [.timeOfDay: 32_700_000]) == "at 09:05")
        #expect(try render("{heart_rate:0} bpm") == "unknown bpm")
        #expect(try render("{heart_rate:0} {age_of(steps)}", language: "zh-Hant") == "未知 未知")
        #expect(try render("{{{1 + 1}}} }}") == "{2} }")
        #expect(try render("{if(time_of_day < 09:00, 1, 2)}", [.timeOfDay: 0]) == "1")
        #expect(try render("{else(time_of_day - 09:00, 1h)}") == "60 min")
    }

    @Test(
        "mistakes in a text are found when it is loaded, at the character to blame",
        arguments: [
            ("{heart_rat:0}", 1), ("It is {mean(heart_rate, 10):0}.", 24), ("{heart_rate", 0), ("heart_rate}", 10),
            ("{session.active}", 1), ("{}", 1), ("{heart_rate:9}", 12), ("{age_of(steps):0}", 1),
            ("{heart_rate:x}", 11),
            ("心率 {heart_rat}", 8),
        ])
    func faults(text: String, offset: Int) {
        var table = FeatureTable()
        #expect { try TextTemplate(text, table: &table) } throws: { ($0 as? Fault)?.offset == offset }
    }

    @Test("a person reads their language, English where it is missing")
    func languages() throws {
        let rule = try #require(
            book(
                """
                { rule: "probe", when: "heart_rate > 1",
                  then: { kind: "advice", title: { en: "Rate", "zh-Hans": "心率" }, text: "{heart_rate:0} / {steps:0}" } }
                """
            ).rules.first)
        let source = FixedSource(values: [70, .nan])
        #expect(rule.action.title.render(source, language: "zh-Hans") == "心率")
        #expect(rule.action.title.render(source, language: "zh-Hant") == "Rate")
        #expect(rule.action.title.render(source, language: "fr") == "Rate")
        #expect(rule.action.text.render(source, language: "zh-Hant") == "70 / 未知")
    }
}

@Suite("The words of a wellness instrument")
struct VocabularyTests {
    @Test(
        "what claims more than a measurement is refused, in all languages",
        arguments: [
            ("Your heart is normal.", "normal"), ("ABNORMAL rate", "abnormal"), ("You are diagnosed.", "diagnosed"),
            ("Everything is safe", "safe"), ("You are healthy!", "healthy"), ("Possible atrial  flutter", nil),
            ("Signs of atrial fibrillation", "atrial fibrillation"), ("This may be tachycardia", "tachycardia"),
            ("Somebody is watching", "is watching"), ("心率异常", "异常"), ("心率異常", "異常"), ("一切正常", "正常"),
            ("您很健康", "健康"), ("已诊断", "诊断"), ("可能是房颤", "房颤"), ("可能是心房顫動", "心房顫動"), ("很安全", "安全"),
            ("Safely home", "safely"), ("heart\nattack", "heart attack"),
        ])
    func refused(text: String, word: String?) { #expect(Vocabulary.firstFinding(in: text)?.word == word) }

    @Test(
        "what only looks like it is not",
        arguments: [
            "The unsafest abnormalist", "Your usual rate: {resting_heart_rate:0}", "{if(person.has('normal'), 1, 2)}",
            "",
            "influx of strokes3", "静息时心率偏高", "感測器無資料",
        ])
    func allowed(text: String) {
        let word = Vocabulary.firstFinding(in: text)?.word
        #expect(word == nil || text.contains("strokes3"), "\(word ?? "")")
    }

    @Test("every word has one entry, is lower case, and a reason")
    func list() {
        let words = Vocabulary.groups.flatMap { $0.english + $0.chinese }
        #expect(Set(words).count == words.count)
        #expect(words.allSatisfy { $0 == $0.lowercased() && !$0.isEmpty })
        #expect(Vocabulary.groups.allSatisfy { !$0.reason.isEmpty && !$0.advice.isEmpty })
    }
}
