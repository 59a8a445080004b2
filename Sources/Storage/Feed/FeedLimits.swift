import Vitals

/// How long and how much is kept for followers: `feed` in the configuration.
public struct FeedLimits: Hashable, Sendable {
    /// A commit that all followers have is kept this long yet, by the hub's clock, so that an acknowledgement can go back.
    public var age = TimeSpan.days(1)
    /// Bytes of all commits that are kept: days of a household, 40 minutes of a house of a thousand. Beyond it the oldest go,
    /// whoever lacks them; the last one stays whatever its size.
    public var bytes = 256 << 20

    public init() {}

    public init(age: TimeSpan, bytes: Int) {
        self.age = age
        self.bytes = bytes
    }
}
