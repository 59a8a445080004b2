import Foundation
import Hub
import JSON5
import Links
import Storage
import Testing
import Vitals

@Suite(
    "A hub whose disk cannot be written", .serialized,
    .enabled(if: Disk.isPermitted, "this system permits no mounts in a namespace of one's own (unshare -Urm)"))
struct DiskTests {
    /// A folder with a configuration (ada, and a belt that speaks JSON lines) whose store is on a disk of its own.
    private final class Home {
        let folder = TemporaryFolder()
        private var belt: PseudoTerminal?
        var socket: String { folder.path("s") }
        var disk: String { folder.path("disk") }
        var store: String { disk + "/hub.db" }

        init() throws {
            try FileManager.default.createDirectory(atPath: folder.path("disk"), withIntermediateDirectories: true)
            let root = Program.packageRoot.path
            try """
            {
              store: "disk/hub.db", socket: "\(socket)", profiles: "\(root)/DeviceProfiles", rules: "\(root)/Rules",
              people: [ { name: "ada" } ],
              devices: [ { name: "belt", profile: "diy.lines", port: "\(folder.path("belt"))", person: "ada" } ],
            }
            """.write(toFile: folder.path("vitald.json5"), atomically: true, encoding: .utf8)
        }

        func start(_ disk: Disk? = nil) throws -> Program.Running {
            // A terminal that a killed hub had for itself is not opened again by one without rights of the whole machine.
            belt?.close()
            belt = try PseudoTerminal(link: folder.path("belt"))
            return try Program.Running(
                ["run", "--config", folder.path("vitald.json5")], by: disk?.launcher(self.disk) ?? [])
        }

        /// Sends a heart rate so often, each when the hub has taken the one before.
        func send(_ heartRate: Int, times: Int) throws {
            // What stands on a line before it is opened is not heard.
            try DiskTests.wait {
                write(Self.greeting)
                usleep(50_000)
                return try ask(.devices).string("state") == "connected"
            }
            let before = try received()
            var sent = 0
            for _ in 0..<times {
                sent += write(heartRate)
                // Lines that are read together are of one moment, and one sample.
                try DiskTests.wait { try received() >= before + sent }
            }
        }

        private static let greeting = 60

        @discardableResult
        private func write(_ heartRate: Int) -> Int { belt?.write("{\"hr\":\(heartRate)}\n".utf8) ?? 0 }

        private func received() throws -> Int { try ask(.devices).integer("bytes") }
        func waiting() throws -> Int { try ask(.status).integer("waiting_commits") }
        func sequence() throws -> Int { try ask(.status).integer("sequence") }

        private func ask(_ query: Query) throws -> JSONReader {
            let line = try #require(try SocketClient.request(path: socket, .query(query)).first)
            return JSONReader(try JSONDocument.parse(line, file: "answer"))
        }

        /// How often each heart rate is in a store, and the phases of the event that it could not be written.
        func content(of path: String) throws -> (heartRates: [Int: Int], outage: [Event.Phase]) {
            let store = try SQLiteStore.open(path: path, mode: .read)
            defer { store.close() }
            #expect(try store.check() == [])
            let person = try #require(try store.people().first)
            var heartRates: [Int: Int] = [:]
            try store.samples(of: person.id, metrics: [.heartRate], in: .all) {
                heartRates[Int($0.value), default: 0] += 1
            }
            heartRates[Self.greeting] = nil
            return (heartRates, try store.events(EventFilter()).filter { $0.rule == "hub:store" }.map(\.phase))
        }
    }

    static func wait(location: Testing.SourceLocation = #_sourceLocation, _ isTrue: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(20)
        while try !isTrue() {
            try #require(Date() < end, "nothing came of it within 20 seconds", sourceLocation: location)
            usleep(2000)
        }
    }

