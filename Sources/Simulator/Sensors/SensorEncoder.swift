import Vitals

/// Speaks a sensor's byte protocol for a synthetic person.
public protocol SensorEncoder: Sendable {
    /// Appends every frame that falls due before `time`, oldest first. What fell due before the last call is not
    /// repeated; an earlier `time` appends nothing.
    mutating func encode(until time: Timestamp, into frames: inout Frames)
}

/// Encoded frames, one after another, with the places where each ends.
public struct Frames: Hashable, Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Offset after each frame's last byte, rising.
    public private(set) var ends: [Int] = []

    public init() {}

    public var count: Int { ends.count }

    public mutating func append(_ frame: some Sequence<UInt8>) {
        bytes.append(contentsOf: frame)
        ends.append(bytes.count)
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
}

/// Follows a person second by second, and hands out the beats that sensors have not yet seen.
struct Wearer: Sendable {
    private var person: SyntheticPerson
    private(set) var second: SyntheticPerson.Second
    private var pending: [SyntheticPerson.Beat]
    private var nextPending = 0

    init(_ person: SyntheticPerson) {
        var person = person
        second = person.live()
        pending = second.beats
        self.person = person
    }

    var start: Timestamp { person.start }

    /// Lives on until `time` lies within `second`.
    mutating func live(to time: Timestamp) {
        while second.end <= time {
            second = person.live()
            if nextPending == pending.count {
                pending.removeAll(keepingCapacity: true)
                nextPending = 0
            }
            pending.append(contentsOf: second.beats)
        }
    }

    /// The oldest beat up to and including `time` that was not yet handed out.
    mutating func beat(before time: Timestamp) -> SyntheticPerson.Beat? {
        guard nextPending < pending.count, pending[nextPending].time <= time else { return nil }
        defer { nextPending += 1 }
        return pending[nextPending]
    }
}

/// The mean of the last few heartbeat intervals, as sensors show it: as beats per minute.
struct BeatAverage: Sendable {
    let size: Int
    private var intervals: [Double] = []
    private var next = 0

    init(of size: Int) { self.size = size }

    mutating func add(_ interval: Double) {
        if intervals.count < size {
            intervals.append(interval)
        } else {
            intervals[next] = interval
            next = (next + 1) % size
        }
    }

    mutating func removeAll() {
        intervals.removeAll(keepingCapacity: true)
        next = 0
    }

    var count: Int { intervals.count }

    /// Beats per minute, rounded; 0 without a beat.
    var rate: Int {
        let sum = intervals.reduce(0, +)
        return sum > 0 ? Int((60_000 * Double(intervals.count) / sum).rounded()) : 0
    }
}
