import Links
import Profiles
import Simulator
import Testing
import Vitals

@Suite("The download of a Contec's stored data") struct ContecHistoryTests {
    static let recording: [ContecRecorder.Value] = (0..<400).map { (n: Int) -> ContecRecorder.Value in
        let pulse = UInt8(60 + n % 100)
        return ContecRecorder.Value(pulse: pulse, spo2: UInt8(90 + n % 9))
    }
    static let context = Talk.context(options: ["history"])

    static func duet(
        _ recorder: ContecRecorder, context: StepContext = context, memory: DriverMemory? = nil, at: TimeSpan = .zero
    ) throws -> Duet<ContecRecorder> {
        var duet = Duet(try shipped("contec-cms50-legacy"), context, recorder, memory: memory)
        duet.now = duet.now + at
        duet.start()
        return duet
    }

    /// Values with a time of their own: those of the recording.
    static func stored(_ duets: Duet<ContecRecorder>...) -> [(value: Double, at: Timestamp)] {
        duets.flatMap { duet in
            duet.decoded.readings.compactMap { reading in
                guard reading.metric == .heartRate, case .at(let time) = reading.time else { return nil }
                return (value: reading.value, at: time)
            }
        }
    }

    static func isWhole(_ stored: [(value: Double, at: Timestamp)]) -> Bool {
        stored.map(\.value) == recording.map { Double($0.pulse) }
            && zip(stored, stored.dropFirst()).allSatisfy { $1.at - $0.at == .seconds(1) }
    }

    @Test("every value comes once, a second apart, the last when the download began; then live data goes on")
    func whole() throws {
        var duet = try Self.duet(ContecRecorder(Self.recording))
        duet.run(for: .seconds(10))
        let stored = Self.stored(duet)
        #expect(Self.isWhole(stored))
        #expect(stored.last.map { (Talk.beginning - $0.at).milliseconds } == 1000)
        #expect(duet.isReady && duet.failure == nil)
        let live = duet.decoded.readings.filter { $0.time == .arrival && $0.metric == .heartRate }
        #expect(live.count >= 5 && live.allSatisfy { $0.value == 72 })
    }

    @Test("without the option nothing is asked for") func off() throws {
        var duet = try Self.duet(ContecRecorder(Self.recording), context: Talk.context())
        duet.run(for: .seconds(10))
        #expect(Self.stored(duet).isEmpty && duet.isReady)
    }

    @Test("bytes cut anywhere mean the same", arguments: [1, 2, 4, 11]) func pieces(size: Int) throws {
        var duet = try Self.duet(ContecRecorder(Self.recording))
        duet.pieces = size
        duet.run(for: .seconds(10))
        #expect(Self.isWhole(Self.stored(duet)))
    }

    @Test("a stretch that is lost, damaged or preceded by noise is asked for again; nothing comes twice")
    func mishaps() throws {
        for number in [0, 1, 2, 20, 41] {
            for kind in 0..<3 {
                var mishaps = Mishaps()
                switch kind {
                case 0: mishaps.lost = [number]
                case 1: mishaps.damaged = [number]
                default: mishaps.noise = [number: [0x11, 0xF2, 0x80]]
                }
                var duet = try Self.duet(ContecRecorder(Self.recording, mishaps: mishaps))
                duet.run(for: .minutes(1))
                #expect(duet.failure == nil)
                let stored = Self.stored(duet)
                // A flipped bit that leaves a sound value cannot be noticed: there is no checksum.
                let isPlain = stored.count == Self.recording.count && kind == 1
                #expect(isPlain || Self.isWhole(stored), "sending \(number), mishap \(kind)")
            }
        }
    }

    @Test("cut in the middle, it goes on after reconnecting, with the times it began with") func resumed() throws {
        for end in [30, 200, 500, 690] as [Int64] {
            var first = try Self.duet(ContecRecorder(Self.recording))
            first.run(for: .milliseconds(end))
            var second = try Self.duet(
                ContecRecorder(Self.recording), memory: first.conversation.driverMemory, at: .minutes(3))
            second.run(for: .seconds(20))
            let stored = Self.stored(first, second)
            #expect(Self.isWhole(stored), "cut at \(end) ms")
            #expect(second.failure == nil)
            let last = try #require(stored.last)
            // Begun within the first 20 ms, or not at all.
            #expect(end < 50 || Talk.beginning - last.at <= .seconds(1))
            var third = try Self.duet(
                ContecRecorder(Self.recording), memory: second.conversation.driverMemory, at: .minutes(9))
            third.run(for: .seconds(20))
            #expect(Self.stored(third).isEmpty && third.notes == ["stored data: 400 values, known already"])
        }
    }

    @Test("another recording of the same length is noticed and counts whole") func another() throws {
        var first = try Self.duet(ContecRecorder(Self.recording))
        first.run(for: .milliseconds(400))
        let other = Self.recording.map { ContecRecorder.Value(pulse: $0.pulse + 1, spo2: $0.spo2) }
        var second = try Self.duet(ContecRecorder(other), memory: first.conversation.driverMemory, at: .hours(8))
        second.run(for: .seconds(30))
        #expect(Self.stored(second).map(\.value) == other.map { Double($0.pulse) })
    }

    @Test("a silent device is asked five times, then the link is left with a note, alive") func silent() throws {
        var mishaps = Mishaps()
        mishaps.silentFrom = 5
        var duet = try Self.duet(ContecRecorder(Self.recording, mishaps: mishaps))
        duet.run(for: .minutes(2))
        let asked = duet.actions.filter { $0 == .write(.port, [0xF5, 0xF5], response: false) }
        #expect(asked.count == 5)
        #expect((duet.failure ?? duet.notes.last)?.contains("could not be downloaded") == true)
    }

    @Test("only what is newer than what is known is handed on") func since() throws {
        let known = Talk.beginning - .seconds(100)
        var duet = try Self.duet(
            ContecRecorder(Self.recording), context: Talk.context(options: ["history"], since: known))
        duet.run(for: .seconds(10))
        let stored = Self.stored(duet)
        #expect(stored.count == 99 && stored.allSatisfy { $0.at > known })
    }
}
