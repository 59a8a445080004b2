import Profiles
import Testing
import Vitals

@testable import Simulator

@Suite("Virtual devices of every shipped profile")
struct ProfileSensorTests {
    static func person(seed: UInt64 = 1, _ activity: Activity = .walk) -> SyntheticPerson {
        SyntheticPerson(
            seed: seed, scenario: Scenario([.init(activity, for: .days(1))], repeats: true), start: DemoScenario.noon)
    }

    /// What the shipped decoder makes of a device's time.
    struct Heard {
        var readings: [(at: Timestamp, reading: Reading)] = []
        var statuses: [(at: Timestamp, status: Status)] = []
        var diagnostics: [Diagnostic: Int] = [:]

        func values(_ metric: Metric) -> [Double] {
            readings.filter { $0.reading.metric == metric }.map(\.reading.value)
        }
    }

    static func hear(_ id: String, for length: TimeSpan, _ trouble: SensorTrouble = .none) throws -> Heard {
        let profile = try ShippedProfiles.profile(id)
        var sensor = try ProfileSensor(profile, wearer: person(), trouble: trouble)
        var decoder = Decoder(profile)
        var heard = Heard()
        for transmission in sensor.transmissions(until: sensor.start + length) {
            var decoded = Decoded()
            decoder.feed(transmission.bytes, input: transmission.input, at: transmission.at, into: &decoded)
            heard.readings += decoded.readings.map { (transmission.at, $0) }
            heard.statuses += decoded.statuses.map { (transmission.at, $0) }
            heard.diagnostics.merge(decoded.diagnostics, uniquingKeysWith: +)
        }
        return heard
    }

    @Test("all shipped profiles are looked at")
    func all() {
        #expect(ShippedProfiles.library.errors.isEmpty)
        #expect(ShippedProfiles.ids.count >= 28)
    }

    @Test(
        "each tells every metric of its profile within a minute, and nothing a body cannot have",
        arguments: ShippedProfiles.ids)
    func metrics(id: String) throws {
        let heard = try ProfileSensorTests.hear(id, for: .seconds(65))
        let metrics = Set(heard.readings.map(\.reading.metric))
        let profile = try ShippedProfiles.profile(id)
        #expect(metrics == Set(profile.metrics), "\(id)")
        for (_, reading) in heard.readings where reading.counter == nil {
            #expect(
                Double(reading.metric.plausible.lowerBound)...Double(reading.metric.plausible.upperBound)
                    ~= reading.value)
        }
        let wrong: Set<Diagnostic> = [
            .resync, .checksum, .truncated, .length, .unknown, .notJSON, .noHeader, .outOfRange,
        ]
        #expect(wrong.isDisjoint(with: heard.diagnostics.keys), "\(heard.diagnostics)")
    }

    @Test(
        "the same person gives the same bytes, however they are asked for",
        arguments: ["ble.hrs", "nonin.df2", "csv.lines"])
    func cuts(id: String) throws {
        let profile = try ShippedProfiles.profile(id)
        var whole = try ProfileSensor(profile, wearer: ProfileSensorTests.person())
        var pieces = whole
        let all = whole.transmissions(until: whole.start + .seconds(30))
        var parts: [Transmission] = []
        for step in 1...300 { parts += pieces.transmissions(until: pieces.start + .milliseconds(Int64(step) * 100)) }
        #expect(parts == all)
    }
}

@Suite("Encoding is the inverse of decoding")
struct EncoderInverseTests {
    /// A value that the content may have.
    static func value(_ content: MessageOutline.Content, _ random: inout SeededRandom) -> Double {
        if content.metric == .sensorLocation { return Double(Int.random(in: 0...6, using: &random)) }
        if content.metric == .worn { return Double(Int.random(in: 0...1, using: &random)) }
        let plausible = content.metric.plausible
        let range = Double(plausible.lowerBound)...Double(min(plausible.upperBound, 1_000_000))
        let value = Double.random(in: range.clamped(to: content.range), using: &random)
        // In the digits that people's sensors have.
        return content.resolution < 0.5 ? (value * 10).rounded() / 10 : value.rounded()
    }

