import Vitals

/// A test inside a rule file: samples that are given, and the events that must come of them.
///
/// The hub runs it through the whole path: one person, time starting at `start` of a fixed Monday or later weekday.
public struct RuleTest: Sendable {
    public let name: String
    /// Line of the test in its file.
    public let line: Int
    public let given: [Given]
    /// Every event of the rule must match one of these in turn; empty: the rule stays quiet.
    public let expect: [Expectation]
    public let person: PersonOverrides
    public let start: Start

    /// Samples of one metric at equal distances.
    public struct Given: Hashable, Sendable {
        public var metric: Metric
        /// The first value, and what a straight line reaches at the end; equal for a constant.
        public var from: Double
        public var to: Double
        /// Distance of the samples. An increment covers this time before each.
        public var every: TimeSpan
        /// How long samples go on.
        public var length: TimeSpan
        /// When they begin, from the start of the test.
        public var after: TimeSpan
        /// When all of them arrive at once, from the start of the test; `nil`: each in time. None arrives before its time.
        public var delivered: TimeSpan?

        /// Value and offset of each sample, from `after` while below `after + length`. A gauge is stamped at its offset;
        /// an increment covers `every` from its offset on and is therefore stamped `every` later.
        public var samples: [(offset: TimeSpan, value: Double)] {
            // A gauge's last sample may stand right before the end; an increment's span must fit.
            let step = max(1, every.milliseconds)
            let isIncrement = metric.kind == .increment
            let count = max(0, isIncrement ? length.milliseconds / step : (length.milliseconds + step - 1) / step)
            return (0..<count).map { k in
                let share = count > 1 ? Double(k) / Double(count - 1) : 0
                return (after + every * k, from + (to - from) * share)
            }
        }
    }

    /// An event that must happen.
    public struct Expectation: Hashable, Sendable {
        /// `decided` lies in this stretch from the start of the test, both ends included.
        public var from: TimeSpan
        public var to: TimeSpan
        public var kind: Event.Kind
        /// The rule's own name unless it says otherwise.
        public var rule: String
        /// `onset` lies in this stretch; `nil`: anywhere.
        public var onset: ClosedRange<TimeSpan>?
        /// `nil`: any phase that opens an episode.
        public var phase: Event.Phase?
        public var severity: Severity?
    }

    /// What differs from a plain person (named `test`, zone UTC, English, no plan).
    public struct PersonOverrides: Hashable, Sendable {
        public var zone: String?
        public var language: String?
        public var facts: Set<String> = []
        public var sex: Person.Sex?
        /// In years, at the start of the test.
        public var age: Int?
        public var maxHeartRate: Double?
        public var limits = Person.Limits()
        public var plan: WeeklyPlan?

        /// The person with these overrides in force; `day` is the first day of the test.
        public func applied(to person: Person, on day: LocalDay) -> Person {
            var person = person
            person.zone = zone ?? person.zone
            person.language = language ?? person.language
            person.facts.formUnion(facts)
            person.sex = sex ?? person.sex
            // A year is 365.25 days here; half a year keeps the age away from a birthday.
            if let age { person.born = day + Int32(clamping: -(age * 1461 + 730) / 4) }
            person.maxHeartRate = maxHeartRate ?? person.maxHeartRate
            person.limits = limits
            person.plan = plan ?? person.plan
            return person
        }
    }

    /// Weekday and local time at which the test begins.
    public struct Start: Hashable, Sendable {
        /// ISO 8601: 1 Monday … 7 Sunday.
        public var weekday: Int
        public var timeOfDay: TimeSpan

        /// Monday, noon.
        public static let standard = Start(weekday: 1, timeOfDay: .hours(12))
        /// 2024-01-01, a Monday without a change of clocks in any zone nearby.
        public static let firstMonday = LocalDay(number: 19_723)

        public var day: LocalDay { Start.firstMonday + Int32(weekday - 1) }

        public func moment(in zone: Zone) -> Timestamp { zone.timestamp(day: day, timeOfDay: timeOfDay) }
    }
}
