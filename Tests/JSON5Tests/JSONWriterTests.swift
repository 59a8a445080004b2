import JSON5
import Testing

@Suite("The JSON writer") struct JSONWriterTests {
    @Test("objects and arrays are compact and keep the order given")
    func writesNested() {
        var json = JSONWriter()
        json.object { json in
            json.member("z", "last first")
            json.object("o") { $0.member("ok", true) }
            json.array("a") { json in
                json.value(1)
                json.object { _ in }
                json.array { $0.value([1.5, 2]) }
                json.null()
            }
            json.member("absent", ifPresent: nil as Int?)
            json.member("present", ifPresent: 1)
            json.member("optional", nil as String?)
            json.null("n")
        }
        #expect(
            json.text
                == #"{"z":"last first","o":{"ok":true},"a":[1,{},[[1.5,2]],null],"present":1,"optional":null,"n":null}"#
        )
    }

    @Test("several values at the top stand on lines of their own")
    func writesLines() {
        var json = JSONWriter()
        for number in 1...2 { json.object { $0.member("n", number) } }
        json.value("end")
        #expect(json.text == "{\"n\":1}\n{\"n\":2}\n\"end\"")
    }

    @Test("numbers are the shortest that read back, whole ones without a point")
    func writesNumbers() {
        #expect(
            [0.1, 72, -3, 1e16, .leastNonzeroMagnitude, 1.7976931348623157e308, 0.0001, .infinity, .nan].jsonText
                == "[0.1,72,-3,1e+16,5e-324,1.7976931348623157e+308,0.0001,null,null]")
        #expect([Float(0.1), 61.5, 16_777_216].jsonText == "[0.1,61.5,16777216]")
        #expect((-0.0).jsonText == "-0")
        #expect(Int64.min.jsonText == "-9223372036854775808")
        #expect(UInt64.max.jsonText == "18446744073709551615")
    }

    @Test("random doubles read back bit for bit")
    func roundTripsDoubles() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<20_000 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            let back = try JSONDocument.parse(number.jsonText, file: "t").reader.number()
            #expect(back.bitPattern == number.bitPattern)
        }
    }

    @Test("strings are escaped as RFC 8259 asks and read back")
    func escapesStrings() throws {
        let text = "\"\\/\n\r\t\u{8}\u{C}\u{0}\u{1F}\u{7F}é静😀\u{2028}"
        #expect(text.jsonText == #""\"\\/\n\r\t\b\f\u0000\u001f"# + "\u{7F}é静😀\u{2028}\"")
        #expect(try JSONDocument.parse(text.jsonText, file: "t").reader.string() == text)
        #expect("e\u{301}\r\n".jsonText == "\"e\u{301}\\r\\n\"")
    }

    @Test("an error in the content leaves the text balanced")
    func staysBalanced() {
        var json = JSONWriter()
        #expect(throws: Mismatch.self) {
            try json.object { json throws(Mismatch) in
                json.member("a", 1)
                throw Mismatch()
            }
        }
        #expect(json.text == #"{"a":1}"#)
    }
}
