import Testing
import Vitals

/// One kind of value that travels: how to draw one, and whether bytes are one.
struct WireKind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Draws a value, writes it and says whether reading gives it back.
    let roundTrips: @Sendable (inout AnyValue) -> Bool
    let bytes: @Sendable (inout AnyValue) -> [UInt8]
    let read: @Sendable ([UInt8]) throws(WireError) -> Void

    init<T: WireValue & Hashable & Sendable>(_ name: String, _ draw: @escaping @Sendable (inout AnyValue) -> T) {
        testDescription = name
        roundTrips = { random in
            let value = draw(&random)
            var writer = ByteWriter()
            writer.wire(value)
            var reader = ByteReader(writer.bytes)
            return (try? T(from: &reader)) == value && reader.isAtEnd
        }
        bytes = { random in
            var writer = ByteWriter()
            writer.wire(draw(&random))
            return writer.bytes
        }
        read = { (bytes) throws(WireError) in
            var reader = ByteReader(bytes)
            _ = try T(from: &reader)
        }
    }

    static let all: [WireKind] = [
        WireKind("sample") { $0.sample() },
        WireKind("person's samples") { PersonSamples(person: $0.id(), samples: $0.samples()) },
        WireKind("event") { $0.event() }, WireKind("evidence") { $0.evidence() },
        WireKind("feature detail") { $0.detail() }, WireKind("trigger") { $0.trigger() },
        WireKind("person") { $0.person() }, WireKind("plan change") { $0.change() },
        WireKind("plan adjustment") { $0.adjustment() }, WireKind("device") { $0.device() },
        WireKind("assignment") { $0.assignment() }, WireKind("command") { $0.command() },
        WireKind("applied command") { AppliedCommand(command: $0.command(), at: $0.time()) },
        WireKind("input") { $0.input() }, WireKind("configuration") { $0.configured() },
        WireKind("component state") { $0.state() },
        WireKind("outbox item") { OutboxItem(event: $0.id(), person: $0.id(), recipient: $0.text()) },
        WireKind("store identity") { StoreIdentity(hub: $0.id(), epoch: $0.next()) },
        WireKind("commit") { $0.commit() }, WireKind("feed item") { $0.feedItem() },
        WireKind("record") { $0.record() },
    ]
}

@Suite("The byte format")
struct WireTests {
    @Test("every value is read back as it was written", arguments: WireKind.all)
    func roundTrip(kind: WireKind) {
        for seed in 0..<300 as Range<UInt64> {
            var random = AnyValue(seed: seed)
            #expect(kind.roundTrips(&random), "seed \(seed)")
        }
    }

    @Test("a value cut at any byte is refused", arguments: WireKind.all)
    func truncation(kind: WireKind) {
        for seed in 0..<12 as Range<UInt64> {
            var random = AnyValue(seed: seed)
            let bytes = kind.bytes(&random)
            // A large value at every byte of its head and of its tail, and here and there between.
            for length in 0..<bytes.count where length < 600 || length > bytes.count - 200 || length % 37 == 0 {
                #expect(throws: WireError.self, "seed \(seed), \(length) of \(bytes.count) bytes") {
                    try kind.read(Array(bytes[..<length]))
                }
            }
        }
    }

    @Test("damaged and random bytes never trap", arguments: WireKind.all)
    func damage(kind: WireKind) {
        for seed in 0..<300 as Range<UInt64> {
            var random = AnyValue(seed: seed)
            var bytes = kind.bytes(&random)
            for _ in 0..<3 where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = random.any(of: [0, 1, 0x7F, 0x80, 0xFF, UInt8(truncatingIfNeeded: random.next())])
                try? kind.read(bytes)
            }
            try? kind.read(random.bytes() + random.bytes())
            // Lengths far beyond what is there.
            try? kind.read([UInt8](repeating: 0xFF, count: 64))
            try? kind.read([1, 1] + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + random.bytes())
        }
    }

    @Test("equal people have equal bytes, whatever the order of their facts")
    func setsAreOrdered() {
        let facts = (0..<20).map { "fact\($0)" }
        func bytes(_ facts: [String]) -> [UInt8] {
            var set = Set<String>(minimumCapacity: facts.count * (facts.first == "fact0" ? 1 : 16))
            for fact in facts { set.insert(fact) }
            var writer = ByteWriter()
            writer.wire(Person(id: PersonID(high: 1, low: 2), name: "ada", facts: set))
            return writer.bytes
        }
        #expect(bytes(facts) == bytes(facts.reversed()))
    }

    @Test("the bytes of version 1 stay what they are")
    func golden() {
        func hex(_ value: some WireValue) -> String {
            var writer = ByteWriter()
            writer.wire(value)
            return writer.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let device = DeviceID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
        let person = PersonID(high: 0xAABB, low: 1)
        let time = Timestamp(milliseconds: 1_795_302_000_000)
        let heart = Sample(metric: .heartRate, value: 72, time: time, received: time + .seconds(1), source: device)
        var next = heart
        next.time = time + .seconds(1)
        next.received = next.time + .seconds(1)
        next.value = 73
        #expect(
            hex(Input(at: time, .frame(device: device, input: "rx", bytes: [0x81, 1])))
                == "01011e80855600a20100000102030405060708090a0b0c0d0e0f1002727802" + "8101")
        #expect(
            hex(PersonSamples(person: person, samples: [heart, next]))
                == "000000000000aabb0000000000000001" + "02" + "70000100" + "0102030405060708090a0b0c0d0e0f10"
                + "8096b485c068d00f9001" + "75d00f02")
        #expect(
            hex(Command(id: CommandID(high: 1, low: 2), actor: "ada", action: .acceptPlan(EventID(high: 3, low: 4))))
                == "050125" + "00000000000000010000000000000002" + "03616461" + "02"
                + "00000000000000030000000000000004")
    }
}

