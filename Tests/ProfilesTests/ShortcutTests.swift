import Testing
import Vitals

@testable import Profiles

@Suite struct ShortcutTests {
    /// Decodes feeds at their times with and without the shortcuts and compares everything that comes out.
    private func compare(_ profile: Profile, _ feeds: [(input: String, bytes: [UInt8], at: Timestamp)], timed: Bool) {
        var short = Decoder(profile, timed: timed)
        var long = short
        long.takesShortcuts = false
        for feed in feeds {
            var (a, b) = (Decoded(), Decoded())
            short.feed(feed.bytes, input: feed.input, at: feed.at, into: &a)
            long.feed(feed.bytes, input: feed.input, at: feed.at, into: &b)
            let isSame =
                a.readings == b.readings && a.statuses == b.statuses && a.diagnostics == b.diagnostics
                && a.frames == b.frames && a.offending == b.offending
            guard isSame else {
                Issue.record("\(profile.id) \(feed.input) \(feed.bytes) at \(feed.at.milliseconds): \(a) but \(b)")
                return
            }
        }
        #expect(short.checkpoint() == long.checkpoint())
        compareBatches(profile, feeds, timed: timed, checkpoint: long.checkpoint())
    }

    /// The same feeds, runs of one input at once.
    private func compareBatches(
        _ profile: Profile, _ feeds: [(input: String, bytes: [UInt8], at: Timestamp)], timed: Bool, checkpoint: [UInt8]
    ) {
        var single = Decoder(profile, timed: timed)
        var many = single
        var first = 0
        while first < feeds.count {
            let input = feeds[first].input
            let end = feeds[first...].firstIndex { $0.input != input } ?? feeds.count
            let run = feeds[first..<min(end, first + 100)]
            first = run.endIndex
            var (bytes, ends): ([UInt8], [Int]) = ([], [])
            var (a, b) = (Decoded(), Decoded())
            for feed in run {
                bytes += feed.bytes
                ends.append(bytes.count)
                single.feed(feed.bytes, input: input, at: feed.at, into: &a)
                a.marks.append(Decoded.Mark(readings: a.readings.count, statuses: a.statuses.count))
            }
            let times = run.map(\.at)
            many.feed(bytes.span, ends: ends.span, times: times.span, input: input, into: &b)
            #expect(a.readings == b.readings && a.statuses == b.statuses && a.marks == b.marks)
            #expect(a.diagnostics == b.diagnostics && a.frames == b.frames && a.offending == b.offending)
        }
        #expect(many.checkpoint() == checkpoint)
    }

    @Test("a run of more readings than memory is asked for at once gives them all, and counts what is left over once")
    func longRun() throws {
        let profile = try #require(Files.library["ble.hrs"])
        let bytes: [UInt8] = [0x16, 60] + Array(repeating: 3, count: 41)
        let feeds = (0..<250).map { (input: "hrm", bytes: bytes, at: Timestamp.start + .seconds($0)) }
        compare(profile, feeds, timed: true)
    }

    @Test("places that make no sense in a run of frames give nothing, and break nothing")
    func badRuns() throws {
        let profile = try #require(Files.library["ble.hrs"])
        var decoder = Decoder(profile)
        var decoded = Decoded()
        let bytes: [UInt8] = [0x06, 60, 0x06, 61]
        let ends = [2, -5, 4, 9, .max, .min, 4]
        let times = ends.indices.map { Timestamp.start + .seconds(Int64($0)) }
        decoder.feed(bytes.span, ends: ends.span, times: times.span, input: "hrm", into: &decoded)
        #expect(decoded.readings.map(\.value) == [60, 61] && decoded.marks.count == ends.count)
        #expect(decoded.diagnostics == [.truncated: 5])
        decoded.removeAll()
        let (two, one) = ([2, 4], [Timestamp.start])
        decoder.feed(bytes.span, ends: two.span, times: one.span, input: "hrm", into: &decoded)
        #expect(decoded.readings.count == 1 && decoded.marks == [.init(readings: 1, statuses: 0)])
        decoder.feed(bytes.span, ends: two.span, times: one.span, input: "what", into: &decoded)
        #expect(decoded.diagnostics == [.unknown: 1] && decoded.marks.count == 1)
    }

