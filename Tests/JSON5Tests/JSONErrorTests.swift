import Glibc
import Testing

@testable import JSON5

@Suite("An error") struct JSONErrorTests {
    private func shown(_ line: String, column: Int) -> String {
        JSONError(
            .invalidValue, file: nil, at: SourceLocation(line: 1, column: column, offset: 0), "wrong", sourceLine: line
        ).description
    }

    @Test("the caret stands under its column behind tabs, wide characters and accents")
    func alignsTheCaret() {
        #expect(shown("\tab", column: 3) == "1:3: wrong\n\tab\n\t ^")
        #expect(shown("静息x", column: 3) == "1:3: wrong\n静息x\n    ^")
        #expect(shown("e\u{301}x", column: 3) == "1:3: wrong\ne\u{301}x\n ^")
        #expect(shown("ab", column: 99) == "1:99: wrong\nab\n  ^")
    }

    @Test("a very long line is shown around the caret only")
    func cutsLongLines() {
        let description = shown(
            String(repeating: "a", count: 500) + "!" + String(repeating: "b", count: 500), column: 501)
        let lines = description.split(separator: "\n")
        #expect(lines[1].count == 122)
        #expect(lines[1].dropFirst(lines[2].count - 1).first == "!")
    }

    @Test("control and direction characters of foreign text do not reach the terminal")
    func defusesControlCharacters() throws {
        #expect(shown("a\u{1B}[31m\u{202E}", column: 1) == "1:1: wrong\na\u{FFFD}[31m\u{FFFD}\n^")
        let error = try #require(throws: JSONError.self) {
            try JSONDocument.parse("{'\u{1B}[2J': 1, '\u{1B}[2J': 2}", file: "t")
        }
        #expect(!error.description.unicodeScalars.contains("\u{1B}"))
    }

    @Test("a hint without a source line has a line of its own")
    func showsBareHint() {
        let error = JSONError(.unreadable, file: "a", at: .start, "gone", hint: "look elsewhere")
        #expect(error.description == "a:1:1: gone\nlook elsewhere")
    }

    @Test("files that cannot be read say why, at 1:1")
    func explainsUnreadableFiles() throws {
        var template = Array("/tmp/json5-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(folder) }
        let path = folder + "/a.json5"
        defer { unlink(path) }

        func write(_ bytes: [UInt8]) throws {
            let file = try #require(fopen(path, "w"))
            defer { fclose(file) }
            #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        }
        func refusal(of path: String, limit: Int = JSONDocument.defaultSizeLimit) throws -> JSONError {
            let error = try #require(throws: JSONError.self) { try JSONDocument.load(path: path, limit: limit) }
            #expect(error.location == .start)
            return error
        }

        #expect(try refusal(of: path).description == "\(path):1:1: there is no such file")
        #expect(try refusal(of: folder).message == "this is a directory, expected a file")
        #expect(try refusal(of: "/dev/null").message == "this is not a regular file")
        try write(Array("{a: 'x'}\n// ".utf8) + [0xC3, 0x28])
        #expect(try refusal(of: path).message == "the file is not UTF-8 text, see its line 2")
        try write(Array("[1, 2]".utf8))
        #expect(try refusal(of: path, limit: 5).code == .tooLarge)
        let document = try JSONDocument.load(path: path, limit: 6)
        #expect(document.file == path && document.root.jsonText == "[1,2]")
        try write([])
        #expect(try refusal(of: path).code == .syntax)
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        defer { unlink(folder + "/pipe") }
        #expect(try refusal(of: folder + "/pipe").message == "this is not a regular file")
    }
}
