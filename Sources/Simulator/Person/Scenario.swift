import Vitals

/// What somebody is doing, as far as heart and feet show it.
public enum Activity: Hashable, Sendable {
    case sleep
    case sit
    /// Light work at home: short bursts of steps.
    case household
    case walk
    /// Running at a share of heart-rate reserve, 0…1.
    case run(intensity: Double)
    /// At rest, but the heart beats at about this rate, whatever the cause.
    case tachycardia(rate: Double)
    /// The sensor lies on the table; the person sits.
    case notWorn
}

/// A day's course: activities one after another.
public struct Scenario: Hashable, Sendable {
    public struct Phase: Hashable, Sendable {
        public var activity: Activity
        public var length: TimeSpan

        public init(_ activity: Activity, for length: TimeSpan) {
            self.activity = activity
            self.length = length
        }
    }

    public var phases: [Phase]
    /// Begin again after the last phase; else the last one goes on.
    public var repeats: Bool

    public init(_ phases: [Phase], repeats: Bool = false) {
        self.phases = phases
        self.repeats = repeats
    }

    public var length: TimeSpan { phases.reduce(.zero) { $0 + $1.length } }

    /// What is done so long after the beginning; sitting in a scenario without phases.
    public func activity(at elapsed: TimeSpan) -> Activity {
        var rest = elapsed.milliseconds
        let length = self.length.milliseconds
        if repeats, length > 0 { rest %= length }
        for phase in phases {
            if rest < phase.length.milliseconds { return phase.activity }
            rest -= phase.length.milliseconds
        }
        return phases.last?.activity ?? .sit
    }

    /// An hour at home, over and over: for `vitald simulate`.
    public static let everyday = Scenario(
        [
            Phase(.sit, for: .minutes(20)), Phase(.household, for: .minutes(8)), Phase(.walk, for: .minutes(10)),
            Phase(.sit, for: .minutes(18)), Phase(.notWorn, for: .minutes(1)), Phase(.sit, for: .minutes(3)),
        ], repeats: true)
}
