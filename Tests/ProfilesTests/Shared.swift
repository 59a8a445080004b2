import Glibc
import Profiles
import Vitals

/// Files beside the tests.
enum Files {
    /// The package's root folder.
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    static let fixtures = root + "/Tests/ProfilesTests/Fixtures"

    /// The folder of reference material beside the package, or `nil` with a visible line.
    static let shared: String? = {
        var folder = root
        while let slash = folder.lastIndex(of: "/") {
            let candidate = folder + "/shared"
            if access(candidate + "/DESIGN.md", R_OK) == 0 { return candidate }
            folder = String(folder[..<slash])
        }
        print("skipped: no folder 'shared' with reference vectors beside the package")
        return nil
    }()

    struct Missing: Error { var path: String }

    static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Missing(path: path) }
        defer { fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { text += chunk[..<count] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Names in a folder, sorted.
    static func names(in folder: String, suffix: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    static let shipped = names(in: root + "/DeviceProfiles", suffix: ".json5")

    static func profile(_ name: String) throws -> Profile {
        try Profile(
            text: try text("\(root)/DeviceProfiles/\(name)"), file: "DeviceProfiles/\(name)", extending: files)
    }

    /// The shipped profiles by id.
    static let library = ProfileLibrary(files: files)

    static let files = shipped.compactMap { name in
        (try? text("\(root)/DeviceProfiles/\(name)")).map {
            Configured.File(path: "DeviceProfiles/\(name)", text: $0)
        }
    }
}

/// A profile in one line: tests add what they are about.
func profile(
    inputs: String = "{ data: { char: \"2A37\" } }", messages: String, head: String = "transport: \"ble\""
) throws -> Profile {
    try Profile(
        text: """
            { schema: 1, id: "test.one", version: 1, name: "test", \(head),
              inputs: \(inputs),
              messages: \(messages) }
            """, file: "test.json5")
}

/// A serial profile of text lines.
func lineProfile(_ format: String, messages: String, max: Int = 120) throws -> Profile {
    try profile(
        inputs: """
            { port: { serial: true, format: "\(format)",
                      framing: { kind: "lines", end: "\\n", strip: "\\r", max: \(max) } } }
            """,
        messages: messages, head: "transport: \"serial\", port: { baud: 9600 }")
}

extension Decoder {
    /// Feeds once and returns what came out.
    mutating func take(_ bytes: [UInt8], _ input: String, at: Timestamp = .start) -> Decoded {
        var decoded = Decoded()
        feed(bytes, input: input, at: at, into: &decoded)
        return decoded
    }
}

extension Timestamp {
    static let start = Timestamp(milliseconds: 1_767_225_600_000)
}

func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Deterministic numbers (SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