@Suite("Sample lists as bytes")
struct SampleListTests {
    private func size(_ samples: [Sample]) -> Int {
        var writer = ByteWriter()
        writer.samples(samples)
        return writer.bytes.count
    }

    @Test("a steady series of whole numbers takes at most three bytes a sample, two devices at most four")
    func compact() {
        var random = AnyValue(seed: 7)
        let (strap, band): (DeviceID, DeviceID) = (random.id(), random.id())
        var one: [Sample] = []
        var two: [Sample] = []
        var rate: Float = 70
        for second in 0..<10_000 as Range<Int64> {
            rate += Float(Int.random(in: -2...2, using: &random))
            let time = Timestamp(milliseconds: second * 1000)
            one.append(Sample(metric: .heartRate, value: rate, time: time, received: time, source: strap))
            two.append(one[one.count - 1])
            two.append(Sample(metric: .heartRate, value: rate + 1, time: time, received: time, source: band))
        }
        #expect(size(one) <= 2 * one.count + 64)
        #expect(size(two) <= 3 * two.count + 64)
    }

    @Test("an empty list is one byte") func empty() { #expect(size([]) == 1) }

    @Test("a value that is not finite is refused on reading")
    func finite() {
        for value in [Float.nan, .infinity, -.infinity] {
            var writer = ByteWriter()
            writer.samples([
                Sample(
                    metric: .heartRate, value: value, time: Timestamp(milliseconds: 0),
                    received: Timestamp(milliseconds: 0), source: DeviceID(high: 0, low: 0))
            ])
            var reader = ByteReader(writer.bytes)
            #expect(throws: WireError.self) { try reader.samples() }
        }
    }
}

@Suite("Records that newer versions write")
struct WireEvolutionTests {
    @Test("a reader of a commit steps over kinds it does not know")
    func unknownKinds() throws {
        var random = AnyValue(seed: 3)
        var commit = Commit(at: random.time())
        commit.events = [random.event()]
        commit.devices = [random.device()]
        var known = ByteWriter()
        known.wire(commit)
        // The same with a record of kind 200 between the count and the rest.
        var extended = ByteWriter()
        extended.time(commit.at)
        extended.count(3)
        extended.record(kind: 200, version: 9) { $0.text("from the future") }
        var reader = ByteReader(extended.bytes + known.bytes.dropFirst(9))
        #expect(try Commit(from: &reader) == commit)
        #expect(reader.isAtEnd)
    }

    @Test("a reader ignores fields appended to a record")
    func appendedFields() throws {
        var random = AnyValue(seed: 4)
        let device = random.device()
        var writer = ByteWriter()
        writer.wire(device)
        var reader = ByteReader(writer.bytes)
        let record = try reader.record()
        var newer = ByteWriter()
        newer.record(kind: record.kind, version: 2) { writer in
            for byte in writer.bytes { writer.byte(byte) }
            var content = record.content
            while let byte = try? content.byte() { writer.byte(byte) }
            writer.text("a field of version 2")
        }
        newer.byte(0x55)
        var again = ByteReader(newer.bytes)
        #expect(try Device(from: &again) == device)
        #expect(try again.byte() == 0x55)
    }

    @Test("an input of an unknown kind is refused: a decision may hang on it")
    func unknownInput() {
        var writer = ByteWriter()
        writer.record(kind: 99, version: 1) { $0.time(.distantPast) }
        var reader = ByteReader(writer.bytes)
        #expect(throws: WireError.self) { try Input(from: &reader) }
    }

    @Test("an expression tree may be 64 deep; a deeper one is cut when written and refused when read")
    func depth() throws {
        func tree(_ depth: Int) -> Evidence.Node {
            var node = Evidence.Node(text: "leaf", value: 1, type: .number)
            for _ in 1..<depth { node = Evidence.Node(text: "not", value: 1, type: .boolean, children: [node]) }
            return node
        }
        func roundTrip(_ depth: Int) throws -> Evidence {
            var writer = ByteWriter()
            writer.wire(
                Evidence(
                    file: "f", fileHash: "h", clauses: [.init(name: "when", line: 1, column: 1, root: tree(depth))]))
            var reader = ByteReader(writer.bytes)
            return try Evidence(from: &reader)
        }
        #expect(try roundTrip(64).clauses[0].root == tree(64))
        #expect(try roundTrip(300) == roundTrip(100))

        // By hand, deeper than any writer goes: file, hash, one clause, then nodes that each claim one child.
        var writer = ByteWriter()
        writer.text("f")
        writer.text("h")
        writer.count(1)
        writer.text("when")
        writer.count(1)
        writer.count(1)
        for _ in 0..<100_000 {
            writer.text("")
            writer.double(0)
            writer.byte(0)
            writer.bool(false)
            writer.count(1)
        }
        var reader = ByteReader(writer.bytes)
        #expect(throws: WireError.self) { try Evidence(from: &reader) }
    }
}