    @Test(
        "that starts on a read-only disk knows every commit, judges, tells it, and writes what waited once it can",
        arguments: [true, false])
    func readOnly(hasIndex: Bool) throws {
        let home = try Home()
        var hub = try home.start()
        defer { hub.kill() }
        #expect(hub.waitFor("ready"), "\(hub.errors)")
        try home.send(70, times: 20)
        try Self.wait { try home.content(of: home.store).heartRates == [70: 20] }
        hub.kill()
        // The commits are in the log; its index may or may not have outlived a power cut.
        let log = try FileManager.default.attributesOfItem(atPath: home.store + "-wal")
        #expect(log[.size] as? Int ?? 0 > 0)
        if !hasIndex { try FileManager.default.removeItem(atPath: home.store + "-shm") }
        let acknowledged = try SQLiteStore.open(path: home.store, mode: .read).sequence
        if !hasIndex { try? FileManager.default.removeItem(atPath: home.store + "-shm") }

        hub = try home.start(.readOnly)
        #expect(hub.waitFor("ready"), "\(hub.errors)")
        #expect(hub.errors.contains("Read-only file system"), "\(hub.errors)")
        #expect(hub.waitFor("\"hub:store\""), "\(hub.output)")
        #expect(try home.sequence() == Int(acknowledged))
        try home.send(90, times: 30)
        #expect(try home.waiting() > 0)

        #expect(Disk.run("mount -o remount,bind,rw '\(home.disk)'", in: hub) == 0)
        try Self.wait { try home.waiting() == 0 }
        try home.send(80, times: 10)
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        let content = try home.content(of: home.store)
        #expect(content.heartRates == [70: 20, 90: 30, 80: 10])
        #expect(content.outage == [.opened, .resolved])
    }

    @Test("that finds no store on a read-only disk says so in a line, and does not begin as though nothing were known")
    func nothingThere() throws {
        let home = try Home()
        let hub = try home.start(.readOnly)
        let end = hub.finish(limit: 20)
        #expect(end.status == 1 && end.output.isEmpty)
        #expect(end.errors.split(separator: "\n").count == 1 && end.errors.contains("Read-only file system"), "\(end)")
    }

    @Test("goes on when its disk is full, tells it, and writes all that waited when there is room again")
    func full() throws {
        let home = try Home()
        let hub = try home.start(.small)
        defer { hub.kill() }
        #expect(hub.waitFor("ready"), "\(hub.errors)")
        try home.send(70, times: 20)
        #expect(Disk.run("dd if=/dev/zero of='\(home.disk)/fill' bs=4k 2>&1 | grep -q 'No space left'", in: hub) == 0)
        try home.send(90, times: 30)
        #expect(hub.waitFor("No space left on device"), "\(hub.errors)")
        #expect(hub.waitFor("\"hub:store\""), "\(hub.output)")
        #expect(try home.waiting() > 0)

        #expect(Disk.run("rm '\(home.disk)/fill'", in: hub) == 0)
        try Self.wait { try home.waiting() == 0 }
        try home.send(80, times: 10)

        // The disk goes with the hub: what is on it is copied first.
        var copy = ""
        try Self.wait {
            copy = home.folder.path("\(UUID()).db")
            let backup = "'\(Program.path)' store backup '\(copy)' --store '\(home.store)' >&2"
            return try Disk.run(backup, in: hub) == 0 && home.content(of: copy).heartRates[80] == 10
        }
        hub.terminate()
        #expect(hub.finish(limit: 5).status == 0)
        let content = try home.content(of: copy)
        #expect(content.heartRates == [70: 20, 90: 30, 80: 10])
        #expect(content.outage == [.opened, .resolved])
    }
}

/// A disk in a namespace of mounts that a program is started in; it goes when the program ends.
private enum Disk {
    /// A folder as it is, which cannot be written.
    case readOnly
    /// An empty one with room for a store.
    case small

    static let isPermitted = shell(["unshare", "-Urm", "true"]) == 0

    private var mount: String {
        switch self {
        case .readOnly: #"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0""#
        case .small: #"mount -t tmpfs -o size=4m tmpfs "$0""#
        }
    }

    /// For ``Program/Running``.
    func launcher(_ folder: String) -> [String] {
        ["/usr/bin/env", "unshare", "-Urm", "sh", "-c", mount + #" && exec "$@""#, folder]
    }

    /// Runs a line of the shell where a program runs; returns its status.
    static func run(_ line: String, in program: Program.Running) -> Int32 {
        let process = "\(program.process.processIdentifier)"
        return shell(["nsenter", "-t", process, "-U", "-m", "--preserve-credentials", "sh", "-c", line])
    }

    private static func shell(_ command: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }
}
