import Vitals

extension Inversion {
    /// An object on a line: the members that are wanted, and those by which the message is known.
    func object() -> [UInt8]? {
        let keys = program.inputs[input].keys
        var texts: [String?] = Array(repeating: nil, count: keys.count)
        for index in message.memberTests.indices {
            let test = program.memberTests[index]
            guard case .equal(let constant) = test.kind else {
                if case .exists(true) = test.kind, texts[Int(test.index)] == nil { texts[Int(test.index)] = "0" }
                if case .minimum(let least) = test.kind { texts[Int(test.index)] = Self.text(least) }
                continue
            }
            switch program.constants[constant] {
            case .number(let number):
                let whole =
                    test.width > 0 ? number * Double(sign: .plus, exponent: Int(test.low), significand: 1) : number
                texts[Int(test.index)] = Self.text(whole)
            case .text(let text): texts[Int(test.index)] = "\"\(Self.escaped(String(decoding: text, as: UTF8.self)))\""
            case .bool(let bool): texts[Int(test.index)] = bool ? "true" : "false"
            case .null: texts[Int(test.index)] = "null"
            }
        }
        for field in fields {
            let goal = goals[Int(field.slot)]
            switch field.source {
            case .member(let key):
                if let items = goal.items {
                    texts[Int(key)] = "[\(items.map(Self.text).joined(separator: ","))]"
                } else if let number = goal.number {
                    texts[Int(key)] = Self.text(number)
                }
            case .flag(let key): if let number = goal.number { texts[Int(key)] = number != 0 ? "true" : "false" }
            default: continue
            }
        }
        let members = zip(keys, texts).compactMap { key, text in
            text.map { "\"\(Self.escaped(String(decoding: key, as: UTF8.self)))\":\($0)" }
        }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    /// Values between commas, in the order of the input's keys.
    func columns() -> [UInt8]? {
        var texts = Array(repeating: "", count: program.inputs[input].keys.count)
        for field in fields {
            let goal = goals[Int(field.slot)]
            switch field.source {
            case .member(let key), .flag(let key):
                if let items = goal.items {
                    texts[Int(key)] = items.map(Self.text).joined(separator: ";")
                } else if let number = goal.number {
                    texts[Int(key)] = Self.text(number)
                }
            default: continue
            }
        }
        return Array(texts.joined(separator: ",").utf8)
    }

    /// The shortest line that the pattern matches with the wanted numbers in its groups.
    func line() -> [UInt8]? {
        guard message.pattern >= 0 else { return nil }
        let pattern = program.patterns[Int(message.pattern)]
        var wanted: [Int: [UInt8]] = [:]
        var refused: Set<Int> = []
        var entered: Set<Int> = []
        for field in fields {
            let goal = goals[Int(field.slot)]
            switch field.source {
            case .group(let group):
                if let number = goal.number {
                    wanted[Int(group)] = Array(Self.text(number).utf8)
                } else if goal.isPresent == false {
                    refused.insert(Int(group))
                }
            case .presence(let group):
                guard let number = goal.number else { continue }
                if number != 0 { entered.insert(Int(group)) } else { refused.insert(Int(group)) }
            default: continue
            }
        }
        return pattern.example(wanted: wanted, entered: entered, refused: refused)
    }

    /// A number as people write it: no exponent, no point without need.
    static func text(_ number: Double) -> String {
        if let whole = Int64(exactly: number) { return String(whole) }
        // Nobody's sensor writes more decimals than these.
        let scaled = (number * 1000).rounded()
        guard abs(scaled) < 1e15 else { return "0" }
        let whole = Int64(scaled)
        var digits = String(whole.magnitude % 1000)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        let sign = whole < 0 ? "-" : ""
        return digits.isEmpty ? "\(sign)\(whole.magnitude / 1000)" : "\(sign)\(whole.magnitude / 1000).\(digits)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { escaped.append("\\") }
            escaped.unicodeScalars.append(character)
        }
        return escaped
    }
}

extension Pattern {
    /// The shortest text that matches: a name for a virtual device, say.
    public var example: String? {
        example(wanted: [:], entered: [], refused: []).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Longer lines are not looked for.
    private static let longestExample = 512

    /// The shortest line that matches, with the wanted bytes in the groups of these numbers, through the groups that must
    /// take part, and past those that must not.
    func example(wanted: [Int: [UInt8]], entered: Set<Int>, refused: Set<Int>) -> [UInt8]? {
        struct State: Hashable {
            var place: Int
            /// The wanted group it is in, and how much of it is written.
            var group = -1
            var written = 0
            var done: Set<Int> = []
        }
        let needed = entered.union(wanted.keys)
        var frontier: [(State, [UInt8])] = [(State(place: 0), [])]
        var seen: Set<State> = []
        for _ in 0...Self.longestExample where !frontier.isEmpty {
            var next: [(State, [UInt8])] = []
            var open = frontier.reversed() as [(State, [UInt8])]
            while let (state, line) = open.popLast() {
                guard seen.insert(state).inserted else { continue }
                func move(_ place: Int) {
                    var moved = state
                    moved.place = place
                    open.append((moved, line))
                }
                func take(_ allowed: (UInt8) -> Bool) {
                    var moved = state
                    moved.place += 1
                    if state.group >= 0, let text = wanted[state.group] {
                        guard state.written < text.count, allowed(text[state.written]) else { return }
                        moved.written += 1
                        next.append((moved, line + [text[state.written]]))
                    } else if let byte = Self.plainest.first(where: allowed) {
                        next.append((moved, line + [byte]))
                    }
                }
                switch instructions[state.place] {
                case .byte(let byte): take { $0 == byte }
                case .oneOf(let index): take { classes[index].contains($0) }
                case .fork(let first, let second, _):
                    move(second)
                    move(first)
                case .jump(let target): move(target)
                case .save(let slot):
                    let group = slot / 2
                    var moved = state
                    moved.place += 1
                    if slot % 2 == 0 {
                        if refused.contains(group) { continue }
                        if wanted[group] != nil { (moved.group, moved.written) = (group, 0) }
                    } else {
                        if let text = wanted[group], state.group == group {
                            guard state.written == text.count else { continue }
                            moved.group = -1
                        }
                        if needed.contains(group) { moved.done.insert(group) }
                    }
                    open.append((moved, line))
                case .atStart: if line.isEmpty { move(state.place + 1) }
                case .atEnd: move(state.place + 1)
                case .accept: if state.done == needed { return line }
                }
            }
            frontier = next
        }
        return nil
    }

    /// Bytes in the order in which they stand for others: digits, letters, everything else.
    private static let plainest: [UInt8] = {
        let digits = Array(UInt8(ascii: "0")...UInt8(ascii: "9"))
        let letters = Array(UInt8(ascii: "a")...UInt8(ascii: "z")) + Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        let others = (UInt8(32)..<127).filter { !digits.contains($0) && !letters.contains($0) }
        return digits + letters + others + [9] + Array(1..<9) + Array(11..<32) + Array(127...255)
    }()
}
