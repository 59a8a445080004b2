import Analysis
import Testing
import Vitals

@testable import Profiles

/// Streams of the serial profiles, in the pieces that a port delivered.
enum Streams {
    static let all: [(String, [[UInt8]])] = [
        ("contec.cms50.legacy", cms50), ("arduino.pulsesensor", pulse), ("diy.lines", lines),
    ]

    static let cms50: [[UInt8]] = (0..<30).map { n in
        n % 7 == 3 ? [0x13, 0x90] : [0x86, UInt8(n), 0x03, 0x40 + UInt8(n % 20), 0x61, 0x86, 0x11]
    }

    static let pulse: [[UInt8]] = [
        "2\r\nS512\r\nB7", "2\r\nQ833\r\nS5", "41\r\n72,833,512\r", "\n72,833,519\r\n7", "4,811,530\r\n0,600,1\r\n",
        "IR=118520, BPM=75.76, Avg BPM=74\r\nIR=1034, BPM=48.15, Avg ", "BPM=43 No finger?\r\n\r\n\r\n",
        String(repeating: "x", count: 150) + "\r\nB80\r\n",
    ].map { Array($0.utf8) }

    static let lines: [[UInt8]] = [
        "garbage\n{\"hr\":72,\"rr\":[833,820.5],\"spo2\":97,\"st", "eps\":1234,\"bat\":81,\"ts\":1763760000.5}\n{}\n",
        "{\"hr\":118,\"ok\":false,\"x\":{\"y\":[1,\"\\u00e9\"]}}\n",
        "{\"dsteps\":3}\r\n{\"hr\":-1e-5,\"spo2\":9.9e1}\n",
    ].map { Array($0.utf8) }
}

/// Everything on the way of a device's bytes to the store: what the decoder says becomes samples with their quality.
///
/// Frames come five a second; what was stored is looked at when their tick closes.
private struct Way {
    private var analysis: PersonAnalysis
    private let device = DeviceID(high: 1, low: 2)
    private var now = Timestamp.start
    private var tick = Timestamp.start
    private(set) var stored = 0
    private(set) var implausible = 0

    init() throws { analysis = try PersonAnalysis(person: PersonID(high: 3, low: 4), settings: AnalysisSettings()) }

    mutating func take(_ decoded: Decoded, _ note: @autoclosure () -> String) {
        for reading in decoded.readings where !reading.value.isFinite { Issue.record("\(note()): \(reading)") }
        for status in decoded.statuses {
            switch status {
            case .contact(let level), .signal(let level): #expect((0...1).contains(level), "\(note())")
            case .worn, .diagnostic: break
            }
            analysis.take(status, from: device, at: now)
        }
        for reading in decoded.readings { analysis.take(reading, from: device, at: now) }
        now = now + .milliseconds(200)
        while tick + .seconds(2) < now { close(note()) }
    }

    private mutating func close(_ note: String) {
        tick = tick + .seconds(5)
        for sample in analysis.close(tick: tick).samples {
            stored += 1
            let isPlausible = sample.metric.plausible.contains(sample.value)
            if !isPlausible { implausible += 1 }
            guard !sample.value.isFinite || isPlausible == sample.quality.contains(.implausible) else { continue }
            Issue.record("\(note), stored within five seconds: \(sample)")
        }
    }

    /// Closes what is open, and waits for counters that are held until the next value.
    mutating func finish() { for _ in 0..<3 { close("at the end") } }
}

@Suite struct RobustnessTests {
    @Test("no truncation and no flipped bit of any vector traps or is stored as plausible when it is not")
    func damage() throws {
        var (stored, implausible) = (0, 0)
        for profile in Files.library.profiles {
            var way = try Way()
            for vector in profile.vectors {
                for feed in vector.feeds {
                    for count in 0...feed.bytes.count {
                        var decoder = Decoder(profile)
                        way.take(decoder.take(Array(feed.bytes[..<count]), feed.input), "\(vector.id) cut at \(count)")
                    }
                    for bit in 0..<8 * feed.bytes.count {
                        var damaged = feed.bytes
                        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                        var decoder = Decoder(profile)
                        way.take(decoder.take(damaged, feed.input), "\(vector.id) with bit \(bit) flipped")
                    }
                }
            }
            way.finish()
            stored += way.stored
            implausible += way.implausible
        }
        #expect(stored > 10_000 && implausible > 100, "\(stored) stored, \(implausible) of them implausible")
    }

