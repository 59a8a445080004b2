import Vitals

/// A stream with silences and garbage in it.
public struct TroubledEncoder: SensorEncoder {
    private var encoder: any SensorEncoder
    private let trouble: SensorTrouble
    private let start: Timestamp
    private var at: Timestamp
    private var random: SeededRandom
    private var fresh = Frames()

    /// - Parameter start: the beginning from which the trouble's times count.
    public init(_ encoder: any SensorEncoder, trouble: SensorTrouble, start: Timestamp) {
        self.encoder = encoder
        self.trouble = trouble
        self.start = start
        at = start
        random = SeededRandom(seed: UInt64(bitPattern: start.milliseconds))
    }

    public mutating func encode(until time: Timestamp, into frames: inout Frames) {
        while at < time {
            // Up to where silence begins or ends.
            let edges = trouble.silence.flatMap { [$0.lowerBound, $0.upperBound] }
            let since = at - start
            let next = edges.filter { $0 > since }.min().map { min(start + $0, time) } ?? time
            fresh.removeAll()
            encoder.encode(until: next, into: &fresh)
            at = next
            guard !trouble.isSilent(since) else { continue }
            var begin = 0
            for end in fresh.ends {
                if trouble.garbage > 0, random.uniform() < trouble.garbage { frames.append(random.garbage()) }
                frames.append(fresh.bytes[begin..<end])
                begin = end
            }
        }
    }
}

extension SeededRandom {
    /// Up to sixteen bytes that mean nothing.
    mutating func garbage() -> [UInt8] {
        (0..<1 + Int(uniform() * 16)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
