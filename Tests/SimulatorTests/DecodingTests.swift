import FoundationEssentials
import Profiles
import Testing
import Vitals

@testable import Simulator

@Suite("What the shipped profiles make of the simulated bytes")
struct DecodingTests {
    /// The profile as shipped, from the folder beside `Sources`.
    static func profile(_ sensor: VirtualSensor) throws -> Profile {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let folder = root + "/DeviceProfiles"
        var files: [Configured.File] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let path = "\(folder)/\(name)"
            guard name.hasSuffix(".json5"), let bytes = FileManager.default.contents(atPath: path) else { continue }
            files.append(Configured.File(path: path, text: String(decoding: bytes, as: UTF8.self)))
        }
        guard let profile = ProfileLibrary(files: files)[sensor.profile] else {
            throw Missing(profile: sensor.profile)
        }
        return profile
    }

    struct Missing: Error { let profile: String }

    static func decode(_ bytes: [UInt8], _ profile: Profile) -> Decoded {
        var decoder = Decoder(profile, timed: false)
        var decoded = Decoded()
        decoder.feed(bytes, input: "port", at: noon, into: &decoded)
        return decoded
    }

    static func values(_ decoded: Decoded, _ metric: Metric) -> [Double] {
        decoded.readings.filter { $0.metric == metric }.map(\.value)
    }

    @Test("any CMS50 display comes back as what it showed, or as nothing where it showed nothing")
    func cms50() throws {
        let profile = try DecodingTests.profile(.cms50)
        var random = SeededRandom(seed: 9)
        for _ in 0..<5000 {
            func flag(_ odds: Int) -> Bool { Int.random(in: 0..<odds, using: &random) == 0 }
            let display = CMS50Encoder.Display(
                pulse: Int.random(in: 0...255, using: &random), spo2: Int.random(in: 0...127, using: &random),
                signal: Int.random(in: 0...15, using: &random), pleth: Int.random(in: 0...127, using: &random),
                bar: Int.random(in: 0...15, using: &random), beep: flag(2), fingerOut: flag(8), searching: flag(8),
                probeError: flag(8))
            let decoded = DecodingTests.decode(display.bytes, profile)
            let shows = !display.fingerOut && !display.searching && !display.probeError
            let hasPulse = shows && display.pulse != 0 && display.pulse != 255
            let hasSpO2 = shows && display.spo2 != 0 && display.spo2 != 127
            #expect(DecodingTests.values(decoded, .heartRate) == (hasPulse ? [Double(display.pulse)] : []))
            #expect(DecodingTests.values(decoded, .spo2) == (hasSpO2 ? [Double(display.spo2)] : []))
            #expect(decoded.statuses.contains(.worn(false)) == display.fingerOut)
            #expect(decoded.diagnostics[.resync] == nil)
        }
    }

    @Test("an hour of CMS50 decodes without a stray byte, near the person's own rate")
    func cms50Stream() throws {
        let profile = try DecodingTests.profile(.cms50)
        let wearer = SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon)
        var frames = Frames()
        var encoder = CMS50Encoder(wearer: wearer)
        encoder.encode(until: noon + .minutes(60), into: &frames)
        var decoder = Decoder(profile)
        var rates: [Timestamp: Double] = [:]
        var decoded = Decoded()
        var start = 0
        for (i, end) in frames.ends.enumerated() {
            let time = noon + .milliseconds(Int64(i) * 1000 / 60)
            decoder.feed(Array(frames.bytes[start..<end]), input: "port", at: time, into: &decoded)
            start = end
            for reading in decoded.readings where reading.metric == .heartRate { rates[time] = reading.value }
            #expect(decoded.diagnostics.keys.allSatisfy { $0 == .suppressed || $0 == .other("searching") })
            decoded.removeAll()
        }
        #expect(decoded.frames == 0 && rates.count > 3000)

        var person = wearer
        var truth: [Double] = []
        for _ in 0..<3600 { truth.append(person.live().heartRate) }
        for (time, rate) in rates {
            let second = Int((time - noon).milliseconds / 1000)
            // Eight beats ago the heart was at most a few seconds younger.
            let near = truth[max(0, second - 12)...min(second, 3599)]
            guard let low = near.min(), let high = near.max() else { continue }
            #expect(rate > low - 8 && rate < high + 8)
        }
    }

    @Test("a PulseSensor's beats come back one by one")
    func pulseSensor() throws {
        let profile = try DecodingTests.profile(.pulseSensor)
        let wearer = SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon)
        var frames = Frames()
        var encoder = PulseSensorEncoder(wearer: wearer)
        encoder.encode(until: noon + .minutes(20), into: &frames)
        let decoded = DecodingTests.decode(frames.bytes, profile)
        var person = wearer
        var intervals: [Double] = []
        for _ in 0..<1200 {
            for beat in person.live().beats {
                // The sample that sees a beat is the first at or after it.
                let seen = ((beat.time - noon).milliseconds + 19) / 20 * 20
                guard EncoderTests.busy.activity(at: .seconds(seen / 1000)) != .notWorn else { continue }
                intervals.append(beat.interval.rounded())
            }
        }
        let got = DecodingTests.values(decoded, .rrInterval)
        // The last beat may fall after the last sample.
        #expect(intervals.count - got.count <= 1)
        #expect(got == Array(intervals.prefix(got.count)))
        #expect(DecodingTests.values(decoded, .heartRate).count == got.count)
        #expect(decoded.diagnostics.isEmpty)
    }

    @Test("any line of a home-made sensor comes back as what it said")
    func diyLines() throws {
        let profile = try DecodingTests.profile(.diyLines)
        var random = SeededRandom(seed: 10)
        for _ in 0..<3000 {
            func some(_ range: ClosedRange<Int>) -> Int? {
                Bool.random(using: &random) ? Int.random(in: range, using: &random) : nil
            }
            let line = DIYLinesEncoder.Line(
                heartRate: some(20...250),
                intervals: (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                    Int.random(in: 240...3000, using: &random)
                }, spo2: some(50...100), steps: some(0...4_000_000_000), battery: some(0...100),
                contact: Bool.random(using: &random))
            let decoded = DecodingTests.decode(line.bytes, profile)
            func expected(_ value: Int?, needsContact: Bool) -> [Double] {
                guard line.contact || !needsContact, let value else { return [] }
                return [Double(value)]
            }
            #expect(DecodingTests.values(decoded, .heartRate) == expected(line.heartRate, needsContact: true))
            #expect(DecodingTests.values(decoded, .spo2) == expected(line.spo2, needsContact: true))
            #expect(DecodingTests.values(decoded, .steps) == expected(line.steps, needsContact: false))
            #expect(DecodingTests.values(decoded, .battery) == expected(line.battery, needsContact: false))
            #expect(DecodingTests.values(decoded, .rrInterval) == (line.contact ? line.intervals.map(Double.init) : []))
            #expect(decoded.diagnostics.keys.allSatisfy { $0 == .suppressed })
        }
    }
}
