import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A disk that says it has written what it has not") struct LyingDiskTests {
    private typealias Content = RepairTests.Content
    private let contents = Contents(FaultTests.numbered)

    /// A hub's life on a disk, and all that was ever given to it.
    private func life() throws -> (disk: WatchedDisk, ever: Content) {
        let folder = try Folder()
        let disk = try WatchedDisk(folder)
        var ever = Content()
        try disk.watch {
            for round in 0..<2 as Range<UInt64> {
                let store = try SQLiteStore.open(
                    path: folder.store, mode: .write(hub: testHub, createIfMissing: true))
                disk.acknowledge(store.sequence)
                try store.connection.execute("PRAGMA wal_autocheckpoint = 40")
                while store.sequence < 12 * (round + 1) {
                    let commit = FaultTests.numbered(store.sequence + 1)
                    ever.add(commit)
                    disk.acknowledge(try store.commit(commit))
                    if store.sequence % 6 == 5 { try store.sealAll() }
                }
                store.close()
            }
        }
        return (disk, ever)
    }

    @Test(
        "the hub starts and goes on; nothing is invented or there twice; lost are the last commits, or what is told, with few exceptions",
        arguments: [true, false])
    func lies(isOne: Bool) throws {
        let (disk, ever) = try life()
        // A store that is made on such a disk may be no store.
        let made = disk.steps.firstIndex { if case .acknowledged = $0 { true } else { false } } ?? 0
        let syncs = disk.steps.indices.dropFirst(made).filter {
            if case .sync = disk.steps[$0] { true } else { false }
        }
        var (told, shorter, silent) = (0, 0, 0)
        for (round, lie) in syncs.enumerated() where round % rounds(8, soak: 1) == 0 {
            // One lie, or nothing but lies from then on.
            let cuts = PowerCuts(
                disk: disk, count: rounds(5, soak: 40), first: lie + 1, isLost: { isOne ? $0 == lie : $0 >= lie })
            try cuts.forEach(seed: UInt64(round)) { found in
                var (store, after, lines) = try RepairTests.use(found.folder)
                // What nobody has asked for yet.
                if let problem = try store.check().first(where: { !$0.contains("put aside") }) {
                    store.close()
                    lines.append(problem)
                    _ = try SQLiteStore.repair(path: found.folder.store, hub: testHub)
                    (store, after, _) = try RepairTests.use(found.folder)
                }
                defer { store.close() }
                #expect(after.missing(in: ever) == [], found.place)
                let last = store.sequence - 1
                let model = try Content(contents.after(last))
                if !lines.isEmpty {
                    told += 1
                } else if model.missing(in: after).isEmpty, after.missing(in: model).isEmpty {
                    shorter += 1
                } else {
                    silent += 1
                }
                for number in 1...3 as ClosedRange<UInt64> { try store.commit(FaultTests.numbered(last + number)) }
                #expect(try store.check().filter { !$0.contains("put aside") } == [], found.place)
            }
        }
        // A page that is as it was before, and agrees with all others, nobody can tell.
        #expect(silent <= (told + shorter) / 50 + 1, "\(silent) in silence, \(told) told, \(shorter) cut at the end")
    }
}
