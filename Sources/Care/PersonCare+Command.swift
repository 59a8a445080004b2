import Vitals

extension PersonCare {
    /// Whether an event is one of the alerts and plan changes this person's care can still say something about. With
    /// several people, the one whose care knows the event takes the command.
    public func knows(_ event: EventID) -> Bool { episode(with: event) != nil || change(with: event) != nil }

    /// What a person ordered: an acknowledgement, or the answer to a plan change. Works with the id of any event of the
    /// episode. A command that changes nothing (a second answer, an alert that is over) is refused with one line.
    public mutating func handle(_ command: Command, at: Timestamp) -> Outcome {
        switch command.action {
        case .acknowledge(let event, let comment):
            if let i = episode(with: event) {
                return acknowledge(i, comment: comment, actor: command.actor, at: at)
            }
            if change(with: event) != nil {
                return .refused("That is a plan change, not an alert: accept or decline it.")
            }
            return .refused("No alert of \(person.name) with id \(event) is known here.")
        case .acceptPlan(let event):
            guard let i = change(with: event) else { return .refused(noPlanChange(event)) }
            return accept(i, actor: command.actor, at: at)
        case .declinePlan(let event):
            guard let i = change(with: event) else { return .refused(noPlanChange(event)) }
            return decline(i, actor: command.actor, at: at)
        case .reload, .stop, .pair, .answerPairing, .forgetDevice, .follow, .unfollow, .put:
            return .refused("This command is for the hub, not for a person's care.")
        }
    }

    private func noPlanChange(_ event: EventID) -> String {
        "No plan change of \(person.name) with id \(event) is known here; answers are taken until "
            + "\(PersonCare.answerHorizon) after its end."
    }

    /// Ids follow from the episode, so they are derived again instead of kept.
    private func episode(with event: EventID) -> Int? {
        episodes.firstIndex { episode in
            (0..<episode.nextTransition).contains {
                identify(episode.rule, episode.kind, episode.onset, $0) == event
            }
        }
    }

    private func change(with event: EventID) -> Int? {
        changes.firstIndex { change in
            (0..<change.nextTransition).contains {
                identify(change.adjustment.rule, .plan, change.onset, $0) == event
            }
        }
    }
}
