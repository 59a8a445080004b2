import Profiles
import Simulator
import Testing
import Vitals

@testable import Links

@Suite("The ANT channel driver") struct ANTChannelTests {
    static let secrets = ["antPlusKey": "10 32 54 76 98 ba dc fe"]
    static let context = Talk.context(secrets: secrets)
    static let strap = ANTStick.Sensor(.heartRate, number: 0x2_273A, rate: 75)

    static func duet(_ stick: ANTStick, profile: String = "ant-hrm", context: StepContext = context) throws
        -> Duet<ANTStick>
    {
        var duet = Duet(try shipped(profile), context, stick)
        duet.start()
        return duet
    }

    @Test("sets a stick up and decodes the strap behind it, however the line cuts its bytes", arguments: [nil, 1, 7])
    func strap(pieces: Int?) throws {
        var duet = try Self.duet(ANTStick([Self.strap]))
        duet.pieces = pieces
        duet.run(for: .seconds(30))
        #expect(duet.isReady && duet.failure == nil)
        let rates = duet.values(.heartRate)
        #expect((35...39).contains(rates.count) && rates.allSatisfy { $0 == 75 })
        #expect(duet.values(.rrInterval).dropFirst(2).allSatisfy { abs($0 - 800) < 2 })
        #expect(duet.decoded.diagnostics[.checksum] == nil)
        #expect(duet.notes == ["listens to ANT sensor \(0x2_273A)"])
    }

    @Test("a foot pod's strides come through its own profile") func footPod() throws {
        var duet = try Self.duet(ANTStick([ANTStick.Sensor(.footPod, number: 9, rate: 80)]), profile: "ant-sdm")
        duet.run(for: .minutes(1))
        let strides = duet.values(.strides)
        #expect(strides.count > 200 && strides.last.map { (78...80).contains($0) } == true)
    }

