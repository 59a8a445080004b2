import Foundation
import Hub
import JSON5
import Links
import Storage
import Testing
import Vitals

@Suite("A running hub", .serialized)
struct DaemonTests {
    /// A folder with a configuration: ada, and a sensor that speaks JSON lines.
    private final class Home {
        let folder = TemporaryFolder()
        var socket: String { folder.path("s") }
        var store: String { folder.path("hub.db") }
        var rules: String { folder.path("Rules") }
        var config: String { folder.path("vitald.json5") }

        init() throws {
            let root = Program.packageRoot
            try FileManager.default.copyItem(at: root.appending(path: "Rules"), to: URL(filePath: rules))
            try """
            {
              store: "hub.db", socket: "\(socket)", profiles: "\(root.path)/DeviceProfiles", rules: "Rules",
              people: [ { name: "ada" } ],
              devices: [ { name: "belt", profile: "diy.lines", port: "\(folder.path("belt"))", person: "ada" } ],
            }
            """.write(toFile: config, atomically: true, encoding: .utf8)
        }

        func start() throws -> Program.Running {
            let hub = try Program.Running(["run", "--config", config])
            guard hub.waitFor("ready") else { throw HubDidNotStart(log: hub.errors) }
            return hub
        }

        func events(_ arguments: String...) throws -> [String] {
            try Program.run(["events", "--store", store, "--format", "jsonl"] + arguments).lines
        }
    }

    private struct HubDidNotStart: Error { var log: String }

