import Analysis
import Care
import RuleEngine
import Vitals

/// What the expressions of rules and queries read about one person at one tick.
struct PersonFacts {
    private(set) var person: Person
    private(set) var zone: Zone
    var analysis: PersonAnalysis
    var care: PersonCare
    /// The slot table: slot i stands for `features[i]`.
    private(set) var features: [Feature]
    /// The pane end being decided.
    private(set) var tick = Timestamp.distantPast

    init(
        person: Person, zone: Zone, settings: AnalysisSettings, restoring states: [ComponentState] = []
    ) throws(WireError) {
        self.person = person
        self.zone = zone
        features = settings.features
        let identify: PersonCare.Identify = { rule, kind, onset, transition in
            EventID.event(person: person.id, rule: rule, kind: kind, onset: onset, transition: transition)
        }
        let saved = states.first { $0.component == PersonCare.component }?.bytes
        care = try PersonCare(person: person, zone: zone, identify: identify, restoring: saved)
        analysis = try PersonAnalysis(person: person.id, settings: settings, restoring: states)
    }

    mutating func update(person: Person, zone: Zone, settings: AnalysisSettings) {
        self.person = person
        self.zone = zone
        features = settings.features
        analysis.update(settings: settings)
        care.update(person: person, zone: zone)
    }
}

extension PersonFacts {
    /// What stands for a resting heart rate nobody has measured yet; the shipped rules use the same.
    private static let assumedRestingHeartRate = 65.0
    /// Without a planned session: from moderate to the top of vigorous exercise, as shares of heart-rate reserve (ACSM's
    /// Guidelines for Exercise Testing and Prescription, 11th edition, table 6.1).
    private static let assumedIntensity = 0.40...0.89

    /// The heart-rate range expected of a session that opens today; `nil` when the maximum is not known.
    ///
    /// Karvonen's: rest + share × (max − rest), held under a clinician's limit.
    var sessionRange: ClosedRange<Double>? {
        let day = zone.day(of: tick)
        let rest = analysis.restingHeartRate ?? Self.assumedRestingHeartRate
        let most = person.value(.maxHeartRate, on: day)
        guard most > rest else { return nil }
        let shares = care.session(on: day)?.intensity ?? Self.assumedIntensity
        let limit = person.limits.maxHeartRate ?? .infinity
        let low = min(rest + shares.lowerBound * (most - rest), limit)
        return low...min(rest + shares.upperBound * (most - rest), limit)
    }
}

extension PersonFacts {
    /// Closes a tick, with the range that a session opening now is judged by.
    @discardableResult
    mutating func close(tick: Timestamp) -> ClosedTick {
        // Sessions are looked at on the first tick of each minute, so the range need not be known in between.
        let minute = tick.floored(to: .minutes(1))
        let isNewMinute = minute != self.tick.floored(to: .minutes(1))
        self.tick = tick
        if isNewMinute { analysis.expect(sessionRange: sessionRange) }
        return analysis.close(tick: tick)
    }
}

extension PersonFacts: FeatureSource {
    func value(_ slot: Int) -> Double {
        switch features[slot] {
        case .timeOfDay: Double(zone.timeOfDay(tick).milliseconds)
        case .weekday: Double(zone.day(of: tick).weekday)
        case .person(let field): person.value(field, on: zone.day(of: tick))
        case .personHas(let fact): person.facts.contains(fact) ? 1 : 0
        case .plan(let field): planValue(field)
        default: analysis.value(slot)
        }
    }

    func detail(_ slot: Int) -> FeatureDetail {
        switch features[slot] {
        case .timeOfDay, .weekday, .person, .personHas, .plan:
            let value = value(slot)
            return FeatureDetail(value: value, unknown: value.isNaN ? "not on record" : nil)
        default: return analysis.detail(slot)
        }
    }

    func newestDay(_ slot: Int) -> DayReading? { analysis.newestDay(slot) }

    private func planValue(_ field: PlanField) -> Double {
        let day = zone.day(of: tick)
        return care.value(
            field, on: day, restingHeartRate: analysis.restingHeartRate ?? .nan,
            maxHeartRate: person.value(.maxHeartRate, on: day))
    }
}

extension Person {
    /// `person.*` on a local day; NaN when not on record.
    func value(_ field: PersonField, on day: LocalDay) -> Double {
        switch field {
        case .age: born.map { Body.age(on: day, born: $0) } ?? .nan
        case .sex: sex.map { Double($0.rawValue) } ?? .nan
        case .maxHeartRate: Body(self).maxHeartRate(on: day) ?? .nan
        case .limitMaxHeartRate: limits.maxHeartRate ?? .nan
        case .limitMaxIntensity: limits.maxIntensity ?? .nan
        case .limitMaxWeeklyIncrease: limits.maxWeeklyIncrease ?? .nan
        }
    }
}
