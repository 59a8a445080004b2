/// A parsed expression before names and types are known.
indirect enum Syntax {
    case number(Double, Range<Int>)
    case duration(Int64, Range<Int>)
    case clock(Int64, Range<Int>)
    case boolean(Bool, Range<Int>)
    case text(String, Range<Int>)
    case name(String, Range<Int>)
    /// The range is that of the whole call, `name` that of its name.
    case call(String, name: Range<Int>, [Syntax], Range<Int>)
    case prefix(Prefix, Syntax, Range<Int>)
    /// `at` is the range of the operator's own token.
    case infix(Infix, Syntax, Syntax, at: Range<Int>)
    /// In parentheses, which the range includes.
    case group(Syntax, Range<Int>)

    enum Prefix: String { case negate = "-", not }

    enum Infix: String {
        case or, and
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
    }

    /// UTF-8 bytes of the whole construct.
    var range: Range<Int> {
        switch self {
        case .number(_, let range), .duration(_, let range), .clock(_, let range), .boolean(_, let range),
            .text(_, let range), .name(_, let range), .call(_, _, _, let range), .prefix(_, _, let range),
            .group(_, let range):
            range
        case .infix(_, let left, let right, _): left.range.lowerBound..<right.range.upperBound
        }
    }
}
