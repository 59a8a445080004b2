import Vitals

/// What goes wrong with a virtual device. Times count from its beginning.
public struct SensorTrouble: Hashable, Sendable {
    /// Stretches in which the sensor has no contact.
    public var contactLost: [Range<TimeSpan>] = []
    /// Stretches in which nothing is sent.
    public var silence: [Range<TimeSpan>] = []
    /// The battery loses one percent a minute.
    public var batteryFalls = false
    /// When counters go back to nothing. `nil`: those that begin anew each day do so at midnight.
    public var resetAt: TimeSpan?
    /// What is measured so long is kept, and then sent as history.
    public var withheld: TimeSpan?
    /// How many pieces of garbage come with every frame, on average; 0 to 1.
    public var garbage = 0.0

    public init() {}

    public static let none = SensorTrouble()
    /// Minutes for one percent of the battery while it falls.
    static let batteryPercent = TimeSpan.minutes(1)

    func isSilent(_ since: TimeSpan) -> Bool { silence.contains { $0.contains(since) } }

    /// A stretch without an end.
    public static func from(_ start: TimeSpan) -> Range<TimeSpan> { start..<TimeSpan(milliseconds: .max) }
}
