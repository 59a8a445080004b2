import Testing
import Vitals

@testable import Storage

@Suite("Damage costs what is damaged, and nothing else") struct DamageTests {
    private static let person = Invention.persons[0]
    private static let source = Invention.sources[0]
    /// 2023-11-14T22:00:00Z, a whole hour.
    private static let start = Timestamp(milliseconds: 1_699_999_200_000)

    private func samples(hour: Int64, of metric: Metric = .heartRate) -> [Sample] {
        (0..<60 as Range<Int64>).map { minute in
            let time = Self.start + .hours(hour) + .minutes(minute)
            return Sample(
                metric: metric, value: Float(60 + minute), time: time, received: time, source: Self.source)
        }
    }

    private func commit(_ samples: [Sample], at hour: Int64) -> Commit {
        var commit = Commit(at: Self.start + .hours(hour))
        commit.samples = [PersonSamples(person: Self.person, samples: samples)]
        return commit
    }

    private func stored(_ store: SQLiteStore) throws -> [Sample] {
        var samples: [Sample] = []
        try store.samples(of: Self.person, metrics: [], in: .all) { samples.append($0) }
        return samples
    }

    /// Hours 0, 24 and 48 of heart rate in a chunk each, and steps of hour 0.
    private func threeDays(at path: String, _ key: StoreKey?) throws -> SQLiteStore {
        let store = try openToWrite(path, key: key)
        for day in 0..<3 as Range<Int64> {
            try store.commit(commit(samples(hour: day * 24), at: day * 24 + 1))
            if day == 0 { try store.commit(commit(samples(hour: 0, of: .steps), at: 1)) }
            try store.sealAll()
        }
        return store
    }

    private static let secondChunk =
        "key = (SELECT key FROM chunk WHERE key >> 32 = 1 ORDER BY key LIMIT 1 OFFSET 1)"

    private func damageSecondChunk(_ path: String) throws {
        let raw = try Connection(path: path, file: path, flags: 2)
        try raw.execute("UPDATE chunk SET bytes = zeroblob(length(bytes)) WHERE \(Self.secondChunk)")
        #expect(raw.changes == 1)
        raw.close()
    }

    @Test(
        "a writer that comes upon a damaged chunk puts it aside, tells it once, and reads all the others",
        arguments: [false, true])
    func chunk(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        try threeDays(at: folder.store, key).close()
        try damageSecondChunk(folder.store)
        let expected =
            (samples(hour: 0) + samples(hour: 0, of: .steps)).sorted {
                ($0.time, $0.metric.rawValue) < ($1.time, $1.metric.rawValue)
            } + samples(hour: 48)
        var store = try openToWrite(folder.store, key: key)
        #expect(try stored(store) == expected)
        let lines = store.takeDamage()
        #expect(lines.count == 1)
        #expect(lines.first?.contains("chunk of heart_rate") == true && lines.first?.contains("2023-11-15") == true)
        #expect(store.takeDamage() == [])
        for _ in 0..<2 {
            #expect(try stored(store) == expected)
            #expect(try store.series(of: nil).map(\.count) == [120, 60])
            #expect(try store.figures().damaged == 1)
            #expect(try store.check().count == 1)
            #expect(store.takeDamage() == [])
            store.close()
            store = try openToWrite(folder.store, key: key)
        }
    }

    @Test(
        "a late sample that belongs into a damaged chunk is committed, and what follows too",
        arguments: [false, true])
    func late(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        try threeDays(at: folder.store, key).close()
        try damageSecondChunk(folder.store)
        let store = try openToWrite(folder.store, key: key)
        let late = Array(samples(hour: 24).prefix(3))
        try store.commit(commit(late, at: 72))
        #expect(store.takeDamage().count == 1)
        #expect(try store.series(of: nil).map(\.count) == [123, 60])
        try store.commit(commit(samples(hour: 72), at: 73))
        try store.sealAll()
        #expect(try stored(store).count == 243)
        #expect(store.takeDamage() == [])
    }

    @Test(
        "a commit that fails takes nothing aside",
        arguments: [false, true])
    func failed(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        try threeDays(at: folder.store, key).close()
        try damageSecondChunk(folder.store)
        let store = try openToWrite(folder.store, key: key)
        try store.connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
        #expect(code { try store.commit(commit(Array(samples(hour: 24).prefix(3)), at: 72)) } == .other)
        #expect(store.takeDamage() == [])
        #expect(try store.figures().damaged == 0)
        #expect(try store.series(of: nil).map(\.count) == [180, 60])
    }

