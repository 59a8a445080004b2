import Glibc

/// A folder of files as the kernel shows them in `/sys`, `/proc` and `/dev`: small, one value each, gone at any moment.
struct KernelFolder {
    let path: String

    init(_ path: String) { self.path = path }

    /// More than a page holds nothing that is asked for here: sysfs attributes are at most one.
    private static let longestValue = 4096

    /// Names of what is in it, sorted; empty when there is no such folder.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    subscript(name: String) -> KernelFolder { KernelFolder("\(path)/\(name)") }

    /// The folder that it really is, all links followed; `nil` when there is none.
    var real: KernelFolder? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return KernelFolder(String(cString: resolved))
    }

    var name: Substring { path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...] }

    var parent: KernelFolder? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return KernelFolder(String(path[..<slash]))
    }

    var exists: Bool { access(path, F_OK) == 0 }

    /// The text in a file, without blanks around it; `nil` when there is no such file or nothing in it.
    ///
    /// What a USB device says of itself is foreign: control characters become U+FFFD, so that it cannot forge a line of
    /// the log.
    func text(of name: String) -> String? {
        let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: KernelFolder.longestValue, alignment: 1) { buffer in
            let size = read(file, buffer.baseAddress, buffer.count)
            guard size > 0 else { return nil }
            let text = String(decoding: buffer[..<size], as: UTF8.self)
            var scalars = text.unicodeScalars[...]
            while let last = scalars.last, last.properties.isWhitespace || last == "\0" { scalars.removeLast() }
            while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
            var printable = String.UnicodeScalarView()
            for scalar in scalars {
                let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
                printable.append(isControl ? "\u{FFFD}" : scalar)
            }
            return printable.isEmpty ? nil : String(printable)
        }
    }

    /// The number in a file.
    func number(of name: String, radix: Int) -> Int? { text(of: name).flatMap { Int($0, radix: radix) } }
}
