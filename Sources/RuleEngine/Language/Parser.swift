/// Recursive descent over the grammar, weakest binding first:
///
///     or      := and { "or" and }
///     and     := not { "and" not }
///     not     := "not" not | comparison
///     comparison := sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
///     sum     := product { ("+" | "-") product }
///     product := sign { ("*" | "/") sign }
///     sign    := "-" sign | primary
///     primary := number | duration | clock | "true" | "false" | text | name [ "(" [ or { "," or } ] ")" ] | "(" or ")"
struct Parser {
    private let tokens: [Token]
    private var index = 0
    private var depth = 0

    /// Parentheses, calls, signs and `not` may nest this deep.
    static let deepestNesting = 64
    /// Operators of one expression: bounds the height of the tree, which later passes walk by recursion.
    static let mostOperators = 200

    private var operators = 0

    static func parse(_ text: String) throws(Fault) -> Syntax {
        var parser = Parser(tokens: try Lexer.tokens(of: text))
        if parser.current.kind == .end { throw Fault(.syntax, at: 0, "expected an expression, found nothing") }
        let syntax = try parser.disjunction()
        guard parser.current.kind == .end else { throw parser.unexpected("an operator or the end") }
        return syntax
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    private var current: Token { tokens[min(index, tokens.count - 1)] }

    private mutating func advance() { index = min(index + 1, tokens.count - 1) }

    private mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard current.kind == .name(word) else { return false }
        advance()
        return true
    }

    private mutating func descend() throws(Fault) {
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw Fault(
                .tooLarge, at: current.range.lowerBound,
                "this expression nests deeper than \(Self.deepestNesting) levels")
        }
    }

    private mutating func infix(
        _ op: Syntax.Infix, _ left: Syntax, _ right: Syntax, at range: Range<Int>
    ) throws(Fault) -> Syntax {
        operators += 1
        guard operators <= Self.mostOperators else {
            throw Fault(
                .tooLarge, at: range.lowerBound, "this expression has more than \(Self.mostOperators) operators")
        }
        return .infix(op, left, right, at: range)
    }

    private mutating func disjunction() throws(Fault) -> Syntax {
        var left = try conjunction()
        while true {
            let range = current.range
            guard take(word: "or") else { return left }
            left = try infix(.or, left, try conjunction(), at: range)
        }
    }

    private mutating func conjunction() throws(Fault) -> Syntax {
        var left = try negation()
        while true {
            let range = current.range
            guard take(word: "and") else { return left }
            left = try infix(.and, left, try negation(), at: range)
        }
    }

    private mutating func negation() throws(Fault) -> Syntax {
        let start = current.range.lowerBound
        guard take(word: "not") else { return try comparison() }
        try descend()
        defer { depth -= 1 }
        let operand = try negation()
        return .prefix(.not, operand, start..<operand.range.upperBound)
    }

    private mutating func comparison() throws(Fault) -> Syntax {
        let left = try sum()
        let range = current.range
        guard let op = takeComparison() else { return left }
        let result = try infix(op, left, try sum(), at: range)
        let second = current.range
        if takeComparison() != nil {
            throw Fault(
                .syntax, at: second.lowerBound, "comparisons do not chain", hint: "write a < b and b < c")
        }
        return result
    }

    private mutating func takeComparison() -> Syntax.Infix? {
        let op: Syntax.Infix
        switch current.kind {
        case .symbol(.less): op = .less
        case .symbol(.lessOrEqual): op = .lessOrEqual
        case .symbol(.greater): op = .greater
        case .symbol(.greaterOrEqual): op = .greaterOrEqual
        case .symbol(.equal): op = .equal
        case .symbol(.notEqual): op = .notEqual
        default: return nil
        }
        advance()
        return op
    }

    private mutating func sum() throws(Fault) -> Syntax {
        var left = try product()
        while true {
            let range = current.range
            if take(.plus) {
                left = try infix(.add, left, try product(), at: range)
            } else if take(.minus) {
                left = try infix(.subtract, left, try product(), at: range)
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(Fault) -> Syntax {
        var left = try sign()
        while true {
            let range = current.range
            if take(.times) {
                left = try infix(.multiply, left, try sign(), at: range)
            } else if take(.divided) {
                left = try infix(.divide, left, try sign(), at: range)
            } else {
                return left
            }
        }
    }

    private mutating func sign() throws(Fault) -> Syntax {
        let start = current.range.lowerBound
        guard take(.minus) else { return try primary() }
        try descend()
        defer { depth -= 1 }
        let operand = try sign()
        return .prefix(.negate, operand, start..<operand.range.upperBound)
    }

    private mutating func primary() throws(Fault) -> Syntax {
        let token = current
        switch token.kind {
        case .number(let value):
            advance()
            return .number(value, token.range)
        case .duration(let value):
            advance()
            return .duration(value, token.range)
        case .clock(let value):
            advance()
            return .clock(value, token.range)
        case .text(let value):
            advance()
            return .text(value, token.range)
        case .name("true"), .name("false"):
            advance()
            return .boolean(token.kind == .name("true"), token.range)
        case .name(let name) where !["and", "or", "not"].contains(name):
            advance()
            return current.kind == .symbol(.open) ? try call(name, token.range) : .name(name, token.range)
        case .symbol(.open):
            try descend()
            defer { depth -= 1 }
            advance()
            let inner = try disjunction()
            let end = current.range.upperBound
            guard take(.close) else { throw unexpected("')'") }
            return .group(inner, token.range.lowerBound..<end)
        default: throw unexpected("a number, a name or '('")
        }
    }

    private mutating func call(_ name: String, _ nameRange: Range<Int>) throws(Fault) -> Syntax {
        try descend()
        defer { depth -= 1 }
        advance()
        var arguments: [Syntax] = []
        if current.kind != .symbol(.close) {
            repeat { arguments.append(try disjunction()) } while take(.comma)
        }
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("',' or ')'") }
        return .call(name, name: nameRange, arguments, nameRange.lowerBound..<end)
    }

    private func unexpected(_ expectation: String) -> Fault {
        let found: String
        var hint: String?
        switch current.kind {
        case .end: found = "the end"
        case .symbol(let symbol): found = "'\(symbol.rawValue)'"
        case .name(let name):
            found = "'\(name)'"
            hint = ["AND": "write and", "OR": "write or", "NOT": "write not"][name.uppercased()]
        case .number: found = "a number"
        case .duration: found = "a duration"
        case .clock: found = "a time of day"
        case .text: found = "a text"
        }
        return Fault(.syntax, at: current.range.lowerBound, "expected \(expectation), found \(found)", hint: hint)
    }
}
