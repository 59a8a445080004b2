import Testing
import Vitals

@testable import vitald

@Suite struct ArgumentsTests {
    static let syntax = Syntax(
        "probe", "Try arguments", positionals: [.init("FILE", "what to read", repeats: true)],
        options: [
            .init("store", "FILE", "where").required(), .init("from", "TIME", "begin"), .init("to", "TIME", "end"),
            .init("step", "SPAN", "step"), .init("limit", "N", "most"), .init("kind", "KIND", "what"),
            .init("map", "A=B", "columns", repeats: true), .init("quiet", nil, "say less"),
        ], examples: ["vitald probe a.csv --store s.db"])

    private func read(_ words: String...) throws -> Arguments { try Arguments(words, for: Self.syntax) }

    private func message(_ words: String...) -> String {
        do {
            let arguments = try Arguments(words, for: Self.syntax)
            _ = try arguments.range()
            _ = try arguments.span("step")
            _ = try arguments.integer("limit", in: 1...1000)
            _ = try arguments.choice("kind", Event.Kind.self)
            return "no error"
        } catch {
            #expect(error.code == .usage)
            return "\(error)"
        }
    }

    @Test("values follow their option or an equals sign, flags stand alone, the rest are positionals")
    func forms() throws {
        let arguments = try read("a.csv", "--store", "s.db", "--map=x=y", "--quiet", "--map", "p=q", "b.csv")
        #expect(arguments.positionals == ["a.csv", "b.csv"])
        #expect(try arguments.required("store") == "s.db")
        #expect(arguments.all("map") == ["x=y", "p=q"])
        #expect(arguments.has("quiet"))
    }

    @Test("after two dashes nothing is an option, and a lone dash or a negative number never is")
    func dashes() throws {
        let arguments = try read("--store", "s", "--from", "-5", "-", "-.5", "--", "--store", "-x")
        #expect(arguments.positionals == ["-", "-.5", "--store", "-x"])
        #expect(try arguments.time("from") == Timestamp(milliseconds: -5))
        #expect(try read("f", "--store=--odd").required("store") == "--odd")
    }

    @Test("what is not understood names itself and the nearest known word")
    func mistakes() {
        #expect(message("f", "--stroe", "s") == "unknown option '--stroe'; did you mean '--store'?")
        #expect(message("f", "-store", "s") == "unknown option '-store'; did you mean '--store'?")
        #expect(message("f", "--store", "a", "--store", "b") == "--store is given twice")
        #expect(message("f", "--quiet=1", "--store", "a") == "--quiet takes no value")
        #expect(message("f").hasPrefix("--store is missing: vitald probe FILE… --store FILE [options]"))
        #expect(message("--store", "s").hasPrefix("FILE is missing"))
        #expect(message("f", "--store").hasPrefix("--store needs a value: --store FILE"))
        #expect(message("f", "--store", "--quiet").hasSuffix("or --store=--quiet if that is the value"))
        #expect(message("f", "--store", "s", "--kind", "alrt").hasSuffix("did you mean 'alert'?"))
        #expect(message("f", "--store", "s", "--step", "10").contains("expected a time span like 30s"))
        #expect(message("f", "--store", "s", "--step", "0s").contains("expected a time span"))
        #expect(message("f", "--store", "s", "--limit", "0").contains("1 to 1000"))
        #expect(message("f", "--store", "s", "--from", "yesterday").contains("expected a time like"))
        #expect(message("f", "--store", "s", "--from", "20", "--to", "10") == "--to must be later than --from")
        #expect(message("f", "--store", "s") == "no error")
    }

    @Test("times are ISO 8601 or epoch milliseconds, local where they carry no offset")
    func times() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let arguments = try read("f", "--store", "s", "--from", "2020-03-10T01:00", "--to", "1583798400001")
        #expect(
            try arguments.range(in: berlin)
                == TimeRange(.init(milliseconds: 1_583_798_400_000), .init(milliseconds: 1_583_798_400_001)))
        #expect(try arguments.time("from") == Timestamp(milliseconds: 1_583_802_000_000))
    }

    @Test("asking for help needs nothing else to be right")
    func help() throws {
        #expect(try read("--help").asksForHelp)
        #expect(try read("-h", "f").asksForHelp)
        #expect(try !read("f", "--store", "s", "--", "--help").asksForHelp)
    }

    @Test("no words make the reader trap", arguments: 0..<200)
    func arbitrary(seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ n: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(n))
        }
        let parts = ["-", "--", "store", "=", "map", "é", "5", ".", "", "quiet", "limit", " ", "\u{0}", "-h"]
        let words = (0..<next(8)).map { _ in (0..<next(4)).map { _ in parts[next(parts.count)] }.joined() }
        _ = try? Arguments(words, for: Self.syntax)
    }
}
