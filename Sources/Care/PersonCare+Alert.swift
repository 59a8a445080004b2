import Vitals

/// A stretch during which a rule's condition held: the chain of events that tell of it.
public struct Episode: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case open
        case acknowledged(by: String, at: Timestamp)
        case resolved(at: Timestamp)
        case expired(at: Timestamp)
        /// Advice and assessments are told and over.
        case told
    }

    public var rule: String
    public var kind: Event.Kind
    public var severity: Severity
    /// When it began in the body.
    public var onset: Timestamp
    /// When the latest opening was decided.
    public var opened: Timestamp
    /// Id of the event with transition 0.
    public var opening: EventID
    /// The number the next event of this episode gets.
    public var nextTransition: Int
    public var title: String
    /// Who was told, and is told everything that follows.
    public var recipients: [String]
    public var state: State

    public var isOpen: Bool {
        switch state {
        case .open, .acknowledged: true
        case .resolved, .expired, .told: false
        }
    }

    /// When it expires, while it is open.
    var deadline: Timestamp? { isOpen ? opened + PersonCare.alertLifetime : nil }
}

extension PersonCare {
    /// Tells of a new episode, unless one of this rule is open.
    ///
    /// When the rule opens again for the onset it told of last (the condition never stopped), the chain goes on with the
    /// next number, so that no two events share an id.
    mutating func open(_ trigger: Trigger) -> [Event] {
        let action = trigger.action
        let latest = episodes.firstIndex { $0.rule == trigger.rule && $0.kind == action.kind }
        if let latest, episodes[latest].isOpen { return [] }

        var transition = 0
        if let latest, episodes[latest].onset == trigger.onset { transition = episodes[latest].nextTransition }
        let opening = identify(trigger.rule, action.kind, trigger.onset, 0)
        let episode = Episode(
            rule: trigger.rule, kind: action.kind, severity: action.severity, onset: trigger.onset,
            opened: trigger.decided, opening: opening, nextTransition: transition + 1, title: action.title,
            recipients: action.recipients, state: action.kind == .alert ? .open : .told)
        if let latest { episodes[latest] = episode } else { insert(episode) }
        hasChanged = true
        return [
            Event(
                id: transition == 0 ? opening : identify(trigger.rule, action.kind, trigger.onset, transition),
                person: person.id, kind: action.kind, phase: .opened, rule: trigger.rule, severity: action.severity,
                onset: trigger.onset, decided: trigger.decided, transition: transition, title: action.title,
                text: action.text, recipients: action.recipients, evidence: trigger.evidence,
                causes: transition == 0 ? [] : [opening])
        ]
    }

    /// The open episode of a rule ends.
    mutating func resolve(_ trigger: Trigger) -> [Event] {
        guard let i = episodes.firstIndex(where: { $0.rule == trigger.rule && $0.isOpen }) else { return [] }
        let lasted = trigger.onset - episodes[i].onset
        episodes[i].state = .resolved(at: trigger.decided)
        return [
            follow(
                i, .resolved, at: trigger.decided, title: wording.resolved(episodes[i].title),
                text: wording.resolvedText(since: clock(trigger.onset), lasted: lasted), evidence: trigger.evidence)
        ]
    }

    /// The rule of an open episode was switched off: the episode ends, but nobody says that it is over.
    mutating func withdraw(_ trigger: Trigger) -> [Event] {
        guard let i = episodes.firstIndex(where: { $0.rule == trigger.rule && $0.isOpen }) else { return [] }
        episodes[i].state = .expired(at: trigger.decided)
        return [
            follow(
                i, .expired, at: trigger.decided, title: wording.expired(episodes[i].title),
                text: wording.withdrawnText())
        ]
    }

    mutating func acknowledge(_ i: Int, comment: String, actor: String, at: Timestamp) -> Outcome {
        let title = episodes[i].title
        switch episodes[i].state {
        case .acknowledged(let by, let when):
            return .refused("“\(title)” is already acknowledged\(by.isEmpty ? "" : " by \(by)"), at \(clock(when)).")
        case .resolved(let when):
            return .refused("“\(title)” resolved at \(clock(when)); there is nothing left to acknowledge.")
        case .expired(let when):
            return .refused("“\(title)” expired at \(clock(when)); there is nothing left to acknowledge.")
        case .told:
            return .refused("“\(title)” is \(episodes[i].kind.rawValue), not an alert: it needs no acknowledging.")
        case .open:
            episodes[i].state = .acknowledged(by: actor, at: at)
            return .events([
                follow(
                    i, .acknowledged, at: at, title: wording.acknowledged(title),
                    text: wording.acknowledgedText(by: actor, comment: comment))
            ])
        }
    }

    mutating func expireEpisode(_ i: Int, at decided: Timestamp) -> Event {
        episodes[i].state = .expired(at: decided)
        return follow(
            i, .expired, at: decided, title: wording.expired(episodes[i].title),
            text: wording.expiredText(after: PersonCare.alertLifetime))
    }

    /// The next event of an episode, to everyone who was told of its opening.
    private mutating func follow(
        _ i: Int, _ phase: Event.Phase, at: Timestamp, title: String, text: String, evidence: Evidence? = nil
    ) -> Event {
        let episode = episodes[i]
        episodes[i].nextTransition += 1
        hasChanged = true
        return Event(
            id: identify(episode.rule, episode.kind, episode.onset, episode.nextTransition), person: person.id,
            kind: episode.kind, phase: phase, rule: episode.rule, severity: episode.severity, onset: episode.onset,
            decided: at, transition: episode.nextTransition, title: title, text: text,
            recipients: episode.recipients, evidence: evidence, causes: [episode.opening])
    }

    /// Keeps `episodes` ordered by rule and kind: state and events do not depend on who came first.
    private mutating func insert(_ episode: Episode) {
        let key = (episode.rule, episode.kind.rawValue)
        let i = episodes.firstIndex { ($0.rule, $0.kind.rawValue) > key } ?? episodes.endIndex
        episodes.insert(episode, at: i)
    }
}