    @Test(
        "a damaged commit in the journal is put aside when the store is opened, and the others stay",
        arguments: [false, true])
    func journal(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        var store = try openToWrite(folder.store, key: key)
        for hour in 0..<5 as Range<Int64> { try store.commit(commit(samples(hour: hour), at: 0)) }
        store.close()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        try raw.execute("UPDATE journal SET bytes = substr(bytes, 1, 40) WHERE sequence = 3")
        raw.close()
        store = try openToWrite(folder.store, key: key)
        #expect(store.takeDamage().map { $0.hasPrefix("commit 3: ") } == [true])
        let expected = ([0, 1, 3, 4] as [Int64]).flatMap { samples(hour: $0) }
        #expect(try stored(store) == expected)
        #expect(try store.series(of: nil).map(\.count) == [240])
        #expect(try store.commit(commit(samples(hour: 9), at: 9)) == 6)
        try store.sealAll()
        #expect(try stored(store) == expected + samples(hour: 9))
    }

    @Test(
        "samples of a series that is gone leave those of others in their commit, and their number is not given again",
        arguments: [false, true])
    func stranger(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        var store = try openToWrite(folder.store, key: key)
        try store.commit(commit(samples(hour: 0) + samples(hour: 0, of: .steps), at: 0))
        try store.sealAll()
        try store.commit(commit(samples(hour: 1) + samples(hour: 1, of: .steps), at: 0))
        try store.connection.write { () throws(StoreError) in
            try store.connection.execute("DELETE FROM series WHERE metric = \(Metric.steps.rawValue)")
        }
        store.close()
        store = try openToWrite(folder.store, key: key)
        #expect(store.takeDamage().count == 1)
        #expect(try stored(store) == samples(hour: 0) + samples(hour: 1))
        try store.commit(commit(samples(hour: 2, of: .steps), at: 2))
        try store.sealAll()
        #expect(try stored(store) == samples(hour: 0) + samples(hour: 1) + samples(hour: 2, of: .steps))
        #expect(try store.connection.integer("SELECT max(id) FROM series") == 3)
    }

    @Test(
        "a row with a flipped bit is noticed: put aside by a writer, an error for a reader",
        arguments: [
            ("state", "version = version + 1"), ("state", "bytes = bytes || x'00'"), ("person", "zone = 'Asia/Tokyo'"),
            ("device", "profile = 'x'"), ("assignment", "stop = stop + 1"), ("outbox", "sequence = sequence + 1"),
            ("event", "text = 'all is well'"), ("event", "content = substr(content, 1, 20)"),
        ], [false, true])
    func rows(damage: (table: String, change: String), isEncrypted: Bool) throws {
        let (table, change) = damage
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        var store = try openToWrite(folder.store, key: key)
        var invention = Invention(seed: 11)
        for _ in 0..<40 { try store.commit(invention.commit()) }
        func count(_ table: String) throws -> Int64 {
            try store.connection.integer("SELECT count(*) FROM \(table)") ?? -1
        }
        let before = try count(table)
        #expect(before > 1)
        store.close()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        let victim =
            table == "assignment"
            ? "start = (SELECT min(start) FROM assignment) AND device_user = 0"
            : "rowid = (SELECT min(rowid) FROM \(table))"
        try raw.execute("UPDATE \(table) SET \(change) WHERE \(victim)")
        let changed = Int64(raw.changes)
        raw.close()

        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        #expect(try reader.check().contains { $0.contains("\(table): ") && $0.contains("checksum") })
        let isRefused =
            code {
                _ = try reader.people()
                _ = try reader.devices()
                _ = try reader.assignments()
                _ = try reader.outbox()
                _ = try reader.events(EventFilter())
                for person in Invention.persons + [nil] { _ = try reader.states(of: person) }
            } == .damaged
        #expect(isRefused)
        reader.close()

        store = try openToWrite(folder.store, key: key)
        _ = try store.events(EventFilter())
        #expect(store.takeDamage().count == Int(changed))
        #expect(try count(table) == before - changed)
        #expect(try count("damaged_row") == changed)
        #expect(try store.check().allSatisfy { $0.contains("put aside") })
        try store.commit(invention.commit())
    }

    @Test(
        "a damaged head, or a series whose owner is not certain, is not taken for whole",
        arguments: ["UPDATE head SET sequence = sequence - 1", "UPDATE series SET metric = metric + 1 WHERE id = 1"],
        [false, true])
    func foundations(change: String, isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        let folder = try Folder()
        try threeDays(at: folder.store, key).close()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        try raw.execute(change)
        raw.close()
        #expect(code { _ = try openToWrite(folder.store, key: key) } == .damaged)
    }
}