    @Test("specialised messages and remembered frames change nothing but the speed")
    func same() {
        var dice = Dice(state: 23)
        for profile in Files.library.profiles {
            let frames = profile.vectors.flatMap(\.feeds).filter { $0.bytes.count <= 300 }
            guard !frames.isEmpty else { continue }
            for timed in [true, false] {
                var feeds: [(input: String, bytes: [UInt8], at: Timestamp)] = []
                var now = Timestamp.start
                for _ in 0..<400 {
                    guard let frame = frames.randomElement(using: &dice) else { continue }
                    var bytes = frame.bytes
                    // Every second one is damaged in one bit, some are cut.
                    if Bool.random(using: &dice), !bytes.isEmpty {
                        let bit = Int.random(in: 0..<8 * bytes.count, using: &dice)
                        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                    }
                    if Int.random(in: 0..<8, using: &dice) == 0 {
                        bytes.removeLast(Int.random(in: 0...bytes.count, using: &dice))
                    }
                    // Mostly again and again the same, as sensors do; now and then the clock jumps.
                    for _ in 0..<Int.random(in: 1...6, using: &dice) {
                        feeds.append((frame.input, bytes, now))
                        now = now + .milliseconds(.random(in: 0...700, using: &dice))
                    }
                    if Int.random(in: 0..<40, using: &dice) == 0 {
                        now = now + .milliseconds(.random(in: -90_000...90_000, using: &dice))
                    }
                }
                compare(profile, feeds, timed: timed)
            }
        }
    }

    @Test("a wave that changes between equal values takes the shortcut, and is told once a minute all the same")
    func wave() throws {
        let profile = try #require(Files.library["contec.cms50.legacy"])
        var dice = Dice(state: 3)
        var feeds: [(input: String, bytes: [UInt8], at: Timestamp)] = []
        for n in 0..<9000 {
            let isOut = n / 500 % 5 == 4
            feeds.append(
                (
                    "port",
                    [
                        0x80 | (isOut ? 0x10 : 0) | (n % 37 == 0 ? 0x47 : 0x06), .random(in: 0...127, using: &dice),
                        0x03, n % 300 == 7 ? 0 : UInt8(60 + n / 400 % 30), 97,
                    ], .start + .milliseconds(Int64(n) * 1000 / 60)
                ))
        }
        compare(profile, feeds, timed: true)
        let masks = profile.program.inputs[0].shape
        #expect(!masks.mask.isEmpty && !masks.thinMask.isEmpty)
        let strap = try #require(Files.library["ble.hrs"])
        let specialised = (0..<3).map { strap.program.code.messages[$0].variants >= 0 }
        #expect(specialised.contains(true))
    }

    @Test("a value that is none while the finger is out does not hide that the next one is suppressed")
    func suppressed() throws {
        let profile = try #require(Files.library["contec.cms50.legacy"])
        let feeds: [[UInt8]] = [
            [0x86, 0, 0, 70, 97], [0x96, 0, 0, 0, 0], [0x96, 0, 0, 70, 97], [0x96, 0, 0, 0, 97], [0x86, 0, 0, 71, 97],
        ]
        compare(
            profile,
            feeds.enumerated().map { ("port", $1, .start + .milliseconds(Int64($0) * 16)) },
            timed: true)
    }

    @Test("every flag byte of the heart rate service decodes alike")
    func flags() throws {
        for id in ["ble.hrs", "ble.rsc", "ble.csc", "ble.plx"] {
            let profile = try #require(Files.library[id])
            let input = try #require(profile.defaultInput)
            var feeds: [(input: String, bytes: [UInt8], at: Timestamp)] = []
            for byte in UInt8.min...UInt8.max {
                for count in 0..<22 {
                    feeds.append(
                        (input, [byte] + (0..<count).map { UInt8($0 * 7 + 1) }, .start + .seconds(Int64(count))))
                }
            }
            compare(profile, feeds, timed: true)
        }
    }
}
