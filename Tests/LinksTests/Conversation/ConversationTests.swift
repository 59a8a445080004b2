import Links
import Profiles
import Testing
import Vitals

@Suite("A conversation") struct ConversationTests {
    static let busy = """
        link: { settle: "500ms" },
        connect: [ { subscribe: "FFE1" }, { wait: "2s" }, { read: "2A19", optional: true },
                   { write: "FFE2", hex: "01" }, { write: "FFE2", response: false, hex: "02" },
                   { write: "FFE2", hex: "03", response: false, forEachDay: 2, if: "history" } ],
        live: { start: [ { write: "FFE2", response: false, hex: "10" } ],
                every: { "3s": [ { write: "FFE2", response: false, hex: "11" } ] },
                stop: [ { write: "FFE2", response: false, hex: "12" } ] },
        keepAlive: [ { every: "4s", write: "FFE2", response: false, hex: "20" } ],
        poll: [ { every: "6s", read: "2A19" } ],
        disconnect: [ { write: "FFE2", hex: "30" } ]
        """

    @Test("steps are taken in order, each after the answer to the one before") func order() throws {
        var talk = Talk(try .bluetooth(Self.busy), context: Talk.context(options: ["history"]))
        talk.play([
            (0, .start), (700, .answered(.done)), (2800, .answered(.value([0x40]))), (2900, .answered(.done)),
            (9000, .answered(.missing)), (9100, .watch(true)), (12_500, .stop), (12_600, .answered(.done)),
        ])
        #expect(
            talk.lines == [
                "500 subscribe FFE1", "2700 read 2A19", "2800 write FFE2 01 and wait", "2900 write FFE2 02",
                "2900 ready", "2900 write FFE2 03", "2900 write FFE2 03",
                "6900 write FFE2 20", "8900 read 2A19",
                "9000 note the device has no characteristic for 'read 2A19'",
                "9100 write FFE2 10", "10900 write FFE2 20", "12100 write FFE2 11",
                "12500 write FFE2 12", "12500 write FFE2 30 and wait", "12600 finished",
            ])
        #expect(talk.conversation.deadline == nil)
    }

    @Test("however the passing of time is cut, the actions are the same") func chunking() throws {
        let events: [(Int64, Talk.Event)] = [
            (0, .start), (700, .answered(.done)), (1000, .received("0102", on: .uuid("FFE1"))),
            (2800, .answered(.refused("0x05"))), (2900, .answered(.done)), (4000, .watch(true)),
            (9000, .answered(.value([7]))), (15_000, .answered(.done)), (16_000, .watch(false)),
            (40_000, .nothing), (60_000, .stop), (70_000, .nothing),
        ]
        let script = try Script.bluetooth(Self.busy)
        func actions(_ cuts: [Int64]) -> [Conversation.Action] {
            var conversation = Conversation(script, context: Talk.context(options: ["history"]))
            var actions: [Conversation.Action] = []
            var rest = cuts[...]
            for (at, event) in events {
                while let cut = rest.first, cut < at {
                    if cut > 0 { actions += conversation.advance(to: Talk.beginning + .milliseconds(cut)) }
                    rest.removeFirst()
                }
                actions += conversation.apply(event, Talk.beginning + .milliseconds(at))
            }
            return actions
        }
        let whole = actions([])
        #expect(whole.count > 20 && whole.last == .finished)
        var random = SplitMix(11)
        for _ in 0..<200 {
            let cuts = (0..<Int.random(in: 1..<60, using: &random)).map { _ in
                Int64.random(in: 0..<70_000, using: &random)
            }
            #expect(actions(cuts.sorted()) == whole)
        }
    }

    @Test("what must be there and is not fails the connection, what may be missing does not") func missing() throws {
        let steps = """
            connect: [ { read: "2A19", optional: true }, { write: "2A2B", type: "current-time", optional: true },
                       { subscribe: "FFE1" } ]
            """
        var talk = Talk(try .bluetooth(steps))
        talk.play([
            (0, .start), (1, .answered(.missing)), (2, .answered(.missing)), (3, .answered(.missing)), (9, .stop),
        ])
        #expect(
            talk.lines == [
                "0 read 2A19", "1 write 2A2B ea07030f0d1e2d070000 and wait", "2 subscribe FFE1",
                "3 failed the device has no characteristic for 'subscribe FFE1'",
            ])
        var silent = Talk(try .bluetooth(steps))
        silent.play([(0, .start), (100_000, .nothing)])
        #expect(silent.lines.last == "80000 subscribe FFE1" || silent.lines.count == 5)
        #expect(silent.lines.filter { $0.hasSuffix("was not answered in 40s") }.count == 2)
    }

    @Test("what keeps a device awake goes before all that waits") func keepAlive() throws {
        var talk = Talk(
            try .bluetooth(
                """
                connect: [ { subscribe: "FFE1" } ],
                poll: [ { every: "10s", read: "2A19" }, { every: "10s", read: "2A1C" } ],
                keepAlive: [ { every: "11s", write: "FFE2", response: false, hex: "20" } ]
                """))
        talk.play([
            (0, .start), (0, .answered(.done)), (12_000, .answered(.value([7]))), (12_100, .answered(.value([8]))),
        ])
        #expect(
            talk.lines == [
                "0 subscribe FFE1", "0 ready", "10000 read 2A19", "12000 write FFE2 20", "12000 read 2A1C",
            ])
    }

    @Test("frames go on under the input's name; bytes of other characteristics do not") func frames() throws {
        var talk = Talk(try .bluetooth("connect: [ { subscribe: \"FFE1\" }, { read: \"2A19\", optional: true } ]"))
        talk.answersAtOnce = true
        talk.play([
            (0, .start), (5, .received("0a0b", on: .uuid("FFE1"))), (6, .received("0c", on: .uuid("2A19"))),
            (7, .received("0d", on: .port)),
        ])
        #expect(talk.lines == ["0 subscribe FFE1", "0 read 2A19", "0 ready", "5 frame data 0a0b"])
    }

    static let row = """
        connect: [ { write: "FFE2", response: false, hex: "15", optional: true,
                     reply: { when: { b0: 0x15 }, refused: { b0: 0x95 }, within: "2s", tries: 3,
                              end: [ { b1: 0xff }, { index: 1, total: { when: { b1: 0 }, at: 2 } } ] } },
                   { write: "FFE2", response: false, hex: "43" } ]
        """

    static func answer(_ frames: (Int64, String)...) throws -> [String] {
        var talk = Talk(try .bluetooth(row))
        talk.play([(0, .start)] + frames.map { ($0.0, .received($0.1, on: .uuid("FFE1"))) } + [(30_000, .nothing)])
        return talk.lines.filter { !$0.contains("frame data") }
    }

    @Test("an answer in a numbered row is over with its last frame, or with the one that says there is none")
    func numbered() throws {
        #expect(
            try Self.answer((100, "150003"), (200, "7301"), (300, "150101"), (400, "150202"))
                == ["0 write FFE2 15", "400 write FFE2 43", "400 ready"])
        #expect(try Self.answer((100, "15ff")) == ["0 write FFE2 15", "100 write FFE2 43", "100 ready"])
    }

    @Test("a missing frame, a late one or none at all is asked for again, and given up in the end") func retries()
        throws
    {
        #expect(
            try Self.answer((100, "150003"), (200, "150202"), (300, "150003"), (400, "150101"), (500, "150202"))
                == ["0 write FFE2 15", "200 write FFE2 15", "500 write FFE2 43", "500 ready"])
        #expect(
            try Self.answer((1900, "150002"), (3800, "150101"))
                == ["0 write FFE2 15", "3800 write FFE2 43", "3800 ready"])
        #expect(
            try Self.answer() == [
                "0 write FFE2 15", "2000 write FFE2 15", "4000 write FFE2 15",
                "6000 note 'write FFE2': no answer, asked 3 times", "6000 write FFE2 43", "6000 ready",
            ])
        #expect(
            try Self.answer((50, "9501")) == [
                "0 write FFE2 15", "50 note 'write FFE2' was refused: 95 01", "50 write FFE2 43", "50 ready",
            ])
    }

    @Test("on a serial line an answer is found at any byte, however it is cut, and silence fails the connection")
    func stream() throws {
        let script = try Script.serial(
            "connect: [ { send: \"02 bd\", reply: { when: { b0: 2, b1: 0xbd, b3: 6 }, within: \"1s\" } }, { send: \"aa\" } ]"
        )
        let sent = Talk.bytes("0202bd0002bd0006ff")
        for cut in 0...sent.count {
            var talk = Talk(script)
            talk.play([
                (0, .start), (10, .received(Talk.hex(Array(sent[..<cut])), on: .port)),
                (10, .received(Talk.hex(Array(sent[cut...])), on: .port)),
            ])
            #expect(
                talk.lines.filter { !$0.contains("frame") } == ["0 write port 02bd", "10 write port aa", "10 ready"])
        }
        var silent = Talk(script)
        silent.play([(0, .start), (5000, .nothing)])
        #expect(silent.lines == ["0 write port 02bd", "1000 failed 'send 02 bd': no answer"])
    }

    @Test("steps that fall due while others wait do not pile up") func pile() throws {
        let steps = "connect: [], poll: [ { every: \"1s\", read: \"2A19\" } ]"
        var talk = Talk(try .bluetooth(steps))
        talk.play([(0, .start), (10_500, .answered(.done)), (10_600, .answered(.done)), (11_000, .answered(.done))])
        #expect(talk.lines == ["0 ready", "1000 read 2A19", "10500 read 2A19", "11000 read 2A19"])
    }

    @Test("after a sleep nothing is made up for") func sleep() throws {
        var talk = Talk(try .serial("connect: [], keepAlive: [ { every: \"5s\", send: \"af\" } ]"))
        talk.play([(0, .start), (6000, .nothing)])
        talk.conversation.skip(to: Talk.beginning + .hours(1))
        talk.at = 3_600_000
        talk.play([(3_600_100, .nothing), (3_605_000, .nothing)])
        #expect(talk.lines == ["0 ready", "5000 write port af", "3604000 write port af"])
    }

    @Test("leaving drops what waits, says farewell, and never takes longer than it may") func leaving() throws {
        var early = Talk(try .bluetooth(Self.busy))
        early.play([(0, .stop)])
        #expect(early.lines == ["0 finished"])
        var waiting = Talk(try .bluetooth(Self.busy))
        waiting.play([(0, .start), (600, .stop), (700, .answered(.done)), (20_000, .nothing)])
        #expect(
            waiting.lines == ["500 subscribe FFE1", "700 write FFE2 30 and wait", "5600 finished"])
    }

    @Test("random events at random times never trap, and nothing follows the end") func noise() throws {
        var random = SplitMix(23)
        let scripts = [try Script.bluetooth(Self.busy), try .bluetooth(Self.row)]
        for round in 0..<2000 {
            var conversation = Conversation(scripts[round % 2], context: Talk.context(options: ["history"]))
            var isOver = false
            for _ in 0..<40 {
                let at = Talk.beginning + .milliseconds(Int64.random(in: -1000...100_000, using: &random))
                let bytes = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                    [0, 1, 2, 0x15, 0x95, 0xFF].randomElement(using: &random) ?? 0 as UInt8
                }
                let events: [Talk.Event] = [
                    .start, .received(Talk.hex(bytes), on: .uuid("FFE1")), .answered(.done), .answered(.missing),
                    .answered(.refused("no")), .answered(.value(bytes)), .watch(round % 3 == 0), .stop, .nothing,
                ]
                let weights = [0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 8, 8, 7]
                let event = events[weights.randomElement(using: &random) ?? 0]
                let actions = conversation.apply(event, at)
                #expect(!isOver || actions.isEmpty)
                isOver = isOver || actions.contains { if case .failed = $0 { true } else { $0 == .finished } }
                if isOver { #expect(conversation.deadline == nil) }
            }
        }
    }
}
