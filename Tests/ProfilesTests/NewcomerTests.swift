import Profiles
import Testing
import Vitals

/// What people who write their first profile get wrong, and what they are told.
@Suite struct NewcomerTests {
    /// A band that sends a heart rate and tenths of degrees above 30 °C.
    private func band(
        subscribe: String = "FA11", check: String = "{ kind: \"sum8\", at: -1 }", hex: String = "a5 48 12 ff",
        len: Int = 4
    ) throws -> Profile {
        try Profile(
            text: """
                {
                  schema: 1, id: "my.band", version: 1, name: "Band", transport: "ble",
                  connect: [ { subscribe: "\(subscribe)" } ],
                  inputs: { live: { char: "FA11", len: \(len), check: \(check) } },
                  messages: [ { id: "live", input: "live", when: { b0: 0xa5 },
                    fields: [ { name: "hr", type: "u8", at: 1 },
                              { name: "warmth", type: "i8", add: 300, scale: [1, 10] } ],
                    emit: [ { metric: "heart_rate", value: "hr", unit: "bpm" },
                            { metric: "body_temperature", value: "warmth", unit: "degC" } ] } ],
                  vectors: [ { id: "one", input: "live", hex: "\(hex)",
                    samples: [ { metric: "heart_rate", value: 72, unit: "bpm" },
                               { metric: "body_temperature", value: 31.8, unit: "degC" } ],
                    kind: "specification", source: "made up" } ],
                }
                """, file: "band.json5")
    }

    @Test("a number is added before the ratio, and a device that is simulated undoes it")
    func sum() throws {
        let profile = try band()
        #expect(profile.check().isEmpty)
        let encoder = Encoder(profile)
        let outline = try #require(encoder.messages.first)
        let encoded = try #require(
            encoder.encode(Utterance(message: outline.index, values: [[72], [36.6]], time: .start)))
        #expect(encoded.readings.map(\.value) == [72, 36.6])
    }

    @Test("a vector that gives nothing says which count it went to, with the numbers")
    func reasons() throws {
        func message(_ profile: Profile) -> String { profile.check().first?.error.message ?? "nothing is wrong" }
        #expect(
            try message(band(hex: "a5 48 12")).hasSuffix("got nothing (length: 3 bytes where the input asks for 4)"))
        #expect(
            try message(band(hex: "a5 48 12 fe")).hasSuffix(
                "got nothing (checksum: byte 3 is 0xfe, where bytes 0 to 2 make 0xff)"))
        #expect(
            try message(band(check: "{ kind: \"sum8\", at: -1, over: [0, 2] }")).hasSuffix(
                "got nothing (checksum: byte 3 is 0xff, where bytes 0 to 1 make 0xed)"))
        #expect(try message(band(hex: "a4 48 12 fe")).hasSuffix("got nothing (unknown)"))
    }

    @Test("an input that no step subscribes to is doubted; no shipped profile has one")
    func doubts() throws {
        #expect(try band().doubts().isEmpty)
        #expect(
            try band(subscribe: "FA13").doubts() == ["input 'live' hears FA11, which no step subscribes to or reads"])
        for profile in Files.library.profiles { #expect(profile.doubts().isEmpty, "\(profile.id)") }
    }
}
