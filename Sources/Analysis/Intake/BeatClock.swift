import Vitals

/// Places heartbeats in time: a packet brings the lengths of the intervals, oldest first, and arrives after the last.
///
/// Beats run on from the last placed one, so that intervals stay exactly as long as the sensor said. The packet's own
/// arrival sets the clock anew where the sum ran ahead of it, or fell behind by more than `slack`.
struct BeatClock: Sendable, Equatable {
    /// A strap sends beats up to a second old, twice a second at most; packets wait in buffers for about another.
    static let slack: Int64 = 2500
    /// Longer intervals than this only say that beats were missed.
    static let longestInterval = 10_000.0
    /// A packet never holds more.
    static let longestPacket = 512

    /// Intervals of the packet being received, oldest first, in ms.
    private(set) var packet: [Float] = []
    private(set) var arrival: Int64 = 0
    private var lost = false
    /// Exact time of the last placed beat, in ms.
    private var last: Double?

    struct Beat: Hashable, Sendable {
        var time: Int64
        var interval: Float
        /// It lies before beats already placed: repeated by the sensor.
        var repeated: Bool
        var lost: Bool
    }

    /// Takes one interval; a complete packet is placed into `beats`.
    mutating func take(
        _ interval: Float, index: Int, count: Int, arrival time: Int64, contactLost: Bool, into beats: inout [Beat]
    ) {
        if !packet.isEmpty, index == 0 || time != arrival { flush(into: &beats) }
        guard packet.count < Self.longestPacket else { return }
        if packet.isEmpty { lost = contactLost }
        arrival = time
        packet.append(interval)
        if index &+ 1 >= count { flush(into: &beats) }
    }

    /// Places what has been received.
    mutating func flush(into beats: inout [Beat]) {
        guard !packet.isEmpty else { return }
        var total = 0.0
        for interval in packet { total += Self.bounded(interval) }
        let end = Double(arrival)
        var start = end - total
        var previous = -Double.infinity
        if let last {
            previous = last
            let predicted = last + total
            if predicted <= end, end - predicted <= Double(Self.slack) { start = last }
        }
        var time = start
        for interval in packet {
            time += Self.bounded(interval)
            let placed = Swift.min(Int64(time.rounded(.down)), arrival)
            beats.append(
                Beat(time: Swift.max(0, placed), interval: interval, repeated: time <= previous, lost: lost))
        }
        last = time
        packet.removeAll(keepingCapacity: true)
    }

    private static func bounded(_ interval: Float) -> Double {
        Swift.min(Swift.max(Double(interval), 0), longestInterval)
    }
}

extension BeatClock {
    func write(to writer: inout ByteWriter) {
        writer.list(packet) { $0.float($1) }
        writer.integer(arrival)
        writer.bool(lost)
        writer.optional(last) { $0.double($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        packet = try reader.list { (r: inout ByteReader) throws(WireError) in try r.float() }
        arrival = try reader.integer()
        lost = try reader.bool()
        last = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.double() }
        guard packet.allSatisfy(\.isFinite), last?.isFinite ?? true else {
            throw WireError(.malformed("a beat that is not a number"), at: reader.offset)
        }
    }
}
