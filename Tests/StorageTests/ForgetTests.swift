import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A person is forgotten") struct ForgetTests {
    private static let ada = Invention.persons[0]
    private static let name = "ada-lovelace"

    /// Random content of three people, with everything of the first one told apart.
    private func fill(_ store: SQLiteStore, seed: UInt64, commits: Int = 60) throws {
        var invention = Invention(seed: seed)
        var owners: [EventID: PersonID] = [:]
        for n in 0..<commits {
            var commit = invention.commit()
            // An id is one event's, and one person's.
            commit.events.removeAll { owners[$0.id, default: $0.person] != $0.person }
            for event in commit.events { owners[event.id] = event.person }
            commit.outbox = commit.events.map { OutboxItem(event: $0.id, person: $0.person, recipient: "family") }
            commit.people = Invention.persons.enumerated().map { place, id in
                Person(id: id, name: place == 0 ? Self.name : "other-person-\(place)")
            }
            commit.records.append(
                Record(
                    id: RecordID(high: 77, low: UInt64(n)), person: n % 2 == 0 ? Self.ada : Invention.persons[1],
                    at: commit.at, author: Self.name, .note("note number \(n) of the evening")))
            commit.commands.append(
                AppliedCommand(
                    command: Command(
                        id: CommandID(high: 5, low: UInt64(n)), actor: Self.name,
                        action: commit.events.first.map { .acknowledge($0.id, comment: "seen, number \(n)") } ?? .reload
                    ),
                    at: commit.at))
            commit.states.append(
                ComponentState(person: nil, component: "path", version: 1, bytes: [1, 2] + Self.ada.bytes + [3]))
            try store.commit(commit)
            if n == commits / 2 { try store.sealAll() }
        }
    }

    /// What is there of the others.
    private func others(_ store: SQLiteStore) throws -> [String] {
        var lines: [String] = []
        for person in Invention.persons.dropFirst() {
            try store.samples(of: person, metrics: [], in: .all) { lines.append("\($0.atRest)") }
            lines += try store.series(of: person).map { "\($0)" }
            lines += try store.events(EventFilter(person: person)).map { "\($0)" }
            lines += try store.states(of: person).map { "\($0)" }
            lines += try store.records(of: person, kind: nil).map { "\($0.id) \($0.text)" }
        }
        return lines + (try store.outbox().filter { $0.person != Self.ada }.map { "\($0)" })
    }

    @Test(
        "nothing of them is left in any table or byte, and nothing of anybody else is touched",
        arguments: 1...4 as ClosedRange<UInt64>)
    func forgotten(seed: UInt64) throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        // As a SQLite is built that does not overwrite what it deletes: trims of the journal leave samples behind.
        try store.connection.execute("PRAGMA secure_delete = OFF")
        try store.follow("mirror", after: 0, at: .distantPast)
        try fill(store, seed: seed)
        let before = try others(store)
        #expect(try !store.series(of: Self.ada).isEmpty)
        let erasure = try store.forget(Self.ada, at: Timestamp(milliseconds: 0))
        #expect(erasure.traces == [])
        #expect(erasure.samples > 0 && erasure.events > 0 && erasure.records > 0 && erasure.pieces > 10)

        func check() throws {
            #expect(try others(store) == before)
            #expect(try !store.people().contains { $0.id == Self.ada })
            #expect(try store.series(of: Self.ada).isEmpty && store.states(of: Self.ada).isEmpty)
            #expect(try store.events(EventFilter(person: Self.ada)).isEmpty)
            #expect(try store.commands().allSatisfy { $0.command.command.actor != Self.name })
            #expect(try store.check() == [])
        }
        try check()
        // By hand, whatever the search above says.
        let file = try bytes(of: folder.store)
        let searched = ByteSearch([
            .init(bytes: Self.ada.bytes, what: "id"), .init(bytes: Array(Self.name.utf8), what: "name"),
        ])
        #expect(try searched.found(in: folder.store) == [])
        #expect(try searched.found(in: folder.store + "-wal") == [])
        #expect(!file.isEmpty)
        // The store goes on, with the same person if they come again.
        var commit = Commit(at: Timestamp(milliseconds: 1_700_000_900_000))
        commit.samples = [
            PersonSamples(
                person: Self.ada,
                samples: [
                    Sample(
                        metric: .spo2, value: 97, time: commit.at, received: commit.at, source: Invention.sources[0])
                ])
        ]
        try store.commit(commit)
        try store.sealAll()
        #expect(try store.series(of: Self.ada).map(\.count) == [1])
        store.close()
        store = try openToWrite(folder.store)
        #expect(try store.series(of: Self.ada).map(\.count) == [1])
        #expect(try others(store) == before && store.check() == [])
        #expect(try store.forgotten().count == 1)
    }

    @Test("a follower forgets them, too, whether it was sent their data before or comes later")
    func followed() throws {
        let (folder, other, late) = (try Folder(), try Folder(), try Folder())
        let store = try openToWrite(folder.store)
        try store.follow("mirror", after: 0, at: .distantPast)
        try fill(store, seed: 9)
        let mirror = try openToWrite(other.store)
        func pull(_ mirror: SQLiteStore, after sequence: UInt64) throws {
            for commit in try store.feed(after: sequence, atMost: .max).commits {
                try mirror.commit(try commit.commit())
            }
        }
        try pull(mirror, after: 0)
        #expect(try mirror.people().contains { $0.id == Self.ada })
        _ = try store.forget(Self.ada, at: Timestamp(milliseconds: 0))
        let comer = try openToWrite(late.store)
        try pull(mirror, after: 60)
        try pull(comer, after: 0)
        for mirror in [mirror, comer] {
            #expect(try !mirror.everybody().contains(Self.ada))
            let difference = try contentsDifference(store, mirror)
            #expect(difference == nil, "\(difference ?? "")")
            #expect(try mirror.forgotten() == store.forgotten() && mirror.check() == [])
        }
        // Sent again from the beginning, it ends the same.
        try pull(mirror, after: 0)
        #expect(try !mirror.everybody().contains(Self.ada))
        let difference = try contentsDifference(store, mirror)
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test("a failure on the way leaves everything, or everything but the rewriting of the file")
    func failure() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try fill(store, seed: 3)
        let model = ModelStore()
        _ = try store.copy { (part) throws(StoreError) in _ = try model.commit(part) }
        for table in ["series", "event", "record", "chunk"] {
            try store.connection.execute(
                "CREATE TRIGGER t BEFORE DELETE ON \(table) BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
            #expect(throws: StoreError.self) { try store.forget(Self.ada, at: Timestamp(milliseconds: 0)) }
            #expect(try contentsDifference(store, model) == nil, "\(table)")
            try store.connection.execute("DROP TRIGGER t")
        }
        // A reader keeps the log: refused before anything is changed.
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        try reader.connection.execute("BEGIN; SELECT count(*) FROM head")
        try store.commit(Commit(at: Timestamp(milliseconds: 1)))
        try store.connection.execute("PRAGMA busy_timeout = 10")
        #expect(code { _ = try store.forget(Self.ada, at: Timestamp(milliseconds: 0)) } == .locked)
        #expect(try contentsDifference(store, model) == nil)
        try reader.connection.execute("COMMIT")
        let erasure = try store.forget(Self.ada, at: Timestamp(milliseconds: 0))
        #expect(erasure.traces == [])
        // Once more, as after a cut on the way: by the id, which is known by its tombstone only.
        #expect(try store.forget(Self.ada, at: Timestamp(milliseconds: 0)).traces == [])
        #expect(code { _ = try store.forget(PersonID(high: 1, low: 1), at: .distantPast) } == .other)
    }

    @Test("the search finds what is there, also across the windows it reads by")
    func search() throws {
        let folder = try Folder()
        var content = [UInt8](repeating: 0x55, count: (1 << 20) + 4000)
        let places = [0, 3000, (1 << 20) - 5, content.count - 20]
        for place in places {
            content.replaceSubrange(place..<place + 20, with: (0..<20).map { UInt8($0 + place % 50) })
        }
        try write(content, to: folder.path + "/f")
        let pieces = places.map { place in
            ByteSearch.Piece(bytes: (0..<20).map { UInt8($0 + place % 50) }, what: "\(place)")
        }
        let absent = ByteSearch.Piece(bytes: Array("not in the file".utf8), what: "absent")
        #expect(Set(try ByteSearch(pieces + [absent]).found(in: folder.path + "/f")) == Set(pieces))
        #expect(try ByteSearch(pieces).found(in: folder.path + "/none") == [])
    }

    @Test("every table of the schema says whose data it holds")
    func everyTable() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let tables = try store.connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        var names: Set<String> = []
        try tables.forEachRow { names.insert(tables.text(0)) }
        let known = Set(PersonTables.all.map(\.table)).union(PersonTables.impersonal)
        #expect(names == known, "add a new table to PersonTables, where it says whose data it is")
    }
}
