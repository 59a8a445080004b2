import Vitals

/// A checked expression: every name resolved, every type known.
struct Term: Sendable {
    enum Operation: Sendable, Equatable {
        case constant(Double)
        /// Index into the table of features.
        case feature(Int)
        /// A function of a window; unknown unless the window is covered to this share.
        case window(Int, coverage: Int, share: Double)
        case negate, absolute, add, subtract, multiply, divide
        /// Two or more operands.
        case minimum, maximum
        /// x, low, high
        case clamp
        case compare(Comparison)
        case not, and, or
        /// condition, value when true, value when false
        case choose
        /// x, value when x is unknown
        case otherwise
    }

    var operation: Operation
    var type: ValueType
    /// UCUM unit of a measured number; `nil` for literals, products, quotients and plain numbers, which fit anything.
    var unit: String?
    /// UTF-8 bytes of the expression's text.
    var range: Range<Int>
    var children: [Term] = []

    /// The value of an operation whose operands have these values; `nil` for features.
    static func value(of operation: Operation, _ operands: [Double]) -> Double? {
        func operand(_ i: Int) -> Double { i < operands.count ? operands[i] : .nan }
        switch operation {
        case .constant(let value): return value
        case .feature, .window: return nil
        case .negate: return -operand(0)
        case .absolute: return abs(operand(0))
        case .add: return Logic.known(operand(0) + operand(1))
        case .subtract: return Logic.known(operand(0) - operand(1))
        case .multiply: return Logic.known(operand(0) * operand(1))
        case .divide: return Logic.known(operand(0) / operand(1))
        case .minimum: return operands.dropFirst().reduce(operand(0), Logic.minimum)
        case .maximum: return operands.dropFirst().reduce(operand(0), Logic.maximum)
        case .clamp: return Logic.clamp(operand(0), operand(1), operand(2))
        case .compare(let comparison): return Logic.compare(comparison, operand(0), operand(1))
        case .not: return Logic.not(operand(0))
        case .and: return Logic.and(operand(0), operand(1))
        case .or: return Logic.or(operand(0), operand(1))
        case .choose: return operand(0).isNaN ? .nan : operand(0) != 0 ? operand(1) : operand(2)
        case .otherwise: return operand(0).isNaN ? operand(1) : operand(0)
        }
    }

    /// The same term with everything computed that depends on no feature.
    var folded: Term {
        var result = self
        result.children = children.map(\.folded)
        let constants = result.children.compactMap { child -> Double? in
            if case .constant(let value) = child.operation { value } else { nil }
        }
        guard !children.isEmpty, constants.count == children.count,
            let value = Self.value(of: operation, constants)
        else { return result }
        return Term(operation: .constant(value), type: type, unit: unit, range: range)
    }
}

/// How well a window must be covered before its mean, sum … count as known.
///
/// 0.7 (DESIGN §7), unless the `needs` of a rule names the coverage of that very metric and window: then as it says.
struct Fullness: Sendable {
    static let standard = 0.7

    private var shares: [Feature: Double] = [:]

    init() {}

    /// What the conjuncts of a `needs` clause say: `coverage(steps, 1h) >= 0.9`.
    init(needs term: Term, _ features: [Feature]) {
        collect(term, features)
    }

    private mutating func collect(_ term: Term, _ features: [Feature]) {
        switch term.operation {
        case .and: for child in term.children { collect(child, features) }
        case .compare(let comparison) where comparison == .greaterOrEqual || comparison == .greater:
            guard case .feature(let slot) = term.children[0].operation, features.indices.contains(slot),
                case .window(.coverage, _, _, _) = features[slot].plain,
                case .constant(let share) = term.children[1].folded.operation
            else { return }
            shares[features[slot].plain] = share
        default: break
        }
    }

    func share(_ metric: Metric, _ window: TimeSpan) -> Double {
        shares[.window(.coverage, metric, window, parameter: 0)] ?? Self.standard
    }
}

/// Every feature that expressions ask for, each once; its index is its slot.
struct FeatureTable: Sendable {
    private(set) var features: [Feature] = []
    private var slots: [Feature: Int] = [:]
    /// What the rule being read says of late data.
    var late: TimeSpan?

    mutating func slot(of feature: Feature) -> Int {
        if let late, feature.isOfDays, feature.plain == feature { return slot(of: .late(feature, within: late)) }
        if let slot = slots[feature] { return slot }
        slots[feature] = features.count
        features.append(feature)
        return features.count - 1
    }
}
