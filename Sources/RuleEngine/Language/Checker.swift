import JSON5
import Vitals

/// Gives names their meaning and every construct its type; what does not fit is a `Fault` at its exact place.
struct Checker {
    var table: FeatureTable
    /// Source text, for messages.
    let text: String
    var fullness = Fullness()

    mutating func check(_ syntax: Syntax) throws(Fault) -> Term {
        switch syntax {
        case .number(let value, let range):
            return Term(operation: .constant(value), type: .number, range: range)
        case .duration(let value, let range), .clock(let value, let range):
            return Term(operation: .constant(Double(value)), type: .duration, range: range)
        case .boolean(let value, let range):
            return Term(operation: .constant(Logic.truth(value)), type: .boolean, range: range)
        case .text(_, let range):
            throw Fault(.type, at: range.lowerBound, "a text belongs only into person.has(\"…\")")
        case .name(let name, let range): return try resolve(name, range)
        case .call(let name, let nameRange, let arguments, let range):
            return try call(name, nameRange, arguments, range)
        case .group(let inner, _): return try check(inner)
        case .prefix(let op, let operand, let range): return try prefix(op, operand, range)
        case .infix(let op, let left, let right, let at):
            return try infix(op, left, right, at: at, syntax.range)
        }
    }

    func feature(
        _ slot: Int, _ type: ValueType, _ unit: String? = nil, _ range: Range<Int>
    ) -> Term {
        Term(operation: .feature(slot), type: type, unit: unit, range: range)
    }

    /// The text of a construct, for messages.
    func quote(_ range: Range<Int>) -> String { sourceText(text, range) }

    // MARK: Operators

    private mutating func prefix(
        _ op: Syntax.Prefix, _ operand: Syntax, _ range: Range<Int>
    ) throws(Fault) -> Term {
        let term = try check(operand)
        switch op {
        case .not:
            try expect(term, .boolean, for: "'not'")
            return Term(operation: .not, type: .boolean, range: range, children: [term])
        case .negate:
            try expectQuantity(term, for: "'-'")
            return Term(operation: .negate, type: term.type, unit: term.unit, range: range, children: [term])
        }
    }

    private mutating func infix(
        _ op: Syntax.Infix, _ left: Syntax, _ right: Syntax, at: Range<Int>, _ range: Range<Int>
    ) throws(Fault) -> Term {
        if let comparison = Self.comparisons[op] {
            let (a, b) = try comparands(left, right)
            return try compare(comparison, a, b, op, at: at, range)
        }
        let a = try check(left)
        let b = try check(right)
        switch op {
        case .and, .or:
            for term in [a, b] { try expect(term, .boolean, for: "'\(op.rawValue)'") }
            return Term(operation: op == .and ? .and : .or, type: .boolean, range: range, children: [a, b])
        case .add, .subtract:
            for term in [a, b] { try expectQuantity(term, for: "'\(op.rawValue)'") }
            let verb = op == .add ? "add" : "subtract"
            let unit = try commonUnit([a, b], verb: verb, at: at.lowerBound)
            return Term(
                operation: op == .add ? .add : .subtract, type: a.type, unit: unit, range: range, children: [a, b])
        case .multiply:
            for term in [a, b] { try expectQuantity(term, for: "'*'") }
            guard a.type == .number || b.type == .number else {
                throw Fault(.type, at: at.lowerBound, "a duration times a duration means nothing")
            }
            let type: ValueType = a.type == .duration || b.type == .duration ? .duration : .number
            return Term(operation: .multiply, type: type, range: range, children: [a, b])
        default:
            for term in [a, b] { try expectQuantity(term, for: "'/'") }
            guard a.type == .duration || b.type == .number else {
                throw Fault(.type, at: at.lowerBound, "a number divided by a duration has no type here")
            }
            let type: ValueType = a.type == .duration && b.type == .number ? .duration : .number
            return Term(operation: .divide, type: type, range: range, children: [a, b])
        }
    }

    private static let comparisons: [Syntax.Infix: Comparison] = [
        .less: .less, .lessOrEqual: .lessOrEqual, .greater: .greater, .greaterOrEqual: .greaterOrEqual,
        .equal: .equal, .notEqual: .notEqual,
    ]

