import Analysis
import Vitals

/// Detectors whose stored state is of another version: they began afresh, until a renewal takes their place.
extension Pipeline {
    /// People who have such detectors.
    var renewing: [Person] { people.filter { !$0.renewed.isEmpty }.map(\.person) }

    /// Begins to run them anew; `nil` when there is nothing to run.
    func renewal(of person: PersonID, first: Timestamp) throws -> Renewal? {
        try people.first { $0.person.id == person }?.renewal(first: first, now: now)
    }

    /// The last tick at which the person was looked at.
    func lastClosed(of person: PersonID) -> Timestamp? { people.first { $0.person.id == person }?.lastClosed }

    /// Puts renewed detectors in place; what is to be stored of it comes with the next commit.
    ///
    /// - Returns: `false` when the renewal does not fit what is there.
    func adopt(_ renewal: Renewal, corrections: [Sample]) throws -> Bool {
        guard let position = index[renewal.person],
            let samples = try people[position].adopt(renewal, corrections: corrections)
        else { return false }
        if !samples.isEmpty { pending.append(samples, of: renewal.person) }
        wake(position)
        return true
    }
}