    @Test("whatever can be said comes back within the field's last digit", arguments: ShippedProfiles.ids)
    func inverse(id: String) throws {
        let profile = try ShippedProfiles.profile(id)
        let encoder = Encoder(profile)
        var random = SeededRandom(seed: 7)
        var said = 0
        for outline in encoder.messages where !outline.contents.isEmpty && !outline.isAssembled {
            for _ in 0..<100 {
                var metrics: Set<Metric> = []
                let values = outline.contents.map { content -> [Double] in
                    guard metrics.insert(content.metric).inserted, random.uniform() < 0.85 else { return [] }
                    let count = content.isList && random.uniform() < 0.5 ? 1 + Int(random.uniform() * 4) : 1
                    return (0..<count).map { _ in EncoderInverseTests.value(content, &random) }
                }
                var utterance = Utterance(message: outline.index, values: values, fit: .worn, news: said + 1)
                if outline.contents.contains(where: { $0.clock == .required }) || random.uniform() < 0.3 {
                    utterance.time = DemoScenario.noon.floored(to: .minutes(30))
                }
                guard let encoded = encoder.encode(utterance) else { continue }
                said += 1
                // Decoded once more, from the stream as a link has it.
                var decoder = Decoder(profile, timed: false)
                var decoded = Decoded()
                let header = encoder.header(of: outline.input)
                if !header.isEmpty { decoder.feed(header, input: outline.input, at: DemoScenario.noon, into: &decoded) }
                for frame in encoded.frames {
                    for byte in outline.isStream(profile) ? frame.map({ [$0] }) : [frame] {
                        decoder.feed(byte, input: outline.input, at: DemoScenario.noon, into: &decoded)
                    }
                }
                let meant = zip(outline.contents, values).flatMap { content, values in values.map { (content, $0) } }
                #expect(decoded.readings.count == meant.count)
                for (reading, (content, value)) in zip(decoded.readings, meant) {
                    #expect(reading.metric == content.metric)
                    #expect(
                        content.allows(reading.value, for: value),
                        "\(id) \(content.metric.name): \(reading.value) for \(value)")
                    if case .at(let time) = reading.time, case .optional = content.clock {
                        #expect(time == utterance.time)
                    }
                }
            }
        }
        #expect(said > 20, "\(id)")
    }

    @Test("a sensor without contact says so, and gives no heart rate", arguments: ShippedProfiles.ids)
    func lost(id: String) throws {
        let profile = try ShippedProfiles.profile(id)
        let encoder = Encoder(profile)
        for outline in encoder.messages where !outline.isAssembled {
            let none = Utterance(message: outline.index, values: outline.contents.map { _ in [] }, fit: .lost)
            guard let encoded = encoder.encode(none) else { continue }
            #expect(encoded.readings.isEmpty)
            if outline.tells.contains(.worn), id == "ble.hrs" { #expect(encoded.statuses.contains(.worn(false))) }
        }
    }

    @Test("what a field cannot hold is refused, not bent")
    func refusal() throws {
        let encoder = Encoder(try ShippedProfiles.profile("ble.hrs"))
        let hrm = try #require(encoder.messages.first)
        func frame(_ rate: Double) -> [UInt8]? {
            encoder.encode(Utterance(message: hrm.index, values: [[rate], [], []]))?.frames.first
        }
        #expect(frame(72) == [0x00, 72])
        #expect(frame(300) == [0x01, 0x2C, 0x01])
        #expect(frame(70_000) == nil)
        // Zero means that there is none.
        #expect(frame(0) == nil)
    }
}

extension MessageOutline {
    /// Its bytes may come in any pieces.
    func isStream(_ profile: Profile) -> Bool { profile.transport == .serial }
}
