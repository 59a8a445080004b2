import Vitals

/// What detectors know of a person's body besides measurements. What is unknown stays unknown: a detector that needs
/// it says nothing.
public struct Body: Sendable, Hashable {
    /// Known maximum heart rate, beats per minute.
    public var maxHeartRate: Double?
    /// Stands in where no resting heart rate was measured within a fortnight, beats per minute.
    public var restingHeartRate: Double?
    public var born: LocalDay?
    public var sex: Person.Sex?

    public init(
        maxHeartRate: Double? = nil, restingHeartRate: Double? = nil, born: LocalDay? = nil, sex: Person.Sex? = nil
    ) {
        self.maxHeartRate = maxHeartRate
        self.restingHeartRate = restingHeartRate
        self.born = born
        self.sex = sex
    }

    public init(_ person: Person) {
        self.init(maxHeartRate: person.maxHeartRate, born: person.born, sex: person.sex)
    }

    /// The maximum on record, else 208 − 0.7 × age (Tanaka 2001, J Am Coll Cardiol 37:153), else nothing: no average
    /// person stands in.
    public func maxHeartRate(on day: LocalDay) -> Double? {
        if let maxHeartRate { return maxHeartRate }
        return born.map { 208 - 0.7 * Self.age(on: day, born: $0) }
    }

    /// Years from the day of birth to a day, with their fraction.
    public static func age(on day: LocalDay, born: LocalDay) -> Double {
        Double(day.number - born.number) / 365.2425
    }
}
