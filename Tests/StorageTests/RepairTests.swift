import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A repair keeps all that is readable, and invents nothing") struct RepairTests {
    /// What was committed, to compare with what is left of it.
    private struct Content {
        var samples: [PersonID: [Sample]] = [:]
        var events: [Event] = []
        var states: [ComponentState] = []
        var people: [Person] = []
        var outbox: [OutboxItem] = []

        init(_ store: any Store) throws {
            for person in Invention.persons {
                try store.samples(of: person, metrics: [], in: .all) { samples[person, default: []].append($0.atRest) }
                states += try store.states(of: person)
            }
            states += try store.states(of: nil)
            events = try store.events(EventFilter())
            people = try store.people()
            outbox = try store.outbox()
        }

        var count: Int {
            samples.values.reduce(0) { $0 + $1.count } + events.count + states.count + people.count + outbox.count
        }

        /// Takes in what a commit brings, whatever became of it later.
        mutating func add(_ commit: Commit) {
            for batch in commit.samples { samples[batch.person, default: []] += batch.samples.map(\.atRest) }
            events += commit.events
            states += commit.states
            people += commit.people
            outbox += commit.outbox
        }

        init() {}

        /// Everything of this that is not in another.
        func missing(in other: Content) -> [String] {
            var missing: [String] = []
            for (person, samples) in samples {
                let there = Set(other.samples[person] ?? [])
                missing += samples.filter { !there.contains($0) }.map { "\(person): \($0)" }
            }
            missing += events.filter { !other.events.contains($0) }.map { "event \($0.id)" }
            missing += states.filter { !other.states.contains($0) }.map { "state \($0.component)" }
            missing += people.filter { !other.people.contains($0) }.map { "person \($0.name)" }
            missing += outbox.filter { !other.outbox.contains($0) }.map { "outbox \($0.event)" }
            return missing
        }
    }

    /// A store of three days and more, half of it at rest; NaN is left out, which equals nothing.
    ///
    /// - Returns: What it holds, and what it ever was given.
    private func someStore(in folder: Folder, seed: UInt64 = 3) throws -> (now: Content, ever: Content) {
        let store = try openToWrite(folder.store)
        var invention = Invention(seed: seed)
        var ever = Content()
        for round in 0..<80 {
            let commit = invention.commit()
            try store.commit(commit)
            ever.add(commit)
            if round % 9 == 0 { invention.clock = invention.clock + .hours(Int64(invention.pick([1, 7, 30]))) }
            if round == 50 { try store.sealAll() }
        }
        let content = try Content(store)
        store.close()
        return (content, ever)
    }

    /// Opens as a hub does, and reads everything: what is too damaged for that is repaired.
    private func use(_ folder: Folder) throws -> (store: SQLiteStore, content: Content, lines: [String]) {
        var lines: [String] = []
        var store = try SQLiteStore.openRepairing(path: folder.store, hub: testHub, createIfMissing: false) {
            lines.append($0)
        }
        let last = Commit(at: Timestamp(milliseconds: 1_800_000_000_000))
        do {
            let content = try Content(store)
            try store.commit(last)
            return (store, content, lines + store.takeDamage())
        } catch let error as StoreError where error.code == .damaged {
            store.close()
            lines += [error.message] + (try SQLiteStore.repair(path: folder.store, hub: testHub).lines)
            store = try openToWrite(folder.store)
            let content = try Content(store)
            try store.commit(last)
            return (store, content, lines + store.takeDamage())
        }
    }

    private func reset(_ folder: Folder, to bytes: [UInt8]) throws {
        for name in folder.names { unlink(folder.path + "/" + name) }
        try write(bytes, to: folder.store)
    }

    @Test("a page of noise costs what was on it: the hub starts, what is left was there, what is lost is told")
    func noise() throws {
        let folder = try Folder()
        let (before, ever) = try someStore(in: folder)
        let whole = try bytes(of: folder.store)
        var random = Seeded(1)
        var (all, best) = (0, 0)
        for page in 0..<whole.count / 4096 {
            var torn = whole
            for i in page * 4096..<(page + 1) * 4096 { torn[i] = UInt8.random(in: .min ... .max, using: &random) }
            try reset(folder, to: torn)
            var (store, after, lines) = try use(folder)
            // An index that nobody has asked yet.
            if try !store.check().allSatisfy({ $0.contains("put aside") }) {
                store.close()
                _ = try SQLiteStore.repair(path: folder.store, hub: testHub)
                (store, after, _) = try use(folder)
            } else if let aside = folder.names.first(where: { $0.hasSuffix(".old-1") }) {
                #expect(try bytes(of: folder.path + "/" + aside) == torn)
            }
            #expect(after.missing(in: ever) == [], "page \(page) brought something that was not there")
            let lost = before.missing(in: after)
            #expect(lost.isEmpty || !lines.isEmpty, "page \(page) lost \(lost.count) in silence")
            #expect(try store.check().filter { !$0.contains("put aside") } == [], "page \(page)")
            all += 1
            if lost.count < before.count / 3 { best += 1 }
            store.close()
        }
        // A page holds a few of the states, events or chunks, or none.
        #expect(best > all * 9 / 10, "\(best) of \(all)")
    }

    /// What a check says of a store as it lies there.
    private func problems(_ folder: Folder) -> [String] {
        do throws(StoreError) {
            let store = try SQLiteStore.open(path: folder.store, mode: .read)
            defer { store.close() }
            return try store.check()
        } catch { return [error.message] }
    }

    @Test(
        "flipped bits anywhere: the hub starts, and nothing is lost that is not told at once or by the next check",
        arguments: 1...UInt64(rounds(3, soak: 60)))
    func bitFlips(seed: UInt64) throws {
        let folder = try Folder()
        let (before, ever) = try someStore(in: folder, seed: seed)
        let whole = try bytes(of: folder.store)
        var random = Seeded(seed)
        var noticed = 0
        for round in 0..<40 {
            var torn = whole
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                torn[Int.random(in: 0..<torn.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try reset(folder, to: torn)
            let problems = problems(folder)
            let (store, after, lines) = try use(folder)
            defer { store.close() }
            #expect(after.missing(in: ever) == [])
            let lost = before.missing(in: after)
            if !lines.isEmpty { noticed += 1 }
            #expect(lost.isEmpty || !problems.isEmpty, "round \(round): \(lost.count) lost, and the check says whole")
            guard !lost.isEmpty, lines.isEmpty else { continue }
            #expect(try !store.check().isEmpty, "round \(round): \(lost.count) lost in silence")
            // What a hub goes by is missed when it starts.
            let isLater = lost.allSatisfy { $0.contains("Sample(") || $0.hasPrefix("event") }
            #expect(isLater, "round \(round): \(lost) lost in silence")
        }
        #expect(noticed > 0)
    }

    @Test("whose samples are whose is known from its copy, and a lost head costs nothing but the epoch")
    func foundations() throws {
        for change in [
            "UPDATE series SET person = zeroblob(16) WHERE id = 1", "UPDATE series SET metric = metric + 1",
            "UPDATE head SET sequence = sequence + 1000", "DELETE FROM head", "UPDATE head SET hub = x'00'",
            "UPDATE state SET component = 'x' WHERE number = 1", "PRAGMA application_id = 1",
        ] {
            let folder = try Folder()
            let before = try someStore(in: folder).now
            let epoch = try SQLiteStore.open(path: folder.store, mode: .read).identity.epoch
            // Under the indices, as a flipped bit is.
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            try raw.execute(
                "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            raw.close()
            let again = try Connection(path: folder.store, file: folder.store, flags: 2)
            try again.execute(change)
            again.close()
            let (store, after, lines) = try use(folder)
            let lost = before.missing(in: after)
            #expect(change.contains("state") ? lost.count == 1 : lost.isEmpty, "\(change): \(lost)")
            #expect(!lines.isEmpty, "\(change)")
            #expect(store.identity.epoch != epoch || change.contains("state"))
            #expect(store.sequence == 81, "\(change)")
            store.close()
        }
    }

    @Test("a store that is whole is the same after a repair but for its epoch")
    func whole() throws {
        let folder = try Folder()
        let before = try someStore(in: folder).now
        let old = try SQLiteStore.open(path: folder.store, mode: .read)
        let report = try SQLiteStore.repair(path: folder.store, hub: testHub)
        #expect(report.lost == [] && report.old == folder.store + ".old-1")
        let new = try SQLiteStore.open(path: folder.store, mode: .read)
        let difference = try contentsDifference(old, new)
        #expect(difference == nil, "\(difference ?? "")")
        #expect(try old.devices() == new.devices() && old.assignments() == new.assignments())
        #expect(new.sequence == old.sequence && new.identity.hub == old.identity.hub)
        #expect(new.identity.epoch != old.identity.epoch)
        #expect(report.samples == before.samples.values.reduce(0) { $0 + $1.count })
    }

    @Test("a store cut short anywhere is repaired to what is left of it, or left untouched")
    func truncation() throws {
        let folder = try Folder()
        let ever = try someStore(in: folder).ever
        let whole = try bytes(of: folder.store)
        for length in stride(from: 1, to: whole.count, by: 4999) {
            let torn = Array(whole.prefix(length))
            try reset(folder, to: torn)
            do {
                let (store, after, lines) = try use(folder)
                #expect(after.missing(in: ever) == [])
                #expect(!lines.isEmpty)
                store.close()
            } catch {
                #expect((error as? StoreError)?.code == .damaged, "\(error)")
                #expect(try bytes(of: folder.store) == torn)
                #expect(!folder.names.contains("vitals.db.new"))
            }
        }
    }

    @Test("commits behind a damaged place in the log are not lost with it")
    func log() async throws {
        let folder = try Folder()
        let path = folder.store
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            let store = try openToWrite(path)
            for n in 0..<40 as Range<UInt64> { try store.commit(FaultTests.numbered(n)) }
            exit(7)
        }
        let model = ModelStore()
        for n in 0..<40 as Range<UInt64> { _ = try model.commit(FaultTests.numbered(n)) }
        let (file, log) = (try bytes(of: path), try bytes(of: path + "-wal"))
        var random = Seeded(5)
        var noticed = 0
        let before = try Content(model)
        for _ in 0..<20 {
            try reset(folder, to: file)
            var torn = log
            torn[Int.random(in: 32..<log.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try write(torn, to: path + "-wal")
            let (store, after, lines) = try use(folder)
            #expect(before.samples.isEmpty == false && after.samples.values.allSatisfy { !$0.isEmpty })
            let lost = before.missing(in: after)
            #expect(lost.isEmpty || !lines.isEmpty || store.sequence == 40, "\(lost.count) lost in silence")
            if !lines.isEmpty { noticed += 1 }
            #expect(lost.count < before.count / 2, "\(lost.count) of \(before.count)")
            store.close()
        }
        #expect(noticed > 5)
    }

    @Test("what is not vitald's is not repaired, and left as it was")
    func foreign() throws {
        let folder = try Folder()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2 | 4)
        try raw.execute("CREATE TABLE t(x, y, z); INSERT INTO t VALUES(1, 2, x'030405')")
        raw.close()
        let database = try bytes(of: folder.store)
        for content in [database, Array(repeating: 7, count: 9000), [0x53]] {
            try write(content, to: folder.store)
            #expect(code { _ = try use(folder) } == .damaged)
            #expect(try bytes(of: folder.store) == content)
            #expect(folder.names == ["vitals.db", "vitals.db.lock"])
        }
    }

    @Test("a replacement that was cut off anywhere is finished by the next writer", arguments: 0..<4)
    func replacement(step: Int) throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(FaultTests.numbered(1))
        store.close()
        let old = try bytes(of: folder.store)
        let other = try openToWrite(folder.path + "/other.db")
        for n in 5..<8 as Range<UInt64> { try other.commit(FaultTests.numbered(n)) }
        let identity = other.identity
        other.close()
        try write([1, 2, 3], to: folder.store + "-wal")
        func move(_ from: String, _ to: String) { #expect(rename(from, to) == 0) }
        move(folder.path + "/other.db", folder.store + ".ready")
        if step >= 1 { move(folder.store + "-wal", folder.store + ".old-1-wal") }
        if step >= 2 { move(folder.store, folder.store + ".old-1") }
        if step == 3 { move(folder.store + ".ready", folder.store) }
        for _ in 0..<2 {
            let next = try openToWrite(folder.store)
            #expect(next.identity == identity && next.sequence == 3)
            next.close()
            #expect(try bytes(of: folder.store + ".old-1") == old)
            #expect(try bytes(of: folder.store + ".old-1-wal") == [1, 2, 3])
            #expect(!folder.names.contains { $0.hasSuffix(".ready") || $0.hasSuffix(".old-2") })
        }
    }

    @Test("a repair is refused while another writes, and there must be something to repair")
    func refusals() throws {
        let folder = try Folder()
        #expect(code { _ = try SQLiteStore.repair(path: folder.store, hub: testHub) } == .missing)
        let store = try openToWrite(folder.store)
        #expect(code { _ = try SQLiteStore.repair(path: folder.store, hub: testHub) } == .locked)
        store.close()
        #expect(folder.names == ["vitals.db", "vitals.db.lock"])
    }
}
