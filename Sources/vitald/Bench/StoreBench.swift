import Glibc
import Hub
import Storage
import Vitals

/// The store: what it takes in, gives back and needs on the disk, against the disk itself.
struct StoreBench {
    let setting: BenchSetting

    /// As a large import commits.
    private static let bulk = Load(people: 4, seconds: 5000 / 4, commits: 60)
    /// As a hub commits every second: eight people, three metrics.
    private static let live = Load(people: 8, seconds: 1, commits: 500)

    /// What encryption may cost, as a share of the plain store's CPU time.
    private static let sealing = 1.3

    /// Samples to store: each person's metrics at 1 Hz.
    private struct Load {
        var people: Int
        /// Seconds of data in one commit.
        var seconds: Int
        var commits: Int
    }

    func figures() throws -> [Figure] {
        let folder = try BenchFolder(in: setting.folder)
        let figures = try bulk(folder) + live(folder) + houseAlone() + day(folder) + month(folder) + year(folder)
        return try besidePeers(figures)
    }

    private func bulk(_ folder: BenchFolder) throws -> [Figure] {
        let commits = BenchSamples.commits(
            people: Self.bulk.people, metrics: [.heartRate], seconds: Self.bulk.seconds, count: Self.bulk.commits)
        let count = BenchSamples.count(commits)
        var bytes = 0
        // One store stays, to be read.
        let kept = folder.newPath()
        _ = try write(commits, to: kept)
        bytes = BenchFolder.size(of: kept)
        let reader = try SQLiteStore.open(path: kept, mode: .read)
        defer { reader.close() }
        let people = Array(Set(commits.flatMap { $0.samples.map(\.person) }))
        let key = StoreKey.random()
        let laps = try setting.run([
            .init(name: "store.insert") { try writeAnew(commits, in: folder) },
            .init(name: "write and sync") { try writeRaw(bytes, pieces: commits.count, amount: count, in: folder) },
            .init(name: "store.insert_sealed") { try writeAnew(commits, key, in: folder) },
            .init(name: "store.read") {
                try Lap.timing {
                    var sum: UInt64 = 0
                    for person in people {
                        try reader.samples(of: person, metrics: [], in: .all) { sum &+= UInt64($0.value.bitPattern) }
                    }
                    return sum > 0 ? Double(count) : 0
                }
            },
        ])
        let disk = ("write and sync", laps[1].map(\.wallRate))
        let size = Double(bytes) / Double(count)
        let plain = laps[0].map { $0.cost * 1e6 }
        var sealed = Figure(
            "store.insert_sealed", laps[2].map { $0.cost * 1e6 }, "CPU s/M samples", peer: ("plain", plain))
        sealed.budget = Figure.median(plain) * Self.sealing
        return [
            Figure("store.insert", laps[0].map(\.wallRate), "samples/s", peer: disk),
            Figure("store.insert_cpu", plain, "CPU s/M samples"), sealed,
            Figure("store.read", laps[3].map(\.wallRate), "samples/s"),
            Figure("store.size", [size], "bytes/sample"),
        ] + setting.allocations("store.insert", laps[0], "sample")
    }

    private func live(_ folder: BenchFolder) throws -> [Figure] {
        let commits = BenchSamples.commits(
            people: Self.live.people, metrics: [.heartRate, .steps, .spo2], seconds: Self.live.seconds,
            count: Self.live.commits)
        let count = BenchSamples.count(commits)
        // What is written anyway: a sample as the store's rows hold it.
        let bytes = count * BenchSamples.rowSize
        let laps = try setting.run([
            .init(name: "store.live") { try writeAnew(commits, in: folder) },
            .init(name: "write and sync") { try writeRaw(bytes, pieces: commits.count, amount: count, in: folder) },
        ])
        let disk = ("write and sync", laps[1].map(\.wallRate))
        return [
            Figure("store.live", laps[0].map(\.wallRate), "samples/s", peer: disk),
            Figure("store.live_commit", laps[0].map { 1000 * $0.wall / $0.amount * 24 }, "ms/commit"),
            Figure("store.live_cpu", laps[0].map { $0.cost * 1e6 }, "CPU s/M samples"),
        ]
    }

    private func writeAnew(_ commits: [Commit], _ key: StoreKey? = nil, in folder: BenchFolder) throws -> Lap {
        let path = folder.newPath()
        defer { for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) } }
        return try write(commits, key, to: path)
    }

    /// Commits into a new store; making and closing it are not timed.
    private func write(_ commits: [Commit], _ key: StoreKey? = nil, to path: String) throws -> Lap {
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true), key: key)
        defer { store.close() }
        return try Lap.timing {
            for commit in commits { try store.commit(commit) }
            return Double(BenchSamples.count(commits))
        }
    }

    /// The machine's limit: the same bytes in the same pieces, one behind the other, each forced to the disk.
    ///
    /// Over a file that has its length already, as SQLite's log soon has: a growing file waits for the file system's
    /// journal, too.
    private func writeRaw(_ bytes: Int, pieces: Int, amount: Int, in folder: BenchFolder) throws -> Lap {
        let path = folder.newPath()
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandError.failed("\(path): \(String(cString: strerror(errno)))") }
        defer {
            close(descriptor)
            unlink(path)
        }
        let piece = (0..<max(1, bytes / pieces)).map { UInt8(truncatingIfNeeded: $0) }
        func writeAll(forced: Bool) throws(CommandError) {
            for _ in 0..<pieces {
                guard Glibc.write(descriptor, piece, piece.count) == piece.count,
                    !forced || fdatasync(descriptor) == 0
                else { throw CommandError.failed("\(path): \(String(cString: strerror(errno)))") }
            }
        }
        try writeAll(forced: false)
        fsync(descriptor)
        lseek(descriptor, 0, SEEK_SET)
        return try Lap.timing {
            try writeAll(forced: true)
            return Double(amount)
        }
    }
}
