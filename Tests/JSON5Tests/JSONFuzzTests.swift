import Testing

@testable import JSON5

@Suite("Foreign input") struct JSONFuzzTests {
    static let sample = #"""
        // 'rule' file
        { rule: "resting", 'a\
        b': [1, -0x1F, .5e3, +Infinity, null,], /* é */ 静: { title: "\u9759\ud83d\ude00 \x41", on: true }, $x: 'é\n',
        }
        """#

    /// Whatever the bytes are, there is a document or an error with a place in the text.
    private func check(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let document = try JSONDocument.parse(text, file: "f")
            let again = try? JSONDocument.parse(document.root.jsonText, file: "again")
            #expect(again?.root.jsonText == document.root.jsonText)
            checkStrings(of: document.root, in: document)
        } catch {
            #expect((0...text.utf8.count).contains(error.location.offset))
            #expect(error.location.line >= 1 && error.location.column >= 1)
            #expect(error.description.contains("^"))
        }
    }

    private func checkStrings(of node: JSONNode, in document: JSONDocument) {
        switch node.value {
        case .string(let text):
            var last = node.location
            for offset in 0...text.utf8.count {
                let place = document.location(ofUTF8Offset: offset, in: node)
                #expect(place.offset >= last.offset)
                last = place
            }
        case .array(let elements): for element in elements { checkStrings(of: element, in: document) }
        case .object(let object): for member in object.members { checkStrings(of: member.node, in: document) }
        case .null, .bool, .number: break
        }
    }

    @Test("a file cut off at any byte is an error, never a trap")
    func survivesTruncation() throws {
        let bytes = Array(Self.sample.utf8)
        _ = try JSONDocument.parse(Self.sample, file: "f")
        for length in 0..<bytes.count {
            check(Array(bytes[..<length]))
            check(Array(bytes[length...]))
        }
        for length in 0..<(bytes.count - 1) {
            let text = String(decoding: bytes[..<length], as: UTF8.self)
            #expect(throws: JSONError.self) { try JSONDocument.parse(text, file: "f") }
        }
    }

    @Test("random bytes, random tokens and damaged files never trap")
    func survivesNoise() {
        var random = SplitMix(state: 2026)
        let tokens = [
            "{", "}", "[", "]", ",", ":", "'", "\"", "\\", "\n", "\r", "0", "x", "e", ".", "-", "a", "/*", "*/",
        ]
        let valid = Array(Self.sample.utf8)
        for _ in 0..<4000 {
            check((0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
            let words = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                tokens.randomElement(using: &random) ?? ""
            }
            check(Array(words.joined().utf8))
            var damaged = valid
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            check(damaged)
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), so that a failing run can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
