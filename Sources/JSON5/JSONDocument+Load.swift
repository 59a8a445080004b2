import Glibc

extension JSONDocument {
    /// The size from which a file is refused unless the caller says otherwise: 1 MiB. Rule and profile files have a
    /// few kilobytes.
    public static let defaultSizeLimit = 1 << 20

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: a regular file, or a link to one.
    ///   - limit: the largest size in bytes that is read.
    /// - Throws: `JSONError` at 1:1 when the file is missing, not a regular file, not readable, larger than `limit` or
    ///   not UTF-8; otherwise as `parse(_:file:)`.
    public static func load(path: String, limit: Int = defaultSizeLimit) throws(JSONError) -> JSONDocument {
        let bytes = try contents(of: path, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw unreadable(path, "the file is not UTF-8 text, see its line \(firstMalformedLine(of: bytes))")
        }
        return try parse(text, file: path)
    }

    private static func contents(of path: String, limit: Int) throws(JSONError) -> [UInt8] {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, reason(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw unreadable(path, "this is a directory, expected a file")
        default: throw unreadable(path, "this is not a regular file")
        }
        guard status.st_size <= limit else { throw tooLarge(path, limit) }
        return try contents(of: descriptor, path, limit: limit)
    }

    /// Reads until the end; the size of the file may change meanwhile.
    private static func contents(of descriptor: CInt, _ path: String, limit: Int) throws(JSONError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, reason(errno))
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw tooLarge(path, limit) }
        }
    }

    private static func unreadable(_ path: String, _ message: String) -> JSONError {
        JSONError(.unreadable, file: path, at: .start, message)
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> JSONError {
        JSONError(.tooLarge, file: path, at: .start, "the file is larger than \(limit) bytes")
    }

    private static func reason(_ number: CInt) -> String {
        switch number {
        case ENOENT, ENOTDIR: return "there is no such file"
        case EACCES, EPERM: return "no permission to read the file"
        default:
            guard let text = strerror(number) else { return "cannot read the file (error \(number))" }
            return "cannot read the file: \(String(cString: text))"
        }
    }

    private static func firstMalformedLine(of bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return (index ?? 0) + 1
    }
}
