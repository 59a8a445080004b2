import JSON5
import Testing

@Suite("A typed reader") struct JSONReaderTests {
    private func reader(_ text: String) throws -> JSONReader {
        try JSONDocument.parse(text, file: "r.json5").reader
    }

    private enum Severity: String, CaseIterable { case info, notice, warning, urgent }

    @Test("members are read as what they are")
    func readsMembers() throws {
        let rule = try reader(
            """
            { rule: "x", on: true, share: 0.5, count: 0x10, days: ["mon", "tue"], then: { kind: "alert" },
              severity: "warning", gone: null, tests: [{ n: 1 }, { n: 2 }] }
            """
        ).object(known: ["rule", "on", "share", "count", "days", "then", "severity", "gone", "tests"])
        #expect(try rule.string("rule") == "x")
        #expect(try rule.bool("on"))
        #expect(try rule.number("share", in: 0...1) == 0.5)
        #expect(try rule.integer("count") == 16)
        #expect(try rule.stringList("days") == ["mon", "tue"])
        #expect(try rule.object("then", known: ["kind"]).oneOf("kind", allowed: ["alert", "plan"]) == "alert")
        #expect(try rule.oneOf("severity", Severity.self) == .warning)
        #expect(try rule.array("tests").map { try $0.integer("n") } == [1, 2])
        #expect(try rule.members().map(\.key).prefix(2) == ["rule", "on"])
        #expect(rule.has("gone") && !rule.has("missing"))
        #expect(try rule.required("gone").isNull)
    }

    @Test("an optional member that is missing or null is nil")
    func readsOptionals() throws {
        for text in ["{}", "{ k: null }"] {
            let object = try reader(text)
            #expect(try object.optional("k")?.path == nil)
            #expect(try object.optionalString("k") == nil)
            #expect(try object.optionalBool("k") == nil)
            #expect(try object.optionalNumber("k") == nil)
            #expect(try object.optionalInteger("k") == nil)
            #expect(try object.optionalStringList("k") == nil)
            #expect(try object.optionalArray("k")?.count == nil)
            #expect(try object.optionalObject("k", known: [])?.path == nil)
            #expect(try object.optionalOneOf("k", allowed: []) == nil)
            #expect(try object.optionalOneOf("k", Severity.self) == nil)
        }
        #expect(throws: JSONError.self) { try reader("{ k: 1 }").optionalString("k") }
    }

    @Test("an unknown key is an error with a suggestion")
    func refusesUnknownKeys() throws {
        let error = try #require(throws: JSONError.self) {
            try reader("{\n  then: {\n    severty: 'info',\n  },\n}").object("then", known: ["kind", "severity"])
        }
        #expect(error.code == .unknownKey)
        #expect(
            error.description == """
                r.json5:3:5: unknown key 'severty' in 'then'
                    severty: 'info',
                    ^ did you mean 'severity'?
                """)
        let other = try #require(throws: JSONError.self) { try reader("{ zzz: 1 }").object(known: ["a", "b"]) }
        #expect(other.hint == "known keys: a, b")
    }

    @Test("keys that start with x- are free unless forbidden")
    func allowsExtensions() throws {
        try reader("{ 'x-note': 1 }").object(known: [])
        #expect(throws: JSONError.self) { try reader("{ 'x-note': 1 }").object(known: [], allowExtensions: false) }
    }

    @Test(
        "an integer beyond 2^53 - 1, a fraction and a non-number are refused as integers",
        arguments: [
            ("9007199254740993", "no longer exact"), ("-9007199254740992", "no longer exact"),
            ("18446744073709551615", "no longer exact"), ("1e300", "no longer exact"), ("0.5", "must be an integer"),
            ("NaN", "must be an integer"), ("'5'", "must be an integer, but is a string"),
            ("500", "from 0 to 255, but is 500"),
        ])
    func refusesIntegers(text: String, fragment: String) throws {
        let error = try #require(throws: JSONError.self) { try reader("{ n: \(text) }").integer("n", in: 0...255) }
        #expect(error.message.contains(fragment), "\(error.message)")
        #expect(try reader("9007199254740991").integer() == JSONReader.largestInteger)
        #expect(try reader("-1e3").integer() == -1000)
    }

    @Test(
        "a message names the path, what was expected and what was found",
        arguments: [
            ("[{ a: 1 }, { a: 'x' }]", "'[1].a' must be a number, but is a string"),
            ("[{ a: 1 }, { a: Infinity }]", "'[1].a' must be a finite number"),
            ("[{ a: 1 }, {}]", "'[1]' lacks the key 'a'"),
            ("[{ a: 1 }, 7]", "'[1]' must be an object, but is a number"),
            ("{}", "the document must be an array, but is an object"),
        ])
    func namesThePath(text: String, message: String) throws {
        let error = try #require(throws: JSONError.self) {
            for element in try reader(text).array() { _ = try element.number("a") }
        }
        #expect(error.message == message)
    }

    @Test("a word that is not allowed gets the nearest one as a hint")
    func hintsAtWords() throws {
        let error = try #require(throws: JSONError.self) {
            try reader("{ severity: 'wraning' }").oneOf("severity", Severity.self)
        }
        #expect(error.message == "'severity' must be one of info, notice, warning, urgent, but is 'wraning'")
        #expect(error.hint == "did you mean 'warning'?")
    }

    @Test("a mistake inside a string is blamed at its character")
    func blamesInsideStrings() throws {
        let when = try reader("{ when: 'mean(\\\nheartrate)' }").required("when")
        let error = when.error(atUTF8Offset: 5, "unknown metric", hint: "did you mean 'heart_rate'?")
        #expect(error.description == "r.json5:2:1: unknown metric\nheartrate)' }\n^ did you mean 'heart_rate'?")
    }
}
