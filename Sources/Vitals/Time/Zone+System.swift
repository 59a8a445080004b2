import Glibc

extension Zone {
    /// Where zone files are, unless the environment variable `TZDIR` names another directory.
    static let systemDirectory = "/usr/share/zoneinfo"

    /// The zone of that IANA name, e.g. `Europe/Berlin`, from the system's files.
    ///
    /// `UTC` needs no file. Reads one file of a few kilobytes; keep the value rather than asking again.
    /// - Throws: `ZoneError`: `.unknown` with the nearest name, `.badName` for anything that could lead out of the
    ///   directory, `.damaged`, `.unreadable`, `.noData` where no zone files are installed.
    public init(named name: String) throws(ZoneError) {
        var directory = Zone.systemDirectory
        if let value = getenv("TZDIR") {
            let path = String(cString: value)
            if path.hasPrefix("/") { directory = path }
        }
        try self.init(named: name, directory: directory)
    }

    init(named name: String, directory: String) throws(ZoneError) {
        guard name != "UTC" else {
            self = .utc
            return
        }
        guard Zone.isName(name) else {
            throw ZoneError(
                .badName, name: name,
                "\"\(name)\" is not the name of a time zone; names look like Europe/Berlin or Asia/Shanghai")
        }
        switch ZoneFile.read("\(directory)/\(name)") {
        case .success(let bytes):
            try self.init(name: name, tzif: bytes)
        case .failure(.missing):
            let names = ZoneFile.names(in: directory)
            guard !names.isEmpty else {
                throw ZoneError(
                    .noData, name: name, "there are no time zones in \(directory); install the tzdata package")
            }
            let nearest = Zone.nearest(to: name, in: names)
            let hint = nearest.map { "; did you mean \($0)?" } ?? ""
            throw ZoneError(.unknown(nearest: nearest), name: name, "there is no time zone \"\(name)\"\(hint)")
        case .failure(.unreadable(let reason)):
            throw ZoneError(
                .unreadable, name: name, "the time-zone file \(directory)/\(name) cannot be read: \(reason)")
        }
    }

    /// Letters, digits, `+ - _ .` in parts divided by single slashes; no part begins with a dot.
    static func isName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (1...255).contains(bytes.count) else { return false }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
            return part.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
        }
    }

    /// The most similar of `names`: by edit distance, ignoring case, to the whole name or to its last part (`Berlin`).
    static func nearest(to name: String, in names: [String]) -> String? {
        let wanted = Array(name.lowercased().utf8)
        var best: (distance: Int, name: String)?
        for candidate in names.sorted() {
            let whole = Array(candidate.lowercased().utf8)
            let last = Array(whole[(whole.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...])
            // The city alone is a fine guess, and still a worse one than the same distance in the whole name.
            let distance = min(2 * editDistance(wanted, whole), 2 * editDistance(wanted, last) + 1)
            if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
        }
        guard let best, best.distance <= 2 * max(2, wanted.count / 3) + 1 else { return nil }
        return best.name
    }

    /// Levenshtein distance; O(a × b) in time, O(b) in memory.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[b.count]
    }
}

/// The zone files of this machine.
private enum ZoneFile {
    enum Failure: Error {
        case missing
        case unreadable(String)
    }

    /// The largest real one has under 4 KB; whatever is larger than this is not a zone.
    static let largest = 1 << 20

    static func read(_ path: String) -> Result<[UInt8], Failure> {
        // Non-blocking, so that a FIFO of that name cannot hold us up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return .failure(
                errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? .missing : .unreadable(reason(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(.unreadable(reason(errno))) }
        if status.st_mode & S_IFMT == S_IFDIR { return .failure(.missing) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.unreadable("it is not a file")) }
        guard status.st_size <= largest else { return .failure(.unreadable("it is too large to be a zone")) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= largest {
            let got = Glibc.read(descriptor, &chunk, chunk.count)
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { return .failure(.unreadable(reason(errno))) }
            if got == 0 { break }
            bytes.append(contentsOf: chunk[..<got])
        }
        return .success(bytes)
    }

    /// Names of all zones below a directory, without the copies in `posix/` and `right/`.
    static func names(in directory: String) -> [String] {
        var found: [String] = []
        // Zone names have at most three parts (America/Argentina/Salta).
        list(directory, prefix: "", depth: 3, into: &found)
        return found
    }

    private static func list(_ directory: String, prefix: String, depth: Int, into found: inout [String]) {
        guard depth > 0, let stream = opendir(directory) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // Every zone begins with a capital letter and has no dot; tables and licences do not.
            guard let first = name.utf8.first, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first,
                !name.utf8.contains(UInt8(ascii: "."))
            else { continue }
            let path = "\(directory)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                list(path, prefix: prefix + name + "/", depth: depth - 1, into: &found)
            } else {
                found.append(prefix + name)
            }
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