    private func compare(
        _ comparison: Comparison, _ a: Term, _ b: Term, _ op: Syntax.Infix, at: Range<Int>, _ range: Range<Int>
    ) throws(Fault) -> Term {
        if a.type == .boolean || b.type == .boolean {
            guard a.type == b.type, comparison == .equal || comparison == .notEqual else {
                throw Fault(
                    .type, at: at.lowerBound,
                    "'\(op.rawValue)' cannot compare \(describe(a.type)) with \(describe(b.type))",
                    hint: "yes/no values stand alone or after not")
            }
        } else {
            _ = try commonUnit([a, b], verb: "compare", at: at.lowerBound)
        }
        return Term(operation: .compare(comparison), type: .boolean, range: range, children: [a, b])
    }

    /// Both sides of a comparison; a label such as `off` stands for its code beside a state metric.
    private mutating func comparands(_ left: Syntax, _ right: Syntax) throws(Fault) -> (Term, Term) {
        if let metric = stateMetric(left), let label = try code(right, of: metric) { return (try check(left), label) }
        if let metric = stateMetric(right), let label = try code(left, of: metric) { return (label, try check(right)) }
        return (try check(left), try check(right))
    }

    private func stateMetric(_ syntax: Syntax) -> Metric? {
        guard case .name(let name, _) = syntax, let metric = Metric(name: name), metric.kind == .state else {
            return nil
        }
        return metric
    }

    private func code(_ syntax: Syntax, of metric: Metric) throws(Fault) -> Term? {
        guard case .name(let label, let range) = syntax, Metric(name: label) == nil, !label.contains(".") else {
            return nil
        }
        guard let code = metric.labels.firstIndex(of: label) else {
            throw Fault(
                .unknownName, at: range.lowerBound, "\(metric.name) has no state '\(label)'",
                hint: didYouMean(label, in: metric.labels) ?? "its states: \(metric.labels.joined(separator: ", "))")
        }
        return Term(operation: .constant(Double(code)), type: .number, range: range)
    }

    // MARK: Types and units

    func describe(_ type: ValueType) -> String {
        switch type {
        case .number: "a number"
        case .duration: "a duration"
        case .boolean: "a yes/no value"
        }
    }

    func expect(_ term: Term, _ type: ValueType, for what: String) throws(Fault) {
        guard term.type != type else { return }
        let hint: String? =
            switch (type, term.type) {
            case (.boolean, .number): "compare it: \(quote(term.range)) > 100"
            case (.boolean, .duration): "compare it: \(quote(term.range)) > 10m"
            case (.duration, .number): "durations have a unit: 30s, 10m, 6h, 28d"
            default: nil
            }
        throw Fault(
            .type, at: term.range.lowerBound,
            "\(what) needs \(describe(type)), but \(quote(term.range)) is \(describe(term.type))", hint: hint)
    }

    func expectQuantity(_ term: Term, for what: String) throws(Fault) {
        guard term.type == .boolean else { return }
        throw Fault(
            .type, at: term.range.lowerBound,
            "\(what) needs a number or a duration, but \(quote(term.range)) is a yes/no value")
    }

    /// The unit that values have in common; a fault when their types or units differ.
    func commonUnit(_ terms: [Term], verb: String, at offset: Int) throws(Fault) -> String? {
        guard let first = terms.first else { return nil }
        for term in terms.dropFirst() where term.type != first.type {
            throw Fault(
                .type, at: offset,
                "cannot \(verb) \(describe(first.type)) and \(describe(term.type)): \(quote(first.range)) and "
                    + quote(term.range),
                hint: [first.type, term.type].contains(.boolean) ? nil : "durations have a unit: 30s, 10m, 6h, 28d")
        }
        let measured = terms.filter { $0.unit != nil }
        guard let reference = measured.first, let unit = reference.unit else { return nil }
        for term in measured.dropFirst() where term.unit != unit {
            throw Fault(
                .type, at: offset,
                "cannot \(verb) different units: \(quote(reference.range)) is in \(name(ofUnit: unit)), "
                    + "\(quote(term.range)) in \(name(ofUnit: term.unit ?? "1"))",
                hint: "a factor in front converts one into the other")
        }
        return unit
    }

    private func name(ofUnit unit: String) -> String { unit == "1" ? "1 (a count)" : unit }
}

/// A piece of an expression's text on one line, spaces collapsed.
func sourceText(_ text: String, _ range: Range<Int>) -> String {
    let bytes = Array(text.utf8)
    let clamped = range.clamped(to: 0..<bytes.count)
    return bytes[clamped].split { $0 == 0x20 || 0x09...0x0D ~= $0 }
        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
}
