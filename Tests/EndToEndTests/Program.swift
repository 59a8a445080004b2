import Foundation

/// The built `vitald`, run as users run it.
///
/// `VITALD` names the binary; without it the release build, then the debug build of this package is taken.
struct Program {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let path: String = {
        if let named = ProcessInfo.processInfo.environment["VITALD"] { return named }
        let built = ["release", "debug"].map { packageRoot.appending(path: ".build/\($0)/vitald").path }
        return built.first { FileManager.default.isExecutableFile(atPath: $0) } ?? built[0]
    }()

    /// The folder `shared` beside the project, or above it, that holds real recordings; `nil` when it is absent.
    static let shared: URL? = {
        var folder = packageRoot
        for _ in 0..<6 {
            folder = folder.deletingLastPathComponent()
            let candidate = folder.appending(path: "shared")
            if FileManager.default.fileExists(atPath: candidate.appending(path: "DESIGN.md").path) { return candidate }
        }
        return nil
    }()

    /// Runs to the end; killed after `limit` seconds.
    static func run(_ arguments: [String], limit: Double = 120) throws -> Result {
        let running = try Running(arguments)
        return running.finish(limit: limit)
    }

    /// A started program.
    final class Running {
        let process = Process()
        private let folder = TemporaryFolder()
        private let out: FileHandle
        private let err: FileHandle

        /// - Parameter launcher: a program, with arguments, that becomes the one that its further arguments name.
        init(_ arguments: [String], by launcher: [String] = []) throws {
            // Files rather than pipes: a killed program must not block on a reader, nor its reader on it.
            for name in ["out", "err"] {
                _ = FileManager.default.createFile(atPath: folder.path(name), contents: nil)
            }
            out = try FileHandle(forWritingTo: URL(filePath: folder.path("out")))
            err = try FileHandle(forWritingTo: URL(filePath: folder.path("err")))
            let command = launcher + [Program.path] + arguments
            process.executableURL = URL(filePath: command[0])
            process.arguments = Array(command[1...])
            process.standardOutput = out
            process.standardError = err
            process.standardInput = FileHandle.nullDevice
            var environment = ProcessInfo.processInfo.environment
            environment["SWIFT_BACKTRACE"] = "enable=no"
            process.environment = environment
            try process.run()
        }

        var output: String { (try? String(contentsOfFile: folder.path("out"), encoding: .utf8)) ?? "" }
        var errors: String { (try? String(contentsOfFile: folder.path("err"), encoding: .utf8)) ?? "" }

        func kill() {
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        /// Whether the program ends by itself within some seconds.
        func ends(within seconds: Double) -> Bool {
            let end = Date().addingTimeInterval(seconds)
            while process.isRunning, Date() < end { usleep(1000) }
            return !process.isRunning
        }

        func terminate() { process.terminate() }

        /// Waits until the text on standard error contains a word.
        func waitFor(_ word: String, seconds: Double = 20) -> Bool {
            let end = Date().addingTimeInterval(seconds)
            while Date() < end {
                if errors.contains(word) || output.contains(word) { return true }
                if !process.isRunning { return errors.contains(word) || output.contains(word) }
                usleep(10_000)
            }
            return false
        }

        func finish(limit: Double) -> Result {
            if !ends(within: limit) { kill() }
            process.waitUntilExit()
            return Result(status: process.terminationStatus, output: output, errors: errors)
        }
    }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "vitald-\(UUID().uuidString)")

    init() { try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }
}
