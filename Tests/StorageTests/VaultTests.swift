import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("An encrypted store") struct VaultTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)
    private static let ana = Invention.persons[0]

    /// Two people with everything that a store holds of them; ana's name, rule and text are to be looked for.
    private func household(hours: Int = 3) -> [Commit] {
        (0..<hours * 12 as Range<Int>).map { (number: Int) in
            var commit = Commit(at: start + .minutes(Int64(5 * number)))
            if number == 0 {
                commit.people = [
                    Person(id: Self.ana, name: "anastasia", zone: "Asia/Taipei"),
                    Person(id: Invention.persons[1], name: "benjamin", zone: "UTC"),
                ]
                commit.devices = [Device(id: Invention.sources[0], name: "polar-strap-77", profile: "polar.h10")]
                commit.commands = [
                    AppliedCommand(
                        command: Command(id: CommandID(high: 9, low: 1), actor: "dr-example", action: .reload),
                        at: commit.at),
                    AppliedCommand(
                        command: Command(
                            id: CommandID(high: 9, low: 2), actor: "dr-example",
                            action: .acknowledge(EventID(high: 7, low: 0), comment: "called her at noon")),
                        at: commit.at),
                ]
            }
            if number == 1 {
                commit.records = [
                    Record(
                        id: RecordID(high: 3, low: 1), person: Self.ana, at: commit.at, author: "dr-example",
                        .note("slept badly since Tuesday")),
                    Record(
                        id: RecordID(high: 3, low: 2), person: Self.ana, at: commit.at, author: "benjamin",
                        .document(name: "discharge.txt", mediaType: "text/plain", size: 34),
                        payload: Array("discharged after three quiet nights".utf8)),
                ]
            }
            commit.samples = Invention.persons[0..<2].map { person in
                PersonSamples(
                    person: person,
                    samples: (0..<300 as Range<Int64>).map { second in
                        let time = commit.at + .seconds(second)
                        return Sample(
                            metric: .heartRate, value: Float(60 + second % 17), time: time, received: time,
                            source: Invention.sources[0])
                    })
            }
            if number % 6 == 0 {
                let id = EventID(high: 7, low: UInt64(number))
                commit.events = [
                    Event(
                        id: id, person: Self.ana, kind: .alert, phase: .opened, rule: "resting-tachycardia",
                        severity: .warning, onset: commit.at, decided: commit.at, transition: 0,
                        title: "High heart rate at rest", text: "131 bpm for ten minutes")
                ]
                commit.outbox = [OutboxItem(event: id, person: Self.ana, recipient: "dr-example")]
            }
            commit.states = [
                ComponentState(
                    person: Self.ana, component: "rules", version: 1, bytes: Array("state of anastasia \(number)".utf8))
            ]
            return commit
        }
    }

    private let secrets = [
        "anastasia", "Asia/Taipei", "benjamin", "polar", "dr-example", "resting-tachycardia", "High heart rate",
        "131 bpm", "state of", "slept badly", "discharge.txt", "three quiet nights", "called her",
    ]

    private func filled(_ path: String, _ key: StoreKey?) throws -> SQLiteStore {
        let store = try openToWrite(path, key: key)
        for commit in household() { try store.commit(commit) }
        return store
    }

    private func found(in folder: Folder) throws -> [String] {
        var found: Set<String> = []
        for name in folder.names {
            let all = try bytes(of: folder.path + "/" + name)
            for secret in secrets where contains(all, Array(secret.utf8)) { found.insert(secret) }
        }
        return found.sorted()
    }

    private func contains(_ all: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        return all.indices.contains { all[$0] == first && all[$0...].starts(with: part) }
    }

    @Test("nothing of a person can be read in its files, before the seal and after")
    func unreadable() throws {
        let (plain, sealed) = (try Folder(), try Folder())
        let open = try filled(plain.store, nil)
        #expect(try found(in: plain) == secrets.sorted())
        open.close()
        let key = try #require(StoreKey.random())
        let store = try filled(sealed.store, key)
        #expect(try found(in: sealed) == [])
        try store.sealAll()
        #expect(
            try store.connection.integer(
                "SELECT count(*) FROM chunk WHERE minimum IS NOT NULL OR sum <> 0 OR usable <> 0") == 0)
        #expect(try store.connection.integer("SELECT count(*) FROM sqlite_schema WHERE type = 'view'") == 0)
        #expect(try store.check() == [])
        store.close()
        #expect(try found(in: sealed) == [])
        #expect(try SQLiteStore.open(path: sealed.store, mode: .read, key: key).check() == [])
    }

    @Test(
        "what is kept for followers, ordered, put aside as damaged or backed up is unreadable, whenever it was encrypted",
        arguments: [false, true])
    func asides(isEncryptedLater: Bool) throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        let first = isEncryptedLater ? nil : key
        var store = try openToWrite(folder.store, key: first)
        try store.follow("central", after: 0, at: start)
        for (number, commit) in household().enumerated() {
            try store.commit(commit)
            if number == 20 { try store.sealAll() }
        }
        store.close()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        for damage in [
            "UPDATE event SET severity = 0 WHERE number = 1", "UPDATE person SET sequence = 9 WHERE rowid = 1",
            "UPDATE state SET version = 9", "UPDATE journal SET bytes = substr(bytes, 1, 200) WHERE sequence = 30",
            "UPDATE chunk SET bytes = substr(bytes, 2) WHERE key = (SELECT min(key) FROM chunk)",
        ] {
            try raw.execute(damage)
            #expect(raw.changes == 1, "\(damage)")
        }
        raw.close()
        store = try openToWrite(folder.store, key: first)
        _ = try store.events(EventFilter())
        for person in Invention.persons { try store.samples(of: person, metrics: [], in: .all) { _ in } }
        func aside() throws -> [[UInt8]] {
            let rows = try store.connection.prepare("SELECT CAST(content AS BLOB) FROM damaged_row ORDER BY number")
            var aside: [[UInt8]] = []
            try rows.forEachRow { aside.append(rows.blob(0)) }
            return aside
        }
        let before = try aside()
        let lines = store.takeDamage()
        #expect(try store.figures().damaged == 5, "\(lines)")
        #expect(before.count == 4)
        if isEncryptedLater {
            store.close()
            try SQLiteStore.reseal(path: folder.store, from: nil, to: key)
            store = try openToWrite(folder.store, key: key)
        }
        try store.commit(Commit(at: start + .days(1)))
        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        try reader.backUp(to: folder.path + "/backup.db")
        reader.close()
        #expect(folder.names.contains("vitals.db-wal"))
        #expect(try found(in: folder) == [])
        #expect(try store.figures().damaged == 5 && store.figures().keptCommits > 30)
        store.close()
        #expect(try found(in: folder) == [])
        guard isEncryptedLater else { return }
        try SQLiteStore.reseal(path: folder.store, from: key, to: nil)
        store = try openToWrite(folder.store)
        #expect(try aside() == before)
    }

    @Test(
        "without its key, with another one, or a key where none belongs, it is refused in one line and left as it was")
    func refusal() throws {
        let (folder, plain) = (try Folder(), try Folder())
        let key = try #require(StoreKey.random())
        try filled(folder.store, key).close()
        try filled(plain.store, nil).close()
        let before = (try bytes(of: folder.store), try bytes(of: plain.store))
        for mode in [SQLiteStore.Mode.read, .write(hub: testHub, createIfMissing: false)] {
            #expect(code { _ = try SQLiteStore.open(path: folder.store, mode: mode) } == .sealed)
            #expect(
                code { _ = try SQLiteStore.open(path: folder.store, mode: mode, key: StoreKey.random()) } == .sealed)
            #expect(code { _ = try SQLiteStore.open(path: plain.store, mode: mode, key: key) } == .sealed)
        }
        #expect(try bytes(of: folder.store) == before.0)
        #expect(try bytes(of: plain.store) == before.1)
    }

    @Test("a value that was changed, or moved to another row, table or person, does not open")
    func moved() throws {
        let folder = try Folder()
        let store = try filled(folder.store, StoreKey.random())
        try store.sealAll()
        var random = Seeded(5)
        let values = [
            ("chunk", "bytes", "key"), ("state", "bytes", "number"), ("person", "content", "rowid"),
            ("event", "content", "number"), ("device", "content", "rowid"), ("command", "content", "rowid"),
            ("outbox", "content", "number"), ("record", "content", "rowid"), ("record", "payload", "rowid"),
            ("key", "wrapped", "id"),
        ]
        for (table, column, key) in values {
            let rows = try store.connection.prepare("SELECT \(key), \(column) FROM \(table) ORDER BY \(key)")
            var all: [(Int64, [UInt8])] = []
            try rows.forEachRow { all.append((rows.int64(0), rows.blob(1))) }
            try #require(!all.isEmpty)
            for _ in 0..<20 {
                let (row, bytes) = all[Int.random(in: 0..<all.count, using: &random)]
                var changed = bytes
                changed[Int.random(in: 0..<changed.count, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
                let place = CellPlace("person", row)
                let vault = store.connection.vault
                #expect(throws: Damage.self) {
                    try changed.withUnsafeBytes { (cell) throws(Damage) in try vault.open(cell, at: place) }
                }
                // Whole, but of another place.
                #expect(throws: Damage.self, "\(table)") {
                    try bytes.withUnsafeBytes { (cell) throws(Damage) in try vault.open(cell, at: place) }
                }
            }
        }
        // Two chunks of one series change places: both open with the person's key, and neither belongs there.
        try store.connection.execute(
            """
            CREATE TEMP TABLE two AS SELECT key, bytes FROM chunk ORDER BY key LIMIT 2;
            UPDATE chunk SET bytes = (SELECT bytes FROM two WHERE two.key <> chunk.key)
            WHERE key IN (SELECT key FROM two);
            """)
        let problems = try store.check()
        #expect(problems.count == 2 && problems.allSatisfy { $0.contains("changed, or is not of this row") })
    }

    @Test("whose key is gone cannot be read any more; the others can")
    func forgotten() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        let store = try filled(folder.store, key)
        try store.sealAll()
        try store.connection.write { () throws(StoreError) in try store.connection.vault.forget(Self.ana) }
        store.close()
        let again = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        #expect(code { try again.samples(of: Self.ana, metrics: [], in: .all) { _ in } } == .damaged)
        var count = 0
        try again.samples(of: Invention.persons[1], metrics: [], in: .all) { _ in count += 1 }
        #expect(count == 3 * 3600)
    }

    @Test("forgets a person in every table, with their key, and what others left stays readable")
    func erased() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        var store = try openToWrite(folder.store, key: key)
        try store.follow("central", after: 0, at: start)
        for commit in household() { try store.commit(commit) }
        let erasure = try store.forget(Self.ana, at: start + .days(1))
        #expect(erasure.traces == [] && erasure.pieces > 20 && erasure.records == 2)
        #expect(try store.connection.integer("SELECT count(*) FROM key") == 2)
        store.close()
        store = try openToWrite(folder.store, key: key)
        #expect(try store.check() == [])
        #expect(try store.people().map(\.name) == ["benjamin"])
        #expect(try store.series(of: nil).map(\.count) == [3 * 3600])
        #expect(try store.records(of: nil, kind: nil) == [])
        let fed = try store.feed(after: 0, atMost: 1 << 24).commits
        #expect(try fed.allSatisfy { try $0.commit().samples.allSatisfy { $0.person != Self.ana } } && fed.count > 30)
    }

    @Test("a commit that fails takes the keys it made with it")
    func failure() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        let store = try openToWrite(folder.store, key: key)
        let commits = household(hours: 1)
        try store.connection.execute(
            "CREATE TEMP TRIGGER fails BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(code { try store.commit(commits[0]) } != nil)
        #expect(try store.connection.integer("SELECT count(*) FROM key") == 1)
        try store.connection.execute("DROP TRIGGER fails")
        for commit in commits { try store.commit(commit) }
        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        #expect(try reader.people().map(\.name) == ["anastasia", "benjamin"])
        #expect(try reader.states(of: Self.ana).map(\.bytes) == [Array("state of anastasia 11".utf8)])
        #expect(try reader.outbox().map(\.recipient) == ["dr-example", "dr-example"])
    }

    @Test("a slice of the seal that fails takes the keys it made with it")
    func failedSeal() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        let store = try openToWrite(folder.store, key: key)
        var commit = household(hours: 1)[1]
        // Samples without a person's row: the seal is the first that needs their keys.
        let samples = commit.samples
        commit = Commit(at: commit.at)
        commit.samples = samples
        try store.commit(commit)
        try store.connection.execute(
            "CREATE TEMP TRIGGER fails BEFORE INSERT ON chunk BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(code { try store.sealAll() } != nil)
        try store.connection.execute("DROP TRIGGER fails")
        commit = Commit(at: commit.at + .minutes(5))
        try store.commit(commit)
        try store.sealAll()
        store.close()
        let again = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        var count = 0
        for person in Invention.persons[0..<2] {
            try again.samples(of: person, metrics: [], in: .all) { _ in count += 1 }
        }
        #expect(count == 600)
        #expect(try again.check() == [])
    }

    @Test("a copy that somebody's reading kept from its place leaves nothing plain behind")
    func busy() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        try filled(folder.store, key).close()
        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        let writer = try openToWrite(folder.store, key: key)
        var outcome: StoreError.Code?
        try reader.connection.read { () throws(StoreError) in
            _ = try reader.connection.integer("SELECT count(*) FROM event")
            do throws(StoreError) {
                try writer.commit(Commit(at: start + .days(2)))
                writer.close()
                try SQLiteStore.reseal(path: folder.store, from: key, to: nil)
            } catch { outcome = error.code }
        }
        reader.close()
        #expect(outcome == .locked)
        #expect(!folder.names.contains { $0.contains(".new") })
        #expect(try found(in: folder) == [])
        #expect(try SQLiteStore.open(path: folder.store, mode: .read, key: key).check() == [])
    }

    @Test("what is written again unchanged keeps the sequence number of its first writing")
    func unchanged() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store, key: StoreKey.random())
        var commit = household(hours: 1)[0]
        try store.commit(commit)
        commit.samples = []
        try store.commit(commit)
        for table in ["person", "device", "state", "event", "outbox", "command"] {
            #expect(try store.connection.integer("SELECT max(sequence) FROM \(table)") == 1, "\(table)")
            #expect(try store.connection.integer("SELECT count(DISTINCT sequence) FROM \(table)") == 1)
        }
    }

    @Test("encrypted, given another key and decrypted again a store is the same, followers and damage included")
    func resealed() throws {
        let (folder, other) = (try Folder(), try Folder())
        let before = try filled(other.store, nil)
        var store = try openToWrite(folder.store)
        try store.follow("central", after: 0, at: start)
        for (number, commit) in household().enumerated() {
            try store.commit(commit)
            if number == 20 { try store.sealAll() }
        }
        let identity = store.identity
        let fed = try store.feed(after: 3, atMost: 1 << 20).commits
        store.close()
        let (one, two) = (try #require(StoreKey.random()), try #require(StoreKey.random()))
        for (from, to) in [(nil, one), (one, two), (two, nil)] as [(StoreKey?, StoreKey?)] {
            try SQLiteStore.reseal(path: folder.store, from: from, to: to)
            #expect(try found(in: folder) == (to == nil ? secrets.sorted() : []))
            store = try openToWrite(folder.store, key: to)
            #expect(store.identity == identity && store.sequence == before.sequence)
            #expect(try contentsDifference(store, before) == nil)
            #expect(try store.check() == [])
            #expect(try store.feed(after: 3, atMost: 1 << 20).commits == fed)
            #expect(try store.outbox() == before.outbox())
            #expect(try store.devices() == before.devices())
            #expect(try store.records(of: nil, kind: nil) == before.records(of: nil, kind: nil))
            #expect(try store.record(RecordID(high: 3, low: 2)) == before.record(RecordID(high: 3, low: 2)))
            store.close()
        }
        let views = try openToWrite(folder.store)
        #expect(try views.connection.integer("SELECT count(*) FROM events WHERE person = 'anastasia'") == 6)
        #expect(try views.connection.integer("SELECT count(*) FROM records WHERE author = 'benjamin'") == 1)
        #expect(try views.connection.integer("SELECT count(*) FROM chunks WHERE mean > 60") ?? 0 > 0)
        views.close()
        #expect(code { try SQLiteStore.reseal(path: folder.store, from: one, to: nil) } == .sealed)
        #expect(!folder.names.contains { $0.contains(".new") })
    }

    @Test("a key file is 32 bytes or 64 digits that only its owner may read; one that is there is never written over")
    func keyFiles() throws {
        let folder = try Folder()
        let path = folder.path + "/key"
        try StoreKey.make(path)
        #expect(code { try StoreKey.make(path) } == .unwritable)
        let made = try bytes(of: path)
        #expect(made.count == 65)
        _ = try StoreKey.read(path)
        chmod(path, 0o640)
        #expect(code { _ = try StoreKey.read(path) } == .other)
        let raw = (0..<32).map { UInt8($0 * 7) }
        let digits = raw.flatMap { Array((($0 < 16 ? "0" : "") + String($0, radix: 16)).utf8) }
        try write(raw, to: path)
        let one = try StoreKey.read(path)
        try write(digits + [0x0A], to: path)
        let two = try StoreKey.read(path)
        #expect(
            one.withBytes { Array(UnsafeBufferPointer(start: $0, count: 32)) }
                == two.withBytes { Array(UnsafeBufferPointer(start: $0, count: 32)) })
        let bads: [[UInt8]] = [
            [], [1, 2, 3], Array(digits.dropLast()), Array("zz".utf8) + digits.dropFirst(2), digits + digits,
        ]
        for bad in bads {
            try write(bad, to: path)
            #expect(code { _ = try StoreKey.read(path) } == .other, "\(bad.count) bytes")
        }
        #expect(code { _ = try StoreKey.read(folder.path + "/none") } == .unwritable)
    }
}
