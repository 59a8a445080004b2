import Links
import Synchronization
import Vitals

/// What the links of a household know of their devices from run to run. Links ask from their own queues.
final class LinkMemories: Sendable {
    private let kept = Mutex<(memories: [DeviceID: LinkMemory], changed: Set<DeviceID>)>(([:], []))

    /// What a device stored just before it was last asked may have been finished since: a bucket of a quarter of an hour.
    private static let overlap = TimeSpan.hours(1)

    func restore(_ states: [ComponentState]) { kept.withLock { $0 = (LinkMemory.all(in: states), []) } }

    func apply(_ change: LinkMemory.Change, of device: DeviceID) {
        kept.withLock {
            var memory = $0.memories[device] ?? LinkMemory()
            memory.apply(change)
            guard memory != $0.memories[device] else { return }
            $0.memories[device] = memory
            $0.changed.insert(device)
        }
    }

    func driver(of device: DeviceID) -> DriverMemory? { kept.withLock { $0.memories[device]?.driver } }

    /// Since when a device is asked for what it has stored: what came whole is not asked for again, and nothing older
    /// than `span`.
    func since(_ now: Timestamp, within span: TimeSpan, of device: DeviceID) -> Timestamp {
        let known = kept.withLock { $0.memories[device]?.wholeUntil.map { $0 - Self.overlap } }
        return max(now - span, known ?? .distantPast)
    }

    /// Those that changed since the last call, to be committed.
    func takeChanged() -> [ComponentState] {
        kept.withLock { kept in
            let states = kept.changed.sorted().compactMap { kept.memories[$0]?.state(of: $0) }
            kept.changed = []
            return states
        }
    }
}
