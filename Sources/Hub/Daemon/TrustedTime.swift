import Vitals

/// The time by which stored data grow old.
///
/// A clock may be years ahead: it has no battery, or the network answered wrongly. What is retired does not come back, so the
/// wall's time is believed only after a week of running under a clock that went on evenly. Until then the time that was
/// believed last goes on while the hub runs. A hub that was off for months keeps what is too old a week longer.
struct TrustedTime: Hashable, WireValue {
    /// How long the hub must run under an even clock: nothing is retired that is younger (`Retention.shortest`).
    private static let proof = TimeSpan.days(7)
    /// What a clock may be set by, and a hub be off for, without losing trust: samples that go too early are those of one week.
    static let longestStep = TimeSpan.days(7)

    private var believed = Timestamp.distantPast
    /// The wall's time at the last look; nil before the first.
    private var wall: Timestamp?
    /// How long the hub has run since the clock was last set by too much.
    private var proven = TimeSpan.zero

    init() {}

    /// What ages are counted from: never beyond what the wall says.
    var now: Timestamp { min(believed, wall ?? .distantPast) }

    /// Looks at the clock on the wall, when the hub has run for `elapsed` since the last look.
    ///
    /// - Returns: By how much the clock was set meanwhile, where that is too much to be believed at once.
    mutating func look(at wall: Timestamp, after elapsed: TimeSpan) -> TimeSpan? {
        let step = self.wall.map { wall - ($0 + elapsed) } ?? .zero
        let isEven = step <= Self.longestStep && .zero - step <= Self.longestStep
        self.wall = wall
        proven = isEven ? min(proven + elapsed, Self.proof) : .zero
        believed = proven == Self.proof ? wall : believed + elapsed
        return isEven ? nil : step
    }

    init(from reader: inout ByteReader) throws(WireError) {
        believed = try reader.time()
        wall = try reader.time()
        proven = try reader.span()
    }

    func write(to writer: inout ByteWriter) {
        writer.time(believed)
        writer.time(wall ?? .distantPast)
        writer.span(proven)
    }
}

extension TrustedTime {
    private static let component = "trusted-time"
    private static let version = 1

    /// Finds it among the states of a store. One that is missing or cannot be read begins anew, which only costs a week.
    init(_ states: [ComponentState]) {
        self.init()
        guard
            let state = states.first(where: {
                $0.person == nil && $0.component == Self.component && $0.version == Self.version
            })
        else { return }
        var reader = ByteReader(state.bytes)
        if let stored = try? TrustedTime(from: &reader) { self = stored }
    }

    var state: ComponentState {
        var writer = ByteWriter()
        writer.wire(self)
        return ComponentState(person: nil, component: Self.component, version: Self.version, bytes: writer.bytes)
    }
}
