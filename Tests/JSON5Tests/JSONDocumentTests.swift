import Testing

@testable import JSON5

@Suite("A JSON5 document") struct JSONDocumentTests {
    @Test("everything that JSON5 adds to JSON is read")
    func readsAllOfJSON5() throws {
        let text = #"""
            // comment
            {
              unquoted: 'single "quotes"', $_: "it's", 键: 1, caf\u00e9: 2, "quoted key": null,
              hex: 0xdecaf, negative: -0XFF, leading: .5, trailing: 5., plus: +1.5e+3, small: 1E-2,
              big: Infinity, low: -Infinity, none: NaN, /* block
              comment */ yes: true, no: false, list: [1, [], {}, ], // ends here
            }
            """#
        let document = try JSONDocument.parse(text, file: "all.json5")
        #expect(
            document.root.jsonText
                == #"{"unquoted":"single \"quotes\"","$_":"it's","键":1,"café":2,"quoted key":null,"#
                + #""hex":912559,"negative":-255,"leading":0.5,"trailing":5,"plus":1500,"small":0.01,"#
                + #""big":null,"low":null,"none":null,"yes":true,"no":false,"list":[1,[],{}]}"#)
        let reader = document.reader
        #expect(throws: JSONError.self) { try reader.number("big") }
        guard case .number(let low) = try reader.required("low").node.value else { throw Mismatch() }
        #expect(low == -.infinity)
    }

    @Test(
        "each escape gives its character",
        arguments: [
            (#"'\b\f\n\r\t\v\0'"#, "\u{8}\u{C}\n\r\t\u{B}\0"), (#"'\x41\u00e9\ud83d\ude00'"#, "Aé😀"),
            (#"'\A\C\/\'\"\\'"#, #"AC/'"\"#), ("'a\\\nb\\\r\nc\\\rd\\\u{2028}e'", "abcde"),
            ("'\u{2028}\u{2029}\t'", "\u{2028}\u{2029}\t"), ("\u{FEFF}\u{A0}\u{2003}''\u{B}\u{C}", ""),
        ])
    func decodesEscapes(text: String, expected: String) throws {
        let string = try JSONDocument.parse(text, file: "t").reader.string()
        #expect(Array(string.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test(
        "what is not JSON5 is refused where it goes wrong",
        arguments: [
            ("", 1, 1, "empty"), ("// only", 1, 8, "empty"), ("[1 2]", 1, 4, "expected ','"), ("[,]", 1, 2, "a value"),
            ("{a:1,,}", 1, 6, "expected a key"), ("{a 1}", 1, 4, "expected ':'"), ("{1: 2}", 1, 2, "in quotes"),
            ("[1]\n x", 2, 2, "end of the document"), ("{\n a: tru }", 2, 5, "text needs quotes"),
            ("'abc", 1, 1, "no end"), ("['a\nb']", 1, 2, "no end"), (#"'\1'"#, 1, 2, "before a digit"),
            (#"'\01'"#, 1, 2, "octal"), (#"'\xg0'"#, 1, 2, "2 hexadecimal"), (#"'\u12'"#, 1, 2, "4 hexadecimal"),
            (#"'\ud800'"#, 1, 2, "partner"), (#"'\ud800\u0041'"#, 1, 2, "partner"), (#"'\udc00'"#, 1, 2, "partner"),
            ("01", 1, 1, "superfluous"), ("0x", 1, 1, "hexadecimal digits"), (".", 1, 2, "a digit"),
            ("1e", 1, 3, "exponent"), ("- 1", 1, 2, "a digit"), ("1.2.3", 1, 4, "end of the number"),
            ("12px", 1, 3, "end of the number"), ("1e999", 1, 1, "too large"), ("-Infinite", 1, 1, "after the sign"),
            ("[1, /* ", 1, 5, "no end"), ("{a: 1", 1, 6, "text ends here"), (#"{\x61: 1}"#, 1, 2, "\\u escapes"),
            (#"{a\u002d: 1}"#, 1, 3, "not allowed"), ("{'a': 1, a: 2}", 1, 10, "line 1, column 2"),
            ("{a-b: 1}", 1, 3, ":"),
            ("\u{0}", 1, 1, "unexpected"), ("[1,\r\n\r2,\n 'é' x]", 4, 6, "expected ','"),
        ])
    func refuses(text: String, line: Int, column: Int, fragment: String) throws {
        let error = try #require(throws: JSONError.self) { try JSONDocument.parse(text, file: "t") }
        #expect(error.location.line == line)
        #expect(error.location.column == column)
        #expect(error.message.contains(fragment), "\(error.message)")
    }

    @Test("a duplicate key names both places, however it is spelt")
    func namesBothPlacesOfADuplicate() throws {
        let error = try #require(throws: JSONError.self) {
            try JSONDocument.parse("{\n  rate: 1,\n  'r\\u0061te': 2,\n}", file: "r.json5")
        }
        #expect(error.code == .duplicateKey)
        #expect(
            error.description == """
                r.json5:3:3: duplicate key 'rate', first at line 2, column 3
                  'r\\u0061te': 2,
                  ^
                """)
    }

    @Test("64 levels are read, and the 65th is an error")
    func limitsNesting() throws {
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try JSONDocument.parse(deepest, file: "t")
        for opening in ["[", "{a:"] {
            let text = String(repeating: opening, count: 100_000)
            let error = try #require(throws: JSONError.self) { try JSONDocument.parse(text, file: "t") }
            #expect(error.code == .tooDeep)
            #expect(error.location.offset == 64 * opening.utf8.count)
        }
    }

    @Test("an endless number literal is refused")
    func limitsNumbers() throws {
        let text = String(repeating: "9", count: 100_000)
        let error = try #require(throws: JSONError.self) { try JSONDocument.parse(text, file: "t") }
        #expect(error.code == .tooLarge)
        #expect(try JSONDocument.parse("0." + String(repeating: "3", count: 900), file: "t").reader.number() < 0.34)
    }

    @Test("every node and key knows where it begins")
    func locatesNodes() throws {
        let document = try JSONDocument.parse("{\r\n  '静': [true,\n\t{é: 'x'}]\n}", file: "t")
        let member = try #require(document.reader.object().members.first)
        #expect(document.root.location == .start)
        #expect(member.keyLocation == SourceLocation(line: 2, column: 3, offset: 5))
        #expect(member.node.location == SourceLocation(line: 2, column: 8, offset: 12))
        let inner = try document.reader.array("静")[1]
        #expect(inner.location == SourceLocation(line: 3, column: 2, offset: 20))
        #expect(try inner.required("é").location == SourceLocation(line: 3, column: 6, offset: 25))
    }

    @Test("an offset in a decoded string leads back to the text, across continuations and escapes")
    func mapsStringOffsets() throws {
        let text = "{\n when: 'a > \\\n     b \\u00e9\\t静c' }"
        let document = try JSONDocument.parse(text, file: "t")
        let node = try document.reader.required("when").node
        guard case .string(let decoded) = node.value else { throw Mismatch() }
        #expect(decoded == "a >      b é\t静c")
        func place(of offset: Int) -> String { document.location(ofUTF8Offset: offset, in: node).description }
        #expect(place(of: 0) == "2:9")
        #expect(place(of: 3) == "2:12")
        #expect(place(of: 4) == "3:1")
        #expect(place(of: 9) == "3:6")
        #expect(place(of: 11) == "3:8")
        #expect(place(of: 12) == "3:8")
        #expect(place(of: 13) == "3:14")
        #expect(place(of: 14) == "3:16")
        #expect(place(of: 17) == "3:17")
        #expect(place(of: 18) == "3:18")
        #expect(place(of: 1000) == "3:18")
        #expect(place(of: -1) == "2:9")
        let error = document.error(at: document.location(ofUTF8Offset: 9, in: node), "'b' is not a metric")
        #expect(error.description == "t:3:6: 'b' is not a metric\n     b \\u00e9\\t静c' }\n     ^")
    }

    @Test("a node of another document has no place inside this one")
    func survivesForeignNodes() throws {
        let long = try JSONDocument.parse("['', '" + String(repeating: "静", count: 99) + "']", file: "long")
        let short = try JSONDocument.parse("['é']", file: "short")
        let node = try long.reader.array()[1].node
        #expect(short.location(ofUTF8Offset: 3, in: node) == node.location)
        let nowhere = SourceLocation(line: -4, column: .min + 1, offset: -9)
        #expect(short.error(at: nowhere, "x").description.hasPrefix("short:"))
        #expect(short.location(ofUTF8Offset: 3, in: JSONNode(value: .string("é"), location: nowhere)) == nowhere)
    }
}

struct Mismatch: Error {}
