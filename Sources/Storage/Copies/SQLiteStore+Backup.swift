import CSQLite
import Glibc
import Vitals

/// Copies of a store: made while it is written, and put back.
extension SQLiteStore {
    /// What a backup holds.
    public struct Backup: Sendable {
        /// The last commit in it, and when that was.
        public var sequence: UInt64
        public var at: Timestamp
        public var bytes: Int
        /// What was damaged in the store already, and is in its copy.
        public var problems: [String]
    }

    /// How a copy leaves room for commits: so many pages at a time (a megabyte), and a rest after them, in microseconds.
    private enum Pace {
        static let pages: Int32 = 256
        static let rest: UInt32 = 20_000
    }

    /// Copies the store as of now to a new file, which is read back and verified before it gets its name.
    ///
    /// Of a reader: the daemon goes on writing, and the copy is of the one moment at which it began. Until it ends, the log
    /// is not trimmed beyond that moment. Costs the store's size, at 50 MB a second at most.
    ///
    /// - Parameters:
    ///   - path: of a file that is not there yet. Its mode is 0600.
    ///   - progress: called with the share that is done, 0 to 1.
    @discardableResult
    public func backUp(to path: String, progress: (Double) -> Void = { _ in }) throws(StoreError) -> Backup {
        let place = try StorePlace(path)
        guard !place.exists else {
            throw StoreError(.other, path: path, "a file is there already: name another, or remove it first")
        }
        let draft = place.path + ".new"
        do throws(StoreError) {
            let copy = try Self.emptyFile(draft, for: place)
            defer { copy.close() }
            try connection.read { () throws(StoreError) in
                // The transaction begins with the first look.
                _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
                try connection.copy(to: copy, pages: Pace.pages) { share in
                    progress(share)
                    usleep(Pace.rest)
                }
            }
            // One file for good, which any program reads from any disk.
            try copy.execute("PRAGMA journal_mode = DELETE")
            copy.close()
            try StoreReplacement.synchronise(draft, O_RDWR, place)
            let backup = try Self.verified(draft, connection.vault.storeKey)
            guard rename(draft, place.path) == 0 else { throw place.systemError("name the backup") }
            try StoreReplacement.synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
            return backup
        } catch {
            Self.removeDraft(draft)
            throw error
        }
    }

    private static func verified(_ path: String, _ key: StoreKey?) throws(StoreError) -> Backup {
        let copy = try open(path: path, mode: .read, key: key)
        defer { copy.close() }
        let figures = try copy.figures()
        return Backup(
            sequence: copy.sequence, at: try copy.lastCommit(), bytes: figures.fileBytes, problems: try copy.check())
    }

    /// Puts a backup in the place of the store at `path`, as a store of its own: its epoch is drawn anew, so that followers
    /// notice. What was there is kept beside it.
    ///
    /// - Returns: Where lies what was there; `nil` when there was nothing.
    /// - Throws: `.locked` while a daemon runs, `.damaged` for a backup that is not whole; then everything is left as it was.
    @discardableResult
    public static func restore(
        _ backup: String, to path: String, keyFile: String? = nil, progress: (Double) -> Void = { _ in }
    ) throws(StoreError) -> String? {
        let source = try open(path: backup, mode: .read, keyFile: keyFile)
        defer { source.close() }
        if let problem = try source.check().first {
            throw StoreError(
                .damaged, path: backup,
                "this backup is damaged (\(problem)): restore another, or keep what is whole of it with `vitald store "
                    + "repair`")
        }
        // A damaged store is what a restore is for.
        let place = try StorePlace(path, mayBeEmpty: true)
        let lock = try WriterLock.exclusive(store: place.path)
        try StoreReplacement.finish(at: place)
        let draft = place.path + ".new"
        let old: String?
        do throws(StoreError) {
            let copy = try emptyFile(draft, for: place)
            defer { copy.close() }
            try source.connection.copy(to: copy, pages: Pace.pages, progress)
            try Migrations.run(on: copy, from: source.version)
            try copy.execute(
                """
                UPDATE head SET epoch = \(Int64(bitPattern: UInt64.random(in: .min ... .max)));
                UPDATE head SET sum = \(SummedTable.head.sum())
                """)
            try requireLog(copy)
            copy.close()
            if let problem = try verified(draft, source.connection.vault.storeKey).problems.first {
                throw StoreError(.other, path: path, "the copy of the backup is not whole (\(problem)): try again")
            }
            removeDraft(draft, butItself: true)
            old = try StoreReplacement.put(draft, at: place)
        } catch {
            removeDraft(draft)
            throw error
        }
        lock.release()
        return old
    }

    /// Makes the file as small as its content, and trims the log. Needs the room of the store once more.
    ///
    /// - Returns: Bytes before and after.
    public func compact() throws(StoreError) -> (before: Int, after: Int) {
        let before = try figures().fileBytes
        try sealAll()
        try connection.execute("VACUUM")
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (before, try figures().fileBytes)
    }

    // MARK: Drafts

    /// An empty file for a copy.
    private static func emptyFile(_ path: String, for place: StorePlace) throws(StoreError) -> Connection {
        removeDraft(path)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw place.systemError("make \(path)") }
        Glibc.close(descriptor)
        let connection = try Connection(path: place.given, file: path, flags: SQLITE_OPEN_READWRITE)
        try connection.execute("PRAGMA synchronous = FULL")
        return connection
    }

    /// Removes what a copy that was cut off left behind.
    static func removeDraft(_ path: String, butItself: Bool = false) {
        for suffix in ["-journal", "-wal", "-shm", ".lock"] { unlink(path + suffix) }
        if !butItself { unlink(path) }
    }
}

extension Connection {
    /// Copies the whole database into another, `pages` at a time; calls `pause` between two of them with the share that is
    /// done.
    func copy(to copy: Connection, pages: Int32, _ pause: (Double) -> Void) throws(StoreError) {
        guard let handle, let target = copy.handle else { throw closed }
        guard let backup = sqlite3_backup_init(target, "main", handle, "main") else {
            throw copy.failure(sqlite3_errcode(target), doing: "begin a copy")
        }
        var code = SQLITE_OK
        while code == SQLITE_OK {
            code = sqlite3_backup_step(backup, pages)
            let (left, all) = (sqlite3_backup_remaining(backup), sqlite3_backup_pagecount(backup))
            if code == SQLITE_OK { pause(all > 0 ? 1 - Double(left) / Double(all) : 0) }
        }
        let end = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw copy.failure(end == SQLITE_OK ? code : end, doing: "copy it") }
    }
}
