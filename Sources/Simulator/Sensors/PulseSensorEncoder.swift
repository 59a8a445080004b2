import Glibc
import Vitals

/// PulseSensor Playground on an Arduino, output type PROCESSING_VISUALIZER: a raw sample `S…` every 20 ms, and on each
/// beat the rate `B…` and the interval `Q…` in ms, lines ending in CR LF at 115200 baud.
///
/// Source: WorldFamousElectronics/PulseSensorPlayground, src/utility/PulseSensorSerialOutput.cpp. The rate is the mean
/// of the last ten intervals, as in the sketch. Without a finger there are raw samples only.
public struct PulseSensorEncoder: SensorEncoder {
    static let sampleLength = TimeSpan.milliseconds(20)

    private var wearer: Wearer
    private var random: SeededRandom
    private var sample: Int64 = 0
    private let rawEvery: Int64
    private var average = BeatAverage(of: 10)
    private var lastBeat: SyntheticPerson.Beat?

    /// - Parameter rawEvery: sends every so many-th raw sample; 1 is what the sketch does, 0 sends none.
    public init(wearer: SyntheticPerson, rawEvery: Int = 1) {
        random = SeededRandom(seed: UInt64(bitPattern: wearer.start.milliseconds))
        self.wearer = Wearer(wearer)
        self.rawEvery = Int64(max(rawEvery, 0))
    }

    public mutating func encode(until time: Timestamp, into frames: inout Frames) {
        while true {
            let due = wearer.start + PulseSensorEncoder.sampleLength * sample
            guard due < time else { return }
            encodeSample(at: due, into: &frames)
            sample += 1
        }
    }

    private mutating func encodeSample(at time: Timestamp, into frames: inout Frames) {
        wearer.live(to: time)
        let worn = wearer.second.worn
        if rawEvery > 0, sample % rawEvery == 0 {
            frames.append(PulseSensorEncoder.line("S", raw(at: time, worn: worn)))
        }
        while let beat = wearer.beat(before: time) {
            lastBeat = beat
            guard worn else {
                average.removeAll()
                continue
            }
            average.add(beat.interval)
            frames.append(PulseSensorEncoder.line("B", average.rate))
            frames.append(PulseSensorEncoder.line("Q", Int(beat.interval.rounded())))
        }
    }

    /// One line; `value` is held at 0…9999.
    public static func line(_ tag: Character, _ value: Int) -> [UInt8] {
        Array("\(tag)\(min(max(value, 0), 9999))\r\n".utf8)
    }

    /// Ten bits around the middle.
    private mutating func raw(at time: Timestamp, worn: Bool) -> Int {
        var value = 512 + 6 * random.normal()
        if worn, let lastBeat {
            let x = (Double((time - lastBeat.time).milliseconds) / lastBeat.interval - 0.2) / 0.11
            value += 260 * exp(-x * x) - 40
        }
        return min(max(Int(value), 0), 1023)
    }
}
