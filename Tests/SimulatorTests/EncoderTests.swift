import Testing
import Vitals

@testable import Simulator

@Suite("Sensors in their own bytes")
struct EncoderTests {
    static let busy = Scenario(
        [
            .init(.sit, for: .seconds(30)), .init(.walk, for: .seconds(30)), .init(.notWorn, for: .seconds(10)),
            .init(.run(intensity: 0.9), for: .seconds(50)),
        ], repeats: true)

    static func encoders() -> [any SensorEncoder] {
        VirtualSensor.allCases.map { $0.encoder(for: SyntheticPerson(seed: 4, scenario: busy, start: noon)) }
    }

    @Test("the bytes do not depend on how often an encoder is asked")
    func chunks() {
        for encoder in EncoderTests.encoders() {
            var whole = Frames()
            var one = encoder
            one.encode(until: noon + .seconds(150), into: &whole)

            var pieces = Frames()
            var many = encoder
            var time = noon
            var random = SeededRandom(seed: 1)
            while time < noon + .seconds(150) {
                time = min(time + .milliseconds(Int64(random.uniform() * 1700)), noon + .seconds(150))
                many.encode(until: time, into: &pieces)
            }
            #expect(pieces == whole)
            #expect(whole.count > 100)
            many.encode(until: noon, into: &pieces)
            #expect(pieces == whole, "time that goes back sends nothing again")
        }
    }

    @Test("a CMS50 frame has the published layout")
    func frame() {
        // Vectors cms-01 and cms-03 of the profile.
        #expect(
            CMS50Encoder.Display(pulse: 72, spo2: 97, signal: 6, pleth: 0x30, bar: 3).bytes
                == [0x86, 0x30, 0x03, 0x48, 0x61])
        #expect(
            CMS50Encoder.Display(pulse: 0, spo2: 0, signal: 0, fingerOut: true, searching: true).bytes
                == [0x90, 0x00, 0x20, 0x00, 0x00])
        // Above 127 the pulse's top bit travels in byte 2.
        #expect(CMS50Encoder.Display(pulse: 150, spo2: 97).bytes[2...3] == [0x40, 22])
        #expect(CMS50Encoder.Display(pulse: 9999, spo2: -4, signal: 99, pleth: 999, bar: 99).bytes.count == 5)
    }

    @Test("a CMS50 sends 60 frames a second, and none but the first byte of each has the top bit")
    func cms50() {
        var frames = Frames()
        var encoder = CMS50Encoder(wearer: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon))
        encoder.encode(until: noon + .seconds(120), into: &frames)
        #expect(frames.count == 7200)
        #expect(frames.bytes.count == 36_000)
        for (i, byte) in frames.bytes.enumerated() { #expect((byte & 0x80 != 0) == (i % 5 == 0)) }

        func pulse(_ second: Int) -> Int {
            let i = second * 300
            return Int(frames.bytes[i + 2] & 0x40) << 1 | Int(frames.bytes[i + 3])
        }
        #expect((55...80).contains(pulse(25)))
        #expect(Array(frames.bytes[65 * 300..<65 * 300 + 5]) == [0x90, 0, 0x20, 0, 0], "off the finger")
        #expect(frames.bytes[72 * 300 + 2] & 0x20 != 0, "searching after the finger is back")
        #expect(pulse(72) == 0)
        #expect(pulse(118) > 120, "a pulse above 127 keeps its top bit")
        let beeps = (0..<60 * 60).count { frames.bytes[$0 * 5] & 0x40 != 0 }
        #expect((60...85).contains(beeps))
    }

    @Test("a PulseSensor sends 50 samples a second and each beat's rate and interval")
    func pulseSensor() {
        var frames = Frames()
        var encoder = PulseSensorEncoder(wearer: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon))
        encoder.encode(until: noon + .seconds(60), into: &frames)
        let text = String(decoding: frames.bytes, as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count == frames.count)
        #expect(lines.count { $0.hasPrefix("S") } == 3000)
        let intervals = lines.filter { $0.hasPrefix("Q") }.compactMap { Double($0.dropFirst()) }
        let rates = lines.filter { $0.hasPrefix("B") }.compactMap { Double($0.dropFirst()) }
        #expect(intervals.count == rates.count)
        for i in 9..<intervals.count {
            #expect(abs(rates[i] - 60_000 / mean(intervals[(i - 9)...i])) <= 0.6)
        }
        #expect(abs(intervals.reduce(0, +) - 60_000) < 2500)

        var sparse = Frames()
        var few = PulseSensorEncoder(
            wearer: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon), rawEvery: 0)
        few.encode(until: noon + .seconds(60), into: &sparse)
        #expect(
            String(decoding: sparse.bytes, as: UTF8.self)
                == lines.filter { !$0.hasPrefix("S") }.map { $0 + "\r\n" }.joined())
    }

    @Test("a PulseSensor without a finger sends no beats")
    func noFinger() {
        var frames = Frames()
        var encoder = PulseSensorEncoder(
            wearer: SyntheticPerson(seed: 4, scenario: Scenario([.init(.notWorn, for: .hours(1))]), start: noon))
        encoder.encode(until: noon + .seconds(10), into: &frames)
        #expect(frames.count == 500)
        #expect(String(decoding: frames.bytes, as: UTF8.self).allSatisfy { "S0123456789\r\n".contains($0) })
    }

    @Test("a home-made sensor sends one JSON line a second, steps counting up")
    func diyLines() {
        var frames = Frames()
        var encoder = DIYLinesEncoder(wearer: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon))
        encoder.encode(until: noon + .seconds(120) + .milliseconds(1), into: &frames)
        let lines = String(decoding: frames.bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 120)
        #expect(lines.first?.wholeMatch(of: /\{"hr":\d+,"steps":0,"bat":100\}/) != nil)
        #expect(lines[65].wholeMatch(of: /\{"steps":\d+,"bat":99,"ok":false\}/) != nil, "\(lines[65])")
        let steps = lines.compactMap { $0.firstMatch(of: /"steps":(\d+)/).flatMap { Int($0.1) } }
        #expect(steps.count == 120)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 })
        #expect((48...56).contains(steps[59]))
        #expect(
            String(
                decoding: DIYLinesEncoder.Line(
                    heartRate: 72, intervals: [833, 810], spo2: 97, steps: 1234, battery: 81
                )
                .bytes, as: UTF8.self)
                == "{\"hr\":72,\"rr\":[833,810],\"spo2\":97,\"steps\":1234,\"bat\":81}\n")
    }
}
