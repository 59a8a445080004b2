import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("A repair keeps all that is readable, and invents nothing") struct RepairTests {
    /// What was committed, to compare with what is left of it.
    struct Content {
        var samples: [PersonID: [Sample]] = [:]
        var events: [Event] = []
        var states: [ComponentState] = []
        var people: [Person] = []
        var outbox: [OutboxItem] = []
        var devices: [Device] = []
        var records: [Record] = []
        var commands: [AppliedCommand] = []

        init(_ store: any Store) throws {
            for person in Invention.persons {
                try store.samples(of: person, metrics: [], in: .all) { samples[person, default: []].append($0.atRest) }
                states += try store.states(of: person)
            }
            states += try store.states(of: nil)
            events = try store.events(EventFilter())
            people = try store.people()
            outbox = try store.outbox()
            devices = try store.devices()
            for record in try store.records(of: nil, kind: nil) {
                // Its index may be damaged and not it.
                guard let whole = try store.record(record.id) else { throw StoreError(.damaged, path: "", "no record") }
                records.append(whole)
            }
            commands = try store.commands().map(\.command)
        }

        var count: Int {
            samples.values.reduce(0) { $0 + $1.count } + events.count + states.count + people.count + outbox.count
                + devices.count + records.count + commands.count
        }

        /// Takes in what a commit brings, whatever became of it later.
        mutating func add(_ commit: Commit) {
            for batch in commit.samples { samples[batch.person, default: []] += batch.samples.map(\.atRest) }
            events += commit.events
            states += commit.states
            people += commit.people
            outbox += commit.outbox
            devices += commit.devices
            records += commit.records
            commands += commit.commands
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
            missing += devices.filter { !other.devices.contains($0) }.map { "device \($0.name)" }
            missing += records.filter { !other.records.contains($0) }.map { "record \($0.id)" }
            missing += commands.filter { !other.commands.contains($0) }.map { "command \($0.command.id)" }
            return missing
        }
    }

    /// A store of three days and more, half of it at rest; NaN is left out, which equals nothing.
    ///
    /// - Returns: What it holds, and what it ever was given.
    private func someStore(
        in folder: Folder, _ key: StoreKey? = nil, seed: UInt64 = 3
    ) throws -> (now: Content, ever: Content) {
        let store = try openToWrite(folder.store, key: key)
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
    static func use(
        _ folder: Folder, _ key: StoreKey? = nil
    ) throws -> (store: SQLiteStore, content: Content, lines: [String]) {
        var lines: [String] = []
        var store = try SQLiteStore.openRepairing(
            path: folder.store, hub: testHub, createIfMissing: false, key: key
        ) { lines.append($0) }
        let last = Commit(at: Timestamp(milliseconds: 1_800_000_000_000))
        do {
            let content = try Content(store)
            try store.commit(last)
            return (store, content, lines + store.takeDamage())
        } catch let error as StoreError where error.code == .damaged {
            store.close()
            lines += [error.message] + (try SQLiteStore.repair(path: folder.store, hub: testHub, key: key).lines)
            store = try openToWrite(folder.store, key: key)
            let content = try Content(store)
            try store.commit(last)
            return (store, content, lines + store.takeDamage())
        }
    }

    private func reset(_ folder: Folder, to bytes: [UInt8]) throws {
        for name in folder.names { unlink(folder.path + "/" + name) }
        try write(bytes, to: folder.store)
    }

    @Test(
        "a page of noise costs what was on it: the hub starts, what is left was there, what is lost is told",
        arguments: [false, true])
    func noise(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let (before, ever) = try someStore(in: folder, key)
        let whole = try bytes(of: folder.store)
        var random = Seeded(1)
        var (all, best) = (0, 0)
        for page in stride(from: 0, to: whole.count / 4096, by: isEncrypted ? rounds(3, soak: 1) : 1) {
            var torn = whole
            for i in page * 4096..<(page + 1) * 4096 { torn[i] = UInt8.random(in: .min ... .max, using: &random) }
            try reset(folder, to: torn)
            var (store, after, lines) = try Self.use(folder, key)
            // An index that nobody has asked yet.
            if try !store.check().allSatisfy({ $0.contains("put aside") }) {
                store.close()
                _ = try SQLiteStore.repair(path: folder.store, hub: testHub, key: key)
                (store, after, _) = try Self.use(folder, key)
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
    private func problems(_ folder: Folder, _ key: StoreKey?) -> [String] {
        do throws(StoreError) {
            let store = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
            defer { store.close() }
            return try store.check()
        } catch { return [error.message] }
    }

    @Test(
        "flipped bits anywhere: the hub starts, and nothing is lost that is not told at once or by the next check",
        arguments: 1...UInt64(rounds(2, soak: 60)), [false, true])
    func bitFlips(seed: UInt64, isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let (before, ever) = try someStore(in: folder, key, seed: seed)
        let whole = try bytes(of: folder.store)
        var random = Seeded(seed)
        var noticed = 0
        for round in 0..<40 {
            var torn = whole
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                torn[Int.random(in: 0..<torn.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try reset(folder, to: torn)
            let problems = problems(folder, key)
            let (store, after, lines) = try Self.use(folder, key)
            defer { store.close() }
            #expect(after.missing(in: ever) == [])
            let lost = before.missing(in: after)
            if !lines.isEmpty { noticed += 1 }
            #expect(lost.isEmpty || !problems.isEmpty, "round \(round): \(lost.count) lost, and the check says whole")
            guard !lost.isEmpty, lines.isEmpty else { continue }
            #expect(try !store.check().isEmpty, "round \(round): \(lost.count) lost in silence")
            // What a hub goes by is missed when it starts.
            let isLater = lost.allSatisfy { line in
                line.contains("Sample(") || ["event", "record", "command"].contains { line.hasPrefix($0) }
            }
            #expect(isLater, "round \(round): \(lost) lost in silence")
        }
        #expect(noticed > 0)
    }

    @Test(
        "whose samples are whose is known from its copy, and a lost head costs nothing but the epoch",
        arguments: [false, true])
    func foundations(isEncrypted: Bool) throws {
        let key = isEncrypted ? StoreKey.random() : nil
        for change in [
            "UPDATE series SET person = zeroblob(16) WHERE id = 1", "UPDATE series SET metric = metric + 1",
            "UPDATE head SET sequence = sequence + 1000", "DELETE FROM head", "UPDATE head SET hub = x'00'",
            "UPDATE state SET component = 'x' WHERE number = 1", "PRAGMA application_id = 1",
        ] {
            let folder = try Folder()
            let before = try someStore(in: folder, key).now
            let epoch = try SQLiteStore.open(path: folder.store, mode: .read, key: key).identity.epoch
            // Under the indices, as a flipped bit is.
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            try raw.execute(
                "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            raw.close()
            let again = try Connection(path: folder.store, file: folder.store, flags: 2)
            try again.execute(change)
            again.close()
            let (store, after, lines) = try Self.use(folder, key)
            let lost = before.missing(in: after)
            #expect(change.contains("state") ? lost.count == 1 : lost.isEmpty, "\(change): \(lost)")
            #expect(!lines.isEmpty, "\(change)")
            #expect(store.identity.epoch != epoch || change.contains("state"))
            #expect(store.sequence == 81, "\(change)")
            store.close()
        }
    }

    @Test("a store that is whole is the same after a repair but for its epoch", arguments: [false, true])
    func whole(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let before = try someStore(in: folder, key).now
        let old = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        let report = try SQLiteStore.repair(path: folder.store, hub: testHub, key: key)
        #expect(report.lost == [] && report.old == folder.store + ".old-1")
        let new = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        let difference = try contentsDifference(old, new)
        #expect(difference == nil, "\(difference ?? "")")
        #expect(try old.devices() == new.devices() && old.assignments() == new.assignments())
        #expect(new.sequence == old.sequence && new.identity.hub == old.identity.hub)
        #expect(new.identity.epoch != old.identity.epoch)
        #expect(report.samples == before.samples.values.reduce(0) { $0 + $1.count })
    }

    @Test("a store cut short anywhere is repaired to what is left of it, or left untouched", arguments: [false, true])
    func truncation(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let ever = try someStore(in: folder, key).ever
        let whole = try bytes(of: folder.store)
        for length in stride(from: 1, to: whole.count, by: 4999) {
            let torn = Array(whole.prefix(length))
            try reset(folder, to: torn)
            do {
                let (store, after, lines) = try Self.use(folder, key)
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
            let (store, after, lines) = try Self.use(folder)
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
            #expect(code { _ = try Self.use(folder) } == .damaged)
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

    // MARK: Keys

    @Test("without its key, or with another, an encrypted store is not repaired, and left as it was")
    func keyless() throws {
        let folder = try Folder()
        let key = try #require(StoreKey.random())
        _ = try someStore(in: folder, key)
        let whole = try bytes(of: folder.store)
        let keys = try pages(of: "key", in: folder, key)
        // As it is, with the head's page lost, and with no key to be found in it.
        for lost in [[], [1], keys] {
            var torn = whole
            for page in lost { for i in (page - 1) * 4096..<page * 4096 { torn[i] = UInt8(truncatingIfNeeded: i * i) } }
            try reset(folder, to: torn)
            #expect(code { _ = try SQLiteStore.repair(path: folder.store, hub: testHub) } == .sealed, "\(lost)")
            let other = code { _ = try SQLiteStore.repair(path: folder.store, hub: testHub, key: .random()) }
            #expect(other == (lost == keys ? .damaged : .sealed), "\(lost)")
            #expect(try bytes(of: folder.store) == torn)
            #expect(folder.names == ["vitals.db", "vitals.db.lock"])
        }
        let plain = try Folder()
        _ = try someStore(in: plain)
        #expect(code { _ = try SQLiteStore.repair(path: plain.store, hub: testHub, key: key) } == .sealed)
    }

    /// The pages of a table and of its indices.
    private func pages(of table: String, in folder: Folder, _ key: StoreKey?) throws -> [Int] {
        let store = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        let statement = try store.connection.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?")
        statement.bind(1, table)
        var pages: [Int] = []
        try statement.forEachRow { pages.append(Int(statement.int64(0))) }
        return pages
    }

    @Test("keys are there twice: a page of them that is lost costs nothing")
    func keyPages() throws {
        let folder = try Folder()
        let key = StoreKey.random()
        let before = try someStore(in: folder, key).now
        let whole = try bytes(of: folder.store)
        for page in try pages(of: "key", in: folder, key) {
            var torn = whole
            for i in (page - 1) * 4096..<page * 4096 { torn[i] = UInt8(truncatingIfNeeded: i * i) }
            try reset(folder, to: torn)
            _ = try SQLiteStore.repair(path: folder.store, hub: testHub, key: key)
            let (store, after, _) = try Self.use(folder, key)
            #expect(before.missing(in: after) == [], "page \(page)")
            #expect(try store.check() == [])
            store.close()
        }
    }

    @Test("whose key is lost loses what it sealed, and is named; all else is kept, and no key's number is given again")
    func lostKey() throws {
        for (isHubs, damage) in [
            (false, "DELETE FROM key"), (false, "UPDATE key SET wrapped = zeroblob(77)"),
            (true, "UPDATE key SET wrapped = x'01'"),
        ] {
            let folder = try Folder()
            let key = try #require(StoreKey.random())
            let (before, ever) = try someStore(in: folder, key)
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            let last = try raw.integer("SELECT max(id) FROM key") ?? 0
            let row = try raw.prepare("SELECT person FROM key WHERE id = ?")
            row.bind(1, isHubs ? 1 : last)
            #expect(try row.step())
            let owner: PersonID = try row.id(0)
            row.finalize()
            try raw.execute("\(damage) WHERE id = \(isHubs ? 1 : last)")
            #expect(raw.changes == 1)
            raw.close()
            if isHubs || damage.hasPrefix("UPDATE") {
                #expect(code { _ = try openToWrite(folder.store, key: key) } == .damaged)
            }
            let report = try SQLiteStore.repair(path: folder.store, hub: testHub, key: key)
            let store = try openToWrite(folder.store, key: key)
            let after = try Content(store)
            #expect(try store.check() == [])
            let name = isHubs ? "the hub" : "\(owner)"
            let tables = isHubs ? ["journal", "device", "command"] : ["event", "state", "person", "record"]
            for table in tables {
                let line = "\(table) of \(name): a value whose key is gone"
                #expect(report.lost.contains { $0.contains(line) }, "\(table)")
            }
            if !isHubs {
                #expect(report.lost.contains { $0.hasPrefix("heart_rate of \(owner): ") })
                // What did not rest yet is sealed with the hub's key.
                let (left, all) = (after.samples[owner] ?? [], before.samples[owner] ?? [])
                #expect(left.count > 10 && left.count < all.count)
                #expect(after.devices == before.devices && after.commands == before.commands)
                for other in Invention.persons where other != owner {
                    #expect(after.samples[other] == before.samples[other])
                }
            }
            #expect(after.events == before.events.filter { $0.person != owner })
            #expect(after.outbox == before.outbox.filter { $0.person != owner })
            #expect(after.records == before.records.filter { $0.person != owner })
            #expect(after.people == before.people.filter { $0.id != owner })
            #expect(after.missing(in: ever) == [])
            // The next key of theirs is a new one, and an item of the outbox is there once.
            var commit = Commit(at: Timestamp(milliseconds: 1_800_000_000_000))
            commit.people = [Person(id: isHubs ? Invention.persons[0] : owner, name: "ben", zone: "UTC")]
            commit.outbox = after.outbox
            try store.commit(commit)
            #expect(try store.outbox() == after.outbox)
            let made = try store.connection.integer("SELECT max(id) FROM key")
            #expect(made == last + 1)
        }
    }
}
