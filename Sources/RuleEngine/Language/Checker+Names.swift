import JSON5
import Vitals

extension Checker {
    mutating func resolve(_ name: String, _ range: Range<Int>) throws(Fault) -> Term {
        if let metric = Metric(name: name) {
            return feature(table.slot(of: .latest(metric)), .number, unit(of: metric), range)
        }
        switch name {
        case "time_of_day": return feature(table.slot(of: .timeOfDay), .duration, nil, range)
        case "weekday": return feature(table.slot(of: .weekday), .number, nil, range)
        default: break
        }
        if let dot = name.firstIndex(of: ".") {
            return try field(String(name[..<dot]), String(name[name.index(after: dot)...]), name, range)
        }
        if Self.functions.contains(name) || WindowFunction(rawValue: name) != nil {
            throw Fault(
                .syntax, at: range.lowerBound, "'\(name)' is a function and needs its arguments in parentheses",
                hint: Self.example(of: name))
        }
        let scopes = ["person", "session", "plan"]
        if scopes.contains(name) {
            throw Fault(
                .syntax, at: range.lowerBound, "'\(name)' needs a field",
                hint: "known: \(Self.fields(of: name).joined(separator: ", "))")
        }
        throw Fault(
            .unknownName, at: range.lowerBound, "unknown name '\(name)'",
            hint: didYouMean(name, in: Metric.allCases.map(\.name) + ["time_of_day", "weekday"] + scopes)
                ?? "a name is a metric, time_of_day, weekday, or a field of person, session or plan")
    }

    private mutating func field(
        _ scope: String, _ name: String, _ whole: String, _ range: Range<Int>
    ) throws(Fault) -> Term {
        switch scope {
        case "person":
            if let field = PersonField(rawValue: name) {
                let isRate = field == .maxHeartRate || field == .limitMaxHeartRate
                return feature(table.slot(of: .person(field)), .number, isRate ? "/min" : nil, range)
            }
            if name == "has" {
                throw Fault(
                    .syntax, at: range.lowerBound, "person.has needs a fact in quotes",
                    hint: "person.has('beta_blocker')")
            }
        case "session":
            if let field = SessionField(rawValue: name) {
                return feature(
                    table.slot(of: .session(field)), field == .active ? .boolean : .number, Self.unit(of: field), range)
            }
        case "plan":
            if let field = PlanField(rawValue: name) {
                return feature(
                    table.slot(of: .plan(field)), field == .rest ? .boolean : .number, Self.unit(of: field), range)
            }
        default:
            throw Fault(
                .unknownName, at: range.lowerBound, "unknown name '\(whole)'",
                hint: didYouMean(scope, in: ["person", "session", "plan"])
                    ?? "only person., session. and plan. have fields")
        }
        let fields = Self.fields(of: scope)
        throw Fault(
            .unknownName, at: range.lowerBound + scope.utf8.count + 1, "\(scope) has no field '\(name)'",
            hint: didYouMean(name, in: fields) ?? "known: \(fields.joined(separator: ", "))")
    }

    private static func fields(of scope: String) -> [String] {
        switch scope {
        case "person": PersonField.allCases.map(\.rawValue) + ["has"]
        case "session": SessionField.allCases.map(\.rawValue)
        default: PlanField.allCases.map(\.rawValue)
        }
    }

    private static func unit(of field: SessionField) -> String? {
        switch field {
        case .active, .count: nil
        case .minutes, .minutesAboveRange: "min"
        case .meanHeartRate, .peakHeartRate, .rangeLow, .rangeHigh, .recoveryHeartRate, .recoveryUsual: "/min"
        }
    }

    private static func unit(of field: PlanField) -> String? {
        switch field {
        case .intensity, .rest: nil
        case .minutes: "min"
        case .targetLow, .targetHigh: "/min"
        case .stepsGoal: "1"
        }
    }

    /// State codes carry no unit.
    func unit(of metric: Metric) -> String? { metric.kind == .state ? nil : metric.unit }
}
