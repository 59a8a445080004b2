import Testing

@testable import vitald

@Suite struct AnalyzeCommandTests {
    /// Lives as long as the test: its files go with it.
    private let place = Workspace()

    /// An hour of rest, half an hour of running, an hour of rest: heart rate every 5 s and steps by the minute.
    private func run() -> (hr: String, steps: String) {
        var hr = "time,heart_rate\n"
        var steps = "time,steps\n"
        func clock(_ second: Int) -> String {
            func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
            return "2026-03-02 \(two(8 + second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        }
        for second in stride(from: 0, to: 9000, by: 5) {
            let isRun = (3600..<5400).contains(second)
            hr += "\(clock(second)),\((isRun ? 150 : 60) + second / 5 % 2)\n"
            if second % 60 == 0 { steps += "\(clock(second)),\(isRun ? 150 : 0)\n" }
        }
        return (place.file("hr.csv", hr), place.file("steps.csv", steps))
    }

    @Test("derived series are rows of time, name and value, and what is assumed is said")
    func series() {
        let (hr, steps) = run()
        let (code, out, log) = Workspace.run([
            "analyze", hr, steps, "--series", "training_load,zone_minutes,night_signal", "--format", "csv",
        ])
        #expect(code == 0)
        let lines = out.split(separator: "\n")
        #expect(lines.first == "time,name,value")
        #expect(lines.count == 3)
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("2026-03-02T23:59:59.999Z,") })
        #expect(log.contains("a maximum heart rate of 190"))
        #expect(log.contains("night_signal: not enough data"))
        let known = Workspace.run([
            "analyze", hr, steps, "--series", "zone_minutes", "--format", "csv", "--max-heart-rate", "180",
            "--resting-heart-rate", "55", "--sex", "female",
        ])
        #expect(!known.log.contains("assumes"))
        #expect(known.out.hasSuffix(",zone_minutes,30\n"))
    }

    @Test("windows along files are rows of moments, each file a person of its own")
    func rolling() {
        let (hr, steps) = run()
        let one = Workspace.run(["analyze", hr, "--rolling", "mean,max,q90,count", "--window", "1m", "--format", "csv"])
        #expect(one.code == 0)
        let lines = one.out.split(separator: "\n")
        #expect(lines.first == "time,mean,max,q90,count")
        #expect(lines.count == 1 + 1800)
        #expect(lines[12] == "2026-03-02T08:01:00Z,60.5,61,61,12")
        #expect(one.log.contains("a moment each 5s, windows of 1m"))
        let two = Workspace.run([
            "analyze", hr, hr, "--rolling", "mean", "--window", "1m", "--grid", "1m", "--format", "csv",
        ])
        #expect(two.out.split(separator: "\n").count == 1 + 2 * 150)
        #expect(two.out.contains("\(hr),2026-03-02T08:01:00Z,60.5\n"))
        for (words, part) in [
            (["--rolling", "mean"], "needs --window"), (["--window", "1m"], "goes with --rolling"),
            (["--rolling", "meen", "--window", "1m"], "did you mean 'mean'"),
            (["--rolling", "mean", "--features", "std", "--window", "1m"], "two questions"),
            (["--rolling", "mean", "--window", "1m", "--metric", "steps"], "is no level"),
        ] {
            let refused = Workspace.run(["analyze", words.contains("steps") ? steps : hr] + words)
            #expect(refused.code != 0 && refused.log.contains(part), "\(words): \(refused.log)")
        }
    }

    @Test("features of a whole file are one JSON line, null where the file has none, with the reason")
    func features() throws {
        let (hr, _) = run()
        let intervals = place.file(
            "rr.txt", (0..<60).map { "\(800 + $0 % 4 * 10)" }.joined(separator: "\n") + "\n")
        let (code, out, log) = Workspace.run([
            "analyze", intervals, hr, "--features", "rmssd,count", "--metric", "rr_interval", "--unit", "ms", "--raw",
        ])
        #expect(code == 0)
        let lines = out.split(separator: "\n")
        try #require(lines.count == 2)
        #expect(lines[0].contains("\"rmssd\":17.") && lines[0].contains("\"count\":60"))
        #expect(lines[1].contains("\"rmssd\":null"))
        #expect(log.contains("no column holds rr_interval"))
        let empty = place.file("empty.csv", "time,heart_rate\n")
        let nothing = Workspace.run(["analyze", empty, "--features", "mean"])
        #expect(nothing.code == 0 && nothing.out.contains("\"mean\":null"))
        #expect(nothing.log.contains("empty.csv"))
    }

    @Test("unknown names are refused with the nearest known one")
    func names() {
        let (hr, _) = run()
        let feature = Workspace.run(["analyze", hr, "--features", "rmsd"])
        #expect(feature.code == 2 && feature.log.contains("did you mean 'rmssd'?"))
        let series = Workspace.run(["analyze", hr, "--series", "training_lod"])
        #expect(series.code == 2 && series.log.contains("did you mean 'training_load'?"))
        #expect(Workspace.run(["analyze"]).code == 2)
        #expect(Workspace.run(["analyze", hr, "--raw"]).code == 2)
        #expect(Workspace.run(["analyze", hr, "--features", "mean", "--series", "fitness"]).code == 2)
    }

    @Test("a report tells what was measured, each day, the sessions, and what is missing")
    func report() {
        let (hr, steps) = run()
        let (code, out, _) = Workspace.run(["analyze", hr, steps])
        #expect(code == 0)
        for text in ["heart_rate", "Days", "training load", "Exercise sessions", "Not enough data", "hr_recovery_60"] {
            #expect(out.contains(text), "\(text)")
        }
        for word in ["abnormal", "diagnos", "healthy", " safe"] { #expect(!out.contains(word), "\(word)") }
        let cards = Workspace.run(["analyze", "--cards"])
        #expect(cards.code == 0 && cards.out.contains("resting_heart_rate (/min)"))
    }
}
