import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("Faults") struct FaultTests {
    private static let tables = [
        "series", "journal", "event", "outbox", "state", "command", "person", "device", "assignment",
    ]

    /// A commit with something for each table.
    private func fullCommit(seed: UInt64) -> Commit {
        var invention = Invention(seed: seed)
        while true {
            let commit = invention.commit()
            if !commit.samples.allSatisfy(\.samples.isEmpty), !commit.events.isEmpty, !commit.states.isEmpty,
                !commit.commands.isEmpty, !commit.people.isEmpty
            {
                return commit
            }
        }
    }

    @Test(
        "a commit that fails at any table, in any way, leaves nothing behind and the next one works",
        arguments: tables, ["ABORT", "FAIL", "ROLLBACK"])
    func atomicity(table: String, way: String) throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        var invention = Invention(seed: 4)
        for _ in 0..<10 {
            let commit = invention.commit()
            try store.commit(commit)
            _ = try model.commit(commit)
        }
        try store.connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON \(table) BEGIN SELECT RAISE(\(way), 'as the test wants it'); END")
        var commit = fullCommit(seed: 77)
        // New in every table, so that each of them is written to.
        commit.samples.append(
            PersonSamples(
                person: PersonID(high: 77, low: 77),
                samples: [
                    Sample(
                        metric: .spo2, value: 97, time: commit.at, received: commit.at, source: Invention.sources[0])
                ]))
        do throws(StoreError) {
            try store.commit(commit)
            Issue.record("the trigger did not fire")
        } catch {
            #expect(error.message.contains("as the test wants it"))
        }
        #expect(try contentsDifference(store, model) == nil)
        #expect(try store.outbox() == model.outbox())
        #expect(store.sequence == model.sequence)
        try store.connection.execute("DROP TRIGGER t")
        #expect(try store.commit(commit) == model.commit(commit))
        #expect(try contentsDifference(store, model) == nil)
    }

    @Test(
        "a full disk fails the commit whole, says so, and the next commit works once there is space", arguments: 1...8)
    func full(pages: Int64) throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        let first = fullCommit(seed: 5)
        try store.commit(first)
        _ = try model.commit(first)
        let size = try #require(try store.connection.integer("PRAGMA page_count"))
        try store.connection.execute("PRAGMA max_page_count = \(size + pages)")
        var commit = fullCommit(seed: 6)
        let start = commit.at
        commit.samples.append(
            PersonSamples(
                person: Invention.persons[0],
                samples: (0..<20_000 as Range<Int64>).map { i in
                    let time = start + .seconds(i)
                    return Sample(
                        metric: .ecg, value: Float(i), time: time, received: time, source: Invention.sources[0])
                }))
        #expect(code { try store.commit(commit) } == .unwritable)
        #expect(try contentsDifference(store, model) == nil)
        #expect(store.sequence == 1)
        try store.connection.execute("PRAGMA max_page_count = 1000000")
        #expect(try store.commit(commit) == 2)
        _ = try model.commit(commit)
        #expect(try contentsDifference(store, model) == nil)
        #expect(try contentsDifference(try SQLiteStore.open(path: folder.store, mode: .read), model) == nil)
    }

    /// Opens and reads all there is; whatever happens must be a `StoreError`.
    private func useEverything(_ path: String) throws(StoreError) {
        for mode in [SQLiteStore.Mode.read, .write(hub: testHub, createIfMissing: true)] {
            let store = try SQLiteStore.open(path: path, mode: mode)
            defer { store.close() }
            _ = try store.people()
            _ = try store.devices()
            _ = try store.assignments()
            _ = try store.outbox()
            _ = try store.events(EventFilter())
            _ = try store.events(idPrefix: "4")
            for summary in try store.series(of: nil) {
                _ = try store.states(of: summary.key.person)
                try store.samples(of: summary.key.person, metrics: [], in: .all) { _ in }
            }
            if let problem = try store.check().first { throw StoreError(.damaged, path: path, problem) }
            if store.isWriter {
                try store.commit(fullCommit(seed: 8))
                try store.sealAll()
            }
        }
    }

    private func someStore(in folder: Folder) throws -> [UInt8] {
        let store = try openToWrite(folder.store)
        var invention = Invention(seed: 3)
        for _ in 0..<40 { try store.commit(invention.commit()) }
        store.close()
        return try bytes(of: folder.store)
    }

    @Test("a store cut short anywhere is an error, never a trap and never taken for whole")
    func truncation() throws {
        let folder = try Folder()
        let whole = try someStore(in: folder)
        let lengths = Array(stride(from: 0, to: whole.count, by: 1021)) + Array(0..<130) + [whole.count - 1]
        for length in lengths {
            try write(Array(whole.prefix(length)), to: folder.store)
            for suffix in ["-wal", "-shm"] { unlink(folder.store + suffix) }
            #expect(throws: StoreError.self, "\(length) of \(whole.count)") { try useEverything(folder.store) }
        }
    }

    @Test("flipped bits anywhere are an error or go unnoticed, never a trap", arguments: 1...8)
    func bitFlips(seed: UInt64) throws {
        let folder = try Folder()
        let whole = try someStore(in: folder)
        var random = Seeded(seed)
        var noticed = 0
        for _ in 0..<40 {
            var torn = whole
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                torn[Int.random(in: 0..<torn.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try write(torn, to: folder.store)
            for suffix in ["-wal", "-shm"] { unlink(folder.store + suffix) }
            if code({ try useEverything(folder.store) }) != nil { noticed += 1 }
        }
        #expect(noticed > 0)
    }

    @Test("a page of noise is found damaged, and so is a log of noise ignored")
    func noise() throws {
        let folder = try Folder()
        let whole = try someStore(in: folder)
        var random = Seeded(1)
        for page in 0..<whole.count / 4096 {
            var torn = whole
            for i in page * 4096..<(page + 1) * 4096 { torn[i] = UInt8.random(in: .min ... .max, using: &random) }
            try write(torn, to: folder.store)
            for suffix in ["-wal", "-shm"] { unlink(folder.store + suffix) }
            #expect(throws: StoreError.self, "page \(page)") { try useEverything(folder.store) }
        }
        try write(whole, to: folder.store)
        try write((0..<9000).map { _ in UInt8.random(in: .min ... .max, using: &random) }, to: folder.store + "-wal")
        #expect(throws: Never.self) { try useEverything(folder.store) }
    }

    // MARK: kill -9

    /// Commit number `n` of the killed writer: the same on every run.
    static func numbered(_ n: UInt64) -> Commit {
        var invention = Invention(seed: n)
        invention.clock = Timestamp(milliseconds: 1_700_000_000_000 + Int64(n) * 7000)
        return invention.commit()
    }

    @Test(
        "what was acknowledged before a kill is there afterwards, once, and the rest not at all",
        arguments: 0..<rounds(2, soak: 20))
    func kill(seed: Int) async throws {
        let folder = try Folder()
        let path = folder.store
        let model = ModelStore()
        var random = Seeded(2024 + UInt64(seed))
        for round in 0..<25 {
            let microseconds = Int.random(in: 2000...60_000, using: &random)
            // SIGALRM's default action ends the process between two instructions, as SIGKILL does.
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, microseconds = microseconds as Int] in
                var timer = itimerval()
                timer.it_value.tv_usec = microseconds
                let log = open(path + ".acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
                // Every other round may also end while the store is opened or made.
                if microseconds % 2 == 0 { setitimer(__itimer_which_t(0), &timer, nil) }
                let store = try openToWrite(path)
                if microseconds % 2 != 0 { setitimer(__itimer_which_t(0), &timer, nil) }
                while true {
                    var sequence = try store.commit(FaultTests.numbered(store.sequence + 1))
                    if sequence % 5 == 0 { try store.sealAll() }
                    Glibc.write(log, &sequence, 8)
                }
            }
            let acknowledged = (try? bytes(of: path + ".acknowledged").suffix(8)).map { bytes in
                bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            let store = try openToWrite(path)
            #expect(store.sequence >= acknowledged ?? 0, "round \(round)")
            // At most the last commit was durable before it could be acknowledged.
            #expect(store.sequence <= max(acknowledged ?? 0, model.sequence) + 1, "round \(round)")
            while model.sequence < store.sequence { _ = try model.commit(FaultTests.numbered(model.sequence + 1)) }
            #expect(try contentsDifference(store, model) == nil, "round \(round)")
            #expect(try store.outbox() == model.outbox())
            #expect(
                try store.connection.integer(
                    "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1)
            store.close()
        }
        #expect(model.sequence > 0)
    }
}
