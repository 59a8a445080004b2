import FoundationEssentials
import Glibc
import Testing

/// What `swift package dump-package` says: the manifest as SwiftPM understood it, not as a regular expression did.
struct PackageDump: Decodable, Sendable {
    var targets: [Target]
    var swiftLanguageVersions: [String]?

    struct Target: Decodable, Sendable {
        var name: String
        /// `regular`, `executable`, `system`, `test`.
        var type: String
        var dependencies: [Dependency]
        var settings: [Setting]
    }

    /// `{"byName": ["Vitals", null]}` and its relatives.
    struct Dependency: Decodable, Sendable {
        var name: String

        init(from decoder: any Decoder) throws {
            let forms = try decoder.singleValueContainer().decode([String: [Part]].self)
            guard let name = forms.first?.value.first?.text else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "a dependency without a name"))
            }
            self.name = name
        }

        private struct Part: Decodable {
            var text: String?
            init(from decoder: any Decoder) throws {
                text = try? decoder.singleValueContainer().decode(String.self)
            }
        }
    }

    struct Setting: Decodable, Sendable {
        var tool: String
        var kind: [String: [String: Value]]

        /// A word, or a list of flags.
        enum Value: Decodable, Equatable {
            case word(String)
            case flags([String])

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let word = try? value.decode(String.self) {
                    self = .word(word)
                } else {
                    self = .flags(try value.decode([String].self))
                }
            }
        }
    }

    /// Asked once for all tests.
    static func load() throws -> PackageDump { try loaded.get() }
    private static let loaded = Result { try ask() }

    private static func ask() throws -> PackageDump {
        // A scratch directory of its own: the running `swift test` holds the lock of the usual one.
        let scratch = FileManager.default.temporaryDirectory.appending(path: "vitald-architecture-\(getpid())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let output = scratch.appending(path: "package.json").path
        let status = try run(
            ["swift", "package", "--package-path", Checkout.root, "--scratch-path", scratch.path, "dump-package"],
            output: output)
        #expect(status == 0, "swift package dump-package failed with status \(status)")
        return try JSONDecoder().decode(PackageDump.self, from: Data(contentsOf: URL(filePath: output)))
    }

    /// Runs a program of the PATH with our environment and its output in a file; returns its exit status.
    private static func run(_ arguments: [String], output: String) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

        // The global `environ` is not safe to read in Swift 6; the kernel's copy is.
        let environment = try Data(contentsOf: URL(filePath: "/proc/self/environ")).split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }

        var child: pid_t = 0
        let failure = posix_spawnp(&child, "swift", &actions, nil, argv, envp)
        try #require(failure == 0, "swift cannot be started: \(String(cString: strerror(failure)))")
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
