import Vitals

/// Why rules are looked at.
public enum Occasion: Hashable, Sendable {
    /// A pane closed.
    case tick
    /// An exercise session ended, and what is measured after it is complete.
    case sessionEnd(start: Timestamp, end: Timestamp)
}

/// Where each rule stands for one person: what holds since when, what is open, what was said last.
///
/// A value: the same book, person and feature values in the same order give the same triggers, and a state restored
/// from `checkpoint()` goes on exactly where the old one stopped.
///
/// The life of a rule, evaluated at each tick within its hours:
/// - `when` becomes true: a hold begins; its first tick is the **onset** of what may follow.
/// - The hold grows by the time between ticks at which `when` and `needs` are true. While `when` is unknown or `needs`
///   is not true there is not enough data: the hold waits and does not grow. If that lasts longer than `for`, it begins
///   anew; `when` false ends it; outside `between` and `days` there is none.
/// - A hold as long as `for` opens the rule, unless `repeat` or `daily_limit` forbid it yet: then it opens as soon as
///   they allow, if the hold still lasts.
/// - An open rule ends when `clear` is true; without `clear`, when `when` is false; both only with `needs` true, and at
///   any hour. Alerts and reminders say so by a `cleared` trigger.
/// - An open rule that is not an alert and has a `repeat` opens again after it, for a hold of its own.
/// - A rule with `on` or `at` is decided at that one moment and stays open for none.
public struct RuleState: Sendable {
    /// One rule's state. Plain numbers, so that comparing and copying it is cheap.
    struct Entry: Hashable, Sendable {
        /// Fingerprint of the rule's file.
        var version: UInt64 = 0
        var isOpen = false
        /// Onset of what is open, or was open last.
        var onset = Timestamp.distantPast
        var isHolding = false
        /// Whether the condition was true at the last evaluation.
        var isTrue = false
        /// First tick of the hold.
        var since = Timestamp.distantPast
        /// Last tick at which it was true.
        var lastTrue = Timestamp.distantPast
        /// How much of the time since then counts.
        var held = TimeSpan.zero
        /// When the rule last opened.
        var lastOpened = Timestamp.distantPast
        /// Local day of the openings counted, and of the last scheduled decision.
        var day = Int32.min
        var openings: Int32 = 0
        var scheduledDay = Int32.min
    }

    /// In the order of the book.
    var entries: [Entry] = []
    var names: [String] = []
    /// States of rules that the book does not have at the moment: a rule that comes back goes on.
    var absent: [String: Entry] = [:]
    /// Which of the book's rules are for this person.
    var isFor: [Bool] = []
    var boundBook: UInt64?
    var boundPerson = ""
    /// Counts changes of what `checkpoint()` holds.
    public internal(set) var revision = 0

    public init() {}

    /// Local time of the tick in hand, worked out when the first rule asks.
    struct LocalTime {
        let zone: Zone
        let tick: Timestamp
        private var cached: (day: LocalDay, timeOfDay: TimeSpan)?

        init(_ zone: Zone, _ tick: Timestamp) {
            self.zone = zone
            self.tick = tick
        }

        mutating func value() -> (day: LocalDay, timeOfDay: TimeSpan) {
            if let cached { return cached }
            let value = (zone.day(of: tick), zone.timeOfDay(tick))
            cached = value
            return value
        }
    }

    /// Looks at every rule that the occasion concerns.
    ///
    /// Ticks must not go backward. Asks `source` for as little as decides; explanations and texts are made only for
    /// what fires.
    ///
    /// - Parameters:
    ///   - tick: the end of the pane that just closed. `decided` of a trigger is `RuleBook.grace` later.
    ///   - source: answers the slots of `book.features` for this person at this tick.
    /// - Returns: in the order of the rules' names.
    /// - Complexity: O(rules), some ten nanoseconds for one whose first condition decides.
    public mutating func evaluate(
        _ book: RuleBook, at tick: Timestamp, occasion: Occasion = .tick, person: Person, zone: Zone,
        source: some FeatureSource
    ) -> [Trigger] {
        prepare(for: book, person: person)
        var local = LocalTime(zone, tick)
        var triggers: [Trigger] = []
        for i in book.watches.indices {
            let watch = book.watches[i]
            var entry = entries[i]
            let edge: (edge: Trigger.Edge, onset: Timestamp)?
            if !isFor[i] {
                edge = entry.withdraw(watch, at: tick)
            } else {
                switch (watch.occasion, occasion) {
                case (.tick, .tick): edge = entry.follow(watch, at: tick, &local, source)
                case (.daily(let time), .tick): edge = entry.decideDaily(watch, time, at: tick, &local, source)
                case (.sessionEnd, .sessionEnd(_, let end)):
                    edge = entry.decideOnce(watch, onset: end, at: tick, &local, source)
                default: continue
                }
            }
            if entry != entries[i] {
                entries[i] = entry
                revision += 1
            }
            if let edge {
                triggers.append(book.rules[i].trigger(edge.edge, onset: edge.onset, at: tick, person, source))
            }
        }
        return triggers
    }

    /// Takes up a book before the first tick is evaluated with it, so that `nextDeadline` knows a restored hold.
    public mutating func prepare(for book: RuleBook, person: Person) {
        if boundBook != book.fingerprint || boundPerson != person.name { bind(to: book, person) }
    }

    /// When rules must be evaluated next although nothing arrives: the next tick while a hold is running, or the moment
    /// from which `repeat` allows what holds already. `nil`: not before the next sample or `RuleBook.nextSchedule`.
    public func nextDeadline(_ book: RuleBook) -> Timestamp? {
        guard boundBook == book.fingerprint else { return nil }
        var next: Timestamp?
        for (watch, entry) in zip(book.watches, entries) {
            guard entry.isHolding, entry.isTrue, !entry.isOpen || watch.reopens else { continue }
            // What waits for the next day only is taken up by the next sample or schedule.
            if entry.held >= watch.hold, watch.dailyLimit > 0, entry.openings >= watch.dailyLimit { continue }
            var moment = entry.lastTrue + RuleBook.tick
            if entry.held >= watch.hold { moment = max(moment, entry.lastOpened + watch.repeatAfter) }
            next = min(next ?? moment, moment)
        }
        return next
    }

    /// Names of the rules that are open.
    public var open: [String] { zip(names, entries).filter(\.1.isOpen).map(\.0) }

    /// Takes the states over to the rules of another book, by name.
    private mutating func bind(to book: RuleBook, _ person: Person) {
        for (name, entry) in zip(names, entries) { absent[name] = entry }
        entries = book.watches.indices.map { i in
            let version = book.watches[i].version
            var entry = absent.removeValue(forKey: book.names[i]) ?? Entry(version: version)
            if entry.version != version {
                // What held under the old text may not hold under the new one; what is open stays open.
                entry.version = version
                entry.isHolding = false
            }
            return entry
        }
        names = book.names
        isFor = book.rules.map { $0.isFor(person) }
        boundBook = book.fingerprint
        boundPerson = person.name
    }
}
