import Analysis
import Care
import RuleEngine
import Vitals

/// One person's way through the path: analysis, rules and care.
///
/// A value that lives in `Pipeline.people` and is changed in place there: copying it costs more than a tick.
struct PersonPath {
    private var facts: PersonFacts
    private var rules: RuleState
    private var book: RuleBook
    private var savedRules: [UInt8]
    /// Rules were evaluated since their state was last looked at.
    private var hasEvaluated = true
    /// The rule engine's state of a person, kept beside those of `Analysis` and `Care`.
    private static let rulesComponent = "rules"
    private static let rulesVersion = 1

    init(
        person: Person, household: Household, restoring states: [ComponentState], recent: [Sample]
    ) throws(PathError) {
        book = household.book
        savedRules = states.first { $0.component == Self.rulesComponent }?.bytes ?? []
        let zone: Zone
        do { zone = try Zone(named: person.zone) } catch { throw PathError("\(person.name): \(error)") }
        do {
            rules = savedRules.isEmpty ? RuleState() : try RuleState(restoring: savedRules)
            facts = try PersonFacts(
                person: person, zone: zone, settings: PersonPath.settings(person, zone, household), restoring: states)
        } catch {
            throw PathError("the stored state of \(person.name) cannot be read: \(error)")
        }
        facts.analysis.rebuild(recent)
        rules.prepare(for: book, person: person)
    }

    private static func settings(_ person: Person, _ zone: Zone, _ household: Household) -> AnalysisSettings {
        var settings = AnalysisSettings(zone: zone, features: household.book.features, body: Body(person))
        for assignment in household.configured.assignments where assignment.person == person.id {
            settings.priorities[assignment.device] = household.device(assignment.device)?.priority ?? 0
            let profile = household.device(assignment.device).flatMap { household.profile(of: $0) }
            settings.cadence[assignment.device] = profile?.cadence.values.min()
        }
        return settings
    }

    var person: Person { facts.person }
    var zone: Zone { facts.zone }

    /// Detectors of another version than their stored state, until they are renewed.
    var renewed: [String] { facts.analysis.renewed }
    var lastClosed: Timestamp? { facts.analysis.lastClosed }

    func renewal(first: Timestamp, now: Timestamp) throws -> Renewal? {
        try facts.analysis.renewal(first: first, now: now)
    }

    mutating func adopt(_ renewal: Renewal, corrections: [Sample]) throws -> [Sample]? {
        try facts.analysis.adopt(renewal, corrections: corrections)
    }

    /// Readings of a device that were put aside or doubted.
    func counts(of device: DeviceID) -> IntakeCounts { facts.analysis.counts(of: device) }

    /// Takes new rules, and a changed record of the person; what was learned stays.
    mutating func update(person: Person, household: Household) throws(ZoneError) {
        let zone = try Zone(named: person.zone)
        book = household.book
        facts.update(person: person, zone: zone, settings: PersonPath.settings(person, zone, household))
        rules.prepare(for: book, person: person)
        hasEvaluated = true
    }

    // MARK: Inputs

    mutating func take(_ reading: Reading, from device: DeviceID, at: Timestamp) {
        facts.analysis.take(reading, from: device, at: at)
    }

    mutating func take(_ status: Status, from device: DeviceID, at: Timestamp) {
        facts.analysis.take(status, from: device, at: at)
    }

    mutating func take(_ sample: Sample) { facts.analysis.take(sample) }

    mutating func linkChanged(_ device: DeviceID, _ state: LinkState, at: Timestamp) {
        facts.analysis.linkChanged(device: device, state: state, at: at)
    }

    /// Whether a command is about an event of this person.
    func knows(_ event: EventID) -> Bool { facts.care.knows(event) }

    mutating func handle(_ command: Command, at: Timestamp) -> PersonCare.Outcome { facts.care.handle(command, at: at) }

    // MARK: Ticks

    /// The next tick to be decided for this person, after `last`.
    ///
    /// A tick with new samples is decided; so is every tick at which something falls due. In between, while windows
    /// still hold data, whole minutes are enough: what then changes is only that old panes leave the windows.
    private func nextTick(after last: Timestamp) -> Timestamp {
        var next = Timestamp.distantFuture
        if let due = facts.analysis.nextDeadline { next = min(next, Ticks.first(from: due)) }
        if let due = facts.care.nextDeadline { next = min(next, Ticks.first(decidingAt: due)) }
        if let due = rules.nextDeadline(book) { next = min(next, Ticks.first(from: due)) }
        let minute = (last + Self.idleInterval).floored(to: Self.idleInterval)
        if let sample = facts.analysis.lastSample, sample + book.awakeHorizon >= minute {
            next = min(next, minute)
        } else if let due = book.nextSchedule(after: last, zone: facts.zone) {
            next = min(next, Ticks.first(from: due))
        }
        return max(next, last + Ticks.pane)
    }

    /// How often a person is looked at who sends nothing new, while their windows still hold something.
    private static let idleInterval = TimeSpan.minutes(1)

    /// The next tick after something new came in; see `nextTick`.
    mutating func wake(after last: Timestamp) -> Timestamp { nextTick(after: last) }

    /// Decides the tick at pane end `tick`, and returns the next one.
    mutating func close(tick: Timestamp, into commit: inout Commit) -> Timestamp {
        let decided = tick + Ticks.grace
        let closed = facts.close(tick: tick)
        if !closed.samples.isEmpty { commit.append(closed.samples, of: person.id) }
        commit.append(facts.care.advance(to: decided))
        if let session = closed.sessionCompleted {
            commit.append(facts.care.sessionCompleted(day: facts.zone.day(of: session.start), at: decided))
            decide(.sessionEnd(start: session.start, end: session.end), into: &commit)
        }
        decide(.tick, into: &commit)
        return nextTick(after: tick)
    }

    private mutating func decide(_ occasion: Occasion, into commit: inout Commit) {
        hasEvaluated = true
        let triggers = rules.evaluate(
            book, at: facts.tick, occasion: occasion, person: facts.person, zone: facts.zone, source: facts)
        for trigger in triggers { commit.append(facts.care.handle(trigger)) }
    }

    /// Samples received after a moment that are not decided on yet, as they will be stored.
    func waiting(since time: Timestamp) -> [Sample] { facts.analysis.waiting(since: time) }

    // MARK: State

    /// Everything that changed since the last call, for the commit.
    mutating func changedStates() -> [ComponentState] {
        var states = facts.analysis.changedStates()
        if let care = facts.care.changedState() { states.append(care) }
        guard hasEvaluated else { return states }
        hasEvaluated = false
        let now = rules.checkpoint()
        if now != savedRules {
            savedRules = now
            states.append(
                ComponentState(
                    person: person.id, component: Self.rulesComponent, version: Self.rulesVersion, bytes: now))
        }
        return states
    }
}

extension Commit {
    /// Adds samples of one person behind those already there.
    mutating func append(_ more: [Sample], of person: PersonID) {
        if let last = samples.indices.last, samples[last].person == person {
            samples[last].samples.append(contentsOf: more)
        } else {
            samples.append(PersonSamples(person: person, samples: more))
        }
    }

    /// Adds events and, for each recipient, a place in the outbox.
    mutating func append(_ more: [Event]) {
        for event in more {
            events.append(event)
            for recipient in event.recipients {
                outbox.append(OutboxItem(event: event.id, person: event.person, recipient: recipient))
            }
        }
    }
}

/// Why the path cannot start.
public struct PathError: Error, Sendable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}
