import CSQLite
import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A disk that fails at any call, and works again") struct FailingDiskTests {
    private let contents = Contents(FaultTests.numbered)

    /// A device that fails, a disk that is full, one that the system has made read-only after an error.
    private static let errors = [EIO, ENOSPC, EROFS]

    /// A hub's life of a dozen commits. What fails is tried again, with the store as it is; `isKilled` has a new process go on
    /// after each failure.
    ///
    /// - Returns: how often the disk was said to fail.
    private func live(
        _ folder: Folder, _ disk: WatchedDisk, error: Int32 = EIO, isKilled: Bool = false, isClosed: Bool = true,
        place: Comment = ""
    ) throws -> Int {
        let reason = String(cString: strerror(error))
        var failures = 0
        var store: SQLiteStore?
        var acknowledged: UInt64 = 0
        func attempt(_ body: () throws -> Void) throws {
            do { try body() } catch let error as StoreError {
                failures += 1
                #expect(error.code == .unwritable, "\(place): \(error)")
                guard error.code == .unwritable, failures < 200 else { throw error }
                if isKilled {
                    store.map(kill)
                    store = nil
                }
            }
        }
        while acknowledged < 12 {
            try attempt {
                if store == nil {
                    let opened = try SQLiteStore.open(
                        path: folder.store, mode: .write(hub: testHub, createIfMissing: true))
                    store = opened
                    try opened.connection.execute("PRAGMA wal_autocheckpoint = 40")
                    // One more where a commit failed whose bytes were all written.
                    #expect(acknowledged...acknowledged + (isKilled ? 1 : 0) ~= opened.sequence, place)
                    if opened.sequence > acknowledged {
                        acknowledged = opened.sequence
                        disk.acknowledge(acknowledged)
                    }
                }
                guard let store, acknowledged < 12 else { return }
                do {
                    let sequence = try store.commit(FaultTests.numbered(store.sequence + 1))
                    acknowledged = sequence
                    disk.acknowledge(sequence)
                } catch {
                    #expect("\(error)".contains(reason), "\(place): \(error)")
                    #expect(store.sequence == acknowledged, place)
                    #expect(try contentsDifference(store, contents.after(acknowledged)) == nil, place)
                    throw error
                }
                if acknowledged == 6 { try store.sealAll() }
            }
        }
        // Whatever it could not tidy up is done by the next one.
        if isClosed { store?.close() } else { store.map(kill) }
        return failures
    }

    /// What is left of a process: files, and a log in which its last commits are.
    private func kill(_ store: SQLiteStore) {
        store.connection.configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        store.connection.close()
    }

    /// Calls `body` with a call's number, an error, and how many calls fail, for some of all there are.
    private func forEachFault(seed: UInt64, _ body: (Int, Int32, Int) throws -> Void) throws {
        let folder = try Folder()
        let disk = try WatchedDisk(folder)
        #expect(try disk.watch { try live(folder, disk) } == 0)
        var random = Seeded(seed)
        let count = rounds(25, soak: disk.calls * Self.errors.count)
        for round in 0..<count {
            let call = count > disk.calls ? round / Self.errors.count : Int.random(in: 0..<disk.calls, using: &random)
            try body(
                call, Self.errors[round % Self.errors.count], [1, 1, Int.random(in: 2...60, using: &random)][round % 3])
        }
    }

    @Test("a commit that fails says why and leaves nothing behind, and the same store goes on when the disk does")
    func goesOn() throws {
        try forEachFault(seed: 1) { call, error, count in
            let folder = try Folder()
            let disk = try WatchedDisk(folder)
            disk.answer = { number, _ in call..<call + count ~= number ? error : 0 }
            let place: Comment = "\(count) calls from \(call) on fail with \(error)"
            _ = try disk.watch { try live(folder, disk, error: error, isClosed: call % 2 == 0, place: place) }
            try WatchedDisk.withoutWaiting {
                let store = try openToWrite(folder.store)
                #expect(store.sequence == 12, place)
                #expect(try contentsDifference(store, contents.after(12)) == nil, place)
                #expect(try store.check() == [], place)
            }
        }
    }

    @Test("a process that ends after an error leaves a store that the next one goes on with")
    func killed() throws {
        try forEachFault(seed: 2) { call, error, count in
            let folder = try Folder()
            let disk = try WatchedDisk(folder)
            disk.answer = { number, _ in call..<call + count ~= number ? error : 0 }
            let place: Comment = "\(count) calls from \(call) on fail with \(error)"
            _ = try disk.watch { try live(folder, disk, error: error, isKilled: true, place: place) }
            try WatchedDisk.withoutWaiting {
                let store = try openToWrite(folder.store)
                #expect(store.sequence == 12, place)
                #expect(try contentsDifference(store, contents.after(12)) == nil, place)
                #expect(try store.check() == [], place)
            }
        }
    }

    @Test("what failed commits left in the log is not taken for damage")
    func leftovers() throws {
        let folder = try Folder()
        let disk = try WatchedDisk(folder)
        var commit = Commit(at: Timestamp(milliseconds: 0))
        func attempt(_ store: SQLiteStore, bytes: Int) throws {
            let large = [UInt8](repeating: UInt8(truncatingIfNeeded: bytes), count: bytes)
            commit.states = [ComponentState(person: nil, component: "large", version: bytes, bytes: large)]
            try store.commit(commit)
        }
        try disk.watch {
            let store = try SQLiteStore.open(path: folder.store, mode: .write(hub: testHub, createIfMissing: true))
            try attempt(store, bytes: 1)
            // Every byte is written, and the disk says that it failed.
            disk.answer = { _, step in if case .sync = step { EIO } else { 0 } }
            for size in [200_000, 100_000, 50_000] { #expect(code { try attempt(store, bytes: size) } == .unwritable) }
            disk.answer = { _, _ in 0 }
            try attempt(store, bytes: 2)
            kill(store)
        }
        let next = try openToWrite(folder.store)
        #expect(next.sequence == 2)
        #expect(try next.states(of: nil).map(\.bytes) == [[2, 2]])
        #expect(try next.check() == [])
    }

    @Test(
        "what a failed synchronisation left in memory only is not built upon: a power cut later costs nothing",
        arguments: [false, true])
    func notSynchronised(isKilled: Bool) throws {
        let folder = try Folder()
        let disk = try WatchedDisk(folder)
        _ = try disk.watch { try live(folder, disk) }
        let syncs = disk.steps.count { if case .sync(.some) = $0 { true } else { false } }
        for failing in stride(from: 0, to: syncs, by: rounds(9, soak: 1)) {
            let folder = try Folder()
            let disk = try WatchedDisk(folder)
            var sync = 0
            disk.answer = { _, step in
                guard case .sync(.some) = step else { return 0 }
                sync += 1
                return sync == failing + 1 ? EIO : 0
            }
            _ = try disk.watch { try live(folder, disk, isKilled: isKilled) }
            try PowerCuts(disk: disk, count: rounds(6, soak: 60)).forEach(seed: UInt64(failing)) { found in
                let store = try SQLiteStore.open(
                    path: found.folder.store,
                    mode: .write(hub: testHub, createIfMissing: found.acknowledged == nil))
                defer { store.close() }
                try contents.expect(store, found)
            }
        }
    }
}
