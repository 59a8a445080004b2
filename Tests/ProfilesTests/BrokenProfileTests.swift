import Glibc
import JSON5
import Profiles
import Testing
import Vitals

@Suite struct BrokenProfileTests {
    static let names = Files.names(in: Files.fixtures + "/broken", suffix: ".json5")

    /// Set `RECORD_SNAPSHOTS=1` to write the texts anew, then read the difference.
    static let isRecording = getenv("RECORD_SNAPSHOTS") != nil

    @Test("a broken profile is refused with place, reason and caret", arguments: names)
    func refused(_ name: String) throws {
        let path = "\(Files.fixtures)/broken/\(name)"
        let error = try #require(throws: JSONError.self) {
            try Profile(text: try Files.text(path), file: name)
        }
        let snapshot = path.replacing(".json5", with: ".txt")
        if Self.isRecording { write("\(error)\n", to: snapshot) }
        let expected = try? Files.text(snapshot)
        #expect("\(error)\n" == expected)
        #expect("\(error)".contains("^"))
    }

    @Test("the vector beyond the limit is named, and so is the base too many")
    func counts() throws {
        let head = "{ schema: 1, version: 1, name: \"n\", transport: \"ble\", inputs: { a: { char: \"2A37\" } },"
        let vector = "{ input: \"a\", hex: \"00\", samples: [], kind: \"specification\", source: \"s\" },\n"
        func text(vectors: Int) -> String {
            head + " id: \"t.t\", messages: [ { id: \"m\", input: \"a\" } ],\nvectors: [\n"
                + String(repeating: vector, count: vectors) + "] }"
        }
        #expect(try Profile(text: text(vectors: 1000), file: "t").vectors.count == 1000)
        let error = try #require(throws: JSONError.self) { try Profile(text: text(vectors: 1001), file: "t") }
        #expect("\(error.location): \(error.message)" == "1003:1: a profile has at most 1000 vectors")

        let files = (1...6).map { level in
            Configured.File(
                path: "\(level)",
                text: head + (level < 6 ? "\nextends: \"t.x\(level + 1)\"," : "")
                    + " id: \"t.x\(level)\", messages: [ { id: \"m\", input: \"a\" } ] }")
        }
        let library = ProfileLibrary(files: files)
        #expect(library.ids == ["t.x3", "t.x4", "t.x5", "t.x6"])
        #expect(
            library.errors.map { "\($0.file ?? ""):\($0.location): \($0.message)" } == [
                "4:2:10: more than 4 profiles extend each other", "5:2:10: more than 4 profiles extend each other",
            ])
    }

    @Test("there are at least ten of them")
    func enough() { #expect(Self.names.count >= 10) }

    @Test("a broken file is put aside alone")
    func aside() throws {
        let good = try Files.text(Files.root + "/DeviceProfiles/infinitime.json5")
        let bad = try Files.text(Files.fixtures + "/broken/wrong-unit.json5")
        let library = ProfileLibrary(files: [
            .init(path: "a/bad.json5", text: bad), .init(path: "a/good.json5", text: good),
        ])
        #expect(library.ids == ["pine64.infinitime"])
        #expect(library.errors.map(\.file) == ["a/bad.json5"])
        #expect(library.nearest(to: "pine64.infinitme") == "pine64.infinitime")
    }

    @Test("a later directory replaces a profile, the same directory may not")
    func replacement() throws {
        let text = try Files.text(Files.root + "/DeviceProfiles/infinitime.json5")
        let mine = text.replacing("version: 1", with: "version: 7")
        let replaced = ProfileLibrary(files: [
            .init(path: "shipped/it.json5", text: text), .init(path: "etc/it.json5", text: mine),
        ])
        #expect(replaced["pine64.infinitime"]?.version == 7)
        #expect(replaced.errors.isEmpty)
        let doubled = ProfileLibrary(files: [
            .init(path: "etc/it.json5", text: text), .init(path: "etc/copy.json5", text: mine),
        ])
        #expect(doubled["pine64.infinitime"]?.version == 1)
        #expect(doubled.errors.map(\.location.line) == [6])
    }

    @Test("no cut of a profile text traps, and only the whole one loads")
    func truncation() throws {
        let file = Array(try Files.text(Files.root + "/DeviceProfiles/infinitime.json5").utf8)
        let text = file[..<(try #require(file.lastIndex(of: UInt8(ascii: "}"))))]
        var loaded = 0
        for count in stride(from: text.count, to: 0, by: -13) {
            let cut = String(decoding: text[..<count], as: UTF8.self)
            if (try? Profile(text: cut, file: "cut")) != nil { loaded += 1 }
        }
        #expect(loaded == 0)
    }

    @Test("words that were swapped at random never trap the loader")
    func shuffled() throws {
        var dice = Dice(state: 7)
        for name in Files.shipped {
            let words = try Files.text("\(Files.root)/DeviceProfiles/\(name)").prefix(5000).split(
                separator: " ", omittingEmptySubsequences: false)
            for _ in 0..<40 {
                var mixed = words
                for _ in 0..<3 {
                    mixed.swapAt(.random(in: mixed.indices, using: &dice), .random(in: mixed.indices, using: &dice))
                }
                guard let profile = try? Profile(text: mixed.joined(separator: " ") + " ]}", file: name) else {
                    continue
                }
                _ = profile.check()
            }
        }
    }

    private func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }
}
