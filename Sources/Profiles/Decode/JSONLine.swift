/// A strict reader of one line of JSON (RFC 8259) that keeps only the members somebody asked for.
///
/// It allocates nothing: numbers go into the given arrays, strings stay ranges of the line. Of a repeated key the last
/// one counts. Nothing outside RFC 8259 is accepted.
struct JSONLine {
    /// What a key's value is.
    struct Member: Sendable {
        enum Kind: Sendable { case absent, null, bool, number, text, list, object }

        var kind: Kind = .absent
        /// The number; 1 and 0 for booleans.
        var number = Double.nan
        /// For texts the range of the line between the quotes, for lists the range of `items`.
        var start = 0
        var end = 0
        /// The text holds escapes.
        var isEscaped = false
    }

    private var place = 0

    /// Deeper nesting is refused; nothing that is asked for stands deeper than a list.
    static let deepestNesting = 32

    /// Reads the line into `members`, one per key. `false` when the line is not a JSON object.
    static func read(
        _ line: Span<UInt8>, keys: [[UInt8]], into members: inout [Member], items: inout [Double]
    ) -> Bool {
        var scanner = JSONLine()
        return scanner.members(line, keys: keys, into: &members, items: &items)
    }

    private mutating func members(
        _ line: Span<UInt8>, keys: [[UInt8]], into members: inout [Member], items: inout [Double]
    ) -> Bool {
        members.removeAll(keepingCapacity: true)
        for _ in keys { members.append(Member()) }
        skipSpace(line)
        guard take(line, UInt8(ascii: "{")) else { return false }
        skipSpace(line)
        if !take(line, UInt8(ascii: "}")) {
            while true {
                guard take(line, UInt8(ascii: "\"")), let key = text(line) else { return false }
                skipSpace(line)
                guard take(line, UInt8(ascii: ":")) else { return false }
                skipSpace(line)
                guard let member = value(line, items: &items, depth: 1) else { return false }
                for index in keys.indices where JSONLine.equal(line, key, keys[index]) {
                    members[index] = member
                }
                skipSpace(line)
                if take(line, UInt8(ascii: "}")) { break }
                guard take(line, UInt8(ascii: ",")) else { return false }
                skipSpace(line)
            }
        }
        skipSpace(line)
        return place == line.count
    }

    /// Whether a text of the line says the given bytes.
    static func equal(_ line: Span<UInt8>, _ text: Member, _ other: [UInt8]) -> Bool {
        if text.isEscaped { return unescaped(line, text) == other }
        guard text.end - text.start == other.count else { return false }
        for i in other.indices where line[text.start + i] != other[i] { return false }
        return true
    }

