import Simulator
import Vitals

/// What sensors on a synthetic person send: the same seed, the same bytes.
enum BenchDay {
    /// A minute between two totals of a step counter.
    private static let stepInterval = 60

    /// Seconds of somebody's ordinary life, hour after hour.
    static func seconds(_ count: Int, seed: UInt64 = 1) -> [SyntheticPerson.Second] {
        var person = SyntheticPerson(seed: seed, start: BenchHousehold.start, offset: .hours(2))
        return (0..<count).map { _ in person.live() }
    }

    /// Heart rate each second, steps each minute, in order of arrival.
    static func samples(_ seconds: [SyntheticPerson.Second], sensor: DeviceID, watch: DeviceID) -> [Sample] {
        var samples: [Sample] = []
        var told = 0
        for (number, second) in seconds.enumerated() {
            if second.worn {
                samples.append(
                    Sample(
                        metric: .heartRate, value: Float(second.heartRate.rounded()), time: second.end,
                        received: second.end, source: sensor))
            }
            guard number % stepInterval == stepInterval - 1 else { continue }
            samples.append(
                Sample(
                    metric: .steps, value: Float(second.steps - told), time: second.end, span: 60_000,
                    received: second.end, source: watch))
            told = second.steps
        }
        return samples
    }

    /// One notification of a Heart Rate Service sensor (Bluetooth SIG Heart Rate Service 1.0, §3.1): contact found or
    /// lost, an eight-bit rate, and with `beats` the intervals in 1/1024 s.
    static func heartRateMeasurement(_ second: SyntheticPerson.Second, beats: Bool) -> [UInt8] {
        let rate = UInt8(min(max(second.heartRate.rounded(), 1), 255))
        guard second.worn else { return [0x04, rate] }
        guard beats, !second.beats.isEmpty else { return [0x06, rate] }
        var bytes: [UInt8] = [0x16, rate]
        for beat in second.beats {
            let interval = UInt16(min(max((beat.interval * 1024 / 1000).rounded(), 0), 65_535))
            bytes.append(UInt8(truncatingIfNeeded: interval))
            bytes.append(UInt8(truncatingIfNeeded: interval >> 8))
        }
        return bytes
    }

    /// A strap's notification each second, a watch's total of steps each minute.
    static func strapInputs(
        _ seconds: [SyntheticPerson.Second], beats: Bool, sensor: DeviceID, watch: DeviceID
    ) -> [Input] {
        var inputs: [Input] = []
        for (number, second) in seconds.enumerated() {
            let bytes = heartRateMeasurement(second, beats: beats)
            inputs.append(Input(at: second.end, .frame(device: sensor, input: "hrm", bytes: bytes)))
            if number % stepInterval == stepInterval - 1 {
                inputs.append(Input(at: second.end, total(second.steps, of: watch)))
            }
        }
        return inputs
    }

    static func total(_ steps: Int, of watch: DeviceID) -> Input.Body {
        let total = UInt32(truncatingIfNeeded: steps)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: total >> ($0 * 8)) }
        return .frame(device: watch, input: BenchHousehold.watchInput, bytes: bytes)
    }

    /// An oximeter's stream, cut into what a serial line holds when it is read ten times a second.
    static func oximeterInputs(_ count: Int, seed: UInt64 = 1, sensor: DeviceID) -> [Input] {
        oximeterReads(count, seed: seed).map { read in
            Input(at: read.at, .frame(device: sensor, input: "port", bytes: read.bytes))
        }
    }

    static func oximeterReads(_ count: Int, seed: UInt64 = 1) -> [(at: Timestamp, bytes: [UInt8])] {
        let person = SyntheticPerson(seed: seed, start: BenchHousehold.start, offset: .hours(2))
        var encoder = CMS50Encoder(wearer: person)
        var frames = Frames()
        return (1...count * 10).map { tenth in
            let at = BenchHousehold.start + .milliseconds(Int64(tenth) * 100)
            frames.removeAll()
            encoder.encode(until: at, into: &frames)
            return (at, frames.bytes)
        }
    }
}
