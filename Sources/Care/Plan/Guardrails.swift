import Vitals

/// Bounds that no change of a plan crosses, and which of them cut a change back.
///
/// Upper bounds are the clinician's (`Person.Limits`). Lower bounds keep a rule from talking a session away bit by bit:
/// whoever should rest is told to rest.
struct Guardrails: Sendable {
    enum Guardrail: Hashable, Sendable {
        case maxIntensity(Double)
        case maxHeartRate(Double)
        case weeklyIncrease(Double)
        case leastIntensity
        case leastMinutes
        case wholeReserve
    }

    /// Very light effort ends at 30 % of reserve (ACSM's Guidelines for Exercise Testing and Prescription, 10th ed.,
    /// table 6.1: very light < 30 % HRR): easing stops there.
    static let leastIntensity = 0.3
    /// Bouts of ten minutes are the shortest that guidelines counted as a session (WHO 2010).
    static let leastMinutes = 10.0
    static let longestMinutes = 24.0 * 60

    var limits: Person.Limits
    /// Planned load of a week: minutes × upper share of reserve, summed.
    var weeklyLoad: Double

    init(_ person: Person) {
        limits = person.limits
        // A limit that is no number limits nothing: a recording may hold one, a configuration cannot.
        limits.maxIntensity = limits.maxIntensity.flatMap { $0.isFinite ? min(max($0, 0), 1) : nil }
        limits.maxWeeklyIncrease = limits.maxWeeklyIncrease.flatMap { $0.isFinite ? max($0, 0) : nil }
        weeklyLoad = person.plan.sessions.reduce(0) { $0 + Guardrails.load(of: $1.sane) }
    }

    static func load(of session: PlannedSession) -> Double { session.minutes * session.intensity.upperBound }

    /// A planned session under the clinician's limit on intensity, before any change.
    func capped(_ session: PlannedSession) -> PlannedSession {
        guard let limit = limits.maxIntensity, limit < session.intensity.upperBound else { return session }
        var session = session
        session.intensity = min(session.intensity.lowerBound, limit)...limit
        return session
    }

    /// The session with a change laid over it, `nil` when it becomes rest, and the bounds that cut the change back.
    /// `base` must be capped already.
    func apply(_ change: PlanChange, to base: PlannedSession) -> (session: PlannedSession?, met: [Guardrail]) {
        if change.rest { return (nil, []) }
        var (session, met) = bounded(base, by: change)
        if let increase = limits.maxWeeklyIncrease {
            let allowed = max(0, increase * weeklyLoad)
            func excess(_ session: PlannedSession) -> Double {
                Guardrails.load(of: session) - Guardrails.load(of: base) - allowed
            }
            if excess(session) > 0 {
                // Where both fields grow, load is convex in the share kept, and the linear share fits at once.
                var share = allowed / (excess(session) + allowed)
                let whole = session
                session = Guardrails.between(base, whole, share)
                for _ in 0..<20 where excess(session) > 1e-9 {
                    share /= 2
                    session = Guardrails.between(base, whole, share)
                }
                if excess(session) > 1e-9 { session = base }
                met.removeAll { if case .maxIntensity = $0 { true } else { $0 == .wholeReserve } }
                met.append(.weeklyIncrease(increase))
            }
        }
        if change.asksForMore, let limit = limits.maxHeartRate { met.append(.maxHeartRate(limit)) }
        return (session, met)
    }

    /// The session a `share` of the way from `a` to `b`.
    private static func between(_ a: PlannedSession, _ b: PlannedSession, _ share: Double) -> PlannedSession {
        func mix(_ a: Double, _ b: Double) -> Double { a + share * (b - a) }
        var session = a
        let upper = mix(a.intensity.upperBound, b.intensity.upperBound)
        session.intensity = min(mix(a.intensity.lowerBound, b.intensity.lowerBound), upper)...upper
        session.minutes = mix(a.minutes, b.minutes)
        return session
    }

    /// The change within the bounds that each field has for itself.
    private func bounded(_ base: PlannedSession, by change: PlanChange) -> (PlannedSession, [Guardrail]) {
        var session = base
        var met: [Guardrail] = []
        if let relative = change.intensity {
            let planned = base.intensity.upperBound
            var upper = planned * (1 + relative)
            let floor = min(planned, Guardrails.leastIntensity)
            if upper < floor {
                upper = floor
                met.append(.leastIntensity)
            }
            if let limit = limits.maxIntensity, upper > limit {
                upper = limit
                met.append(.maxIntensity(limit))
            }
            if upper > 1 {
                upper = 1
                met.append(.wholeReserve)
            }
            let ratio = planned > 0 ? upper / planned : 1
            let lower = min(max(base.intensity.lowerBound * ratio, 0), upper)
            session.intensity = lower...upper
        }
        if let duration = change.duration {
            var minutes = base.minutes + duration.inSeconds / 60
            let floor = min(base.minutes, Guardrails.leastMinutes)
            if minutes < floor {
                minutes = floor
                met.append(.leastMinutes)
            }
            session.minutes = min(minutes, Guardrails.longestMinutes)
        }
        return (session, met)
    }
}
