import CSQLite
import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A power cut at any write") struct PowerCutTests {
    private let contents = Contents(FaultTests.numbered)

    private func open(_ folder: Folder, createIfMissing: Bool = false, key: StoreKey? = nil) throws -> SQLiteStore {
        try SQLiteStore.open(
            path: folder.store, mode: .write(hub: testHub, createIfMissing: createIfMissing), key: key)
    }

    /// Commits up to a number, each acknowledged.
    private func commit(_ store: SQLiteStore, upTo last: UInt64, _ disk: WatchedDisk? = nil) throws {
        while store.sequence < last {
            let sequence = try store.commit(FaultTests.numbered(store.sequence + 1))
            disk?.acknowledge(sequence)
        }
    }

    /// A store with some commits, closed, and a disk that is watched from then on.
    ///
    /// - Parameter isKilled: whether its writer left the last commits in the log.
    private func disk(
        _ folder: Folder, commits last: UInt64, key: StoreKey? = nil, isKilled: Bool = false
    ) throws -> WatchedDisk {
        try WatchedDisk.withoutWaiting {
            var store = try open(folder, createIfMissing: true, key: key)
            try commit(store, upTo: last / 2)
            try store.sealAll()
            if isKilled {
                store.close()
                store = try open(folder)
                store.connection.configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            }
            try commit(store, upTo: last)
            if isKilled { store.connection.close() } else { store.close() }
        }
        let disk = try WatchedDisk(folder)
        disk.acknowledge(last)
        return disk
    }

    /// Expects all that was acknowledged after each cut, whatever was done to the store meanwhile.
    private func expectAll(_ disk: WatchedDisk, seed: UInt64, key: StoreKey? = nil) throws {
        try PowerCuts(disk: disk).forEach(seed: seed) { found in
            let store = try open(found.folder, createIfMissing: found.acknowledged == nil, key: key)
            defer { store.close() }
            try contents.expect(store, found)
        }
    }

    // MARK: Every day

    @Test("commits, seals, closing and opening: what is acknowledged is there once, and nothing else")
    func life() throws {
        let folder = try Folder()
        let disk = try WatchedDisk(folder)
        try disk.watch {
            for round in 0..<3 as Range<UInt64> {
                let store = try open(folder, createIfMissing: true)
                disk.acknowledge(store.sequence)
                // The log moves into the file often.
                try store.connection.execute("PRAGMA wal_autocheckpoint = 40")
                try commit(store, upTo: 8 * round + 5, disk)
                try store.sealAll()
                try commit(store, upTo: 8 * round + 8, disk)
                store.close()
            }
        }
        try expectAll(disk, seed: 1)
    }

    @Test("a reader that holds the log open, and lets go of it")
    func reader() throws {
        let folder = try Folder()
        let disk = try disk(folder, commits: 4)
        try disk.watch {
            let store = try open(folder)
            defer { store.close() }
            try store.connection.execute("PRAGMA wal_autocheckpoint = 20; PRAGMA busy_timeout = 1")
            for round in 1..<4 as Range<UInt64> {
                let reader = try Connection(path: folder.store, file: folder.store, flags: 1)
                try reader.execute("BEGIN")
                #expect(try reader.integer("SELECT sequence FROM head") == Int64(store.sequence))
                try commit(store, upTo: 4 + 5 * round, disk)
                reader.close()
                try commit(store, upTo: 5 + 5 * round, disk)
            }
        }
        try expectAll(disk, seed: 2)
    }

    @Test("a follower's commits are kept and released as they were given")
    func feed() throws {
        let folder = try Folder()
        let disk = try disk(folder, commits: 4)
        try disk.watch {
            let store = try open(folder)
            defer { store.close() }
            try store.follow("mirror", after: 4, at: Timestamp(milliseconds: 0))
            disk.acknowledge(4)
            try commit(store, upTo: 8, disk)
            try store.follow("mirror", after: 6, at: Timestamp(milliseconds: 0))
            try commit(store, upTo: 14, disk)
        }
        try PowerCuts(disk: disk).forEach(seed: 3) { found in
            let store = try open(found.folder)
            defer { store.close() }
            try contents.expect(store, found, goesOn: false)
            guard let follower = try store.followers().first, store.sequence > follower.sequence else { return }
            let page = try store.feed(after: follower.sequence, atMost: 1 << 24)
            #expect(page.missing == nil && page.commits.count == Int(store.sequence - follower.sequence), found.place)
            for commit in page.commits {
                #expect(try commit.commit() == FaultTests.numbered(commit.sequence), found.place)
            }
        }
    }

    @Test("what is too old is retired whole or not yet, and its sums stay")
    func retention() throws {
        let start = Timestamp(milliseconds: 1_699_920_000_000)
        let days = Contents { day in
            var commit = Commit(at: start + .days(Int64(day)))
            let samples = (0..<96 as Range<Int64>).map { i in
                let time = start + .days(Int64(day) - 1) + .minutes(15 * i)
                return Sample(
                    metric: .heartRate, value: Float(60 + (i * i + Int64(day)) % 30), time: time, received: time,
                    source: Invention.sources[0])
            }
            commit.samples = Invention.persons[0..<2].map { PersonSamples(person: $0, samples: samples) }
            return commit
        }
        let folder = try Folder()
        let rules = [RetentionRule(keep: try Retention("raw 7d, 1m 9d, 15m forever"))]
        try WatchedDisk.withoutWaiting {
            let store = try open(folder, createIfMissing: true)
            for day in 1...12 as ClosedRange<UInt64> { try store.commit(days.commit(day)) }
            try store.sealAll()
            store.close()
        }
        let disk = try WatchedDisk(folder)
        disk.acknowledge(12)
        try disk.watch {
            let store = try open(folder)
            defer { store.close() }
            store.retention = rules
            try store.retireAll(at: start + .days(12))
        }
        let buckets = try #require(TimeBuckets(TimeRange(start, start + .days(12)), by: .minutes(15), in: .utc))
        let sums = try days.after(12).aggregates(of: nil, metrics: [], in: buckets)
        try PowerCuts(disk: disk).forEach(seed: 4) { found in
            let store = try open(found.folder)
            defer { store.close() }
            #expect(store.sequence == 12)
            #expect(try store.check() == [], found.place)
            #expect(try store.aggregates(of: nil, metrics: [], in: buckets) == sums, found.place)
            store.retention = rules
            try store.retireAll(at: start + .days(12))
            #expect(try store.aggregates(of: nil, metrics: [], in: buckets) == sums, found.place)
            #expect(try store.series(of: nil).map(\.count) == [672, 672], found.place)
            #expect(try store.check() == [], found.place)
        }
    }

    // MARK: Once in a while

    @Test("an upgrade from any earlier version", arguments: SchemaTests.earlier)
    func migration(version: Int) throws {
        let folder = try Folder()
        try SchemaTests.make(version: version, at: folder.store)
        let disk = try WatchedDisk(folder)
        try disk.watch { try open(folder).close() }
        try PowerCuts(disk: disk, count: rounds(6, soak: 300)).forEach(seed: 5) { found in
            let store = try open(found.folder)
            defer { store.close() }
            try SchemaTests.check(store, isUpgraded: true)
            #expect(try store.check() == [], found.place)
            #expect(try store.commit(Commit(at: Timestamp(milliseconds: 0))) == 4, found.place)
        }
    }

    @Test("compacting")
    func compact() throws {
        let folder = try Folder()
        let disk = try disk(folder, commits: 10)
        try disk.watch {
            let store = try open(folder)
            _ = try store.compact()
            try commit(store, upTo: 12, disk)
            store.close()
        }
        try expectAll(disk, seed: 6)
    }

    @Test("a backup has its name when it is whole")
    func backup() throws {
        let folder = try Folder()
        let disk = try disk(folder, commits: 10)
        try disk.watch {
            let store = try open(folder)
            try SQLiteStore.open(path: folder.store, mode: .read).backUp(to: folder.path + "/backup.db")
            disk.acknowledge(10)
            try commit(store, upTo: 12, disk)
            store.close()
        }
        let end = disk.steps.lastIndex { if case .acknowledged(10) = $0 { true } else { false } } ?? 0
        try PowerCuts(disk: disk).forEach(seed: 7) { found in
            let backup = found.folder.path + "/backup.db"
            let isThere = access(backup, F_OK) == 0
            #expect(isThere || found.step <= end, found.place)
            if isThere {
                let copy = try SQLiteStore.open(path: backup, mode: .read)
                defer { copy.close() }
                #expect(try contentsDifference(copy, contents.after(10)) == nil, found.place)
                #expect(try copy.check() == [], found.place)
            }
            let store = try open(found.folder)
            defer { store.close() }
            try contents.expect(store, found)
        }
    }

    @Test("encrypting, changing the key and decrypting: one key or the other opens all of it", arguments: 0..<3)
    func resealing(change: Int) throws {
        let (one, other) = (StoreKey.random(), StoreKey.random())
        let (old, new) = [(nil, one), (one, other), (one, nil)][change]
        let folder = try Folder()
        let disk = try disk(folder, commits: 8, key: old)
        try disk.watch {
            try SQLiteStore.reseal(path: folder.store, from: old, to: new)
            disk.acknowledge(8)
            let store = try open(folder, key: new)
            try commit(store, upTo: 9, disk)
            store.close()
        }
        let end = disk.steps.firstIndex { if case .acknowledged(8) = $0 { true } else { false } } ?? 0
        let isDone = disk.steps[(end + 1)...].firstIndex { if case .acknowledged = $0 { true } else { false } } ?? 0
        try PowerCuts(disk: disk, count: rounds(8, soak: 500)).forEach(seed: 8 + UInt64(change)) { found in
            let store: SQLiteStore
            do { store = try open(found.folder, key: new) } catch let error as StoreError where error.code == .sealed {
                #expect(found.step <= isDone, found.place)
                store = try open(found.folder, key: old)
            }
            defer { store.close() }
            try contents.expect(store, found)
            #expect(!found.folder.names.contains { $0.contains(".new") }, found.place)
        }
    }

    @Test("a person is there whole or forgotten, and whoever was told that they are gone finds nothing")
    func forget() throws {
        let ana = Invention.persons[0]
        let folder = try Folder()
        let disk = try disk(folder, commits: 8)
        let reference = try Folder()
        try disk.watch {
            let store = try open(folder)
            _ = try store.forget(ana, at: Timestamp(milliseconds: 1_700_000_100_000))
            disk.acknowledge(9)
            store.close()
        }
        try write(try bytes(of: folder.store), to: reference.store)
        let others = try SQLiteStore.open(path: reference.store, mode: .read)
        try PowerCuts(disk: disk).forEach(seed: 11) { found in
            let store = try open(found.folder)
            defer { store.close() }
            if store.sequence == 8 { return try contents.expect(store, found, goesOn: false) }
            #expect(store.sequence == 9, found.place)
            #expect(try contentsDifference(store, others) == nil, found.place)
            #expect(try store.check() == [], found.place)
            // Cut off before the file was written anew, the order is given again.
            #expect(try store.forget(ana, at: Timestamp(milliseconds: 0)).traces == [], found.place)
        }
    }

    // MARK: One file in the place of another

    @Test("a backup is restored, and what was there is kept")
    func restore() throws {
        let (folder, backup) = (try Folder(), try Folder())
        try WatchedDisk.withoutWaiting {
            let store = try open(backup, createIfMissing: true)
            try commit(store, upTo: 5)
            store.close()
        }
        try expectReplaced(in: folder, by: 5, seed: 12) {
            _ = try SQLiteStore.restore(backup.store, to: folder.store)
        }
    }

    @Test("a store is repaired, and what was there is kept")
    func repair() throws {
        let folder = try Folder()
        try expectReplaced(in: folder, by: 12, seed: 13) {
            _ = try SQLiteStore.repair(path: folder.store, hub: testHub)
        }
    }

    /// Expects the store as it was, or what takes its place and beside it what was there.
    private func expectReplaced(
        in folder: Folder, by sequence: UInt64, seed: UInt64, _ body: () throws -> Void
    ) throws {
        let disk = try disk(folder, commits: 12, isKilled: true)
        try disk.watch(body)
        let end = disk.steps.count
        // Until then the store is not touched.
        let ready = disk.steps.firstIndex { if case .rename = $0 { true } else { false } } ?? 0
        try PowerCuts(disk: disk, count: rounds(30, soak: 1500), first: rounds(ready, soak: 0)).forEach(seed: seed) {
            found in
            let store = try open(found.folder)
            defer { store.close() }
            let old = found.folder.store + ".old-1"
            let isNew = access(old, F_OK) == 0
            #expect(isNew || found.step < end, found.place)
            #expect(store.sequence == (isNew ? sequence : 12), found.place)
            #expect(try contentsDifference(store, contents.after(store.sequence)) == nil, found.place)
            #expect(try store.check() == [], found.place)
            guard isNew else { return }
            let kept = try SQLiteStore.open(path: old, mode: .read)
            defer { kept.close() }
            #expect(kept.identity.epoch != store.identity.epoch, found.place)
            #expect(try contentsDifference(kept, contents.after(12)) == nil, found.place)
        }
    }
}
