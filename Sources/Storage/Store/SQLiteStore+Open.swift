import CSQLite
import Glibc
import Vitals

extension SQLiteStore {
    /// Opens the store at `path`, and for writing upgrades or makes it.
    ///
    /// A made store has mode 0600 and appears whole or not at all. Costs milliseconds whatever the store's size.
    ///
    /// - Parameter key: of an encrypted store; a store that is made with one is encrypted.
    /// - Throws: `.missing`; `.newer`, `.sealed` and, for what is not vitald's, `.damaged`, each with the file left byte for byte
    ///   as it was; `.locked` when another writes it; `.unwritable`.
    public static func open(path: String, mode: Mode, key: StoreKey? = nil) throws(StoreError) -> SQLiteStore {
        if case .write = mode, let place = try? StorePlace(path, mayBeEmpty: true),
            StoreReplacement.isPending(at: place.path)
        {
            let lock = try WriterLock.exclusive(store: place.path)
            try StoreReplacement.finish(at: place)
            lock.release()
        }
        let place = try StorePlace(path)
        if place.exists { try place.inspect() }
        switch mode {
        case .read:
            guard place.exists else { throw missing(path) }
            return try openToRead(place, key)
        case .write(let hub, let createIfMissing):
            guard place.exists || createIfMissing else { throw missing(path) }
            let lock = try WriterLock.exclusive(store: place.path)
            // Another writer may have made it just before we got the lock.
            removeDraft(of: place)
            if !place.exists, try !StorePlace(path).exists { try create(at: place, hub: hub, key) }
            let log = WriteAheadLog(path: place.path + "-wal")
            if log?.hasLost == true {
                throw StoreError(
                    .damaged, path: path,
                    "its log is damaged, and commits behind that place would be lost; \(SQLiteError.rescue)")
            }
            return try openToWrite(place, log, key, lock: lock)
        }
    }

    public static func missing(_ path: String) -> StoreError {
        StoreError(
            .missing, path: path, "no such store: check the path, or make one with `vitald import`, `replay` or `run`")
    }

    // MARK: Writing

    private static func openToWrite(
        _ place: StorePlace, _ log: WriteAheadLog?, _ key: StoreKey?, lock: consuming WriterLock
    ) throws(StoreError) -> SQLiteStore {
        let connection = try Connection(path: place.given, file: place.path, flags: SQLITE_OPEN_READWRITE)
        // Until it is known to be ours to write, closing must not move the log into the file.
        connection.configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        try connection.execute("PRAGMA busy_timeout = \(Tuning.busyTimeout)")
        let version = try StorePlace.checkVersion(connection)
        connection.vault = try Vault.of(connection, key: key)
        try connection.vault.loadKeys()
        connection.configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        try tune(connection)
        try requireLog(connection)
        try connection.execute("PRAGMA synchronous = FULL")
        // What another process left in the log is built upon from here on. Nobody writes it meanwhile.
        if let log { try connection.write { () throws(StoreError) in try log.settle(place.path + "-wal", place) } }
        try connection.execute("PRAGMA wal_autocheckpoint = \(Tuning.checkpointPages)")
        try connection.execute("PRAGMA journal_size_limit = \(Tuning.logLimit)")
        // Debian's SQLite overwrites what is deleted, also where that costs a page. Who is to be gone is erased (`forget`).
        try connection.execute("PRAGMA secure_delete = FAST")
        if version < Migrations.current {
            try Migrations.run(on: connection, from: version)
            // So that the version can be read from the file alone.
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try nameMetrics(connection)
        let (identity, sequence) = try head(of: connection, version: Migrations.current)
        let store = SQLiteStore(
            connection: connection, isWriter: true, lock: lock, identity: identity, sequence: sequence,
            version: Migrations.current)
        try connection.beginTally()
        try store.requireAll()
        try store.loadJournal()
        try store.loadFeed()
        return store
    }

    /// Makes an empty store under another name and moves it to its place.
    private static func create(at place: StorePlace, hub: HubID, _ key: StoreKey?) throws(StoreError) {
        for suffix in ["-wal", "-journal"] where access(place.path + suffix, F_OK) == 0 {
            throw StoreError(
                .damaged, path: place.given,
                "the store is gone but its \(suffix) file is still there: put the store back beside it, or remove it too"
            )
        }
        let draft = place.path + ".new"
        let connection = try makeDraft(draft, of: place)
        defer { connection.close() }
        let insert = try connection.prepare(SummedTable.head.insertion)
        insert.bind(1, hub)
        insert.bind(2, Int64(bitPattern: UInt64.random(in: .min ... .max)))
        insert.bind(3, 0)
        insert.bind(4, 0)
        try insert.run()
        insert.finalize()
        if let key {
            try connection.write { () throws(StoreError) in
                try Vault.begin(connection, key)
                try connection.execute(Migrations.withoutViews)
            }
        }
        try Tally(counting: connection).write(on: connection)
        try requireLog(connection)
        connection.close()
        guard rename(draft, place.path) == 0 else { throw place.systemError("make the store") }
        try StoreReplacement.synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
    }

    /// An empty store without a head, in the file `draft`; whatever was there is gone.
    static func makeDraft(_ draft: String, of place: StorePlace) throws(StoreError) -> Connection {
        removeDraft(draft, butItself: true)
        guard unlink(draft) == 0 || errno == ENOENT else { throw place.systemError("remove \(draft)") }
        let descriptor = Glibc.open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw place.systemError("make \(draft)") }
        Glibc.close(descriptor)
        let connection = try Connection(path: place.given, file: draft, flags: SQLITE_OPEN_READWRITE)
        try connection.execute("PRAGMA synchronous = FULL; PRAGMA application_id = \(Migrations.applicationID)")
        try Migrations.run(on: connection, from: 0)
        return connection
    }

