import Profiles
import Testing
import Vitals

@Suite struct DecoderTests {
    let frame = bytes(hex: "8630034861")

    @Test("thin lets one reading of a metric pass per span")
    func thin() throws {
        var decoder = Decoder(try #require(Files.library["contec.cms50.legacy"]))
        var decoded = Decoded()
        // Ten seconds of sixty frames each.
        for n in 0..<600 {
            decoder.feed(frame, input: "port", at: .start + .milliseconds(Int64(n) * 1000 / 60), into: &decoded)
        }
        #expect(decoded.readings.count { $0.metric == .heartRate } == 10)
        #expect(decoded.readings.count { $0.metric == .spo2 } == 10)
        #expect(decoded.frames == 600)
        #expect(decoded.diagnostics.isEmpty)
    }

    @Test("a status is told when it changes, once a minute, and again after an interruption")
    func statuses() throws {
        var decoder = Decoder(try #require(Files.library["contec.cms50.legacy"]))
        let out = bytes(hex: "9000000000")
        #expect(decoder.take(frame, "port").statuses == [.worn(true), .contact(1), .signal(0.4)])
        #expect(decoder.take(frame, "port", at: .start + .seconds(30)).statuses == [])
        #expect(decoder.take(out, "port", at: .start + .seconds(31)).statuses == [.worn(false), .contact(0)])
        #expect(decoder.take(out, "port", at: .start + .seconds(91)).statuses == [.worn(false), .contact(0)])
        #expect(decoder.take(out, "port", at: .start + .seconds(92)).statuses == [])
        decoder.interrupt()
        #expect(decoder.take(out, "port", at: .start + .seconds(93)).statuses == [.worn(false), .contact(0)])
    }

    @Test("a stretch of damaged packets counts each kind of damage once, and the next stretch again")
    func stretches() throws {
        let profile = try #require(Files.library["zephyr.hxm"])
        let good = try #require(profile.vectors.first?.feeds.first?.bytes)
        var wrongSum = good
        wrongSum[wrongSum.count - 2] ^= 1
        var decoder = Decoder(profile)
        var decoded = Decoded()
        for stretch in 1...3 {
            for packet in [wrongSum, wrongSum, wrongSum, good] {
                decoder.feed(packet, input: try #require(profile.defaultInput), at: .start, into: &decoded)
            }
            #expect(decoded.diagnostics[.resync] == stretch)
            #expect(decoded.diagnostics[.checksum] == stretch)
        }
        #expect(decoded.frames == 3)
    }

    @Test("a changing signal strength is told once a second")
    func signalPace() throws {
        var decoder = Decoder(try #require(Files.library["contec.cms50.legacy"]))
        var decoded = Decoded()
        for n in 0..<300 {
            decoder.feed(
                [0x80 | UInt8(n % 8), 0x30, 0x03, 0x48, 0x61], input: "port",
                at: .start + .milliseconds(Int64(n) * 10), into: &decoded)
        }
        let signals = decoded.statuses.count { if case .signal = $0 { true } else { false } }
        #expect(signals == 3)
    }

    @Test("intervals of one packet carry their place in it")
    func beats() throws {
        var decoder = Decoder(try #require(Files.library["ble.hrs"]))
        let readings = decoder.take(bytes(hex: "16485401ec02"), "hrm").readings
        #expect(readings.map(\.time) == [.arrival, .beat(index: 0, count: 2), .beat(index: 1, count: 2)])
        #expect(readings[1].value == 340.0 * 1000 / 1024)
    }

    @Test("an interval out of range leaves a packet whose places have no hole")
    func beatsInRange() throws {
        var decoder = Decoder(try #require(Files.library["diy.lines"]))
        let readings = decoder.take(Array("{\"rr\":[800,5,810]}\n".utf8), "port").readings
        #expect(readings.map(\.value) == [800, 810])
        #expect(readings.map(\.time) == [.beat(index: 0, count: 2), .beat(index: 1, count: 2)])
    }

    @Test("counter rules travel with the reading")
    func counters() throws {
        var decoder = Decoder(try #require(Files.library["pine64.infinitime"]))
        let reading = try #require(decoder.take(bytes(hex: "e8030000"), "steps").readings.first)
        #expect(
            reading
                == Reading(
                    metric: .steps, value: 1000,
                    counter: CounterRule(
                        kind: .cumulative, width: 32, wraps: false, resets: [.daily, .reboot], quarantinesDayEdge: true,
                        maxRate: 5)))
        var strap = Decoder(try #require(Files.library["ble.hrs"]))
        let energy = try #require(strap.take(bytes(hex: "08501000"), "hrm").readings.last)
        #expect(
            energy.counter
                == CounterRule(kind: .cumulative, width: 16, resets: [.reconnect, .command], saturates: true))
    }

    @Test("garbage is one resync per stretch, and a frame inside it is found")
    func resync() throws {
        var decoder = Decoder(try #require(Files.library["contec.cms50.legacy"]), timed: false)
        let garbage: [UInt8] = [1, 2, 3, 0x90, 4, 0x91, 5]
        let decoded = decoder.take(garbage + frame + garbage + frame, "port")
        #expect(decoded.diagnostics == [.resync: 2])
        #expect(decoded.readings.count == 4)
    }

    @Test("a line without end is dropped once, bounded, and the next one counts")
    func endlessLine() throws {
        var decoder = Decoder(try #require(Files.library["arduino.pulsesensor"]))
        var decoded = Decoded()
        for _ in 0..<200 {
            decoder.feed(Array(repeating: 65, count: 1000), input: "port", at: .start, into: &decoded)
        }
        #expect(decoder.checkpoint().count < 1000)
        decoder.feed(Array("B99\nB71\n".utf8), input: "port", at: .start, into: &decoded)
        #expect(decoded.diagnostics == [.tooLong: 1])
        #expect(decoded.readings.map(\.value) == [71])
    }

    @Test("a line may be as long as max, and no longer")
    func longestLine() throws {
        let profile = try lineProfile(
            "text", messages: "[ { id: 'm', input: 'port', pattern: '^a*$', fields: [], emit: [] } ]", max: 10)
        for (count, words) in [(10, [:]), (11, [Diagnostic.tooLong: 1])] {
            for end in ["\n", "\r\n"] {
                var decoder = Decoder(profile)
                let decoded = decoder.take(Array((String(repeating: "a", count: count) + end).utf8), "port")
                #expect(decoded.diagnostics == words)
                #expect(decoded.frames == (words.isEmpty ? 1 : 0))
            }
        }
    }

    @Test("device times come from the line, and broken ones fall back to arrival")
    func times() throws {
        var decoder = Decoder(try #require(Files.library["diy.lines"]))
        let lines =
            "{\"hr\":70,\"ts\":1763760000.25}\n{\"hr\":71,\"ts\":1e300}\n{\"hr\":72,\"ts\":\"x\"}\n{\"hr\":73,\"ts\":null}\n"
        let readings = decoder.take(Array(lines.utf8), "port").readings
        #expect(readings.map(\.value) == [70, 71, 72, 73])
        #expect(
            readings.map(\.time) == [.at(Timestamp(milliseconds: 1_763_760_000_250)), .arrival, .arrival, .arrival])
    }

    @Test("JSON is read strictly, escapes included")
    func json() throws {
        let profile = try lineProfile(
            "json",
            messages: """
                [ { id: "a", input: "port", when: { t: "µ\\n", n: { exists: false } },
                    fields: [ { name: "v", path: "v" } ], emit: [ { metric: "heart_rate", value: "v", unit: "bpm" } ] } ]
                """)
        let cases: [(String, [Double], Set<String>)] = [
            (#"{"t":"\u00b5\n","v":61}"#, [61], []), (#"{"t":"µ\n","v":6.2e1}"#, [62], []),
            (#"{"t":"µ\n","v":1,"v":63}"#, [63], []), (#"{"t":"µ\n","n":null,"v":64}"#, [], ["unknown"]),
            (#"{"t":"µ\n","v":065}"#, [], ["not-json"]), (#"{"t":"µ\n","v":66,}"#, [], ["not-json"]),
            (#"{t:"µ\n","v":67}"#, [], ["not-json"]), (#"[1]"#, [], ["not-json"]),
            (#"{"t":"µ\n","v":true}"#, [], []), (#"{"t":"µ\n","v":[68,null,69]}"#, [68, 69], []),
            (#"{"t":"µ\n","v":1e999}"#, [], []), (#"{"t":"µ\n","v":70} x"#, [], ["not-json"]),
            (#"{"t":"µ\n","x":{"v":[1,{"v":2}]},"v":71}"#, [71], []),
            ("{\"t\":\"µ\\n\",\"x\":" + String(repeating: "[", count: 60), [], ["not-json"]),
        ]
        for (line, values, words) in cases {
            var decoder = Decoder(profile)
            let decoded = decoder.take(Array((line + "\n").utf8), "port")
            #expect(decoded.readings.map(\.value) == values, "\(line)")
            #expect(Set(decoded.diagnostics.keys.map(\.name)) == words, "\(line)")
        }
    }

    @Test("binary types are read in either order of bytes, with sign")
    func types() throws {
        let cases: [(String, String, Double)] = [
            ("i8", "ff", -1), ("u16", "0102", 513), ("u16be", "0102", 258), ("i16", "feff", -2),
            ("u24", "010203", 197_121),
            ("u24be", "010203", 66051), ("i24", "ffffff", -1), ("i24be", "fffffe", -2),
            ("u32", "ffffffff", 4_294_967_295),
            ("i32be", "ffffff00", -256), ("u64", "0000000000000080", 9_223_372_036_854_775_808), ("bcd8", "59", 59),
            ("sfloat", "acf3", 94), ("sfloat", "61f0", 9.7), ("float", "240100ff", 29.2),
        ]
        for (type, hex, value) in cases {
            let profile = try profile(
                messages: """
                    [ { id: "m", input: "data", fields: [ { name: "v", type: "\(type)" } ],
                        emit: [ { metric: "form", value: "v", unit: "1" } ] } ]
                    """.replacing("form", with: "illness_cusum"))
            var decoder = Decoder(profile)
            let reading = try #require(decoder.take(bytes(hex: hex), "data").readings.first, "\(type)")
            #expect(abs(reading.value - value) < 1e-9, "\(type) \(hex)")
        }
        for hex in ["ff07", "0008", "fe07", "0208", "0108"] {
            let profile = try profile(
                messages: """
                    [ { id: "m", input: "data", fields: [ { name: "v", type: "sfloat" } ],
                        emit: [ { metric: "spo2", value: "v", unit: "%" } ] } ]
                    """)
            var decoder = Decoder(profile)
            #expect(decoder.take(bytes(hex: hex), "data").readings.isEmpty, "\(hex) is no number")
        }
    }

    @Test("a checkpoint goes on in the middle of a frame, with thin, onChange and statuses")
    func checkpoint() throws {
        for (id, feeds) in Streams.all {
            let profile = try #require(Files.library[id])
            var straight = Decoder(profile)
            var resumed = straight
            var (a, b) = (Decoded(), Decoded())
            for (n, part) in feeds.enumerated() {
                let at = Timestamp.start + .milliseconds(Int64(n) * 400)
                straight.feed(part, input: "port", at: at, into: &a)
                resumed = try Decoder(profile, restoring: resumed.checkpoint())
                resumed.feed(part, input: "port", at: at, into: &b)
            }
            #expect(!a.readings.isEmpty)
            #expect(a.readings == b.readings)
            #expect(a.statuses == b.statuses)
            #expect(a.diagnostics == b.diagnostics)
            #expect(straight.checkpoint() == resumed.checkpoint())
        }
    }

    @Test("a checkpoint of another profile, or a damaged one, is refused and never traps")
    func damagedCheckpoint() throws {
        let profile = try #require(Files.library["contec.cms50.legacy"])
        var decoder = Decoder(profile)
        _ = decoder.take([0x86, 0x30], "port")
        let good = decoder.checkpoint()
        let other = try #require(Files.library["ble.hrs"])
        #expect(throws: WireError.self) { try Decoder(other, restoring: good) }
        for count in good.indices {
            #expect(throws: WireError.self) { try Decoder(profile, restoring: Array(good[..<count])) }
        }
        for place in good.indices {
            for bit in 0..<8 {
                var damaged = good
                damaged[place] ^= 1 << UInt8(bit)
                guard var restored = try? Decoder(profile, restoring: damaged) else { continue }
                for reading in restored.take(frame + frame, "port").readings { #expect(reading.value.isFinite) }
            }
        }
    }

    @Test("bytes for an input that the profile does not have are counted")
    func unknownInput() throws {
        var decoder = Decoder(try #require(Files.library["ble.hrs"]))
        #expect(decoder.take([1], "nowhere").diagnostics == [.unknown: 1])
    }

    @Test("the first frame that failed is kept for the log")
    func offending() throws {
        var decoder = Decoder(try #require(Files.library["pine64.infinitime"]))
        #expect(decoder.take([1, 2], "steps").offending == [1, 2])
        #expect(decoder.take(bytes(hex: "e8030000"), "steps").offending == nil)
    }
}
