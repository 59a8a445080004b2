import Vitals

extension Rule {
    /// What the rule says at this moment, with its evidence.
    func trigger(
        _ edge: Trigger.Edge, onset: Timestamp, at tick: Timestamp, _ person: Person, _ source: some FeatureSource
    ) -> Trigger {
        let ending = clear ?? when
        let clauses = edge == .opened ? [when, needs] : [ending, needs]
        var evidence = Evidence(
            file: file, fileHash: hash,
            clauses: clauses.compactMap { clause in
                clause.map {
                    Evidence.Clause(
                        name: $0.name, line: $0.line, column: $0.column, root: $0.expression.explain(source))
                }
            })
        if let late, let latePlace {
            evidence.clauses.append(
                Evidence.Clause(
                    name: Evidence.lateClause, line: latePlace.line, column: latePlace.column,
                    root: Evidence.Node(text: "\(late)", value: Double(late.milliseconds), type: .duration)))
        }
        return Trigger(
            rule: name, edge: edge, onset: onset, decided: tick + RuleBook.grace,
            action: Trigger.Action(
                kind: action.kind, severity: action.severity, recipients: action.recipients,
                title: action.title.render(source, language: person.language),
                // The text speaks of the beginning; what is said at the end is the alert's own (Care).
                text: edge == .opened ? action.text.render(source, language: person.language) : "",
                change: action.change, isEpisode: clear != nil, dailyLimit: dailyLimit, repeatAfter: repeatAfter),
            evidence: evidence)
    }
}
