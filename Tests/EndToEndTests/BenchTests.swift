import Foundation
import Testing

@Suite("Figures of a benchmark for programs", .serialized)
struct BenchTests {
    @Test(
        "are one JSON object a line, with name, value and unit, and ratio where somebody to compare with ran",
        arguments: ["decode", "house", "links"])
    func lines(area: String) throws {
        let folder = TemporaryFolder()
        let result = try Program.run([
            "bench", area, "--quick", "--seconds", "1", "--people", "2", "--days", "1", "--format", "jsonl", "--folder",
            folder.url.path,
        ])
        #expect(result.status == 0, "\(result.errors)")
        var names: [String] = []
        var compared = 0
        for line in result.lines {
            let figure = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            names.append(try #require(figure["name"] as? String))
            let value = try #require(figure["value"] as? Double, "\(line)")
            #expect(figure["unit"] as? String != nil, "\(line)")
            guard figure["peer"] is String else { continue }
            compared += 1
            let peer = try #require(figure["peer_value"] as? Double, "\(line)")
            let ratio = try #require(figure["ratio"] as? Double, "\(line)")
            // Each is told to three digits.
            #expect(abs(ratio * peer - value) <= 0.02 * abs(value) + 1e-8, "\(line)")
        }
        #expect(names.count > 1 && Set(names).count == names.count, "\(names)")
        #expect(names.allSatisfy { $0.hasPrefix(area == "house" ? "store." : "\(area).") }, "\(names)")
        #expect(compared > 0 || area != "decode")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }
}
