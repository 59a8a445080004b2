import Vitals

extension SQLiteStore {
    /// Makes a new store of everything readable in a damaged one, and puts it in its place, with an epoch of its own.
    ///
    /// What was there is kept beside it, byte for byte. Costs seconds for a gigabyte that is whole, and room for as much.
    ///
    /// An encrypted store stays encrypted with the same key; of a person whose data key is lost nothing can be kept.
    ///
    /// - Parameters:
    ///   - hub: names the hub when the store cannot tell it any more.
    ///   - key: of an encrypted store.
    /// - Throws: `.locked` while a daemon runs; `.damaged` when nothing in it is known to be a vitald's; `.sealed` without
    ///   the key that it was encrypted with. Then everything is left as it was.
    public static func repair(path: String, hub: HubID, key: StoreKey? = nil) throws(StoreError) -> RepairReport {
        let place = try StorePlace(path)
        guard place.exists else { throw missing(path) }
        let lock = try WriterLock.exclusive(store: place.path)
        let report: RepairReport
        do throws(StoreError) {
            report = try StoreRepair.run(place, hub: hub, key)
        } catch {
            removeDraft(place.path + ".new")
            throw error
        }
        lock.release()
        return report
    }

    /// Opens a store for writing, and repairs it first where it is too damaged for that.
    ///
    /// - Parameter told: called with the lines of the report.
    public static func openRepairing(
        path: String, hub: HubID, createIfMissing: Bool, key: StoreKey? = nil, _ told: (String) -> Void
    ) throws(StoreError) -> SQLiteStore {
        let mode = Mode.write(hub: hub, createIfMissing: createIfMissing)
        do throws(StoreError) {
            return try open(path: path, mode: mode, key: key)
        } catch {
            guard error.code == .damaged else { throw error }
            told(error.message)
            for line in try repair(path: path, hub: hub, key: key).lines { told(line) }
        }
        return try open(path: path, mode: mode, key: key)
    }
}

extension RepairReport {
    /// What was kept, what was lost and where the rest lies, for people.
    public var lines: [String] {
        lost.map { "lost: \($0)" } + [
            "kept \(samples) samples of \(series) series, and \(rows) other rows; what was there before is \(old)"
        ]
    }
}
