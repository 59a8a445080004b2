import Vitals

extension PersonCare {
    /// Changes of the plan: in force, waiting for an answer, and those that ended within `answerHorizon`.
    public var adjustments: [PlanAdjustment] { changes.map(\.adjustment) }

    /// The session planned for a day with all changes in force; `nil` on a day without one or with ordered rest.
    /// Of several sessions planned for one weekday it is the first.
    public func session(on day: LocalDay) -> PlannedSession? {
        session(on: day, under: changes.lazy.filter { $0.adjustment.state == .applied })
    }

    /// `plan.*` of a day. NaN is unknown: no plan at all, no session to speak of, or a heart rate that is not known.
    ///
    /// Target heart rates are Karvonen's: rest + share × (max − rest) (Karvonen 1957, Ann Med Exp Biol Fenn 35:307), held
    /// under the clinician's `limits.max_heart_rate`.
    public func value(
        _ field: PlanField, on day: LocalDay, restingHeartRate: Double, maxHeartRate: Double
    ) -> Double {
        if field == .stepsGoal { return person.plan.stepsGoal.map(Double.init) ?? .nan }
        guard !person.plan.sessions.isEmpty else { return .nan }
        let session = session(on: day)
        func target(_ share: Double?) -> Double {
            guard let share, maxHeartRate > restingHeartRate else { return .nan }
            let target = restingHeartRate + share * (maxHeartRate - restingHeartRate)
            return min(target, person.limits.maxHeartRate ?? .infinity)
        }
        return switch field {
        case .minutes: session?.minutes ?? 0
        case .intensity: session?.intensity.upperBound ?? .nan
        case .targetLow: target(session?.intensity.lowerBound)
        case .targetHigh: target(session?.intensity.upperBound)
        case .rest: session == nil ? 1 : 0
        case .stepsGoal: .nan
        }
    }

    /// An exercise session took place on `day`: changes in force for that day are done, open proposals have lapsed.
    public mutating func sessionCompleted(day: LocalDay, at: Timestamp) -> [Event] {
        var events: [Event] = []
        for i in changes.indices where changes[i].isOpen && changes[i].adjustment.day == day {
            let applied = changes[i].adjustment.state == .applied
            changes[i].adjustment.state = applied ? .done : .expired
            events.append(
                followChange(
                    i, applied ? .done : .expired, at: at,
                    text: applied ? wording.planDone(name(of: i)) : wording.planOvertaken(name(of: i))))
        }
        return events
    }

    // MARK: Life of a change

    /// A plan rule fired: toward rest it applies at once, toward more it asks.
    mutating func plan(_ trigger: Trigger) -> [Event] {
        guard let change = trigger.action.change?.sane else { return open(trigger) }
        guard note(trigger.onset, of: trigger.rule) else { return [] }
        let action = trigger.action
        let id = identify(trigger.rule, .plan, trigger.onset, 0)

        func event(_ phase: Event.Phase, _ effect: String) -> Event {
            Event(
                id: id, person: person.id, kind: .plan, phase: phase, rule: trigger.rule, severity: action.severity,
                onset: trigger.onset, decided: trigger.decided, transition: 0, title: action.title,
                text: wording.sentences([action.text, effect]), recipients: action.recipients,
                evidence: trigger.evidence)
        }

        guard let day = nextPlannedDay(after: trigger.decided), let base = planned(on: day) else {
            return [event(.expired, wording.planNothingAhead(PersonCare.planHorizon))]
        }
        // One change per rule and session: it does not stack, and what was declined is not asked again.
        if changes.contains(where: { $0.adjustment.rule == trigger.rule && $0.adjustment.day == day }) { return [] }

        let guardrails = Guardrails(person).apply(change, to: Guardrails(person).capped(base)).met
            .map(wording.guardrail)
        let proposed = change.asksForMore
        changes.append(
            Adjustment(
                adjustment: PlanAdjustment(
                    event: id, rule: trigger.rule, change: change, state: proposed ? .proposed : .applied, day: day,
                    expires: zone.end(of: day), guardrails: guardrails),
                onset: trigger.onset, nextTransition: 1, title: action.title, severity: action.severity,
                recipients: action.recipients))
        let effect = effect(of: changes.count - 1)
        return [event(proposed ? .proposed : .applied, proposed ? wording.planAsks(effect) : effect)]
    }

