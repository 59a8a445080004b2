import Profiles
import Testing
import Vitals

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

@Suite struct RobustnessTests {
    private func check(_ decoded: Decoded, _ note: @autoclosure () -> String) {
        for reading in decoded.readings {
            #expect(reading.value.isFinite && Float(reading.value).isFinite, "\(note())")
        }
        for status in decoded.statuses {
            switch status {
            case .contact(let level), .signal(let level): #expect((0...1).contains(level), "\(note())")
            case .worn, .diagnostic: break
            }
        }
    }

    @Test("no truncation and no flipped bit of any vector traps or yields what is not finite")
    func damage() throws {
        for profile in Files.library.profiles {
            for vector in profile.vectors {
                for feed in vector.feeds {
                    for count in 0...feed.bytes.count {
                        var decoder = Decoder(profile)
                        check(decoder.take(Array(feed.bytes[..<count]), feed.input), "\(vector.id) cut at \(count)")
                    }
                    for bit in 0..<8 * feed.bytes.count {
                        var damaged = feed.bytes
                        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                        var decoder = Decoder(profile)
                        check(decoder.take(damaged, feed.input), "\(vector.id) with bit \(bit) flipped")
                    }
                }
            }
        }
    }

    @Test("random bytes never trap and keep a decoder small")
    func random() throws {
        var dice = Dice(state: 11)
        for profile in Files.library.profiles {
            for input in profile.inputs.keys.sorted() {
                var decoder = Decoder(profile)
                var decoded = Decoded()
                for _ in 0..<400 {
                    let size = Int.random(in: 0...600, using: &dice)
                    let alphabet: ClosedRange<UInt8> = Bool.random(using: &dice) ? 0...255 : 32...126
                    let noise = (0..<size).map { _ in UInt8.random(in: alphabet, using: &dice) }
                    decoder.feed(noise, input: input, at: .start, into: &decoded)
                }
                check(decoded, profile.id)
                #expect(decoder.checkpoint().count < 10_000)
            }
        }
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
