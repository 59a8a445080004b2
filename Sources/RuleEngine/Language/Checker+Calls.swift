import JSON5
import Vitals

extension Checker {
    /// Functions that are not window functions.
    static let functions = ["abs", "min", "max", "clamp", "if", "else", "baseline", "zscore", "stale", "age_of", "age"]

    static func example(of function: String) -> String {
        switch function {
        case "abs": "abs(heart_rate - 60)"
        case "clamp": "clamp(heart_rate, 40, 180)"
        case "if": "if(condition, a, b)"
        case "else": "else(resting_heart_rate, 65)"
        case "baseline", "zscore": "\(function)(resting_heart_rate, 28d)"
        case "stale": "stale(heart_rate, 10m)"
        case "age_of", "age": "age_of(heart_rate)"
        case "ewma": "ewma(heart_rate, 10m, 2m)"
        case "rate": "rate(steps, 10m)"
        case "quantile": "quantile(heart_rate, 1h, 0.9)"
        case let name where WindowFunction(rawValue: name)?.readsBeats == true: "\(name)(rr_interval, 5m)"
        case "sum": "sum(steps, 10m)"
        case "person.has": "person.has('beta_blocker')"
        default: "\(function)(heart_rate, 10m)"
        }
    }

    mutating func call(
        _ name: String, _ nameRange: Range<Int>, _ arguments: [Syntax], _ range: Range<Int>
    ) throws(Fault) -> Term {
        switch name {
        case "person.has": return try personHas(arguments, range)
        case "abs":
            try expectCount(arguments, 1, name, range)
            let x = try check(arguments[0])
            try expectQuantity(x, for: "abs")
            return Term(operation: .absolute, type: x.type, unit: x.unit, range: range, children: [x])
        case "min" where !isWindow(arguments), "max" where !isWindow(arguments):
            return try extremum(name, arguments, range)
        case "clamp":
            try expectCount(arguments, 3, name, range)
            return try alike(.clamp, arguments, name, range)
        case "if":
            try expectCount(arguments, 3, name, range)
            let condition = try check(arguments[0])
            try expect(condition, .boolean, for: "the condition of 'if'")
            let branches = [try check(arguments[1]), try check(arguments[2])]
            let unit = try commonUnit(branches, verb: "choose between", at: branches[1].range.lowerBound)
            return Term(
                operation: .choose, type: branches[0].type, unit: unit, range: range, children: [condition] + branches)
        case "else":
            try expectCount(arguments, 2, name, range)
            let operands = [try check(arguments[0]), try check(arguments[1])]
            let unit = try commonUnit(operands, verb: "choose between", at: operands[1].range.lowerBound)
            return Term(operation: .otherwise, type: operands[0].type, unit: unit, range: range, children: operands)
        case "baseline", "zscore": return try daily(name, arguments, range)
        case "stale":
            try expectCount(arguments, 2, name, range)
            let metric = try metric(arguments[0], of: name)
            let span = try duration(arguments[1], "the second argument of stale")
            guard span >= Self.pane, span <= Self.longestSilence else {
                throw Fault(
                    .invalidValue, at: arguments[1].range.lowerBound,
                    "stale takes from \(Self.pane) to \(Self.longestSilence)")
            }
            return feature(table.slot(of: .stale(metric, span)), .boolean, nil, range)
        case "age_of", "age":
            try expectCount(arguments, 1, name, range)
            return feature(table.slot(of: .age(try metric(arguments[0], of: name))), .duration, nil, range)
        default: break
        }
        if let function = WindowFunction(rawValue: name) { return try window(function, nameRange, arguments, range) }
        throw unknownFunction(name, nameRange)
    }

    private func unknownFunction(_ name: String, _ range: Range<Int>) -> Fault {
        if Metric(name: name) != nil {
            return Fault(
                .syntax, at: range.lowerBound, "\(name) is a metric, not a function", hint: "mean(\(name), 10m)")
        }
        let known = Self.functions + Self.windowFunctions + ["person.has"]
        return Fault(
            .unknownName, at: range.lowerBound, "unknown function '\(name)'",
            hint: didYouMean(name, in: known) ?? "known: \(known.joined(separator: ", "))")
    }

    // MARK: Plain functions

    private mutating func extremum(
        _ name: String, _ arguments: [Syntax], _ range: Range<Int>
    ) throws(Fault) -> Term {
        guard arguments.count >= 2 else {
            throw Fault(
                .syntax, at: range.lowerBound, "\(name) needs two or more values, or a metric and a window",
                hint: "\(name)(a, b) or \(name)(heart_rate, 10m)")
        }
        return try alike(name == "min" ? .minimum : .maximum, arguments, name, range)
    }