    /// The text without its escapes. Rare, so it may allocate.
    static func unescaped(_ line: Span<UInt8>, _ text: Member) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = text.start
        while place < text.end {
            let byte = line[place]
            place += 1
            guard byte == UInt8(ascii: "\\"), place < text.end else {
                bytes.append(byte)
                continue
            }
            let code = line[place]
            place += 1
            switch code {
            case UInt8(ascii: "b"): bytes.append(8)
            case UInt8(ascii: "f"): bytes.append(12)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "u"):
                var unit: UInt32 = 0
                for _ in 0..<4 where place < text.end {
                    unit = unit << 4 | UInt32(line[place].hexDigit ?? 0)
                    place += 1
                }
                // Halves of a surrogate pair become U+FFFD: nothing that is compared here lies beyond the basic plane.
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                bytes += Array(String(Character(scalar)).utf8)
            default: bytes.append(code)
            }
        }
        return bytes
    }

    private mutating func skipSpace(_ line: Span<UInt8>) {
        while place < line.count {
            switch line[place] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): place += 1
            default: return
            }
        }
    }

    private mutating func take(_ line: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard place < line.count, line[place] == byte else { return false }
        place += 1
        return true
    }

    private mutating func word(_ line: Span<UInt8>, _ word: [UInt8]) -> Bool {
        guard place + word.count <= line.count else { return false }
        for i in word.indices where line[place + i] != word[i] { return false }
        place += word.count
        return true
    }

    private static let trueWord = Array("true".utf8)
    private static let falseWord = Array("false".utf8)
    private static let nullWord = Array("null".utf8)

    /// Reads on behind an opening quote.
    private mutating func text(_ line: Span<UInt8>) -> Member? {
        var member = Member(kind: .text, start: place)
        while place < line.count {
            let byte = line[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                member.end = place - 1
                return member
            }
            guard byte >= 0x20 else { return nil }
            guard byte == UInt8(ascii: "\\") else { continue }
            member.isEscaped = true
            guard place < line.count else { return nil }
            let code = line[place]
            place += 1
            switch code {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                continue
            case UInt8(ascii: "u"):
                for _ in 0..<4 {
                    guard place < line.count, line[place].hexDigit != nil else { return nil }
                    place += 1
                }
            default: return nil
            }
        }
        return nil
    }

    private mutating func number(_ line: Span<UInt8>) -> Double? {
        let isNegative = take(line, UInt8(ascii: "-"))
        var digits = DecimalNumber.Digits()
        let start = place
        digits.read(line, &place, line.count)
        guard place > start, place == start + 1 || line[start] != UInt8(ascii: "0") else { return nil }
        if take(line, UInt8(ascii: ".")) {
            let fraction = place
            digits.isFraction = true
            digits.read(line, &place, line.count)
            guard place > fraction else { return nil }
        }
        if place < line.count, line[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            let shrinks = take(line, UInt8(ascii: "-"))
            if !shrinks { _ = take(line, UInt8(ascii: "+")) }
            var exponent = 0
            let first = place
            while place < line.count, case let digit = line[place] &- UInt8(ascii: "0"), digit <= 9 {
                exponent = min(exponent * 10 + Int(digit), 10_000)
                place += 1
            }
            guard place > first else { return nil }
            digits.exponent += shrinks ? -exponent : exponent
        }
        let value = digits.value
        // Beyond a Double: not a number that anybody measured.
        guard value.isFinite else { return .nan }
        return isNegative ? -value : value
    }

    private mutating func value(_ line: Span<UInt8>, items: inout [Double], depth: Int) -> Member? {
        guard place < line.count, depth <= JSONLine.deepestNesting else { return nil }
        switch line[place] {
        case UInt8(ascii: "\""):
            place += 1
            return text(line)
        case UInt8(ascii: "t"): return word(line, JSONLine.trueWord) ? Member(kind: .bool, number: 1) : nil
        case UInt8(ascii: "f"): return word(line, JSONLine.falseWord) ? Member(kind: .bool, number: 0) : nil
        case UInt8(ascii: "n"): return word(line, JSONLine.nullWord) ? Member(kind: .null) : nil
        case UInt8(ascii: "["): return list(line, items: &items, depth: depth)
        case UInt8(ascii: "{"): return object(line, items: &items, depth: depth)
        default:
            guard let number = number(line) else { return nil }
            return Member(kind: number.isNaN ? .null : .number, number: number)
        }
    }

    /// Reads a list; of one that stands at the top, the first `mostRepeats` numbers are kept, and NaN for what is no
    /// number.
    private mutating func list(_ line: Span<UInt8>, items: inout [Double], depth: Int) -> Member? {
        place += 1
        let start = items.count
        skipSpace(line)
        if take(line, UInt8(ascii: "]")) { return Member(kind: .list, start: start, end: start) }
        while true {
            skipSpace(line)
            guard let element = value(line, items: &items, depth: depth + 1) else { return nil }
            if depth == 1, items.count - start < Program.mostRepeats {
                items.append(element.kind == .number ? element.number : .nan)
            }
            skipSpace(line)
            if take(line, UInt8(ascii: "]")) { return Member(kind: .list, start: start, end: items.count) }
            guard take(line, UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func object(_ line: Span<UInt8>, items: inout [Double], depth: Int) -> Member? {
        place += 1
        skipSpace(line)
        if take(line, UInt8(ascii: "}")) { return Member(kind: .object) }
        while true {
            skipSpace(line)
            guard take(line, UInt8(ascii: "\"")), text(line) != nil else { return nil }
            skipSpace(line)
            guard take(line, UInt8(ascii: ":")) else { return nil }
            skipSpace(line)
            guard value(line, items: &items, depth: depth + 1) != nil else { return nil }
            skipSpace(line)
            if take(line, UInt8(ascii: "}")) { return Member(kind: .object) }
            guard take(line, UInt8(ascii: ",")) else { return nil }
        }
    }
}
