import Glibc

@testable import vitald

/// A folder of its own for a test, gone with it, and commands run in this process.
final class Workspace {
    let folder: String

    init() {
        var template = Array("/tmp/vitald-test-XXXXXX".utf8CString)
        folder = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit {
        for name in FileTree.names(in: folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Writes a file and returns its path.
    func file(_ name: String, _ text: String) -> String {
        if let file = fopen(path(name), "w") {
            fputs(text, file)
            fclose(file)
        }
        return path(name)
    }

    /// Exit code, stdout and stderr of a command line.
    func run(_ words: String...) -> (code: Int32, out: String, log: String) { Workspace.run(words) }

    static func run(_ words: [String]) -> (code: Int32, out: String, log: String) {
        let console = Console.kept()
        let code = Vitald.run(words, on: console)
        return (code, console.out.pending, console.log)
    }
}