    /// Starts a program on one processor, where whoever reads its lines goes before it, and ends it at the one that says that
    /// it is ready, before it can do anything more.
    private static let endedWhenReady = #"""
        taskset -cp "$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)" $$ > "$0.cpu"
        mkfifo "$0"
        while read -r line; do case $line in *ready:*) kill $$ ;; esac; done < "$0" &
        exec chrt --idle 0 "$@" 2> "$0"
        """#

    @Test("hears the order to stop that comes the moment it says that it is ready")
    func stopsAtOnce() throws {
        let home = try Home()
        for round in 0..<4 {
            let hub = try Program.Running(
                ["run", "--config", home.config],
                by: ["/bin/sh", "-c", Self.endedWhenReady, home.folder.path("lines-\(round)")])
            #expect(hub.finish(limit: 20).status == 0)
        }
    }

    @Test("finds the alert that was open when it stopped, and lets a person acknowledge it, once")
    func acknowledge() throws {
        let home = try Home()
        // An hour at 135 bpm without a step, up to now.
        let now = Int(Date().timeIntervalSince1970)
        var rows = "time,heart_rate,steps\n"
        for second in stride(from: now - 3600, to: now, by: 10) {
            rows += "\(second),135,\((second - now) % 60 == 0 ? "0" : "")\n"
        }
        try rows.write(toFile: home.folder.path("hour.csv"), atomically: true, encoding: .utf8)
        let replay = try Program.run([
            "replay", home.folder.path("hour.csv"), "--store", home.store, "--person", "ada", "--span", "60s",
        ])
        #expect(replay.lines.contains { $0.contains("resting-tachycardia") }, "\(replay.errors)")

        var hub = try home.start()
        hub.kill()
        hub = try home.start()
        let arguments = [
            "alert", "ack", "last", "--by", "grace", "--comment", "sitting with her", "--socket", home.socket,
        ]
        let first = try Program.run(arguments)
        #expect(first.status == 0, "\(first.errors)")
        let second = try Program.run(arguments)
        #expect(second.status == 1, "\(second.errors)")
        hub.terminate()
        #expect(hub.finish(limit: 3).status == 0)
        let alerts = try home.events("--kind", "alert").filter { $0.contains("resting-tachycardia") }
        #expect(alerts.filter { $0.contains("\"phase\":\"opened\"") }.count == 1)
        #expect(alerts.filter { $0.contains("\"phase\":\"acknowledged\"") && $0.contains("grace") }.count == 1)
    }

    @Test("keeps a rule in force when its file is broken, names the place, and takes the mended file")
    func reload() throws {
        let home = try Home()
        let hub = try home.start()
        defer { hub.kill() }
        let rule = "\(home.rules)/sedentary-hour.json5"
        let text = try String(contentsOfFile: rule, encoding: .utf8)
        try text.replacing("sum(steps, 60m)", with: "sum(stepps, 60m)").write(
            toFile: rule, atomically: true, encoding: .utf8)
        kill(hub.process.processIdentifier, SIGHUP)
        #expect(hub.waitFor("sedentary-hour.json5:"), "\(hub.errors)")
        #expect(hub.waitFor("did you mean 'steps'"))
        let status = try SocketClient.request(path: home.socket, .query(.status))
        #expect(status.count == 1 && status[0].contains("\"put_aside\":[]"), "the old rule is in force: \(status)")
        try text.write(toFile: rule, atomically: true, encoding: .utf8)
        #expect(try Program.run(["reload", "--socket", home.socket]).status == 0)
    }

    @Test("survives random bytes on the line, counts them, and reads the next good line")
    func randomBytes() throws {
        let home = try Home()
        let hub = try home.start()
        let terminal = try PseudoTerminal(link: home.folder.path("belt"))
        var random = SplitMix(state: 5)
        for _ in 0..<200 {
            _ = terminal.write((0..<256).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            usleep(1000)
        }
        _ = terminal.write(Array("\n{\"hr\":71}\n".utf8))
        usleep(300_000)
        let device = try #require(try SocketClient.request(path: home.socket, .query(.devices)).first)
        #expect(device.contains("\"diagnostics\":{\"") && device.contains("\"state\":\"connected\""), "\(device)")
        // The pane that holds it closes within seven seconds.
        usleep(7_500_000)
        hub.terminate()
        let end = hub.finish(limit: 3)
        #expect(end.status == 0)
        #expect(end.errors.split(separator: "\n").count < 30, "the log is limited")
        let series = try Program.run(["series", "--store", home.store, "--format", "jsonl"])
        #expect(series.lines.contains { $0.contains("heart_rate") }, "\(series.output)")
        terminal.close()
    }

    @Test("is the only writer of its store")
    func oneWriter() throws {
        let home = try Home()
        let hub = try home.start()
        defer { hub.kill() }
        let second = try Program.run(["run", "--config", home.config])
        #expect(second.status == 1)
        #expect(second.errors.contains("hub.db") || second.errors.contains("another"), "\(second.errors)")
        try "time,heart_rate\n2026-01-01T00:00:00Z,60\n".write(
            toFile: home.folder.path("a.csv"), atomically: true, encoding: .utf8)
        let imported = try Program.run([
            "import", home.folder.path("a.csv"), "--store", home.store, "--person", "ada",
        ])
        #expect(imported.status == 1, "\(imported.output)")
    }

    @Test("hears a device that a reloaded configuration adds, and says when a device's clock was never set")
    func newDevice() throws {
        let home = try Home()
        let belt = try PseudoTerminal(link: home.folder.path("belt"))
        let band = try PseudoTerminal(link: home.folder.path("band"))
        let hub = try home.start()
        defer { hub.kill() }
        let text = try String(contentsOfFile: home.config, encoding: .utf8)
        let added = """
            devices: [ { name: "band", profile: "diy.lines", port: "\(home.folder.path("band"))", person: "ben" },
            """
        try text.replacing("devices: [", with: added).replacing(
            "{ name: \"ada\" }", with: "{ name: \"ada\" }, { name: \"ben\" }"
        ).write(toFile: home.config, atomically: true, encoding: .utf8)
        #expect(try Program.run(["reload", "--socket", home.socket]).status == 0)
        let deadline = Date().addingTimeInterval(20)
        var devices: [String] = []
        while Date() < deadline {
            devices = try SocketClient.request(path: home.socket, .query(.devices))
            if devices.count == 2, devices.allSatisfy({ $0.contains("\"connected\"") }) { break }
            usleep(50_000)
        }
        #expect(devices.count == 2 && devices.allSatisfy { $0.contains("\"connected\"") }, "\(devices)")
        _ = belt.write(Array("{\"hr\":71}\n".utf8))
        _ = band.write(Array("{\"hr\":64,\"ts\":0}\n".utf8))
        while Date() < deadline {
            devices = try SocketClient.request(path: home.socket, .query(.devices))
            if devices.contains(where: { $0.contains("clock-unset") }) { break }
            usleep(50_000)
        }
        #expect(devices.first { $0.contains("\"band\"") }?.contains("\"clock-unset\":1") == true, "\(devices)")
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        let stored = try Program.run(["series", "--store", home.store, "--format", "jsonl"]).lines
        #expect(stored.contains { $0.contains("ben") && $0.contains("heart_rate") }, "\(stored)")
        #expect(stored.contains { $0.contains("ada") && $0.contains("heart_rate") }, "\(stored)")
        #expect(!stored.contains { $0.contains("1970") }, "\(stored)")
        belt.close()
        band.close()
    }

    @Test("goes on from the store's last commit when its clock stands behind it, and says so")
    func clockBehind() throws {
        let home = try Home()
        let now = Int(Date().timeIntervalSince1970)
        try "time,heart_rate\n\(now + 7200),60\n\(now + 7260),61\n".write(
            toFile: home.folder.path("later.csv"), atomically: true, encoding: .utf8)
        let replay = try Program.run([
            "replay", home.folder.path("later.csv"), "--store", home.store, "--person", "ada",
        ])
        #expect(replay.status == 0, "\(replay.errors)")
        let hub = try home.start()
        defer { hub.kill() }
        #expect(hub.errors.contains("behind the store's last commit"), "\(hub.errors)")
        let status = try #require(try SocketClient.request(path: home.socket, .query(.status)).first)
        let time = try JSONReader(try JSONDocument.parse(status, file: "status")).string("now")
        #expect(try #require(Timestamp(time)) >= Timestamp(milliseconds: Int64(now + 7260) * 1000))
    }

    @Test("takes a document of 20 MB while it runs, byte for byte, and refuses a larger one in one line")
    func document() throws {
        let home = try Home()
        let hub = try home.start()
        defer { hub.kill() }
        var random = SplitMix(state: 20)
        var bytes = Data(capacity: 20 << 20)
        while bytes.count < 20 << 20 { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        try bytes.write(to: URL(filePath: home.folder.path("scan.bin")))
        func put() throws -> Program.Result {
            try Program.run([
                "records", "document", home.folder.path("scan.bin"), "--store", home.store, "--person", "ada",
                "--by", "grace", "--socket", home.socket,
            ])
        }
        let result = try put()
        #expect(result.status == 0, "\(result.errors)")
        let id = try #require(result.lines.first.flatMap { RecordID($0) })
        try (bytes + [0]).write(to: URL(filePath: home.folder.path("scan.bin")))
        #expect(try put().status == 1)
        #expect(try SocketClient.request(path: home.socket, .query(.status)).count == 1)
        // What it has acknowledged is stored.
        hub.kill()
        let store = try SQLiteStore.open(path: home.store, mode: .read)
        defer { store.close() }
        #expect(try store.record(id)?.payload == Array(bytes))
        #expect(try store.records(of: nil, kind: .document).count == 1)
    }

    @Test("believes no clock that it has not seen going on evenly for a week with what cannot be brought back")
    func unprovenClock() throws {
        let home = try Home()
        let text = try String(contentsOfFile: home.config, encoding: .utf8)
        try text.replacing("people: [", with: "retention: [ { keep: \"raw 7d\" } ], people: [").write(
            toFile: home.config, atomically: true, encoding: .utf8)
        // To the hub's clock these are years old.
        try "time,heart_rate\n2020-01-01T00:00:00Z,60\n2020-01-02T00:00:00Z,61\n".write(
            toFile: home.folder.path("old.csv"), atomically: true, encoding: .utf8)
        let imported = try Program.run([
            "import", home.folder.path("old.csv"), "--store", home.store, "--person", "ada",
        ])
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(try Program.run(["store", "seal", "--store", home.store]).status == 0)
        func old() throws -> [String] {
            try Program.run(["samples", "--store", home.store, "--person", "ada", "--format", "csv"]).lines.filter {
                $0.contains("2020-01")
            }
        }
        let before = try old()
        #expect(before.count >= 2)
        let belt = try PseudoTerminal(link: home.folder.path("belt"))
        let hub = try home.start()
        for rate in 60..<80 {
            _ = belt.write(Array("{\"hr\":\(rate)}\n".utf8))
            usleep(200_000)
        }
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        belt.close()
        #expect(try old() == before)
    }
}
