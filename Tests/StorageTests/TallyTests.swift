import Testing
import Vitals

@testable import Storage

@Suite("Rows that lack are missed") struct TallyTests {
    private func someStore(_ folder: Folder) throws -> SQLiteStore {
        let store = try openToWrite(folder.store)
        try store.follow("mirror", after: 0, at: .distantPast)
        var invention = Invention(seed: 5)
        for round in 0..<60 {
            try store.commit(invention.commit())
            if round == 40 { try store.sealAll() }
        }
        return store
    }

    /// Changes a store as nothing that counts does.
    private func change(_ folder: Folder, _ sql: String) throws {
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        defer { raw.close() }
        try raw.execute(sql)
        #expect(raw.changes > 0, "\(sql)")
    }

    @Test(
        "a row that is gone is missed by the check, and at the start where a hub goes by it",
        arguments: [
            "series", "state", "person", "device", "assignment", "outbox", "follower", "journal", "event", "command",
            "record", "chunk", "feed",
        ])
    func gone(table: String) throws {
        let folder = try Folder()
        try someStore(folder).close()
        let column = TalliedTable.all.first { $0.name == table }?.columns.first ?? ""
        try change(folder, "DELETE FROM \(table) WHERE \(column) = (SELECT max(\(column)) FROM \(table))")
        let problems = try SQLiteStore.open(path: folder.store, mode: .read).check()
        #expect(problems.contains { $0.hasPrefix("\(table): ") && $0.contains("were written") }, "\(problems)")
        let isFirst = TalliedTable.first.contains { $0.name == table } || table == "journal"
        #expect(code { _ = try openToWrite(folder.store) } == (isFirst ? .damaged : nil))
    }

    @Test("rows as they were before, which prove themselves, are told from those that were written last")
    func stale() throws {
        let folder = try Folder()
        try someStore(folder).close()
        try change(
            folder,
            """
            UPDATE state SET version = version + 1;
            UPDATE state SET sum = \(SummedTable.state.sum())
            """)
        #expect(try SQLiteStore.open(path: folder.store, mode: .read).check().contains { $0.hasPrefix("state: its ") })
        #expect(code { _ = try openToWrite(folder.store) } == .damaged)
    }

    @Test("what is committed, sealed, retired, forgotten and followed is counted, and what fails is not")
    func counted() throws {
        let folder = try Folder()
        let store = try someStore(folder)
        func isCounted() throws -> Bool {
            try Tally(of: store.connection) == Tally(counting: store.connection)
                && store.connection.tally?.now == Tally(of: store.connection)
        }
        #expect(try isCounted())
        try store.sealAll()
        #expect(try isCounted())
        try store.connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
        var invention = Invention(seed: 6)
        var commit = invention.commit()
        commit.records = [invention.record()]
        #expect(code { try store.commit(commit) } == .other)
        try store.connection.execute("DROP TRIGGER t")
        #expect(try isCounted())
        store.retention = [RetentionRule(keep: try Retention("raw 7d, 1m 10d, 15m forever"))]
        try store.retireAll(at: Timestamp(milliseconds: 1_800_000_000_000))
        #expect(try isCounted())
        _ = try store.forget(Invention.persons[0], at: commit.at)
        #expect(try isCounted())
        try store.commit(invention.commit())
        try store.unfollow("mirror")
        #expect(try isCounted() && store.check() == [])
    }

    @Test("a number of a later version over the tables of this one is damage, and so is one that nobody will write")
    func version() throws {
        for version in [Migrations.current + 1, Migrations.current | 64, 1 << 20] {
            let folder = try Folder()
            try someStore(folder).close()
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            try raw.execute("PRAGMA user_version = \(version)")
            raw.close()
            #expect(code { _ = try openToWrite(folder.store) } == .damaged)
            #expect(try SQLiteStore.repair(path: folder.store, hub: testHub).lost == [])
            #expect(try openToWrite(folder.store).sequence == 60)
        }
    }

    @Test("beside the writer, a scrub says what is wrong, and nothing where all is well")
    func scrub() async throws {
        let folder = try Folder()
        let store = try someStore(folder)
        func scrub() async throws -> [String] {
            try await withCheckedContinuation { continuation in
                StoreScrub.start(path: folder.store) { continuation.resume(returning: $0) }
            }.get()
        }
        #expect(try await scrub() == [])
        try store.commit(Commit(at: .distantPast))
        try change(folder, "DELETE FROM command WHERE id = (SELECT max(id) FROM command)")
        #expect(try await scrub().contains { $0.hasPrefix("command: ") })
    }
}
