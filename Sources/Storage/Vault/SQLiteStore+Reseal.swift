import CSQLite
import Glibc
import Vitals

extension SQLiteStore {
    /// Encrypts a plain store with a key, decrypts one (`to` is `nil`), or gives it another key. Hub, epoch, commits and what is
    /// kept for followers stay what they are; data keys are new.
    ///
    /// Works on a copy, which is checked and then takes the store's place: cut off anywhere, the store is as it was. Blocks that
    /// the disk freed may go on holding what was plain until it uses them again.
    ///
    /// - Throws: `.sealed` where `from` is not the store's key; `.locked` while another writes it; `.damaged` for what
    ///   cannot be read (repair it first); `.unwritable`.
    /// - Complexity: O(store), twice its room on the disk.
    public static func reseal(path: String, from: StoreKey?, to: StoreKey?) throws(StoreError) {
        let store = try open(
            path: path, mode: .write(hub: HubID(high: 0, low: 0), createIfMissing: false), key: from)
        defer { store.close() }
        let place = try StorePlace(path)
        let draft = place.path + ".new"
        do throws(StoreError) {
            // Made private before anything is in it: SQLite takes an empty file.
            let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw place.systemError("make its copy") }
            // It belongs to whom the store belongs to, whoever runs this.
            var status = stat()
            let isOwned =
                stat(place.path, &status) == 0 && fchown(descriptor, status.st_uid, status.st_gid) == 0
                && fchmod(descriptor, status.st_mode & 0o777) == 0
            Glibc.close(descriptor)
            guard isOwned else { throw place.systemError("give its copy the same owner") }
            let copy = try store.connection.prepare("VACUUM INTO ?")
            copy.bind(1, draft)
            try copy.run()
            copy.finalize()
            try reseal(draft, of: store, to: to)
            try verify(draft, against: store, to)
            try store.leaveFile(place)
            guard rename(draft, place.path) == 0 else { throw place.systemError("put the copy in its place") }
        } catch {
            removeDraft(of: place)
            throw error
        }
        try StoreReplacement.synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
    }

    /// What a copy that was cut off left behind may be plain.
    static func removeDraft(of place: StorePlace) {
        for suffix in ["", "-journal", "-wal", "-shm", ".lock"] { unlink(place.path + ".new" + suffix) }
    }

    /// Lets go of the file, so that another can take its name: a log that lies beside it would be taken for the other's. The lock
    /// stays.
    private func leaveFile(_ place: StorePlace) throws(StoreError) {
        let checkpoint = try connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)")
        let isBusy = try checkpoint.step() && checkpoint.int64(0) != 0
        checkpoint.finalize()
        guard !isBusy else {
            throw StoreError(.locked, path: connection.path, "somebody is reading it: try again when they are done")
        }
        connection.close()
        for suffix in ["-wal", "-shm"] { unlink(place.path + suffix) }
        // Gone for good before the other file has the name.
        try StoreReplacement.synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
    }

    private static func reseal(_ draft: String, of store: SQLiteStore, to key: StoreKey?) throws(StoreError) {
        let copy = try Connection(path: store.connection.path, file: draft, flags: SQLITE_OPEN_READWRITE)
        defer { copy.close() }
        try copy.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
        try copy.write { () throws(StoreError) in
            try copy.execute("DELETE FROM key")
            if let key { copy.vault = try Vault.begin(copy, key) }
            try Resealing(from: store.connection.vault, copy: copy).run()
            // What is sealed has other bytes now.
            for table in SummedTable.all { try copy.execute("UPDATE \(table.name) SET sum = \(table.sum())") }
            try Tally(counting: copy).write(on: copy)
            try copy.execute(Migrations.withoutViews)
            if key == nil { try copy.execute(Migrations.withViews) }
        }
        // Pages that were let go hold what was there before.
        try copy.execute("VACUUM")
    }

    /// Nothing takes a store's place that does not hold what it held.
    private static func verify(_ draft: String, against store: SQLiteStore, _ key: StoreKey?) throws(StoreError) {
        let copy = try open(
            path: draft, mode: .write(hub: HubID(high: 0, low: 0), createIfMissing: false), key: key)
        defer {
            copy.close()
            unlink(draft + ".lock")
        }
        let known = Set(try store.check())
        var problem = try copy.check().first { !known.contains($0) }
        if problem == nil { problem = try contentsDifference(store, copy) }
        if problem == nil, try !isSame(store, copy) { problem = "devices, commands, recipients or records differ" }
        guard let problem else { return }
        throw StoreError(
            .damaged, path: store.connection.path, "its copy is not the same, and was thrown away: \(problem)")
    }

    /// What `contentsDifference` leaves out.
    private static func isSame(_ a: SQLiteStore, _ b: SQLiteStore) throws(StoreError) -> Bool {
        guard try a.devices() == b.devices(), try a.assignments() == b.assignments(), try a.outbox() == b.outbox(),
            try a.commands().map(\.command) == b.commands().map(\.command), try a.followers() == b.followers(),
            try a.forgotten() == b.forgotten()
        else { return false }
        var records: [RecordID: Record] = [:]
        try a.forEachRecord { records[$0.id] = $0 }
        var isSame = true
        try b.forEachRecord { if records.removeValue(forKey: $0.id) != $0 { isSame = false } }
        return isSame && records.isEmpty
    }
}
