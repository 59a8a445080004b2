import JSON5
import Profiles
import Testing
import Vitals

/// One entry of the reference vectors.
struct ReferenceVector: CustomTestStringConvertible {
    var id: String
    var profile: String
    var feeds: [(channel: String, bytes: [UInt8])]
    var samples: [(metric: String, number: Double?, label: String?, seconds: Double?)]
    var diagnostics: [String]

    var testDescription: String { id }

    /// Those that name one of the profiles.
    static func all(of profiles: [String]) throws -> [ReferenceVector] {
        guard let shared = Files.shared else { return [] }
        let document = try JSONDocument.load(path: shared + "/devices/VECTORS.json", limit: 1 << 24)
        var vectors: [ReferenceVector] = []
        for entry in try document.reader.array("vectors") {
            guard let profile = try entry.optionalString("profile"), profiles.contains(profile) else { continue }
            let expect = try entry.required("expect")
            vectors.append(
                ReferenceVector(
                    id: try entry.string("id"), profile: profile,
                    feeds: try entry.array("input").map { step in
                        let text = try step.optionalString("text")
                        let data = text.map { $0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
                        return (try step.string("channel"), try data ?? bytes(hex: step.string("hex")))
                    },
                    samples: try expect.array("samples").map { sample in
                        let value = try sample.required("value")
                        let label = try? value.string()
                        let number = label == nil ? try value.number() : nil
                        let time = try sample.optional("t").flatMap { t in
                            (try? t.number())
                                ?? (try? t.string()).flatMap { Timestamp($0) }.map {
                                    Double($0.milliseconds) / 1000
                                }
                        }
                        return (try sample.string("metric"), number, label, time)
                    },
                    diagnostics: try expect.optionalStringList("diag") ?? []))
        }
        return vectors
    }

    func check(_ profile: Profile) {
        var decoder = Decoder(profile, timed: false)
        var decoded = Decoded()
        for feed in feeds { decoder.feed(feed.bytes, input: feed.channel, at: .start, into: &decoded) }
        #expect(decoded.readings.count == samples.count, "\(id): \(decoded.readings)")
        for (reading, sample) in zip(decoded.readings, samples) {
            #expect(reading.metric.name == sample.metric, "\(id)")
            if let label = sample.label {
                #expect(reading.metric.labels[Int(reading.value)] == label, "\(id)")
            } else if let number = sample.number {
                #expect(abs(reading.value - number) <= 0.0006, "\(id): \(reading.value)")
            }
            if let seconds = sample.seconds, case .at(let time) = reading.time {
                #expect(time.milliseconds / 1000 == Int64(seconds), "\(id)")
            } else {
                #expect(sample.seconds == nil, "\(id): no device time")
            }
        }
        let words = Set(decoded.diagnostics.keys.map(\.name))
        for word in diagnostics { #expect(words.contains(word), "\(id): got \(words)") }
    }
}

@Suite struct VectorTests {
    @Test("every shipped profile loads and its own vectors come true", arguments: Files.shipped)
    func shipped(_ name: String) throws {
        let profile = try Files.profile(name)
        #expect(!profile.vectors.isEmpty)
        for failure in profile.check() { Issue.record("\(failure)") }
    }

    @Test("every file loads, the highest priority first")
    func library() {
        #expect(Files.library.errors.map { "\($0)" } == [])
        #expect(Files.library.profiles.count == Files.shipped.count)
        let priorities = Files.library.profiles.map(\.priority)
        #expect(priorities == priorities.sorted(by: >))
    }

    @Test("a reference vector has a shipped profile, or a reason in the read-me")
    func complete() throws {
        guard let shared = Files.shared else { return }
        let readMe = try Files.text(Files.root + "/DeviceProfiles/README.md")
        let document = try JSONDocument.load(path: shared + "/devices/VECTORS.json", limit: 1 << 24)
        var own: Set<String> = []
        for profile in Files.library.profiles { own.formUnion(profile.vectors.map(\.id)) }
        var count = 0
        for entry in try document.reader.array("vectors") {
            let id = try entry.string("id")
            #expect(own.contains(id) || readMe.contains("`\(id)`"), "\(id)")
            count += 1
        }
        #expect(count == 138)
    }

    @Test("each stage of the read-me's examples loads, and its vectors come true")
    func example() throws {
        let readMe = try Files.text(Files.root + "/DeviceProfiles/README.md")
        let stages = readMe.split(separator: "```json5\n").dropFirst().compactMap { $0.split(separator: "```").first }
        #expect(stages.count == 4)
        for stage in stages {
            let profile = try Profile(text: String(stage), file: "README.md")
            #expect(profile.check().map(\.description) == [])
        }
        let vectors = try stages.map { try Profile(text: String($0), file: "README.md").vectors.count }
        #expect(vectors == [0, 1, 4, 2])
    }

    @Test("every reference vector of a shipped profile passes, and stands in the profile file")
    func reference() throws {
        for vector in try ReferenceVector.all(of: Files.library.ids) {
            let profile = try #require(Files.library[vector.profile])
            vector.check(profile)
            #expect(profile.vectors.contains { $0.id == vector.id }, "\(vector.id) is missing in \(profile.file)")
        }
    }

    @Test("the reference's seventeen profiles load as they are and pass too")
    func worked() throws {
        guard let shared = Files.shared else { return }
        let files = try Files.names(in: shared + "/devices/profiles", suffix: ".json5").map { name in
            Configured.File(path: name, text: try Files.text("\(shared)/devices/profiles/\(name)"))
        }
        let library = ProfileLibrary(files: files)
        #expect(library.errors.map { "\($0)" } == [])
        #expect(library.profiles.count == 17)
        for profile in library.profiles {
            for vector in try ReferenceVector.all(of: [profile.id]) { vector.check(profile) }
        }
    }

    @Test("a changed value of a vector is noticed, with line, expected and got")
    func mutant() throws {
        let text = try Files.text(Files.root + "/DeviceProfiles/ble-hrs.json5")
        let changed = text.replacing("value: 989.258", with: "value: 989.26")
        let failures = try Profile(text: changed, file: "ble-hrs.json5").check()
        #expect(failures.count == 1)
        let failure = try #require(failures.first)
        #expect(failure.vector == "hrs-h7-03")
        #expect(
            failure.error.message
                == "vector hrs-h7-03: expected heart_rate=60, rr_interval=989.26, got heart_rate=60, rr_interval=989.258"
        )
        #expect(failure.description.hasPrefix("ble-hrs.json5:\(failure.error.location.line):5: vector hrs-h7-03"))
    }
}