    @Test("random bytes never trap, are not stored as plausible when they are not, and keep a decoder small")
    func random() throws {
        var dice = Dice(state: 11)
        var (stored, implausible) = (0, 0)
        for profile in Files.library.profiles {
            for (index, input) in profile.program.inputs.enumerated() where profile.inputs[input.name] != nil {
                var way = try Way()
                var decoder = Decoder(profile)
                for round in 0..<400 {
                    let size = Int.random(in: 0...(round % 2 == 0 ? 600 : 24), using: &dice)
                    let alphabet: ClosedRange<UInt8> = Bool.random(using: &dice) ? 0...255 : 32...126
                    var noise = (0..<size).map { _ in UInt8.random(in: alphabet, using: &dice) }
                    if round % 4 == 3 { shape(&noise, input, profile, index, &dice) }
                    way.take(decoder.take(noise, input.name), profile.id)
                }
                way.finish()
                stored += way.stored
                implausible += way.implausible
                #expect(decoder.checkpoint().count < 10_000)
            }
        }
        #expect(stored > 10_000 && implausible > 1000, "\(stored) stored, \(implausible) of them implausible")
    }

    /// Noise within a frame of a vector, sealed with the check that the input asks for: it reaches the fields.
    private func shape(
        _ noise: inout [UInt8], _ input: Profiles.Input, _ profile: Profile, _ index: Int, _ dice: inout Dice
    ) {
        let feeds = profile.vectors.flatMap(\.feeds).filter { $0.input == input.name && !$0.bytes.isEmpty }
        guard let frame = feeds.randomElement(using: &dice)?.bytes else { return }
        noise = frame
        for _ in 0..<3 { noise[.random(in: noise.indices, using: &dice)] = .random(in: 0...255, using: &dice) }
        if let check = input.shape.check { check.seal(&noise) }
        if case .marker(let marker) = input.framing { marker.check?.seal(&noise) }
    }

    @Test("a frame longer than allowed is counted, not decoded")
    func longFrame() throws {
        var decoder = Decoder(try #require(Files.library["ble.hrs"]))
        let decoded = decoder.take([0x10, 60] + Array(repeating: 3, count: 5000), "hrm")
        #expect(decoded.diagnostics == [.tooLong: 1])
        let most = decoder.take([0x10, 60] + Array(repeating: 3, count: 4094), "hrm")
        #expect(most.readings.count == 513)
    }

    @Test("byte by byte gives what all at once gives", arguments: Streams.all.map(\.0))
    func chunks(_ id: String) throws {
        let profile = try #require(Files.library[id])
        let bytes = try #require(Streams.all.first { $0.0 == id }).1.flatMap { $0 }
        for timed in [true, false] {
            var whole = Decoder(profile, timed: timed)
            let expected = whole.take(bytes, "port")
            #expect(!expected.readings.isEmpty && !expected.diagnostics.isEmpty)
            var dice = Dice(state: 5)
            for round in 0..<20 {
                var decoder = Decoder(profile, timed: timed)
                var decoded = Decoded()
                var start = 0
                while start < bytes.count {
                    let size = round == 0 ? 1 : Int.random(in: 1...9, using: &dice)
                    let end = min(bytes.count, start + size)
                    decoder.feed(Array(bytes[start..<end]), input: "port", at: .start, into: &decoded)
                    start = end
                }
                #expect(decoded.readings == expected.readings)
                #expect(decoded.statuses == expected.statuses)
                #expect(decoded.diagnostics == expected.diagnostics)
                #expect(decoder.checkpoint() == whole.checkpoint())
            }
        }
    }

    @Test("streams longer than the decoder's pieces give the same however they are cut")
    func long() throws {
        let profile = try #require(Files.library["contec.cms50.legacy"])
        let bytes = Array(repeating: Streams.cms50.flatMap { $0 }, count: 60).flatMap { $0 }
        #expect(bytes.count > 10_000)
        var whole = Decoder(profile, timed: false)
        let expected = whole.take(bytes, "port")
        var decoder = Decoder(profile, timed: false)
        var decoded = Decoded()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            decoder.feed(Array(bytes[start..<min(bytes.count, start + 777)]), input: "port", at: .start, into: &decoded)
        }
        #expect(decoded.readings == expected.readings)
        #expect(decoded.diagnostics == expected.diagnostics)
    }
}
