import Glibc
import Vitals

/// Files of the package.
enum Checkout {
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(3)
        // The script gives the compiler paths from the package's folder, in which it also runs.
        let folder = #filePath.hasPrefix("/") ? "/" : "./"
        return folder + parts.joined(separator: "/")
    }()

    /// The shipped profiles, by name.
    static let profiles: [Configured.File] = names(in: root + "/DeviceProfiles").filter { $0.hasSuffix(".json5") }.map {
        Configured.File(
            path: "DeviceProfiles/\($0)", text: String(decoding: bytes("\(root)/DeviceProfiles/\($0)"), as: UTF8.self))
    }

    static func bytes(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return bytes
    }

    /// Names in a folder, sorted.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
