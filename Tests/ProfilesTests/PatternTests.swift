import Testing

@testable import Profiles

@Suite struct PatternTests {
    /// The whole match's groups, or `nil`; a group that took no part is "-".
    func match(_ pattern: String, _ line: String) throws -> [String]? {
        let pattern = try Pattern(pattern)
        let bytes = Array(line.utf8)
        var matcher = Matcher()
        guard matcher.matches(pattern, bytes.span) else { return nil }
        return pattern.groups.indices.map { group in
            let (start, end) = (matcher.captures[2 * group], matcher.captures[2 * group + 1])
            return start < 0 ? "-" : String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }

    @Test("literals, classes, quantifiers and groups mean what they mean in Perl")
    func meaning() throws {
        #expect(try match("^B(?<bpm>\\d{1,3})$", "B72") == ["72"])
        #expect(try match("^B(?<bpm>\\d{1,3})$", "B7234") == nil)
        #expect(
            try match("^IR=(\\d+), Avg=(\\d+)( No finger\\?)?$", "IR=1, Avg=43 No finger?") == [
                "1", "43", " No finger?",
            ])
        #expect(try match("^IR=(\\d+), Avg=(\\d+)( No finger\\?)?$", "IR=1, Avg=43") == ["1", "43", "-"])
        #expect(try match("(a|ab)(c|bcd)(d*)", "abcd") == ["a", "bcd", ""])
        #expect(try match("(a+?)(a*)", "aaa") == ["a", "aa"])
        #expect(try match("^[^,]+,[-+\\d.]+$", "x y,-1.5") == [])
        #expect(try match("^(R0[2369]_|COLMI R10_)", "R06_A1B2") == ["R06_"])
        #expect(try match("^(R0[2369]_|COLMI R10_)", "R05_A1B2") == nil)
        #expect(try match("(?:ab){2,3}$", "ababab") == [])
        #expect(try match("(?:ab){2,3}$", "ab") == nil)
        #expect(try match("µV \\w+", "µV ok") == [])
        #expect(try match("a.c", "a\nc") == nil)
        #expect(try match("", "") == [])
    }

    @Test("a match begins at the beginning of the line, unless it may begin anywhere")
    func anchors() throws {
        #expect(try match("12", "x12") == nil)
        var matcher = Matcher()
        let found = matcher.matches(try Pattern("R0\\d"), anywhereIn: Array("my R02".utf8).span)
        #expect(found)
        let bound = matcher.matches(try Pattern("^R0\\d"), anywhereIn: Array("my R02".utf8).span)
        #expect(!bound)
    }

    @Test(
        "what has no bounded match is refused at its place",
        arguments: [
            ("(a)\\1", 3), ("(?=a)", 0), ("a**", 2), ("(a", 0), ("a)", 1), ("[a", 0), ("a{2,1}", 1), ("*a", 0),
            ("(?<a>x)(?<a>y)", 10), ("a{2000}", 2), ("((((a{9}){9}){9}){9})", 17), ("\\b", 0), ("[z-a]", 1),
        ])
    func refused(_ pattern: String, _ offset: Int) throws {
        let error = try #require(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error.offset == offset, "\(error.message)")
    }

    @Test("patterns that blow up a backtracking matcher stay linear")
    func bounded() throws {
        let line = String(repeating: "a", count: 4096) + "!"
        // 2^4096 paths without memory; the test would not end.
        #expect(try match("^(a*)*$", line) == nil)
        #expect(try match("^(a|aa)+$", line) == nil)
        #expect(try match("^(.*)(.*)(.*)(.*)(.*)x$", line) == nil)
    }

    @Test("random patterns on random lines agree with the standard library's matcher")
    func agreement() throws {
        var dice = Dice(state: 3)
        let pieces = ["a", "b", "[ab]", "\\d", "1", "(a|b1)", "(?:ab)?", ".", "a*", "b+?", "\\d{1,2}", "[^a]", "$"]
        var compared = 0
        for _ in 0..<400 {
            let source =
                "^"
                + (0..<Int.random(in: 1...5, using: &dice)).map { _ in pieces.randomElement(using: &dice)! }.joined()
            guard let reference = try? Regex(source), let mine = try? Pattern(source) else { continue }
            for _ in 0..<10 {
                let line = String(
                    (0..<Int.random(in: 0...7, using: &dice)).map { _ in "ab12".randomElement(using: &dice)! })
                var matcher = Matcher()
                let bytes = Array(line.utf8)
                let expected = line.prefixMatch(of: reference)
                let found = matcher.matches(mine, bytes.span)
                #expect(found == (expected != nil), "\(source) on \(line)")
                guard found, let expected else { continue }
                for group in mine.groups.indices {
                    let start = matcher.captures[2 * group]
                    let text =
                        start < 0
                        ? nil : String(decoding: bytes[start..<matcher.captures[2 * group + 1]], as: UTF8.self)
                    #expect(expected.output[group + 1].substring.map(String.init) == text, "\(source) on \(line)")
                }
                compared += 1
            }
        }
        #expect(compared > 200)
    }
}
