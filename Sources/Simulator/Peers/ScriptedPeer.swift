import Vitals

/// A device that answers what it is told, byte for byte as the real one: what drivers and conversations are tested with.
///
/// A peer is a value without a clock: it is told what came and when, and asked what it sends until when.
public protocol ScriptedPeer: Sendable {
    mutating func received(_ bytes: [UInt8], at: Timestamp)
    /// Everything it sends before or at `time` and has not sent yet, oldest first.
    mutating func sent(until time: Timestamp) -> [Sending]
    /// When it sends next; `nil`: only when it is spoken to.
    var next: Timestamp? { get }
}

/// Bytes as one packet or one stretch, and when they leave.
public struct Sending: Hashable, Sendable {
    public var at: Timestamp
    public var bytes: [UInt8]

    public init(at: Timestamp, bytes: [UInt8]) {
        self.at = at
        self.bytes = bytes
    }
}

/// What goes wrong on the way from a device.
public struct Mishaps: Hashable, Sendable {
    /// Every sending comes that much later.
    public var delay = TimeSpan.zero
    /// Sendings that never come, counted from 0.
    public var lost: Set<Int> = []
    /// Sendings of which one bit is flipped.
    public var damaged: Set<Int> = []
    /// Put before sendings.
    public var noise: [Int: [UInt8]] = [:]
    /// From this sending on the device says nothing any more.
    public var silentFrom: Int?

    public init() {}
}

/// What waits to be sent, in order of time, with its mishaps.
struct Outbox: Sendable {
    var mishaps = Mishaps()
    private var waiting: [Sending] = []
    private var count = 0

    var next: Timestamp? { waiting.first?.at }

    mutating func post(_ bytes: [UInt8], at: Timestamp) {
        let number = count
        count += 1
        guard !mishaps.lost.contains(number), mishaps.silentFrom.map({ number < $0 }) ?? true else { return }
        var bytes = bytes
        if mishaps.damaged.contains(number), !bytes.isEmpty { bytes[bytes.count / 2] ^= 0x04 }
        let sending = Sending(at: at + mishaps.delay, bytes: (mishaps.noise[number] ?? []) + bytes)
        let place = waiting.lastIndex { $0.at <= sending.at }.map { $0 + 1 } ?? 0
        waiting.insert(sending, at: place)
    }

    mutating func take(until time: Timestamp) -> [Sending] {
        let due = waiting.prefix { $0.at <= time }
        waiting.removeFirst(due.count)
        return Array(due)
    }

    mutating func clear() { waiting = [] }
}
