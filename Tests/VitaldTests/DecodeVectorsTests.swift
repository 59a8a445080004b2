import Testing

@testable import vitald

@Suite struct DecodeVectorsTests {
    private static let good = """
        {"vectors": [
          {"id": "one", "profile": "ble.hrs", "input": [{"channel": "hrm", "hex": "063c"}],
           "expect": {"samples": [{"metric": "heart_rate", "value": 60, "unit": "bpm"}]}, "kind": "real", "source": "s"},
          {"id": "far", "profile": null, "input": [{"channel": "2AFF", "hex": "00"}], "expect": {"samples": []}}
        ]}
        """

    @Test("vectors that come true: what was not run is said before the last line, and the exit code is 0")
    func passed() {
        let workspace = Workspace()
        let result = workspace.run("decode", "--vectors", workspace.file("v.json", Self.good))
        #expect(result.code == 0 && result.log == "")
        #expect(result.out == "1 not run, there is no profile for them: far\n1 passed, 0 failed\n")
    }

    @Test("a wrong expectation is told in one line, and the exit code is 1")
    func failed() {
        let workspace = Workspace()
        let path = workspace.file("v.json", Self.good.replacing("60", with: "61"))
        let result = workspace.run("decode", "--vectors", path)
        #expect(result.code == 1 && result.log == "")
        #expect(
            result.out.split(separator: "\n") == [
                "\(path):2:3: vector one (ble.hrs): expected heart_rate=61, got heart_rate=60",
                "1 not run, there is no profile for them: far", "0 passed, 1 failed",
            ])
    }

    @Test("several files add up; other arguments do not go with them; a broken file is refused with its place")
    func arguments() {
        let workspace = Workspace()
        let good = workspace.file("v.json", Self.good)
        let twice = workspace.run("decode", "--vectors", good, "--vectors", good)
        #expect(twice.out.hasSuffix("\n2 passed, 0 failed\n"))
        #expect(workspace.run("decode", "ble.hrs", "063c", "--vectors", good).code == 2)
        #expect(workspace.run("decode", "ble.hrs").code == 2)
        let broken = workspace.file("b.json", "{\"vectors\": [\n  {\"id\": 7}]}")
        let refused = workspace.run("decode", "--vectors", broken)
        #expect(refused.code == 1)
        #expect(refused.log.hasPrefix("\(broken):2:10: 'vectors[0].id' must be a string, but is a number\n"))
    }
}
