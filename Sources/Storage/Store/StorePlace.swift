import CSQLite
import Glibc
import Vitals

/// Where a store lies, and what is known of its file before SQLite may touch it.
struct StorePlace {
    /// As the caller wrote it, for messages.
    let given: String
    /// Without symbolic links, so that two names of one store share one lock.
    let path: String
    let exists: Bool
    /// Bytes of the file when it was looked at.
    private let size: Int

    /// - Parameter mayBeEmpty: whether an empty file is a place for a store: for one that takes its place.
    init(_ given: String, mayBeEmpty: Bool = false) throws(StoreError) {
        self.given = given
        var status = stat()
        if stat(given, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw StoreError(.damaged, path: given, "this is no file: name the store's file")
            }
            guard status.st_size > 0 || mayBeEmpty else {
                throw StoreError(
                    .damaged, path: given,
                    "the file is empty and no store: remove it, or restore a backup if a store was there")
            }
            exists = true
            size = Int(status.st_size)
            path = Self.resolved(given) ?? given
            return
        }
        guard errno == ENOENT else {
            throw StoreError(.unwritable, path: given, "cannot look at it: \(String(cString: strerror(errno)))")
        }
        exists = false
        size = 0
        let slash = given.lastIndex(of: "/")
        let folder = slash.map { $0 == given.startIndex ? "/" : String(given[..<$0]) } ?? "."
        let name = slash.map { String(given[given.index(after: $0)...]) } ?? given
        guard let resolvedFolder = Self.resolved(folder) else {
            throw StoreError(.missing, path: given, "its folder \(folder) does not exist: make it first")
        }
        path = resolvedFolder == "/" ? "/" + name : resolvedFolder + "/" + name
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    /// What to throw when a call of the system failed, by `errno`.
    func systemError(_ doing: String) -> StoreError {
        let error = errno
        return StoreError(
            .unwritable, path: given,
            "cannot \(doing) (\(String(cString: strerror(error)))): \(DiskAdvice.after(error))")
    }

    var folder: String { path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "." }

    /// Whether a write-ahead log with content lies beside the file: a writer runs, or died.
    var hasLog: Bool {
        var status = stat()
        return stat(path + "-wal", &status) == 0 && status.st_size > 0
    }

    /// SQLite's address of the file as something that cannot change: no locks, no files beside it, and no log.
    var immutableAddress: String { address("immutable=1") }

    /// SQLite's address of a file and its log that cannot change: no locks, and no index of the log beside them. Only for a
    /// connection that keeps the index to itself (`locking_mode = EXCLUSIVE`).
    var unlockedAddress: String { address("vfs=unix-none") }

    private func address(_ option: String) -> String {
        // What a `file:` address gives a meaning to (sqlite.org/uri.html).
        let escaped = path.map { c in
            switch c {
            case "%": "%25"
            case "?": "%3f"
            case "#": "%23"
            default: String(c)
            }
        }
        return "file:\(escaped.joined())?mode=ro&\(option)"
    }

    /// Reads application id and version from the first page, leaving the file and its folder as they are.
    ///
    /// Through SQLite, because a descriptor of our own, when closed, would take the locks of every other connection of
    /// this process with it.
    ///
    /// - Throws: `.damaged` when the file is not vitald's, `.newer` when a later vitald wrote it.
    func inspect() throws(StoreError) {
        let connection = try Connection(
            path: given, file: immutableAddress, flags: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
        defer { connection.close() }
        let application: Int64?
        do throws(StoreError) {
            application = try connection.integer("PRAGMA application_id")
        } catch  where error.code == .damaged && hasLog {
            // A full disk or a power cut may leave the file half as long as its first page says, with the rest in the
            // log. Only SQLite can tell, with the log; whoever opens it next looks again.
            return
        } catch  where error.code == .damaged {
            throw StoreError(
                .damaged, path: given,
                "this is no vitald store, or its first page is damaged; it was left untouched. If it was one, "
                    + SQLiteError.rescue)
        }
        try Self.check(application: application, path: given)
        try Self.checkVersion(connection)
        // SQLite takes the missing rest of a last page for zeros. (What a log has yet to bring may be missing.)
        let page = Int(try connection.integer("PRAGMA page_size") ?? 0)
        guard hasLog || page > 0 && size % page == 0 else {
            throw StoreError(
                .damaged, path: given, "the file was cut off in the middle of a page; \(SQLiteError.rescue)")
        }
    }

    private static func check(application: Int64?, path: String) throws(StoreError) {
        guard application == Int64(Migrations.applicationID) else {
            throw StoreError(
                .damaged, path: path, "this is no vitald store but another program's database; it was left untouched")
        }
    }

    /// Returns the schema version, unless it is newer than this program or the database is another program's.
    @discardableResult
    static func checkVersion(_ connection: Connection) throws(StoreError) -> Int {
        try check(application: try connection.integer("PRAGMA application_id"), path: connection.path)
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        guard 1..<Migrations.never ~= version else {
            throw StoreError(
                .damaged, path: connection.path,
                "it says version \(version), which no vitald writes; \(SQLiteError.rescue)")
        }
        guard version > Migrations.current else { return version }
        guard try !hasTablesOfThisVersion(connection) else {
            throw StoreError(
                .damaged, path: connection.path,
                "it says version \(version), and has the tables of version \(Migrations.current); \(SQLiteError.rescue)"
            )
        }
        throw StoreError(
            .newer, path: connection.path,
            "written by a newer vitald (version \(version) of the store, this program knows "
                + "\(Migrations.current)): use that vitald; the file was left untouched")
    }

    /// Each version has other tables than the one before: a later vitald's are not this one's.
    private static func hasTablesOfThisVersion(_ connection: Connection) throws(StoreError) -> Bool {
        let ours = try Connection(path: connection.path, file: ":memory:", flags: SQLITE_OPEN_READWRITE)
        defer { ours.close() }
        try Migrations.run(on: ours, from: 0)
        // What cannot be read here may be in words that this SQLite does not know yet.
        return (try? tables(of: connection)) == (try tables(of: ours))
    }

    private static func tables(of connection: Connection) throws(StoreError) -> [String] {
        let statement = try connection.prepare(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        defer { statement.finalize() }
        var tables: [String] = []
        try statement.forEachRow { tables.append(statement.text(0)) }
        return tables
    }
}
