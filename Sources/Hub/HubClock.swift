import Glibc
import Synchronization
import Vitals

/// The hub's clock: `CLOCK_BOOTTIME` plus a recorded offset, so it never goes backward and counts suspend.
///
/// This is the only file that reads a clock. `rate` above 1 makes hub time run faster than the wall, for the demo.
public struct HubClock: Sendable {
    /// Hub milliseconds per real millisecond.
    public let rate: Int64
    private let origin: Timestamp
    /// Nanoseconds of `CLOCK_BOOTTIME` at `origin`.
    private let bootOrigin: Int64

    /// A clock that starts at the wall's time, or at `start`.
    public init(start: Timestamp? = nil, rate: Int64 = 1) {
        self.rate = rate
        bootOrigin = HubClock.nanoseconds(CLOCK_BOOTTIME)
        origin = start ?? HubClock.wall()
    }

    /// Hub time now.
    public func now() -> Timestamp {
        let passed = (HubClock.nanoseconds(CLOCK_BOOTTIME) - bootOrigin) * rate
        return Timestamp(milliseconds: origin.milliseconds + passed / 1_000_000)
    }

    /// How far the wall's clock has moved away from the hub's since this clock was made: positive when the wall is
    /// ahead. Meaningful at rate 1 only.
    public func drift() -> TimeSpan { HubClock.wall() - now() }

    /// Hub time continued without a jump, from a wall clock that was set meanwhile.
    ///
    /// A forward step is taken at once; a backward step is not taken, since hub time never goes back.
    public func resynchronised() -> HubClock {
        HubClock(start: max(now(), HubClock.wall()), rate: rate)
    }

    /// The wall's time, as the operating system has it.
    public static func wall() -> Timestamp { Timestamp(milliseconds: nanoseconds(CLOCK_REALTIME) / 1_000_000) }

    /// Total time the machine has been suspended since it booted.
    public static func suspended() -> TimeSpan {
        TimeSpan(milliseconds: (nanoseconds(CLOCK_BOOTTIME) - nanoseconds(CLOCK_MONOTONIC)) / 1_000_000)
    }

    /// Monotonic time in milliseconds, for measuring how long things take.
    public static func stopwatch() -> Int64 { nanoseconds(CLOCK_MONOTONIC) / 1_000_000 }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// One clock for the hub and its links: when the wall's clock is set, all of them follow together.
public final class SharedClock: Sendable {
    private let clock: Mutex<HubClock>
    public let rate: Int64

    public init(_ clock: HubClock = HubClock()) {
        self.clock = Mutex(clock)
        rate = clock.rate
    }

    public func now() -> Timestamp { clock.withLock { $0.now() } }

    /// How far the wall is ahead.
    public func drift() -> TimeSpan { clock.withLock { $0.drift() } }

    /// Follows a wall clock that was set forward.
    func resynchronise() { clock.withLock { $0 = $0.resynchronised() } }

    /// Goes on at `time` at least: hub time does not go back behind what the store has seen.
    func advance(to time: Timestamp) {
        clock.withLock { if $0.now() < time { $0 = HubClock(start: time, rate: $0.rate) } }
    }
}
