import JSON5
import Testing
import Vitals

@testable import Profiles

@Suite struct VectorFileTests {
    private func outcome(_ vectors: String...) throws -> VectorOutcome {
        let text = "{\"vectors\": [\n\(vectors.joined(separator: ",\n"))\n]}"
        return Files.library.run(try VectorFile(text: text, file: "v.json"))
    }

    private func vector(
        _ profile: String?, _ channel: String, _ hex: String, _ expect: String, id: String = "v", device: String = "d"
    ) -> String {
        """
        {"id": "\(id)", "device": "\(device)", "profile": \(profile.map { "\"\($0)\"" } ?? "null"), "kind": "spec",
         "input": [{"channel": "\(channel)", "hex": "\(hex)"}], "expect": \(expect), "source": "s"}
        """
    }

    private static let sixty = "{\"samples\": [{\"metric\": \"heart_rate\", \"value\": 60, \"unit\": \"bpm\"}]}"

    @Test("all reference vectors come true; those without a profile are told apart, and so are fields nobody reads")
    func reference() throws {
        guard let shared = Files.shared else { return }
        let outcome = Files.library.run(try VectorFile(path: shared + "/devices/VECTORS.json"))
        #expect(outcome.failures.map(\.line) == [])
        #expect(outcome.passed == 133)
        #expect(outcome.unmatched == ["cms-r-01", "cms-r-02", "ant-id1", "cts-02", "pams-01"])
        #expect(outcome.uncompared.map(\.field) == ["timestampIgnored", "date", "date", "date"])
    }

    @Test("each changed number of the reference is noticed")
    func mutants() throws {
        guard let shared = Files.shared else { return }
        let text = try Files.text(shared + "/devices/VECTORS.json")
        for pair in [
            ("\"value\": 989.258", "\"value\": 989.26"), ("\"chest\"", "\"wrist\""),
            ("599622173760485265", "599622173760485264"), ("\"diag\": [\"gap\"]", "\"diag\": [\"resync\"]"),
            ("\"unit\": \"m/s\"", "\"unit\": \"km/h\""), ("\"pai\": 8.7", "\"pai\": 8.8"),
            ("[18531, 17619", "[18531, 17618"), ("2024-11-29T23:08:57", "2024-11-29T23:08:58"),
        ] {
            let place = try #require(text.firstRange(of: pair.0))
            var changed = text
            changed.replaceSubrange(place, with: pair.1)
            let outcome = Files.library.run(try VectorFile(text: changed, file: "v.json"))
            #expect(outcome.failures.count == 1 && outcome.passed == 132, "\(pair.0)")
        }
    }

