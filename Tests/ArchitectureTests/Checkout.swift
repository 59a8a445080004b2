import FoundationEssentials

/// The files of the package these tests were built from.
enum Checkout {
    /// The folder that holds `Package.swift`.
    static let root: String = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder.path
    }()

    /// Folders at the top that `.gitignore` names: what programs leave there.
    static let leftovers = Set(
        ((try? String(contentsOfFile: root + "/.gitignore", encoding: .utf8)) ?? "").split(separator: "\n")
            .filter { $0.hasSuffix("/") }.map { String($0.dropLast()) })

    /// Names in a folder of the package, hidden ones left out; empty when there is no such folder.
    static func entries(of path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/" + path)) ?? [])
            .filter { !$0.hasPrefix(".") }.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) && isFolder
    }

    /// Every Swift file below `Sources`.
    static let sources: [SourceFile] = files(below: "Sources").compactMap { path in
        guard path.hasSuffix(".swift"), let data = FileManager.default.contents(atPath: root + "/" + path) else {
            return nil
        }
        return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
    }

    private static func files(below path: String) -> [String] {
        entries(of: path).flatMap { name in
            let inner = path + "/" + name
            return isFolder(inner) ? files(below: inner) : [inner]
        }
    }
}
