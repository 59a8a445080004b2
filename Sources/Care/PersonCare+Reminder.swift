import Vitals

/// The latest reminder of a rule, and whether it was followed.
///
/// A reminder waits until its rule may repeat or the local day ends, whichever comes first. If the rule reports that its
/// condition ended before that, it counts as followed, else as missed. Both are kept without an event: answers, snoozing
/// and the catching up of missed reminders need this state and are not built yet.
public struct Reminder: Hashable, Sendable {
    public enum State: UInt8, Hashable, Sendable { case waiting = 0, followed, missed }

    public var rule: String
    public var onset: Timestamp
    /// When it was told.
    public var decided: Timestamp
    /// When it counts as missed.
    public var due: Timestamp
    /// Id of its event.
    public var event: EventID
    /// The number another event for this onset gets.
    public var nextTransition: Int
    public var state: State
    /// How many in a row were missed before this one.
    public var missedBefore: Int

    var deadline: Timestamp? { state == .waiting ? due : nil }
}

extension PersonCare {
    mutating func remind(_ trigger: Trigger) -> Event {
        let action = trigger.action
        let latest = reminders.firstIndex { $0.rule == trigger.rule }
        let earlier = latest.map { reminders[$0] }

        let opening = identify(trigger.rule, .reminder, trigger.onset, 0)
        var transition = 0
        if let earlier, earlier.onset == trigger.onset { transition = earlier.nextTransition }
        let id = transition == 0 ? opening : identify(trigger.rule, .reminder, trigger.onset, transition)

        var due = zone.end(of: zone.day(of: trigger.decided))
        if action.repeatAfter > .zero { due = min(due, trigger.decided + action.repeatAfter) }
        var missedBefore = 0
        if let earlier, earlier.state != .followed { missedBefore = earlier.missedBefore + 1 }
        let reminder = Reminder(
            rule: trigger.rule, onset: trigger.onset, decided: trigger.decided, due: due, event: id,
            nextTransition: transition + 1, state: .waiting, missedBefore: missedBefore)
        if let latest {
            reminders[latest] = reminder
        } else {
            reminders.insert(
                reminder, at: reminders.firstIndex { $0.rule > trigger.rule } ?? reminders.endIndex)
        }
        hasChanged = true
        return Event(
            id: id, person: person.id, kind: .reminder, phase: .opened, rule: trigger.rule, severity: action.severity,
            onset: trigger.onset, decided: trigger.decided, transition: transition, title: action.title,
            text: action.text, recipients: action.recipients, evidence: trigger.evidence,
            causes: transition == 0 ? [] : [opening])
    }

    /// The condition ended by itself: whoever was reminded did what was asked.
    mutating func followed(_ trigger: Trigger) -> [Event] {
        if let i = reminders.firstIndex(where: { $0.rule == trigger.rule && $0.state == .waiting }) {
            reminders[i].state = .followed
            hasChanged = true
        }
        return []
    }
}