    mutating func accept(_ i: Int, actor: String, at: Timestamp) -> Outcome {
        switch changes[i].adjustment.state {
        case .proposed:
            let effect = effect(of: i)
            changes[i].adjustment.state = .applied
            return .events([
                followChange(i, .applied, at: at, text: wording.sentences([wording.planAccepted(by: actor), effect]))
            ])
        case .applied: return .refused("“\(changes[i].title)” is in force already.")
        case .declined, .expired, .done: return .refused(ended(i))
        }
    }

    mutating func decline(_ i: Int, actor: String, at: Timestamp) -> Outcome {
        guard changes[i].isOpen else { return .refused(ended(i)) }
        changes[i].adjustment.state = .declined
        return .events([followChange(i, .declined, at: at, text: wording.planDeclined(by: actor))])
    }

    /// At its deadline an open change lapses, an ended one is forgotten.
    mutating func expireChange(_ i: Int, at decided: Timestamp) -> Event? {
        guard changes[i].isOpen else {
            changes.remove(at: i)
            return nil
        }
        let applied = changes[i].adjustment.state == .applied
        changes[i].adjustment.state = .expired
        return followChange(
            i, .expired, at: decided,
            text: applied ? wording.planLapsed(name(of: i)) : wording.planUnanswered(name(of: i)))
    }

    private mutating func followChange(_ i: Int, _ phase: Event.Phase, at: Timestamp, text: String) -> Event {
        let change = changes[i]
        changes[i].nextTransition += 1
        hasChanged = true
        return Event(
            id: identify(change.adjustment.rule, .plan, change.onset, change.nextTransition), person: person.id,
            kind: .plan, phase: phase, rule: change.adjustment.rule, severity: change.severity, onset: change.onset,
            decided: at, transition: change.nextTransition, title: change.title, text: text,
            recipients: change.recipients, causes: [change.adjustment.event])
    }

    private func ended(_ i: Int) -> String {
        let title = changes[i].title
        return switch changes[i].adjustment.state {
        case .declined: "“\(title)” was declined already; the plan is as it was."
        case .done: "The session “\(title)” was for has taken place."
        default: "“\(title)” has expired; the plan is as it was."
        }
    }

    /// Remembers that a plan rule told of this onset; false when it did so before.
    private mutating func note(_ onset: Timestamp, of rule: String) -> Bool {
        hasChanged = true
        guard let i = planOnsets.firstIndex(where: { $0.rule == rule }) else {
            let i = planOnsets.firstIndex { $0.rule > rule } ?? planOnsets.endIndex
            planOnsets.insert(PlanOnset(rule: rule, onset: onset), at: i)
            return true
        }
        guard planOnsets[i].onset != onset else { return false }
        planOnsets[i].onset = onset
        return true
    }

    // MARK: Sessions

    private func planned(on day: LocalDay) -> PlannedSession? {
        person.plan.sessions.first { $0.weekday == day.weekday }?.sane
    }

    private func session(on day: LocalDay, under inForce: some Sequence<Adjustment>) -> PlannedSession? {
        guard let base = planned(on: day) else { return nil }
        let guardrails = Guardrails(person)
        let changes = inForce.lazy.filter { $0.adjustment.day == day }.map(\.adjustment.change)
        return guardrails.apply(.mostCautious(of: changes), to: guardrails.capped(base)).session
    }

    /// The first day with a planned session that begins after `now` and within the horizon.
    private func nextPlannedDay(after now: Timestamp) -> LocalDay? {
        let today = zone.day(of: now)
        // The fourth day from today can begin within 72 h only in a week that skips an hour.
        for day in (1...4).map({ today + $0 })
        where zone.start(of: day) - now <= PersonCare.planHorizon && planned(on: day) != nil {
            return day
        }
        return nil
    }

    /// What a change does to its session beside the others in force, in words.
    private func effect(of i: Int) -> String {
        guard let day = changes[i].adjustment.day else { return "" }
        let others = changes.indices.lazy.filter { $0 != i && changes[$0].adjustment.state == .applied }
            .map { changes[$0] }
        let before = session(on: day, under: others)
        let after = session(on: day, under: Array(others) + [changes[i]])
        let effect = wording.planEffect(name(of: i), from: before, to: after)
        let guardrails = changes[i].adjustment.guardrails
        return guardrails.isEmpty ? effect : wording.sentences([effect] + guardrails.map(wording.sentence))
    }

    private func name(of i: Int) -> String {
        guard let day = changes[i].adjustment.day else { return "" }
        return wording.session(weekday: day.weekday, activity: planned(on: day)?.activity)
    }
}
