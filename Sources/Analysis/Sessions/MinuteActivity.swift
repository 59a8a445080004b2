/// How one minute of movement looks, from whatever measured it.
enum MinuteActivity: UInt8, Sendable {
    /// Nothing measured movement.
    case unknown = 0
    case calm, between, active

    // Moderate walking is about 100 steps a minute (Tudor-Locke 2018, Br J Sports Med 52:776); 60 is purposeful walking,
    // and above what standing about brings. Below 40 nobody is under way.
    static let activeSteps = 60.0
    static let calmSteps = 40.0
    /// Turns or strides per minute: slow cycling.
    static let activeCadence = 40.0
    static let calmCadence = 20.0
    /// m/s: brisk walking, and strolling.
    static let activeSpeed = 1.4
    static let calmSpeed = 0.7
    /// W: easy cycling, and coasting.
    static let activePower = 40.0
    static let calmPower = 15.0
    /// A minute's steps are known when at least half of it is covered.
    static let knownSteps = 30_000

    static func of(_ value: Double, calm: Double, active: Double) -> MinuteActivity {
        value >= active ? .active : value < calm ? .calm : .between
    }
}
