/// One word of the expression language.
struct Token {
    enum Kind: Equatable {
        case number(Double)
        /// Milliseconds.
        case duration(Int64)
        /// Milliseconds since midnight.
        case clock(Int64)
        case text(String)
        /// A name, dotted names as one: `person.limits.max_heart_rate`.
        case name(String)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String {
        case open = "("
        case close = ")"
        case comma = ","
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divided = "/"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
    }

    var kind: Kind
    /// UTF-8 bytes within the expression.
    var range: Range<Int>
}