    @Test("commands are in the order the stick wants, each once, and each acknowledged") func commands() throws {
        var duet = try Self.duet(ANTStick([Self.strap]))
        duet.run(for: .seconds(2))
        let ids = duet.actions.compactMap { action -> UInt8? in
            if case .write(_, let bytes, _) = action { bytes[2] } else { nil }
        }
        #expect(ids == [0x4A, 0x46, 0x66, 0x42, 0x51, 0x43, 0x45, 0x44, 0x4B])
        duet.perform(duet.conversation.stop(at: duet.now))
        #expect(
            duet.actions.suffix(3).map(Talk.text) == ["write port a4014c00e9", "write port a4014a00ef", "finished"])
    }

    @Test("lost answers, damaged ones and noise between them only delay the set-up") func mishaps() throws {
        var mishaps = Mishaps()
        mishaps.lost = [0, 3]
        mishaps.damaged = [2, 5]
        mishaps.noise = [1: [0xA4, 0xFF, 0x00], 6: [0xA4, 0x03, 0x40]]
        var duet = try Self.duet(ANTStick([Self.strap], mishaps: mishaps))
        duet.run(for: .seconds(30))
        #expect(duet.isReady && duet.failure == nil)
        #expect(duet.values(.heartRate).count > 20)
    }

    @Test("a stick that says nothing fails with a sentence, one with slow answers does not") func silence() throws {
        var mishaps = Mishaps()
        mishaps.silentFrom = 0
        var duet = try Self.duet(ANTStick([Self.strap], mishaps: mishaps))
        duet.run(for: .minutes(1))
        #expect(duet.failure == "the ANT stick does not answer")
        mishaps.silentFrom = nil
        mishaps.delay = .milliseconds(300)
        var late = try Self.duet(ANTStick([Self.strap], mishaps: mishaps))
        late.run(for: .seconds(30))
        #expect(late.isReady && late.values(.heartRate).count > 20)
    }

    @Test("a strap out of reach is searched again and again, the channel opened anew, and found when it is back")
    func outOfReach() throws {
        var strap = Self.strap
        strap.absent = [TimeRange(Talk.beginning + .seconds(10), Talk.beginning + .seconds(120))]
        // The neighbour's never mixes in.
        let neighbour = ANTStick.Sensor(.heartRate, number: 77, rate: 140)
        var duet = try Self.duet(ANTStick([strap, neighbour]))
        duet.run(for: .seconds(180))
        #expect(duet.failure == nil)
        #expect(Set(duet.values(.heartRate)) == [75])
        #expect(duet.notes.filter { $0.hasPrefix("no sensor found") }.count >= 3)
        let opened = duet.actions.filter { if case .write(_, let bytes, _) = $0 { bytes[2] == 0x4B } else { false } }
        #expect(opened.count >= 4)
        // Beats after it was back.
        #expect(duet.values(.heartRate).count > 60)
    }

    @Test("a stick that restarts by itself is set up again and goes on with the same strap") func fall() throws {
        var duet = try Self.duet(ANTStick([Self.strap], fall: Talk.beginning + .seconds(20)))
        duet.run(for: .seconds(40))
        #expect(duet.notes.contains("the ANT stick has restarted: it is set up again"))
        #expect((43...52).contains(duet.values(.heartRate).count))
        #expect(duet.conversation.driverMemory == .antDevice(0x2_273A))
        let ids = duet.actions.compactMap { action -> [UInt8]? in
            if case .write(_, let bytes, _) = action, bytes[2] == 0x51 { bytes } else { nil }
        }
        #expect(ids.map { Array($0[4...7]) } == [[0, 0, 120, 0], [0x3A, 0x27, 120, 0x21]])
    }

    @Test("without the network key, or with a wrong one, it says what to do") func key() throws {
        var none = try Self.duet(ANTStick([Self.strap]), context: Talk.context())
        none.run(for: .seconds(1))
        #expect(none.failure?.contains("needs the secret 'antPlusKey'") == true)
        var short = try Self.duet(ANTStick([Self.strap]), context: Talk.context(secrets: ["antPlusKey": "1032"]))
        short.run(for: .seconds(1))
        #expect(short.failure?.contains("8 bytes in hexadecimal") == true)
    }

    @Test("random bytes never trap, and the driver is still usable afterwards") func noise() throws {
        var random = SplitMix(5)
        for _ in 0..<50 {
            var duet = try Self.duet(ANTStick([Self.strap]))
            for _ in 0..<20 {
                duet.run(for: .milliseconds(Int64.random(in: 1...900, using: &random)))
                let bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in
                    [0xA4, 0x03, 0x40, 0x4E, 0x6F, 0x00, UInt8.random(in: 0...255, using: &random)].randomElement(
                        using: &random) ?? 0
                }
                duet.perform(duet.conversation.received(bytes, on: .port, at: duet.now))
            }
            #expect(duet.failure == nil || duet.failure?.contains("ANT stick") == true)
        }
    }

    @Test("a message with any one bit flipped is none") func damage() {
        let good = ANTMessage(ANTMessage.ID.broadcast, [0, 4, 0, 1, 2, 3, 4, 5, 75]).bytes
        for bit in 0..<good.count * 8 {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var stream = ANTMessage.Stream()
            stream.append(bytes)
            while let piece = stream.next() {
                if case .message(let message) = piece { Issue.record("bit \(bit): \(message)") }
            }
        }
    }

    @Test("its message and a captured one have the same checksum") func checksum() {
        var stream = ANTMessage.Stream()
        stream.append(Talk.bytes("ffa40e4e0284ffa5e2a5e6ca3c8052627871d6"))
        #expect(stream.next() == .noise(0xFF))
        guard case .message(let message)? = stream.next() else {
            Issue.record("no message")
            return
        }
        #expect(message.id == 0x4E && message.bytes == Talk.bytes("a40e4e0284ffa5e2a5e6ca3c8052627871d6"))
        #expect(stream.next() == nil)
    }
}
