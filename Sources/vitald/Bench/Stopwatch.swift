import Glibc
import Hub

/// What a stretch of work cost: time on the wall, time on a core, allocations.
struct Lap: Sendable {
    /// What was done, in units of the caller's choice: samples, frames, simulated seconds.
    var amount = 0.0
    /// Seconds that passed.
    var wall = 0.0
    /// Seconds this process ran, in user mode and in the kernel.
    var cpu = 0.0
    /// Calls that asked for memory; nil when nobody counts them.
    var allocations: Double? = 0

    /// Times `work`, which returns the amount it did.
    static func timing(_ work: () throws -> Double) rethrows -> Lap {
        let start = Stopwatch.read()
        let amount = try work()
        let end = Stopwatch.read()
        return Lap(
            amount: amount, wall: end.wall - start.wall, cpu: end.cpu - start.cpu,
            allocations: start.allocations.flatMap { first in end.allocations.map { Double($0 &- first) } })
    }

    static func + (a: Lap, b: Lap) -> Lap {
        Lap(
            amount: a.amount + b.amount, wall: a.wall + b.wall, cpu: a.cpu + b.cpu,
            allocations: a.allocations.flatMap { first in b.allocations.map { first + $0 } })
    }

    /// Amount per second of one core. Work that never waits is measured so: other programs on the machine change it
    /// less than the time on the wall.
    var rate: Double { amount / cpu }
    /// Amount per second on the wall: for work that waits for a disk.
    var wallRate: Double { amount / wall }
    /// Core seconds for one unit.
    var cost: Double { cpu / amount }
}

/// The clocks that benchmarks read. The wall comes from `HubClock`, in milliseconds; the core's time is the kernel's
/// account of this process.
enum Stopwatch {
    struct Reading {
        var wall: Double
        var cpu: Double
        var allocations: UInt64?
    }

    static func read() -> Reading {
        Reading(
            wall: Double(HubClock.stopwatch()) / 1000, cpu: seconds(of: __rusage_who_t(RUSAGE_SELF.rawValue)),
            allocations: AllocationCount.now)
    }

    /// Seconds of a core that the calling thread took.
    static func thread() -> Double { seconds(of: __rusage_who_t(1)) }

    /// The most memory that this process ever held, in bytes. Not `getrusage`'s, which counts that of whoever started it, too.
    static var peakMemory: Double? {
        guard let status = try? FileTree.bytes(of: "/proc/self/status") else { return nil }
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Double($0) }.first.map { $0 * 1024 }
    }

    private static func seconds(of who: __rusage_who_t) -> Double {
        var usage = rusage()
        getrusage(who, &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

/// How often memory was asked for. The C library keeps no such count: `Benchmarks/allocations.c`, preloaded, does.
enum AllocationCount {
    /// nil unless the counter is preloaded.
    static var now: UInt64? {
        guard let symbol = dlsym(nil, "vitald_allocations") else { return nil }
        return symbol.assumingMemoryBound(to: UInt64.self).pointee
    }
}
