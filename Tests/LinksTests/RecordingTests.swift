import Glibc
import Links
import Testing
import Vitals

@Suite("A recording") struct RecordingTests {
    static let person = PersonID(high: 0x0123_4567_89AB_4DEF, low: 0x8000_0000_0000_0002)

    static let header = RecordingHeader(
        hub: HubID(high: 1, low: 2), epoch: 0xFEDC_BA98_7654_3210,
        configured: Configured(
            people: [Person(id: person, name: "ada", zone: "Europe/Berlin")],
            devices: [Device(id: .test, name: "oximeter", profile: "contec.cms50.legacy", port: "/dev/ttyUSB0")],
            assignments: [Assignment(device: .test, person: person)],
            profiles: [.init(path: "a.json5", text: "{ schema: 1 } // ä")], rules: []),
        states: [ComponentState(person: person, component: "intake", version: 3, bytes: [1, 2, 3])],
        recent: [
            PersonSamples(
                person: person,
                samples: [
                    Sample(
                        metric: .heartRate, value: 71.5, time: Timestamp(milliseconds: 5),
                        received: Timestamp(milliseconds: 6), source: .test)
                ])
        ], startedAt: Timestamp(milliseconds: 1_700_000_000_000))

    static let inputs: [Input] = (0..<40).map { n in
        let at = Timestamp(milliseconds: 1_700_000_000_000 + Int64(n) * 250)
        switch n % 5 {
        case 0: return Input(at: at, .link(device: .test, state: .connected, reason: "opened \(n)"))
        case 1, 2: return Input(at: at, .frame(device: .test, input: "port", bytes: [0x86, UInt8(n), 3, 72, 97]))
        case 3: return Input(at: at, .clock(step: .milliseconds(Int64(n))))
        default: return Input(at: at, .time)
        }
    }

    /// The recording in blocks of seven inputs, and its bytes.
    static func write(_ scratch: Scratch) throws -> (path: String, bytes: [UInt8]) {
        let path = scratch.file("a.vrec")
        let writer = try RecordingWriter(path: path, header: header)
        for (n, input) in inputs.enumerated() {
            try writer.append(input)
            if n % 7 == 6 { try writer.flush() }
        }
        try writer.close()
        try writer.close()
        return (path, scratch.read("a.vrec"))
    }

    static func readAll(_ path: String) throws -> (inputs: [Input], reader: RecordingReader) {
        var reader = try RecordingReader(path: path)
        var inputs: [Input] = []
        while let input = try reader.next() { inputs.append(input) }
        return (inputs, reader)
    }

    @Test("comes back whole: header and every input, in order") func roundTrip() throws {
        let scratch = Scratch()
        let (path, _) = try RecordingTests.write(scratch)
        let (inputs, reader) = try RecordingTests.readAll(path)
        #expect(inputs == RecordingTests.inputs)
        #expect(reader.header == RecordingTests.header)
        #expect(reader.damage == nil && reader.lostBytes == 0 && reader.unknownRecords == 0)
    }

    @Test("cut off at any byte, it ends cleanly after its last whole block and counts what is lost") func truncation()
        throws
    {
        let scratch = Scratch()
        let (_, bytes) = try RecordingTests.write(scratch)
        var longest = 0
        for length in 0..<bytes.count {
            let path = scratch.write("cut.vrec", bytes[..<length])
            guard let reader = try? RecordingReader(path: path) else {
                #expect(longest == 0, "a longer header is refused again at \(length)")
                continue
            }
            #expect(reader.header == RecordingTests.header)
            let (inputs, end) = try RecordingTests.readAll(path)
            #expect(inputs == Array(RecordingTests.inputs.prefix(inputs.count)))
            #expect(inputs.count >= longest && inputs.count % 7 == 0)
            #expect((end.damage == nil) == (end.lostBytes == 0))
            longest = inputs.count
        }
        #expect(longest == 35)
    }

    @Test("a flipped bit is noticed wherever it is") func bitFlips() throws {
        let scratch = Scratch()
        let (_, bytes) = try RecordingTests.write(scratch)
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 1 << UInt8(index % 8)
            let path = scratch.write("flip.vrec", broken)
            do {
                let (inputs, end) = try RecordingTests.readAll(path)
                #expect(inputs == Array(RecordingTests.inputs.prefix(inputs.count)))
                #expect(inputs.count < RecordingTests.inputs.count, "byte \(index)")
                #expect(end.damage != nil && end.lostBytes > 0)
            } catch let error as RecordingError {
                #expect([.foreign, .newer, .damaged].contains(error.code))
            }
        }
    }

    @Test("random bytes after a good beginning never trap") func noise() throws {
        let scratch = Scratch()
        var random = SplitMix(3)
        for round in 0..<300 {
            var bytes = round % 2 == 0 ? Array("VITALREC".utf8) + [1] : []
            bytes += (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            let path = scratch.write("noise.vrec", bytes)
            _ = try? RecordingTests.readAll(path)
        }
    }

    @Test("a newer format and other files are refused with a line that says so") func refusals() throws {
        let scratch = Scratch()
        var (_, bytes) = try RecordingTests.write(scratch)
        bytes[8] = 2
        let newer = scratch.write("newer.vrec", bytes)
        #expect { try RecordingReader(path: newer) } throws: {
            let error = $0 as? RecordingError
            return error?.code == .newer && error?.message.contains("format 2") == true
        }
        let text = scratch.write("text.vrec", Array("datetime,heartrate\n".utf8))
        #expect { try RecordingReader(path: text) } throws: { ($0 as? RecordingError)?.code == .foreign }
        #expect { try RecordingReader(path: scratch.file("none")) } throws: {
            ($0 as? RecordingError)?.code == .unreadable
        }
    }

    @Test("an existing recording is not overwritten unasked") func existing() throws {
        let scratch = Scratch()
        let (path, bytes) = try RecordingTests.write(scratch)
        #expect { try RecordingWriter(path: path, header: RecordingTests.header) } throws: {
            ($0 as? RecordingError)?.message.contains("exists") == true
        }
        #expect(scratch.read("a.vrec") == bytes)
        try RecordingWriter(path: path, header: RecordingTests.header, replacing: true).close()
        #expect(try RecordingTests.readAll(path).inputs.isEmpty)
    }

    @Test("what was flushed is readable while the writer goes on, and after it vanished") func flushed() throws {
        let scratch = Scratch()
        let path = scratch.file("live.vrec")
        var writer: RecordingWriter? = try RecordingWriter(path: path, header: RecordingTests.header)
        try writer?.append(RecordingTests.inputs[0])
        #expect(try RecordingTests.readAll(path).inputs.isEmpty)
        try writer?.flush()
        #expect(try RecordingTests.readAll(path).inputs == [RecordingTests.inputs[0]])
        try writer?.append(RecordingTests.inputs[1])
        writer = nil
        #expect(try RecordingTests.readAll(path).inputs == [RecordingTests.inputs[0]])
    }

    @Test("a full disk is an error, not a trap", .enabled(if: access("/dev/full", W_OK) == 0)) func full() {
        #expect { try RecordingWriter(path: "/dev/full", header: RecordingTests.header, replacing: true) } throws: {
            ($0 as? RecordingError)?.code == .unwritable
        }
    }
}
