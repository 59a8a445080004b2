import Glibc
import Vitals

/// Reading the files of a folder, in order of their names.
public enum Folder {
    /// A rule or profile larger than this is a mistake.
    public static let largestFile = 1 << 20

    /// The files ending in `ending` in the folders named, sorted by name within each; a path may also be one file.
    public static func files(in paths: [String], ending: String) throws(FolderError) -> [Configured.File] {
        var aside: [FolderError] = []
        let files = try files(in: paths, ending: ending, aside: &aside)
        if let first = aside.first { throw first }
        return files
    }

    /// The same, with files that cannot be read put aside alone while the others are used.
    public static func files(
        in paths: [String], ending: String, aside: inout [FolderError]
    ) throws(FolderError) -> [Configured.File] {
        var files: [Configured.File] = []
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else { throw FolderError(path: path, errno: errno) }
            if status.st_mode & S_IFMT == S_IFDIR {
                for name in try names(in: path) where name.hasSuffix(ending) && !name.hasPrefix(".") {
                    do { files.append(try read("\(path)/\(name)")) } catch { aside.append(error) }
                }
            } else {
                files.append(try read(path))
            }
        }
        return files
    }

    private static func names(in path: String) throws(FolderError) -> [String] {
        guard let directory = opendir(path) else { throw FolderError(path: path, errno: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.sorted()
    }

    /// One file's text: UTF-8, at most `largestFile` bytes.
    public static func read(_ path: String) throws(FolderError) -> Configured.File {
        // Without waiting: a pipe among the files must not hold up the hub.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FolderError(path: path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FolderError(path: path, "not a file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { throw FolderError(path: path, errno: errno) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > largestFile { throw FolderError(path: path, "larger than 1 MiB: not a rule or a profile") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FolderError(path: path, "not UTF-8 text")
        }
        return Configured.File(path: path, text: text)
    }
}

/// A file or folder that could not be read.
public struct FolderError: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var message: String

    init(path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    init(path: String, errno code: Int32) { self.init(path: path, String(cString: strerror(code))) }

    public var description: String { "\(path): \(message)" }
}