    /// A function whose arguments and result share type and unit.
    private mutating func alike(
        _ operation: Term.Operation, _ arguments: [Syntax], _ name: String, _ range: Range<Int>
    ) throws(Fault) -> Term {
        var operands: [Term] = []
        for argument in arguments {
            operands.append(try check(argument))
            try expectQuantity(operands[operands.count - 1], for: name)
            _ = try commonUnit(operands, verb: "compare", at: argument.range.lowerBound)
        }
        let unit = operands.lazy.compactMap(\.unit).first
        return Term(operation: operation, type: operands[0].type, unit: unit, range: range, children: operands)
    }

    private mutating func personHas(_ arguments: [Syntax], _ range: Range<Int>) throws(Fault) -> Term {
        try expectCount(arguments, 1, "person.has", range)
        guard case .text(let fact, let at) = arguments[0] else {
            throw Fault(
                .syntax, at: arguments[0].range.lowerBound, "person.has needs a fact in quotes",
                hint: Self.example(of: "person.has"))
        }
        guard !fact.isEmpty, fact.utf8.allSatisfy({ UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || $0 == 0x5F }) else {
            throw Fault(
                .invalidValue, at: at.lowerBound, "a fact is a word of small letters and underscores",
                hint: "beta_blocker")
        }
        return feature(table.slot(of: .personHas(fact)), .boolean, nil, range)
    }

    private mutating func daily(_ name: String, _ arguments: [Syntax], _ range: Range<Int>) throws(Fault) -> Term {
        try expectCount(arguments, 2, name, range)
        let metric = try metric(arguments[0], of: name)
        guard metric.kind == .daily else {
            let series = Metric.allCases.filter { $0.kind == .daily }.map(\.name)
            throw Fault(
                .type, at: arguments[0].range.lowerBound,
                "\(name) needs a daily series, and \(metric.name) is not one",
                hint: metric == .heartRate
                    ? "did you mean 'resting_heart_rate'?" : "daily series: \(series.joined(separator: ", "))")
        }
        let span = try duration(arguments[1], "the span of \(name)")
        let day = TimeSpan.days(1).milliseconds
        guard span.milliseconds % day == 0, 1...Self.longestBaseline ~= span.milliseconds / day else {
            throw Fault(
                .invalidValue, at: arguments[1].range.lowerBound,
                "\(name) takes whole days, from 1d to \(Self.longestBaseline)d", hint: "28d")
        }
        let days = Int(span.milliseconds / day)
        return name == "baseline"
            ? feature(table.slot(of: .baseline(metric, days: days)), .number, unit(of: metric), range)
            : feature(table.slot(of: .zscore(metric, days: days)), .number, nil, range)
    }

    // MARK: Arguments

    func expectCount(_ arguments: [Syntax], _ count: Int, _ name: String, _ range: Range<Int>) throws(Fault) {
        guard arguments.count != count else { return }
        let offset = arguments.count > count ? arguments[count].range.lowerBound : range.lowerBound
        throw Fault(
            .syntax, at: offset,
            "\(name) takes \(count) argument\(count == 1 ? "" : "s"), but here are \(arguments.count)",
            hint: Self.example(of: name))
    }

    /// The metric that an argument names.
    func metric(_ syntax: Syntax, of function: String) throws(Fault) -> Metric {
        guard case .name(let name, let range) = syntax else {
            throw Fault(
                .type, at: syntax.range.lowerBound, "the first argument of \(function) is the name of a metric",
                hint: Self.example(of: function))
        }
        guard let metric = Metric(name: name) else {
            throw Fault(
                .unknownName, at: range.lowerBound, "unknown metric '\(name)'",
                hint: didYouMean(name, in: Metric.allCases.map(\.name)))
        }
        return metric
    }

    func duration(_ syntax: Syntax, _ what: String) throws(Fault) -> TimeSpan {
        guard case .duration(let milliseconds, _) = syntax else {
            let hint =
                if case .number(let n, _) = syntax, n > 0, n <= 1_000_000, n == n.rounded() {
                    "\(Int(n))m for minutes, \(Int(n))s for seconds"
                } else {
                    "such as 30s, 10m, 6h or 28d"
                }
            throw Fault(
                .type, at: syntax.range.lowerBound, "\(what) must be a duration written out", hint: hint)
        }
        return TimeSpan(milliseconds: milliseconds)
    }

    /// `min` and `max` have two readings: of values, and of a metric over a window.
    private func isWindow(_ arguments: [Syntax]) -> Bool {
        guard arguments.count == 2, case .name(let name, _) = arguments[0], Metric(name: name) != nil,
            case .duration = arguments[1]
        else { return false }
        return true
    }
}
