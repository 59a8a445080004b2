import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("Backups, restores and compacting") struct BackupTests {
    /// Commit number `n`: 4000 samples, so that a copy takes several steps.
    private static func large(_ n: Int64) -> Commit {
        let start = Timestamp(milliseconds: 1_700_000_000_000) + .seconds(n * 4000)
        var commit = Commit(at: start + .seconds(4000))
        var random = Seeded(UInt64(n))
        commit.samples = [
            PersonSamples(
                person: Invention.persons[0],
                samples: (0..<4000 as Range<Int64>).map { second in
                    let time = start + .seconds(second)
                    return Sample(
                        metric: .ecg, value: .random(in: -1...1, using: &random), time: time, received: time,
                        source: Invention.sources[0])
                })
        ]
        return commit
    }

    @Test("a backup is of the moment at which it began, however much is committed meanwhile, and never begins anew")
    func online() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        for n in 0..<300 as Range<Int64> {
            try store.commit(Self.large(n))
            _ = try model.commit(Self.large(n))
        }
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        var next: Int64 = 300
        var shares: [Double] = []
        let target = folder.path + "/backup.db"
        let backup = try reader.backUp(to: target) { share in
            shares.append(share)
            for _ in 0..<3 {
                _ = try? store.commit(Self.large(next))
                next += 1
            }
            _ = try? store.sealAll()
        }
        #expect(shares.count > 3 && shares == shares.sorted(), "\(shares)")
        #expect(store.sequence == UInt64(next) && next > 308)
        #expect(backup.sequence == 300 && backup.problems == [])
        #expect(backup.at == Self.large(299).at)
        var status = stat()
        #expect(stat(target, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(!folder.names.contains { $0.hasPrefix("backup.db-") || $0.hasSuffix(".new") })
        let copy = try SQLiteStore.open(path: target, mode: .read)
        let difference = try contentsDifference(copy, model)
        #expect(difference == nil, "\(difference ?? "")")
        // No file is written over, and none is left half done.
        #expect(code { try reader.backUp(to: target) } == .other)
        #expect(code { try reader.backUp(to: folder.path + "/none/backup.db") } == .missing)
    }

    @Test("a restored store is the backup with an epoch of its own; what was there is kept, and readers of it read on")
    func restore() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        var invention = Invention(seed: 9)
        for _ in 0..<30 { try store.commit(invention.commit()) }
        try store.sealAll()
        let backup = folder.path + "/backup.db"
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        try reader.backUp(to: backup)
        for _ in 0..<30 { try store.commit(invention.commit()) }
        #expect(code { try SQLiteStore.restore(backup, to: folder.store) } == .locked)
        let epoch = store.identity.epoch
        store.close()
        let old = try #require(try SQLiteStore.restore(backup, to: folder.store))
        store = try openToWrite(folder.store)
        #expect(store.sequence == 30 && store.identity.epoch != epoch && store.identity.hub == testHub)
        let copy = try SQLiteStore.open(path: backup, mode: .read)
        #expect(copy.identity.epoch == epoch)
        #expect(try contentsDifference(store, copy) == nil)
        #expect(reader.sequence == 60)
        #expect(try SQLiteStore.open(path: old, mode: .read).sequence == 60)
        #expect(try store.commit(invention.commit()) == 31)
        #expect(try store.check() == [])
        store.close()
        // Where there is nothing yet, and where an empty or a damaged file is.
        #expect(try SQLiteStore.restore(backup, to: folder.path + "/new.db") == nil)
        for content in [[], [1, 2, 3]] as [[UInt8]] {
            try write(content, to: folder.path + "/new.db")
            #expect(try SQLiteStore.restore(backup, to: folder.path + "/new.db") != nil)
            #expect(try SQLiteStore.open(path: folder.path + "/new.db", mode: .read).sequence == 30)
        }
    }

    @Test("a damaged backup is not restored, and the store stays as it was")
    func damagedBackup() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        for n in 0..<5 as Range<Int64> { try store.commit(Self.large(n)) }
        try store.sealAll()
        let backup = folder.path + "/backup.db"
        try SQLiteStore.open(path: folder.store, mode: .read).backUp(to: backup)
        store.close()
        let before = try bytes(of: folder.store)
        let raw = try Connection(path: backup, file: backup, flags: 2)
        try raw.execute("UPDATE chunk SET sum = sum + 1")
        raw.close()
        #expect(code { try SQLiteStore.restore(backup, to: folder.store) } == .damaged)
        #expect(try bytes(of: folder.store) == before)
        #expect(!folder.names.contains { $0.contains(".new") || $0.contains(".old") })
    }

    @Test("a backup of a damaged store is made and says what is damaged")
    func damagedStore() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(Self.large(0))
        try store.sealAll()
        try store.connection.execute("UPDATE chunk SET bytes = zeroblob(20)")
        let backup = try SQLiteStore.open(path: folder.store, mode: .read).backUp(to: folder.path + "/backup.db")
        #expect(!backup.problems.isEmpty)
    }

    @Test("compacting gives back what is free, and changes nothing that is stored")
    func compact() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        for n in 0..<40 as Range<Int64> {
            try store.commit(Self.large(n))
            _ = try model.commit(Self.large(n))
        }
        let (before, after) = try store.compact()
        #expect(after < before)
        #expect(try store.figures().freeBytes == 0 && store.figures().journalRows == 0)
        #expect(try contentsDifference(store, model) == nil)
        #expect(try store.check() == [])
        try store.commit(Self.large(40))
        store.close()
        let size = try bytes(of: folder.store).count
        #expect(size < before)
    }
}
