import Testing
import Vitals

@testable import vitald

@Suite struct ImportReplayTests {
    private let workspace = Workspace()

    /// Heart rate once a minute for an hour and a half, with a gap at the end.
    private func heartRates() -> String {
        var text = "datetime,heartrate\n"
        for minute in 0..<90 {
            let clock = "\(minute / 60 + 10):\(minute % 60 < 10 ? "0" : "")\(minute % 60)"
            text += "2020-03-10 \(clock):00,\(60 + minute % 10)\n"
        }
        return text + "stray line\n"
    }

    @Test("an import says what it kept and skipped, and doing it again changes nothing")
    func importTwice() {
        let file = workspace.file("ada.csv", heartRates())
        let store = workspace.path("home.db")
        let first = workspace.run("import", file, "--store", store, "--person", "ada", "--zone", "Europe/Berlin")
        #expect(first.code == 0)
        #expect(first.out == "90 samples of ada from ada are in \(store)\n")
        #expect(first.log.contains("1 skipped"))
        let series = workspace.run("series", "--store", store, "--format", "csv")
        #expect(series.out.contains("ada,heart_rate,/min,ada,90,2020-03-10T09:00:00Z,2020-03-10T10:29:00Z,1\n"))
        // The person's zone is known now.
        #expect(workspace.run("import", file, "--store", store, "--person", "ada").code == 0)
        #expect(workspace.run("series", "--store", store, "--format", "csv").out == series.out)
        #expect(workspace.run("events", "--store", store).out == "")
    }

    @Test("a file that cannot be used leaves no store behind")
    func refused() {
        let file = workspace.file("bad.csv", "datetime,heartrate\nnot,a\nrow,!\n")
        for words in [
            [file], [workspace.path("missing.csv")], [file, "--zone", "Europe/Berlim"], [file, "--map", "x"],
        ] {
            let result = Workspace.run(
                ["import"] + words + ["--store", workspace.path("home.db"), "--person", "ada"])
            #expect(result.code == (words.count == 1 ? 1 : 2))
            #expect(result.out == "")
        }
        #expect(FileTree.names(in: workspace.folder) == ["bad.csv"])
    }

    @Test("a query has a row per step, with times in UTC")
    func query() {
        let file = workspace.file("ada.csv", heartRates())
        let store = workspace.path("home.db")
        #expect(workspace.run("import", file, "--store", store, "--person", "ada").code == 0)
        let rows = workspace.run(
            "query", "count(heart_rate, 30m)", "--store", store, "--step", "30m", "--from", "2020-03-10T10:00", "--to",
            "2020-03-10T11:30", "--format", "csv")
        #expect(rows.code == 0)
        #expect(
            rows.out == """
                time,value
                2020-03-10T10:30:00Z,30
                2020-03-10T11:00:00Z,30
                2020-03-10T11:30:00Z,30

                """)
        let wrong = workspace.run("query", "count(heart_rat, 30m)", "--store", store)
        #expect(wrong.code == 1)
        #expect(wrong.log.contains("did you mean 'heart_rate'?"))
    }

    @Test("a replay prints each event once, and goes on where the store ended")
    func replay() throws {
        // Silence after a stream of heart rate is what the given rule waits for.
        let rule = workspace.file(
            "quick.json5",
            """
            {
              rule: "quick", about: "Heart rate above 50 for a minute.", source: "test",
              when: "mean(heart_rate, 10m) > 50", needs: "coverage(heart_rate, 10m) >= 0.7", for: "1m",
              then: { kind: "alert", severity: "notice", to: ["person"], title: "Quick", text: "Quick." },
              repeat: "24h",
              tests: [
                { name: "fires", given: [{ metric: "heart_rate", value: 70, every: "60s", for: "30m" }],
                  expect: [{ between: ["5m", "15m"], kind: "alert" }] },
                { name: "quiet", given: [{ metric: "heart_rate", value: 40, every: "60s", for: "30m" }], expect: [] },
              ],
            }
            """)
        #expect(workspace.run("check", rule).out == "ok quick 2 tests\n")
        let file = workspace.file("ada.csv", heartRates())
        let store = workspace.path("home.db")
        let command = ["replay", file, "--person", "ada", "--rules", rule]
        let free = Workspace.run(command)
        #expect(free.code == 0)
        #expect(free.out.contains("\"rule\":\"quick\""))
        let stored = Workspace.run(command + ["--store", store, "--batch", "7"])
        #expect(stored.out == free.out)
        let again = Workspace.run(command + ["--store", store])
        #expect(again.out == "")
        #expect(again.log.contains("in the store already"))
        #expect(workspace.run("events", "--store", store).out == free.out)
        let explained = workspace.run("explain", "last", "--store", store)
        #expect(explained.code == 0)
        #expect(explained.out.contains("quick.json5"))
        #expect(workspace.run("explain", "0000", "--store", store).code == 1)
    }

    @Test("a broken rule ends a replay before it begins, with its place and a caret")
    func brokenRule() {
        let rule = workspace.file("broken.json5", "{\n  rule: \"broken\",\n  wehn: \"true\",\n}\n")
        let file = workspace.file("ada.csv", heartRates())
        let result = workspace.run(
            "replay", file, "--person", "ada", "--rules", rule, "--store", workspace.path("home.db"))
        #expect(result.code == 1)
        #expect(result.log.hasPrefix("\(rule):3:3: "))
        #expect(result.log.contains("^"))
        #expect(!FileTree.exists(workspace.path("home.db")))
        let checked = workspace.run("check", rule)
        #expect(checked.code == 1)
        #expect(checked.log.contains("1 of 1 files are wrong"))
    }

    @Test("recordings and files are not mixed")
    func mixed() {
        #expect(workspace.run("replay", "a.vrec", "b.csv").code == 2)
        #expect(workspace.run("replay", "a.vrec", "--person", "ada").code == 2)
        #expect(workspace.run("replay", workspace.path("a.vrec")).code == 1)
        #expect(workspace.run("replay", "b.csv").code == 2)
    }
}
