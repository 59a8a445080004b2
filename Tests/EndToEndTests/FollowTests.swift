import Foundation
import Links
import Storage
import Testing
import Vitals

@Suite("A store that is followed", .serialized)
struct FollowTests {
    /// A folder with a configuration: ada, with a belt that speaks JSON lines.
    private final class Home {
        let folder = TemporaryFolder()
        var socket: String { folder.path("s") }
        var store: String { folder.path("hub.db") }
        var mirror: String { folder.path("mirror.db") }
        let belt: PseudoTerminal

        init() throws {
            let root = Program.packageRoot
            belt = try PseudoTerminal(link: folder.path("belt"))
            try """
            {
              store: "hub.db", socket: "\(socket)", profiles: "\(root.path)/DeviceProfiles", rules: "\(root.path)/Rules",
              people: [ { name: "ada" } ],
              devices: [ { name: "belt", profile: "diy.lines", port: "\(folder.path("belt"))", person: "ada" } ],
            }
            """.write(toFile: folder.path("vitald.json5"), atomically: true, encoding: .utf8)
        }

        func start() throws -> Program.Running {
            let hub = try Program.Running(["run", "--config", folder.path("vitald.json5")])
            #expect(hub.waitFor("ready"), "\(hub.errors)")
            return hub
        }

        /// Follows into a file of its own, bytes as they come.
        func follow(into name: String, _ more: String...) throws -> Process {
            _ = FileManager.default.createFile(atPath: folder.path(name), contents: nil)
            let process = Process()
            process.executableURL = URL(filePath: Program.path)
            process.arguments =
                ["store", "follow", "--store", store, "--name", "mirror", "--format", "wire", "--socket", socket] + more
            process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.path(name)))
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }

        func beat(_ rates: Range<Int>) {
            for rate in rates {
                _ = belt.write(Array("{\"hr\":\(rate)}\n".utf8))
                usleep(60_000)
            }
        }

        /// Whether the file grows beyond a size.
        func grows(_ name: String, beyond size: Int) -> Bool {
            for _ in 0..<500 {
                if self.size(name) > size { return true }
                usleep(20_000)
            }
            return false
        }

        func size(_ name: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: folder.path(name))[.size] as? Int) ?? 0
        }

        func run(_ arguments: String...) throws -> Program.Result { try Program.run(arguments) }
    }

    @Test("is mirrored by another process, equal to the last sample, although hub and follower are killed")
    func mirrored() throws {
        let home = try Home()
        var hub = try home.start()
        home.beat(60..<80)
        // It begins with a copy, and goes on with what comes.
        var follower = try home.follow(into: "1")
        #expect(home.grows("1", beyond: 100))
        let copied = home.size("1")
        home.beat(80..<110)
        #expect(home.grows("1", beyond: copied))
        kill(follower.processIdentifier, SIGKILL)
        follower.waitUntilExit()
        home.beat(110..<130)
        hub.kill()
        hub = try home.start()
        // It goes on where it was, and back a little.
        let known = try home.run("store", "followers", "--store", home.store, "--format", "jsonl")
        #expect(known.lines.count == 1 && known.output.contains("\"name\":\"mirror\""), "\(known.output)")
        #expect(
            try home.run("store", "ack", "mirror", "3", "--store", home.store, "--socket", home.socket).status == 0)
        follower = try home.follow(into: "2")
        #expect(home.grows("2", beyond: 100))
        home.beat(130..<150)
        usleep(1_200_000)
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        kill(follower.processIdentifier, SIGKILL)
        follower.waitUntilExit()
        let last = try home.follow(into: "3", "--once")
        last.waitUntilExit()
        #expect(last.terminationStatus == 0)

        for name in ["1", "2", "3", "2"] {
            // A follower that was killed may leave an item cut off: what stands before it is applied.
            _ = try home.run("store", "apply", home.folder.path(name), "--store", home.mirror)
        }
        #expect(try home.run("store", "apply", home.folder.path("3"), "--store", home.mirror).status == 0)
        let one = try SQLiteStore.open(path: home.store, mode: .read)
        let two = try SQLiteStore.open(path: home.mirror, mode: .read)
        defer {
            one.close()
            two.close()
        }
        #expect(try contentsDifference(one, two) == nil)
        let rates = try one.series(of: nil).first { $0.key.metric == .heartRate }
        #expect(rates?.count ?? 0 > 50)
    }

    @Test("gives every follower the same bytes, and tells its orders and its gaps")
    func told() throws {
        let home = try Home()
        let hub = try home.start()
        #expect(
            try home.run("store", "ack", "a", "0", "--store", home.store, "--socket", home.socket, "--by", "grace")
                .status == 0)
        home.beat(60..<90)
        usleep(1_200_000)
        func read(_ from: String) throws -> Program.Result {
            try home.run("store", "follow", "--store", home.store, "--from", from, "--once", "--socket", home.socket)
        }
        let first = try read("1")
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        #expect(try home.run("store", "seal", "--store", home.store).status == 0)
        let second = try read("1")
        let lines = first.lines.filter { $0.contains("\"commit\":") }
        #expect(lines.count > 1)
        #expect(Array(second.lines.filter { $0.contains("\"commit\":") }.prefix(lines.count)) == lines)
        #expect(second.output.contains("\"metric\":\"heart_rate\""))
        #expect(second.output.contains("\"command\":\"follow\",\"follower\":\"a\",\"after\":0,\"actor\":\"grace\""))
        // From before it was followed: something is missing, and the store is copied.
        let early = try read("0")
        #expect(early.output.contains("\"copied\":") && !early.output.contains("\"missing\""))
        let other = try home.run("store", "follow", "--store", home.store, "--from", "99999", "--once")
        #expect(other.status == 1 && other.errors.contains("of another store"), "\(other.errors)")

        #expect(try home.run("store", "unfollow", "a", "--store", home.store).status == 0)
        #expect(try home.run("store", "unfollow", "a", "--store", home.store).status == 1)
        #expect(try home.run("store", "follow", "--store", home.store).status == 2)
        let gap = try read("1")
        #expect(gap.output.contains("\"missing\":[2,") && gap.output.contains("\"copied\":"))
    }
}