    @Test("a failure says in one line where the vector stands, what was expected and what came")
    func line() throws {
        let outcome = try outcome(
            vector("ble.hrs", "hrm", "103c0004", Self.sixty, id: "two"),
            vector("ble.hr", "hrm", "063c", Self.sixty, id: "lost"))
        #expect(outcome.passed == 0)
        #expect(
            outcome.failures.map(\.line) == [
                "v.json:2:1: vector two (ble.hrs): expected heart_rate=60, got heart_rate=60, rr_interval=1000",
                "v.json:4:1: vector lost (ble.hr): there is no profile 'ble.hr' (did you mean 'ble.hrs'?)",
            ])
    }

    @Test("a long list is told by its first difference")
    func long() throws {
        let rr = (0..<12).map { "{\"metric\": \"rr_interval\", \"value\": \($0 == 9 ? 1 : 1000), \"unit\": \"ms\"}" }
        let hex = "103c" + String(repeating: "0004", count: 12)
        let samples = ["{\"metric\": \"heart_rate\", \"value\": 60, \"unit\": \"bpm\"}"] + rr
        let outcome = try outcome(
            vector("ble.hrs", "hrm", hex, "{\"samples\": [\(samples.joined(separator: ", "))]}"))
        #expect(
            outcome.failures.map(\.error.message) == [
                "vector v (ble.hrs): expected 13 samples, got 13; number 11 should be rr_interval=1, "
                    + "but is rr_interval=1000"
            ])
    }

    @Test("a channel may be a characteristic; a vector without a profile finds the most general one that reads it")
    func channels() throws {
        let adverts =
            "{\"samples\": [{\"metric\": \"heart_rate\", \"value\": 72, \"unit\": \"bpm\"}], \"fields\": {\"hr\": 72}}"
        let outcome = try outcome(
            vector("ble.hrs", "2a37", "063c", Self.sixty),
            vector(nil, "2A37", "063c", Self.sixty),
            vector(nil, "00002A37-0000-1000-8000-00805F9B34FB", "063c", Self.sixty),
            vector(nil, "man:006B", "720872acf50200000000000048", adverts),
            vector(nil, "2AFF", "00", "{\"samples\": []}", id: "stranger"),
            vector(nil, "port", "00", "{\"samples\": []}", id: "some-port"))
        #expect(outcome.failures.map(\.line) == [])
        #expect(outcome.passed == 4)
        #expect(outcome.unmatched == ["stranger", "some-port"])
    }

    @Test("bytes for an input that the profile does not have are unknown, as they are to a decoder")
    func foreignChannel() throws {
        let outcome = try outcome(
            vector("ble.hrs", "2AFF", "063c", "{\"samples\": [], \"diag\": [\"unknown\"]}"),
            vector("ble.hrs", "nowhere", "063c", Self.sixty))
        #expect(outcome.passed == 1 && outcome.failures.count == 1)
    }

    @Test("a reserved code is a count here and a word there")
    func reserved() throws {
        func location(_ label: String) -> String {
            "{\"samples\": [{\"metric\": \"sensor_location\", \"value\": \"\(label)\", \"unit\": \"enum\"}]}"
        }
        let outcome = try outcome(
            vector("ble.hrs", "loc", "09", location("reserved")), vector("ble.hrs", "loc", "01", location("reserved")),
            vector("ble.hrs", "loc", "01", location("chest")))
        #expect(outcome.passed == 2 && outcome.failures.count == 1)
    }

    @Test("statuses and fields count where they are named, integers to the last digit")
    func statuses() throws {
        let ns = "0011d9f8bb2d46520800" + "010000"
        func deviceNs(_ number: String) -> String {
            "{\"samples\": [{\"metric\": \"ecg\", \"value\": 1, \"unit\": \"uV\"}], \"fields\": {\"deviceNs\": \(number)}}"
        }
        let exact = "\(UInt64(0x0852_462D_BBF8_D911))"
        let near = "\(UInt64(0x0852_462D_BBF8_D912))"
        #expect(Double(exact) == Double(near))
        let worn = "{\"samples\": [], \"diag\": [\"suppressed\"], \"status\": [{\"contact\": 0}]}"
        let outcome = try outcome(
            vector("polar.pmd", "data", ns, deviceNs(exact)), vector("polar.pmd", "data", ns, deviceNs(near)),
            vector("ble.hrs", "hrm", "043c", worn),
            vector("ble.hrs", "hrm", "043c", worn.replacing("0}", with: "1}")),
            vector("ble.hrs", "hrm", "063c", Self.sixty.dropLast() + ", \"fields\": {\"hr\": 61, \"nobody\": 1}}"))
        #expect(outcome.passed == 2)
        #expect(
            outcome.failures.map(\.error.message) == [
                "vector v (polar.pmd): expected the field deviceNs=\(near), got \(exact)",
                "vector v (ble.hrs): expected the statuses contact=1, got worn=false, contact=0",
                "vector v (ble.hrs): expected the field hr=61, got 60",
            ])
        #expect(outcome.uncompared.map(\.field) == ["nobody"])
    }

    @Test(
        "a broken file is refused with its place",
        arguments: [
            ("{}", "1:1: the document lacks the key 'vectors'"),
            ("{\"vectors\": [{\"id\": 1}]}", "1:21: 'vectors[0].id' must be a string, but is a number"),
            (
                "{\"vectors\": [{\"id\": \"a\",\n \"input\": [{\"channel\": \"hrm\", \"hex\": \"0x\"}]}]}",
                "2:40: expected two hexadecimal digits per byte, such as 7d 81 a1"
            ),
            (
                "{\"vectors\": [{\"id\": \"a\", \"input\": [], \"expect\": {\"smaples\": []}}]}",
                "1:50: unknown key 'smaples' in 'vectors[0].expect'"
            ),
            ("{\"vectors\": [{\"id\": \"a\", \"profil\": \"x\"}]}", "1:26: unknown key 'profil'"),
            ("{\"vectors\": [", "1:14: the text ends here, expected a value"),
        ])
    func broken(text: String, place: String) throws {
        let error = try #require(throws: JSONError.self) { try VectorFile(text: text, file: "v.json") }
        #expect("v.json:\(error.location): \(error.message)" == "v.json:\(place)")
    }
}
