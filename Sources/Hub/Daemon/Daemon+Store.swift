import Storage
import Vitals

/// Opening the store, and going on with one that is damaged.
extension Daemon {
    /// The store, and a pipeline that goes on where its last commit ended. One that is too damaged for that is repaired
    /// first: a hub starts.
    func resume() throws -> (SQLiteStore, Pipeline) {
        let written = configured
        return try systemd.patiently("opening the store") {
            do { return try open(written) } catch let error as StoreError where error.code == .damaged {
                try repair(after: error)
                return try open(written)
            }
        }
    }

    /// One that cannot be written now is read: the hub judges by what is there, and what it has to write waits.
    private func open(_ written: Configured) throws -> (SQLiteStore, Pipeline) {
        do throws(StoreError) { try openToWrite(createIfMissing: true) } catch {
            guard store != nil else { throw error }
        }
        guard let store else { throw SQLiteStore.missing(configuration.storePath) }
        if !store.isWriter {
            resumedAt = (store.identity, store.sequence)
            if store.hidesCommits {
                observer.log(
                    "\(configuration.storePath): its log is damaged: what was committed behind that place is missing until the "
                        + "store can be written, and is repaired")
            }
        }
        configured = hasDerivedIDs ? written : try written.identified(in: store)
        return (store, try Pipeline(resuming: store, configured: configured))
    }

    /// Opens the store for writing; where its disk does not allow that, for reading, and throws.
    private func openToWrite(createIfMissing: Bool) throws(StoreError) {
        // A reader of a disk that cannot be written keeps writers away.
        store?.close()
        store = nil
        let (path, keyFile) = (configuration.storePath, configuration.keyFile)
        do throws(StoreError) {
            store = try SQLiteStore.open(
                path: path, mode: .write(hub: hub, createIfMissing: createIfMissing), keyFile: keyFile)
        } catch {
            if error.code == .unwritable { store = try? SQLiteStore.open(path: path, mode: .read, keyFile: keyFile) }
            throw error
        }
    }

    private func repair(after error: StoreError) throws(StoreError) {
        store?.close()
        store = nil
        observer.log("\(error)")
        repairs += try systemd.patiently("repairing the store") { () throws(StoreError) in
            try SQLiteStore.repair(path: configuration.storePath, hub: hub, keyFile: configuration.keyFile).lines
        }
    }

    /// Writes what waits, oldest first. A store that turns out to be damaged is repaired on the way, once: what is damaged
    /// again at once has a disk that must be looked at.
    func writeBacklog() throws(StoreError) {
        do throws(StoreError) { return try drain() } catch {
            guard error.code == .damaged, !wasRepairedRunning else { throw error }
            mend(error)
        }
        try drain()
    }

    /// Repairs the store while the hub runs. Where that fails, what can be written goes on being written, and the rest waits.
    func mend(_ error: StoreError) {
        wasRepairedRunning = true
        do throws(StoreError) { try repair(after: error) } catch { observer.log("\(error)") }
        systemd.status(summary)
        // Commits name these by their ids only.
        backlog.prepend(known())
    }

    private func drain() throws(StoreError) {
        if store?.isWriter != true {
            try openToWrite(createIfMissing: false)
            furnishStore()
            beginToWrite()
        }
        while let store, let next = backlog.first {
            try store.commit(next)
            backlog.removeFirst()
        }
    }

    /// The store that was read since the start can be written.
    private func beginToWrite() {
        guard let store, let (identity, sequence) = resumedAt else { return }
        resumedAt = nil
        if store.identity != identity || store.sequence != sequence {
            observer.log(
                "\(configuration.storePath): another program wrote it before this hub could: that stays, and is judged when the "
                    + "hub starts next")
        }
        startRenewals()
    }

    /// What `systemctl status` shows.
    var summary: String { "\(configured.people.count) people, \(configured.devices.count) devices" }

    /// People, devices and who wears what, as configured.
    func known() -> Commit {
        var commit = Commit(at: clock.now())
        commit.people = configured.people
        commit.devices = configured.devices + [.detectors]
        commit.assignments = configured.assignments
        return commit
    }

    /// What the store found damaged: a line each in the log, and one event.
    func tellDamage() {
        // A store that cannot be written is told as that.
        guard !isStoreFailing else { return }
        let lines = repairs + (store?.takeDamage() ?? [])
        guard !lines.isEmpty else { return }
        repairs = []
        for line in lines { observer.log("\(configuration.storePath): \(line)") }
        let reason = "\(lines.count == 1 ? "one line" : "\(lines.count) lines") in the log"
        take(Input(at: clock.now(), .store(works: true, reason: reason)))
    }

    /// The store's log is trimmed whenever nobody reads what it holds. A program that reads for hours, in one transaction,
    /// cannot be stopped from here: it is named as what it is, once.
    func watchLog() {
        guard let store else { return }
        let isLong = store.logBytes > Self.longLog
        defer { isLogLong = isLong }
        guard isLong != isLogLong else { return }
        observer.log(
            isLong
                ? "\(configuration.storePath): its log has grown to \(store.logBytes >> 20) MB, because another program has been "
                    + "reading the store in one transaction: end it (`fuser \(configuration.storePath)` names it)"
                : "\(configuration.storePath): its log was trimmed again")
    }

    /// Eight times what the log keeps between two checkpoints.
    private static let longLog = 64 << 20
}
