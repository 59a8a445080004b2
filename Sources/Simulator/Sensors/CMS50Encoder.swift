import Glibc
import Vitals

/// Contec CMS50D+/CMS50E pulse oximeter, 5-byte protocol: 60 frames a second at 19200 8O1.
///
/// Frame (atbrask/CMS50Dplus; tranzoa.net/~alex/blog/?p=371): sync and flags with the signal strength, pleth, flags with
/// bit 7 of the pulse and the bar graph, pulse, SpO2. Without a finger pulse and SpO2 are 0.
public struct CMS50Encoder: SensorEncoder {
    /// What one frame says.
    public struct Display: Hashable, Sendable {
        /// Beats per minute, 0…255; 0 is none.
        public var pulse: Int
        /// Percent, 0…127; 0 and 127 are none.
        public var spo2: Int
        /// 0…15.
        public var signal: Int
        /// 0…127.
        public var pleth: Int
        /// 0…15.
        public var bar: Int
        public var beep: Bool
        public var fingerOut: Bool
        public var searching: Bool
        public var probeError: Bool

        public init(
            pulse: Int, spo2: Int, signal: Int = 7, pleth: Int = 0, bar: Int = 0, beep: Bool = false,
            fingerOut: Bool = false, searching: Bool = false, probeError: Bool = false
        ) {
            self.pulse = pulse
            self.spo2 = spo2
            self.signal = signal
            self.pleth = pleth
            self.bar = bar
            self.beep = beep
            self.fingerOut = fingerOut
            self.searching = searching
            self.probeError = probeError
        }

        /// The five bytes; numbers out of range are held at its ends.
        public var bytes: [UInt8] {
            func held(_ value: Int, _ top: Int) -> UInt8 { UInt8(min(max(value, 0), top)) }
            let pulse = held(pulse, 255)
            return [
                0x80 | (beep ? 0x40 : 0) | (fingerOut ? 0x10 : 0) | held(signal, 15),
                held(pleth, 127),
                ((pulse & 0x80) >> 1) | (searching ? 0x20 : 0) | (probeError ? 0x10 : 0) | held(bar, 15),
                pulse & 0x7F,
                held(spo2, 127),
            ]
        }
    }

    public static let framesPerSecond: Int64 = 60
    /// A finger needs a few seconds of beats before figures appear.
    static let searchTime = TimeSpan.seconds(5)

    private var wearer: Wearer
    private var frame: Int64 = 0
    private var average = BeatAverage(of: 8)
    private var lastBeat: SyntheticPerson.Beat?
    private var wornSince: Timestamp?

    public init(wearer: SyntheticPerson) { self.wearer = Wearer(wearer) }

    public mutating func encode(until time: Timestamp, into frames: inout Frames) {
        while true {
            let due = wearer.start + .milliseconds(frame * 1000 / CMS50Encoder.framesPerSecond)
            guard due < time else { return }
            frames.append(display(at: due).bytes)
            frame += 1
        }
    }

    private mutating func display(at time: Timestamp) -> Display {
        wearer.live(to: time)
        var beep = false
        while let beat = wearer.beat(before: time) {
            average.add(beat.interval)
            lastBeat = beat
            beep = true
        }
        guard wearer.second.worn else {
            wornSince = nil
            average.removeAll()
            return Display(pulse: 0, spo2: 0, signal: 0, fingerOut: true, searching: true)
        }
        let since = wornSince ?? time
        wornSince = since
        let wave = lastBeat.map { pleth(phase: Double((time - $0.time).milliseconds) / $0.interval) } ?? 0
        let searching = time - since < CMS50Encoder.searchTime && since > wearer.start
        return Display(
            pulse: searching ? 0 : average.rate, spo2: searching ? 0 : Int(wearer.second.oxygenSaturation.rounded()),
            pleth: wave, bar: wave / 8, beep: beep, searching: searching)
    }

    /// The pulse wave after a beat: the systolic peak and the smaller one after the dicrotic notch.
    private func pleth(phase: Double) -> Int {
        func bump(_ at: Double, _ width: Double) -> Double {
            let x = (phase - at) / width
            return exp(-x * x)
        }
        return Int(15 + 80 * bump(0.2, 0.11) + 30 * bump(0.55, 0.15))
    }
}
