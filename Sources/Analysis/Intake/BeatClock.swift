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
    /// The packet before, and when it arrived: some sensors send intervals again.
    private var previous: [Float] = []
    private var previousArrival: Int64 = 0
    /// Repetitions reach back no further.
    private static let longestRepetition = 16

    struct Beat: Hashable, Sendable {
        var time: Int64
        var interval: Float
        /// Repeated by the sensor: it lies before beats already placed, or was in the packet before.
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
        let again = repeatedIntervals
        if var time = last {
            for interval in packet[..<again] { time -= Self.bounded(interval) }
            for interval in packet[..<again] {
                time += Self.bounded(interval)
                beats.append(beat(at: time, interval, repeated: true))
            }
        }
        let fresh = packet[again...]
        let total = Self.sum(fresh)
        let end = Double(arrival)
        var time = end - total
        var before = -Double.infinity
        if let last {
            before = last
            let predicted = last + total
            if predicted <= end, end - predicted <= Double(Self.slack) || fresh.isEmpty { time = last }
        }
        for interval in fresh {
            time += Self.bounded(interval)
            beats.append(beat(at: time, interval, repeated: time <= before))
        }
        last = time
        swap(&previous, &packet)
        packet.removeAll(keepingCapacity: true)
        previousArrival = arrival
    }

    /// How many intervals at the packet's beginning are the end of the packet before, sent again: so many that the time
    /// between the two packets fits the rest of the intervals best. Equal intervals alone prove nothing.
    private var repeatedIntervals: Int {
        guard last != nil else { return 0 }
        let elapsed = Double(arrival - previousArrival)
        var rest = Self.sum(packet[...])
        var best = (count: 0, distance: abs(elapsed - rest))
        for count in 1...Self.longestRepetition {
            guard count <= packet.count, count <= previous.count else { break }
            rest -= Self.bounded(packet[count - 1])
            let distance = abs(elapsed - rest)
            if distance < best.distance, previous.suffix(count).elementsEqual(packet.prefix(count)) {
                best = (count, distance)
            }
        }
        return best.count
    }

    private func beat(at time: Double, _ interval: Float, repeated: Bool) -> Beat {
        let placed = Swift.min(Int64(time.rounded(.down)), arrival)
        return Beat(time: Swift.max(0, placed), interval: interval, repeated: repeated, lost: lost)
    }

    private static func sum(_ intervals: ArraySlice<Float>) -> Double {
        var total = 0.0
        for interval in intervals { total += bounded(interval) }
        return total
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
        writer.list(previous) { $0.float($1) }
        writer.integer(previousArrival)
    }

    init(from reader: inout ByteReader, version: Int) throws(WireError) {
        packet = try reader.list { (r: inout ByteReader) throws(WireError) in try r.float() }
        arrival = try reader.integer()
        lost = try reader.bool()
        last = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.double() }
        if version > 2 {
            previous = try reader.list { (r: inout ByteReader) throws(WireError) in try r.float() }
            previousArrival = try reader.integer()
        }
        guard previousArrival >= 0, previousArrival <= Intake.lastTime, arrival >= 0, arrival <= Intake.lastTime else {
            throw WireError(.malformed("a packet that arrived never"), at: reader.offset)
        }
        guard packet.allSatisfy(\.isFinite), previous.allSatisfy(\.isFinite), last?.isFinite ?? true else {
            throw WireError(.malformed("a beat that is not a number"), at: reader.offset)
        }
    }
}
