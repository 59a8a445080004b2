import Foundation
import Testing

@Suite("The command line", .serialized)
struct CommandTests {
    @Test("a recording of the demo replays to byte-identical events, and explain names the rule's line")
    func demoReplays() throws {
        let folder = TemporaryFolder()
        let demo = try Program.run(["demo", "--folder", folder.path("demo")])
        #expect(demo.status == 0, "\(demo.errors)")
        #expect(demo.output.contains("High heart rate at rest") && demo.output.contains("Next session made easier"))
        let store = folder.path("demo/hub.db")
        let events = try Program.run(["events", "--store", store, "--format", "jsonl"])
        #expect(events.lines.contains { $0.contains("resting-tachycardia") && $0.contains("\"resolved\"") })
        #expect(events.lines.contains { $0.contains("ease-after-overreach") && $0.contains("\"applied\"") })
        #expect(events.lines.contains { $0.contains("sedentary-hour") })
        #expect(events.lines.filter { $0.contains("source:ben-pulse") }.count == 2)
        let replay = try Program.run(["replay", folder.path("demo/hub.vrec")])
        #expect(replay.status == 0)
        #expect(replay.output == events.output)

        let alert = try #require(events.lines.first { $0.contains("\"kind\":\"alert\"") })
        let id = String(alert.dropFirst(7).prefix(36))
        let explanation = try Program.run(["explain", id, "--store", store])
        let place = /resting-tachycardia\.json5:(\d+):(\d+)/
        #expect(explanation.output.contains(place), "\(explanation.output)")
        for part in ["mean(heart_rate, 10m)  =  13", "sum(steps, 40m)  =  0", "from ada-oximeter", "from ada-steps"] {
            #expect(explanation.output.contains(part), "\(explanation.output)")
        }
    }

    @Test("check passes on what is shipped, and points at what is broken with a caret")
    func check() throws {
        #expect(try Program.run(["check"]).status == 0)
        let fixtures = ["RuleEngineTests", "ProfilesTests"].map {
            Program.packageRoot.appending(path: "Tests/\($0)/Fixtures/broken").path
        }
        var broken = 0
        for folder in fixtures {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".json5") {
                let result = try Program.run(["check", "\(folder)/\(name)"])
                #expect(result.status == 1, "\(name): \(result.output)")
                #expect(result.errors.contains("\(name):"), "\(result.errors)")
                #expect(result.errors.contains("^"), "\(result.errors)")
                broken += 1
            }
        }
        #expect(broken >= 10)
    }

    @Test("misuse ends in one line and exit code 2, failure in one line and exit code 1; nothing is written")
    func misuse() throws {
        let folder = TemporaryFolder()
        let table: [([String], Int32, String)] = [
            ([], 2, "which command"), (["chekc"], 2, "check"), (["events"], 2, "--store"),
            (["events", "--store", folder.path("none.db")], 1, "none.db"),
            (["status", "--socket", folder.path("none")], 1, "not running"),
            (["import", folder.path("none.csv"), "--store", folder.path("new.db"), "--person", "ada"], 1, "none.csv"),
            (["run", "--config", folder.path("none.json5")], 1, "none.json5"),
        ]
        for (arguments, status, word) in table {
            let result = try Program.run(arguments)
            #expect(result.status == status, "\(arguments): \(result.errors)")
            #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }
}
