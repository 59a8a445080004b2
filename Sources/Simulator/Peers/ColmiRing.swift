import Vitals

/// A Colmi ring behind its two characteristics: sixteen bytes each way, the last their sum.
///
/// Sources: tahnok/colmi_r02_client@9e08383f63; Gadgetbridge@a0948ee1cb ColmiR0xPacketHandler.java.
public struct ColmiRing: ScriptedPeer {
    /// What it has of a day, today being 0: heart rate by five minutes from 00:00 (0 is none), steps by quarter.
    public struct Day: Hashable, Sendable {
        public var heartRate: [UInt8]
        public var steps: [Int: UInt16]

        public init(heartRate: [UInt8] = [], steps: [Int: UInt16] = [:]) {
            self.heartRate = heartRate
            self.steps = steps
        }
    }

    private let days: [Int: Day]
    private let battery: UInt8
    private var outbox = Outbox()
    /// What it was last told.
    public private(set) var clock: Timestamp?
    /// When live heart rate ends unless it is asked for again.
    private var liveUntil: Timestamp?
    private var nextLive: Timestamp?

    private static let minutes = 5
    private static let pace = TimeSpan.milliseconds(40)
    /// The ring measures for about a minute after each request.
    private static let liveTime = TimeSpan.seconds(60)
    private static let firstSlots = 9
    private static let moreSlots = 13

    public init(days: [Int: Day], battery: UInt8 = 64, mishaps: Mishaps = Mishaps()) {
        self.days = days
        self.battery = battery
        outbox.mishaps = mishaps
    }

    public var next: Timestamp? { [outbox.next, nextLive].compactMap(\.self).min() }

    public mutating func received(_ packet: [UInt8], at: Timestamp) {
        guard packet.count == 16, packet.dropLast().reduce(0, &+) == packet[15] else { return }
        let number = packet[1...4].reversed().reduce(0) { $0 << 8 | Int64($1) }
        switch packet[0] {
        case 0x01:
            clock = Self.time(packet)
            post([0x01, 0x00, 0x01, 0x00, 0x22], at)
        case 0x03: post([0x03, battery, 0], at)
        case 0x15: heartRateLog(dayStart: number, at)
        case 0x16: post(Array(packet[..<4]), at)
        case 0x43: quarters(daysAgo: Int(packet[1]), at)
        case 0x69:
            liveUntil = at + Self.liveTime
            if nextLive == nil { nextLive = at + .seconds(3) }
        case 0x6A:
            (liveUntil, nextLive) = (nil, nil)
            post([0x6A, packet[1]], at)
        default: post([packet[0] | 0x80], at)
        }
    }

    public mutating func sent(until time: Timestamp) -> [Sending] {
        while let due = nextLive, due <= time {
            post([0x69, 1, 0, 78], due)
            nextLive = liveUntil.map { due < $0 } ?? false ? due + .seconds(1) : nil
        }
        return outbox.take(until: time)
    }

    /// A packet that nobody asked for.
    public mutating func push(_ bytes: [UInt8], at: Timestamp) { post(bytes, at) }

    private mutating func post(_ bytes: [UInt8], _ at: Timestamp, number: Int = 1) {
        var packet = Array(bytes.prefix(15))
        packet += [UInt8](repeating: 0, count: 15 - packet.count)
        outbox.post(packet + [packet.reduce(0, &+)], at: at + Self.pace * Int64(number))
    }

    private static func time(_ packet: [UInt8]) -> Timestamp? {
        let parts = packet[1...6].map { Int($0 >> 4) * 10 + Int($0 & 0x0F) }
        let text = parts.map { $0 < 10 ? "0\($0)" : "\($0)" }
        return Timestamp("20\(text[0])-\(text[1])-\(text[2])T\(text[3]):\(text[4]):\(text[5])Z")
    }

    private func day(_ index: Int) -> Day? { days[index] }

    private mutating func heartRateLog(dayStart: Int64, _ at: Timestamp) {
        let today = (clock ?? at).floored(to: .days(1))
        let daysAgo = (today - Timestamp(milliseconds: dayStart * 1000)).milliseconds / 86_400_000
        guard let slots = day(Int(daysAgo))?.heartRate, !slots.isEmpty else { return post([0x15, 0xFF], at) }
        var rest = slots[...]
        var packets: [[UInt8]] = []
        let stamp = (0..<4).map { UInt8(truncatingIfNeeded: dayStart >> Int64(8 * $0)) }
        packets.append([0x15, 1] + stamp + rest.prefix(Self.firstSlots))
        rest = rest.dropFirst(Self.firstSlots)
        while !rest.isEmpty {
            packets.append([0x15, UInt8(truncatingIfNeeded: packets.count + 1)] + rest.prefix(Self.moreSlots))
            rest = rest.dropFirst(Self.moreSlots)
        }
        post([0x15, 0, UInt8(truncatingIfNeeded: packets.count + 1), UInt8(Self.minutes)], at)
        for (index, packet) in packets.enumerated() { post(packet, at, number: index + 2) }
    }

    private mutating func quarters(daysAgo: Int, _ at: Timestamp) {
        guard let steps = day(daysAgo)?.steps, !steps.isEmpty else { return post([0x43, 0xFF], at) }
        let date = Zone.utc.day(of: (clock ?? at) - .days(Int64(daysAgo))).civil
        func bcd(_ value: Int) -> UInt8 { UInt8(truncatingIfNeeded: (value / 10) << 4 | value % 10) }
        let total = UInt8(truncatingIfNeeded: steps.count)
        post([0x43, 0xF0, total], at)
        for (index, (quarter, count)) in steps.sorted(by: { $0.key < $1.key }).enumerated() {
            let figures = [UInt16(0), count, count / 2].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            post(
                [0x43, bcd(date.year % 100), bcd(date.month), bcd(date.day), UInt8(truncatingIfNeeded: quarter)]
                    + [UInt8(truncatingIfNeeded: index), total] + figures,
                at, number: index + 2)
        }
    }
}
