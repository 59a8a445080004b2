/// Compiles the text of a pattern by recursive descent.
struct PatternParser {
    private let text: [UInt8]
    private var offset = 0
    private var depth = 0
    private(set) var groups: [String] = []
    private(set) var instructions: [Pattern.Instruction] = []
    private(set) var classes: [ByteClass] = []
    private(set) var forks = 0

    init(_ source: String) { text = Array(source.utf8) }

    mutating func parse() throws(PatternError) {
        instructions = try alternatives()
        guard offset == text.count else { throw error("')' without '('") }
        instructions.append(.accept)
        number()
    }

    private var next: UInt8? { offset < text.count ? text[offset] : nil }

    private func error(_ message: String, at place: Int? = nil) -> PatternError {
        PatternError(offset: place ?? offset, message: message)
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard let ascii = byte.asciiValue, next == ascii else { return false }
        offset += 1
        return true
    }

    // Pieces of code refer to places relative to their own beginning, so they can be repeated and moved.

    private mutating func alternatives() throws(PatternError) -> [Pattern.Instruction] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Pattern.deepestNesting else { throw error("groups are nested too deep") }
        var code = try sequence()
        while take("|") {
            let other = try sequence()
            code =
                [.fork(1, code.count + 2, 0)] + moved(code, by: 1) + [.jump(code.count + 2 + other.count)]
                + moved(other, by: code.count + 2)
            try limit(code)
        }
        return code
    }

    private mutating func sequence() throws(PatternError) -> [Pattern.Instruction] {
        var code: [Pattern.Instruction] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            let piece = try repeated(try atom())
            code += moved(piece, by: code.count)
            try limit(code)
        }
        return code
    }

    private mutating func repeated(_ atom: [Pattern.Instruction]) throws(PatternError) -> [Pattern.Instruction] {
        let place = offset
        var low = 1
        var high: Int? = 1
        if take("?") {
            (low, high) = (0, 1)
        } else if take("*") {
            (low, high) = (0, nil)
        } else if take("+") {
            (low, high) = (1, nil)
        } else if take("{") {
            low = try count()
            high = low
            if take(",") { high = next == UInt8(ascii: "}") ? nil : try count() }
            guard take("}") else { throw error("a repetition reads {m}, {m,} or {m,n}", at: place) }
            guard high.map({ $0 >= low }) ?? true else { throw error("a repetition needs m ≤ n", at: place) }
        } else {
            return atom
        }
        let lazy = take("?")
        if let byte = next, [UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "{")].contains(byte)
        {
            throw error("nothing to repeat before this")
        }
        guard (high ?? low) * max(1, atom.count) <= Pattern.mostInstructions else {
            throw error("the pattern repeats too much", at: place)
        }
        return loop(atom, low, high, lazy: lazy)
    }

    private func loop(_ atom: [Pattern.Instruction], _ low: Int, _ high: Int?, lazy: Bool) -> [Pattern.Instruction] {
        var code: [Pattern.Instruction] = []
        for _ in 0..<low { code += moved(atom, by: code.count) }
        let fork = { (into: Int, past: Int) -> Pattern.Instruction in
            lazy ? .fork(past, into, 0) : .fork(into, past, 0)
        }
        if let high {
            let optional = high - low
            let end = code.count + optional * (atom.count + 1)
            for _ in 0..<optional {
                code.append(fork(code.count + 1, end))
                code += moved(atom, by: code.count)
            }
        } else {
            let start = code.count
            code.append(fork(start + 1, start + atom.count + 2))
            code += moved(atom, by: start + 1)
            code.append(.jump(start))
        }
        return code
    }

    private mutating func count() throws(PatternError) -> Int {
        let start = offset
        var value = 0
        while let byte = next, ByteClass.digits.contains(byte), offset - start < 4 {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            offset += 1
        }
        guard offset > start, value <= Pattern.mostInstructions else { throw error("expected a count here", at: start) }
        return value
    }

    private mutating func atom() throws(PatternError) -> [Pattern.Instruction] {
        let place = offset
        guard let byte = next else { return [] }
        offset += 1
        switch byte {
        case UInt8(ascii: "^"): return [.atStart]
        case UInt8(ascii: "$"): return [.atEnd]
        case UInt8(ascii: "."): return [oneOf(.anything)]
        case UInt8(ascii: "["): return [oneOf(try byteClass(from: place))]
        case UInt8(ascii: "("): return try group(from: place)
        case UInt8(ascii: "\\"): return [try escape(at: place)]
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw error("nothing to repeat before this", at: place)
        default:
            // A character beyond ASCII is one atom of several bytes.
            var code: [Pattern.Instruction] = [.byte(byte)]
            while byte >= 0xC0, let more = next, more & 0xC0 == 0x80 {
                code.append(.byte(more))
                offset += 1
            }
            return code
        }
    }

    private mutating func group(from place: Int) throws(PatternError) -> [Pattern.Instruction] {
        var capture: Int? = nil
        if take("?") {
            if take("<"), let first = next, ByteClass.word.contains(first) {
                let start = offset
                while let byte = next, ByteClass.word.contains(byte) { offset += 1 }
                let name = String(decoding: text[start..<offset], as: UTF8.self)
                guard take(">") else { throw error("the group's name ends with '>'") }
                guard !groups.contains(name) else { throw error("two groups are named '\(name)'", at: start) }
                capture = groups.count
                groups.append(name)
            } else if !take(":") {
                throw error("only (?<name> ) and (?: ) are known; look-around is not supported", at: place)
            }
        } else {
            capture = groups.count
            groups.append("")
        }
        guard groups.count <= Pattern.mostGroups else { throw error("too many groups", at: place) }
        let body = try alternatives()
        guard take(")") else { throw error("'(' without ')'", at: place) }
        guard let capture else { return body }
        return [.save(2 * capture)] + moved(body, by: 1) + [.save(2 * capture + 1)]
    }

    private mutating func escape(at place: Int) throws(PatternError) -> Pattern.Instruction {
        guard let byte = next else { throw error("'\\' needs a character after it", at: place) }
        offset += 1
        if let set = shorthand(byte) { return oneOf(set) }
        return .byte(try escaped(byte, at: place))
    }

    private func shorthand(_ byte: UInt8) -> ByteClass? {
        switch byte {
        case UInt8(ascii: "d"): .digits
        case UInt8(ascii: "D"): ByteClass.digits.inverted
        case UInt8(ascii: "w"): .word
        case UInt8(ascii: "W"): ByteClass.word.inverted
        case UInt8(ascii: "s"): .space
        case UInt8(ascii: "S"): ByteClass.space.inverted
        default: nil
        }
    }

    private func escaped(_ byte: UInt8, at place: Int) throws(PatternError) -> UInt8 {
        switch byte {
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        default:
            guard !ByteClass.digits.contains(byte) else { throw error("backreferences are not supported", at: place) }
            guard byte < 0x80, !ByteClass.word.contains(byte) else {
                throw error("'\\\(Character(Unicode.Scalar(byte)))' means nothing here", at: place)
            }
            return byte
        }
    }

    private mutating func byteClass(from place: Int) throws(PatternError) -> ByteClass {
        let inverts = take("^")
        var set = ByteClass()
        var isFirst = true
        while let byte = next, byte != UInt8(ascii: "]") || isFirst {
            isFirst = false
            let start = offset
            offset += 1
            var low = byte
            if byte == UInt8(ascii: "\\") {
                guard let code = next else { break }
                offset += 1
                if let shorthand = shorthand(code) {
                    set.formUnion(shorthand)
                    continue
                }
                low = try escaped(code, at: start)
            }
            guard low < 0x80 else { throw error("a class holds ASCII characters only", at: start) }
            var high = low
            if next == UInt8(ascii: "-"), offset + 1 < text.count, text[offset + 1] != UInt8(ascii: "]") {
                offset += 1
                guard let end = next else { break }
                offset += 1
                high = end
                if end == UInt8(ascii: "\\") {
                    guard let code = next else { break }
                    offset += 1
                    high = try escaped(code, at: start)
                }
            }
            guard low <= high, high < 0x80 else { throw error("a range in a class reads from low to high", at: start) }
            set.insert(low...high)
        }
        guard take("]") else { throw error("'[' without ']'", at: place) }
        return inverts ? set.inverted : set
    }

    private mutating func oneOf(_ set: ByteClass) -> Pattern.Instruction {
        if let index = classes.firstIndex(of: set) { return .oneOf(index) }
        classes.append(set)
        return .oneOf(classes.count - 1)
    }

    private func moved(_ code: [Pattern.Instruction], by distance: Int) -> [Pattern.Instruction] {
        code.map { instruction in
            switch instruction {
            case .fork(let first, let second, let number): .fork(first + distance, second + distance, number)
            case .jump(let target): .jump(target + distance)
            default: instruction
            }
        }
    }

    private func limit(_ code: [Pattern.Instruction]) throws(PatternError) {
        guard code.count < Pattern.mostInstructions else { throw error("the pattern is too long") }
    }

    private mutating func number() {
        for (index, instruction) in instructions.enumerated() {
            guard case .fork(let first, let second, _) = instruction else { continue }
            instructions[index] = .fork(first, second, forks)
            forks += 1
        }
    }
}
