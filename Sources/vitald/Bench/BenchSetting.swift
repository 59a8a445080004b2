import Glibc
import Hub
import Vitals

/// What all benchmarks of one run share.
struct BenchSetting {
    /// Each entry is timed at least so long.
    var seconds: Double
    /// Once and short, of little: for whoever wants to see what is measured, not how fast it is.
    var isQuick: Bool
    /// How many live in the crowd.
    var people: Int
    /// How long a household has lived with the hub that is started.
    var days: Int
    /// Where stores and files are written.
    var folder: String
    var profileFolder: String
    var ruleFolder: String
    var profiles: [Configured.File]
    var rules: [Configured.File]
    /// A command that measures others on a folder of inputs.
    var peers: String?
    var progress: (String) -> Void
    var note: (String) -> Void

    /// The repetitions of each entry.
    func run(_ entries: [Contest.Entry]) throws -> [[Lap]] {
        try Contest.run(entries, isQuick ? .quick : .init(seconds: seconds), progress: progress)
    }

    /// Allocations per unit of work, where they are counted.
    func allocations(_ name: String, _ laps: [Lap], _ unit: String, peer: (String, [Lap])? = nil) -> [Figure] {
        let counted = laps.compactMap { lap in lap.allocations.map { $0 / lap.amount } }
        guard !counted.isEmpty else { return [] }
        let peer = peer.map { peer in
            (peer.0, peer.1.compactMap { lap in lap.allocations.map { $0 / lap.amount } })
        }
        return [Figure("\(name).memory", counted, "allocations/\(unit)", peer: peer)]
    }
}

/// A folder for the files of a benchmark, gone with it.
final class BenchFolder {
    let path: String
    private var count = 0

    init(in folder: String) throws(CommandError) {
        guard let made = FileTree.newFolder(in: folder, "vitald-bench") else {
            throw .failed("\(folder): \(String(cString: strerror(errno)))", hint: "name another with --folder DIR")
        }
        path = made
    }

    deinit {
        clear()
        rmdir(path)
    }

    func newPath() -> String {
        count += 1
        return "\(path)/\(count).db"
    }

    /// Removes every file in it.
    func clear() {
        for name in FileTree.names(in: path) { unlink("\(path)/\(name)") }
    }

    /// Bytes of a file; 0 when it is not there.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