    static func requireLog(_ connection: Connection) throws(StoreError) {
        let statement = try connection.prepare("PRAGMA journal_mode = WAL")
        defer { statement.finalize() }
        guard try statement.step(), statement.text(0) == "wal" else {
            throw StoreError(
                .unwritable, path: connection.path,
                "its file system has no shared memory for SQLite's write-ahead log: keep the store on a local disk")
        }
    }

    /// The names that the views show; writes only what changed with this version.
    private static func nameMetrics(_ connection: Connection) throws(StoreError) {
        try connection.write { () throws(StoreError) in
            let insert = try connection.prepare(
                """
                INSERT INTO metric(id, name, unit) VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE
                SET name = excluded.name, unit = excluded.unit WHERE name <> excluded.name OR unit <> excluded.unit
                """)
            for metric in Metric.allCases {
                insert.bind(1, Int64(metric.rawValue))
                insert.bind(2, metric.name)
                insert.bind(3, metric.unit)
                try insert.run()
            }
        }
    }

    // MARK: Reading

    private static func openToRead(_ place: StorePlace, _ key: StoreKey?) throws(StoreError) -> SQLiteStore {
        let connection: Connection
        var lock: WriterLock?
        do throws(StoreError) {
            connection = try reader(of: place, file: place.path)
        } catch {
            // SQLite reads a log-mode file only where it finds or can make the log and its index. With writers kept away both
            // file and log stay as they are, and need neither.
            guard error.code == .unwritable, let shared = WriterLock.shared(store: place.path) else { throw error }
            lock = consume shared
            connection = try reader(of: place, file: place.hasLog ? place.unlockedAddress : place.immutableAddress)
        }
        try tune(connection)
        connection.vault = try Vault.of(connection, key: key)
        let version = try StorePlace.checkVersion(connection)
        let (identity, sequence) = try head(of: connection, version: version)
        return SQLiteStore(
            connection: connection, isWriter: false, lock: lock, identity: identity, sequence: sequence,
            version: version)
    }

    private static func reader(of place: StorePlace, file: String) throws(StoreError) -> Connection {
        let flags = SQLITE_OPEN_READONLY | (file == place.path ? 0 : SQLITE_OPEN_URI)
        let connection = try Connection(path: place.given, file: file, flags: flags)
        if file == place.unlockedAddress {
            try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            // Whoever has a log to itself moves it into the file when it closes.
            connection.configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        }
        try connection.execute("PRAGMA busy_timeout = \(Tuning.busyTimeout)")
        let version = try StorePlace.checkVersion(connection)
        guard version >= Migrations.oldestReadable else {
            throw StoreError(
                .other, path: place.given,
                "written by an earlier vitald (version \(version)): let `vitald run` or `import` upgrade it first")
        }
        return connection
    }

    // MARK: Both

    /// Sizes chosen for a hub whose whole process stays below 25 MB.
    private enum Tuning {
        /// Milliseconds to wait for a stranger (a sqlite3 shell) that writes.
        static let busyTimeout = 2000
        /// Pages of the log (4 KB each) after which it moves into the file: a minute or two at a commit a second.
        static let checkpointPages = 1000
        /// Bytes of log kept after a checkpoint.
        static let logLimit = 8 << 20
        /// KB of page cache.
        static let cache = 4096
    }

    private static func tune(_ connection: Connection) throws(StoreError) {
        connection.configure(SQLITE_DBCONFIG_DEFENSIVE, true)
        // No memory-mapped reading: a file that shrinks or a disk that fails would be SIGBUS instead of an error.
        try connection.execute(
            """
            PRAGMA cache_size = -\(Tuning.cache); PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
            PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF
            """)
    }

    private static func head(of connection: Connection, version: Int) throws(StoreError) -> (StoreIdentity, UInt64) {
        let isIntact = version >= Migrations.summed ? SummedTable.head.isIntact : "1"
        let statement = try connection.prepare("SELECT hub, epoch, sequence, \(isIntact) FROM head")
        defer { statement.finalize() }
        guard try statement.step() else { throw statement.damage("no head") }
        guard statement.int64(3) == 1 else { throw statement.damage("a head whose checksum differs") }
        let identity = StoreIdentity(hub: try statement.id(0), epoch: UInt64(bitPattern: statement.int64(1)))
        return (identity, UInt64(bitPattern: statement.int64(2)))
    }
}
