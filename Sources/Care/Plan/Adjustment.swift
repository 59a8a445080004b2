import Vitals

/// A plan change with what its later events need.
struct Adjustment: Hashable, Sendable {
    var adjustment: PlanAdjustment
    var onset: Timestamp
    var nextTransition: Int
    var title: String
    var severity: Severity
    var recipients: [String]

    var isOpen: Bool { adjustment.state == .proposed || adjustment.state == .applied }

    /// While open: when it lapses. Afterwards: when it is forgotten.
    var deadline: Timestamp { isOpen ? adjustment.expires : adjustment.expires + PersonCare.answerHorizon }
}

/// The onset a plan rule last told of.
struct PlanOnset: Hashable, Sendable {
    var rule: String
    var onset: Timestamp
}

extension PlanChange {
    /// Whether any part of it asks more of the body than the plan does: such a change needs consent.
    var asksForMore: Bool {
        guard !rest else { return false }
        return (intensity ?? 0) > 0 || (duration ?? .zero) > .zero
    }

    /// The most cautious of several changes, field by field.
    static func mostCautious(of changes: some Sequence<PlanChange>) -> PlanChange {
        var result = PlanChange()
        for change in changes {
            if let intensity = change.intensity { result.intensity = min(result.intensity ?? intensity, intensity) }
            if let duration = change.duration { result.duration = min(result.duration ?? duration, duration) }
            result.rest = result.rest || change.rest
        }
        return result
    }

    /// The same change with what no arithmetic should meet taken out: not-a-number, or more than all of it.
    var sane: PlanChange {
        var change = self
        if let intensity = change.intensity {
            change.intensity = intensity.isFinite ? min(max(intensity, -1), 1) : nil
        }
        if let duration = change.duration {
            let day = TimeSpan.days(1)
            change.duration = min(max(duration, TimeSpan.zero - day), day)
        }
        return change
    }
}

extension PlannedSession {
    /// The same session within what arithmetic can meet: shares of 0…1, at most a day.
    var sane: PlannedSession {
        func held(_ value: Double, _ top: Double) -> Double { value.isNaN ? 0 : min(max(value, 0), top) }
        var session = self
        let upper = held(intensity.upperBound, 1)
        session.intensity = min(held(intensity.lowerBound, 1), upper)...upper
        session.minutes = held(minutes, Guardrails.longestMinutes)
        return session
    }
}
