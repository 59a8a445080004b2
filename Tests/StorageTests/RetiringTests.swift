import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("What is too old is retired") struct RetiringTests {
    private static let person = Invention.persons[0]
    /// Midnight, UTC.
    private static let start = Timestamp(milliseconds: 1_699_920_000_000)
    private static let keep = "raw 7d, 1m 10d, 15m forever"

    /// Every ten seconds a heart rate, every minute steps, of one day.
    private func day(_ day: Int64) -> Commit {
        var commit = Commit(at: Self.start + .days(day + 1))
        var samples: [Sample] = []
        for i in 0..<8640 as Range<Int64> {
            let time = Self.start + .days(day) + .seconds(10 * i)
            samples.append(
                Sample(
                    metric: .heartRate, value: Float(60 + (i * i / 7 + day) % 30), time: time, received: time,
                    source: Invention.sources[0]))
            guard i % 6 == 5 else { continue }
            samples.append(
                Sample(
                    metric: .steps, value: Float(i % 90), time: time, span: 60_000, received: time,
                    source: Invention.sources[0]))
        }
        commit.samples = [PersonSamples(person: Self.person, samples: samples)]
        return commit
    }

    private func store(
        _ folder: Folder, days: Range<Int64>, _ key: StoreKey? = nil
    ) throws -> (SQLiteStore, ModelStore) {
        let store = try openToWrite(folder.store, key: key)
        let model = ModelStore()
        for number in days {
            try store.commit(day(number))
            _ = try model.commit(day(number))
        }
        try store.sealAll()
        store.retention = [RetentionRule(keep: try Retention(Self.keep))]
        return (store, model)
    }

    private func expectSame(
        _ store: SQLiteStore, _ model: ModelStore, _ days: Range<Int64>, by step: TimeSpan,
        _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let range = TimeRange(Self.start + .days(days.lowerBound), Self.start + .days(days.upperBound))
        let buckets = try #require(TimeBuckets(range, by: step, in: .utc))
        #expect(
            try store.aggregates(of: nil, metrics: [], in: buckets)
                == model.aggregates(of: nil, metrics: [], in: buckets), comment, sourceLocation: sourceLocation)
    }

    /// All that retention may change, as text.
    private func dump(_ store: SQLiteStore) throws -> [String] {
        var lines: [String] = []
        for (table, columns) in [
            ("chunk", "key, count"), ("rollup", "key"), ("retired", "series, raw"),
            ("series", "id, count, first, last"), ("damaged_chunk", "key"), ("damaged_rollup", "key"),
        ] {
            let statement = try store.connection.prepare(
                "SELECT \(columns.replacing(", ", with: " || ' ' || ")) FROM \(table) ORDER BY 1")
            try statement.forEachRow { lines.append("\(table) \(statement.text(0))") }
        }
        // Of two equal values that are sealed the bytes differ.
        let rollups = try store.connection.prepare("SELECT key, bytes FROM rollup ORDER BY key")
        try rollups.forEachRow { () throws(StoreError) in
            guard let key = RollupKey(rollups.int64(0)) else { throw rollups.damage("no key") }
            lines.append("\(key.row) \(try store.connection.vault.blob(rollups, 1, at: .rollup(key)))")
        }
        return lines
    }

    @Test(
        "samples, then sums of a minute, then of five; what stands for them are their sums, and all counts agree",
        arguments: [false, true])
    func ages(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let (store, model) = try store(folder, days: 0..<14, key)
        let now = Self.start + .days(14)
        try store.retireAll(at: now)
        var first = Timestamp.distantFuture
        var count = 0
        try store.samples(of: Self.person, metrics: [], in: .all) {
            first = min(first, $0.time)
            count += 1
        }
        #expect(first == Self.start + .days(7))
        #expect(count == 7 * (8640 + 1440))
        #expect(try store.series(of: nil).map(\.count).reduce(0, +) == count)
        #expect(try store.check() == [])
        try expectSame(store, model, 4..<14, by: .minutes(1))
        try expectSame(store, model, 4..<14, by: .minutes(5))
        try expectSame(store, model, 0..<14, by: .minutes(15))
        try expectSame(store, model, 0..<14, by: .days(1))
        let minutes = try store.connection.integer("SELECT count(*) FROM rollup WHERE key >> 30 & 3 = 0")
        #expect(minutes == 6 as Int64)
        // A second round, and a reader, find all as it is.
        let before = try dump(store)
        try store.retireAll(at: now)
        #expect(try dump(store) == before)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        try expectSame(reader, model, 0..<14, by: .hours(1))
        #expect(try reader.check() == [])
        guard isEncrypted else { return }
        // Sums are sealed, and none stands beside what is left of the chunks.
        let rollups = try reader.connection.prepare("SELECT bytes FROM rollup")
        try rollups.forEachRow { #expect(rollups.withBlob(0) { SealedCell.keyID(of: $0) } ?? 0 > 0) }
        let told = try reader.connection.integer("SELECT count(*) FROM chunk WHERE usable <> 0 OR minimum IS NOT NULL")
        #expect(told == 0)
    }

    @Test(
        "commits do it in slices, once a day",
        arguments: [false, true])
    func slices(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        var (store, model) = try store(folder, days: 0..<10, key)
        for second in 0..<40 as Range<Int64> {
            let time = Self.start + .days(10) + .seconds(second)
            var commit = Commit(at: time)
            commit.samples = [
                PersonSamples(
                    person: Self.person,
                    samples: [
                        Sample(
                            metric: .heartRate, value: 70, time: time, received: time, source: Invention.sources[0])
                    ])
            ]
            store.retentionTime = time
            try store.commit(commit)
            _ = try model.commit(commit)
            #expect(store.sealFailure == nil)
            if second % 13 == 5 {
                store.close()
                store = try openToWrite(folder.store, key: key)
                store.retention = [RetentionRule(keep: try Retention(Self.keep))]
            }
        }
        #expect(store.retentionPass == nil)
        var first = Timestamp.distantFuture
        try store.samples(of: Self.person, metrics: [], in: .all) { first = min(first, $0.time) }
        #expect(first == Self.start + .days(3))
        #expect(try store.check() == [])
        try expectSame(store, model, 0..<11, by: .minutes(5))
    }

    @Test("a clock that is years ahead makes nothing old, where whoever writes the store does not vouch for it")
    func clockAhead() throws {
        let folder = try Folder()
        var (store, _) = try store(folder, days: 0..<9)
        let before = try dump(store)
        let ahead = Self.start + .days(9 + 3 * 365)
        for vouched in [Timestamp.distantPast, Self.start + .days(7), Self.start + .days(9)] {
            store.close()
            store = try openToWrite(folder.store)
            store.retention = [RetentionRule(keep: try Retention(Self.keep))]
            store.retentionTime = vouched
            for second in 0..<20 as Range<Int64> { try store.commit(Commit(at: ahead + .seconds(second))) }
            #expect(store.sealFailure == nil && store.retentionPass == nil)
            #expect((try dump(store) == before) == (vouched < Self.start + .days(8)), "\(vouched)")
        }
    }

    @Test(
        "what comes late for a time that is retired changes no sums, and goes with the next round",
        arguments: [false, true])
    func late(isEncrypted: Bool) throws {
        let folder = try Folder()
        let key = isEncrypted ? StoreKey.random() : nil
        let (store, model) = try store(folder, days: 0..<9, key)
        let now = Self.start + .days(9)
        try store.retireAll(at: now)
        let before = try dump(store)
        var commit = Commit(at: now)
        let time = Self.start + .hours(30)
        commit.samples = [
            PersonSamples(
                person: Self.person,
                samples: [
                    Sample(
                        metric: .heartRate, value: 200, time: time, received: now, source: Invention.sources[0],
                        quality: .late)
                ])
        ]
        try store.commit(commit)
        try expectSame(store, model, 0..<9, by: .minutes(5))
        try store.sealAll()
        try expectSame(store, model, 0..<9, by: .minutes(5))
        #expect(try store.check() == [])
        try store.retireAll(at: now)
        #expect(try dump(store).filter { !$0.hasPrefix("series") } == before.filter { !$0.hasPrefix("series") })
        #expect(try store.check() == [])
    }

    @Test("cut off at any step it leaves all counts and sums true, and goes on to the same end")
    func faults() throws {
        let folder = try Folder()
        let (whole, model) = try store(folder, days: 0..<12)
        whole.close()
        let original = try bytes(of: folder.store)
        let now = Self.start + .days(12)
        var expected: [String]?
        let places = [
            "DELETE ON chunk", "INSERT ON rollup", "DELETE ON rollup", "INSERT ON retired", "UPDATE ON series",
        ]
        for (number, place) in ([nil] + places.flatMap { [$0, $0, $0] } as [String?]).enumerated() {
            for suffix in ["-wal", "-shm"] { unlink(folder.store + suffix) }
            try write(original, to: folder.store)
            var store = try openToWrite(folder.store)
            store.retention = [RetentionRule(keep: try Retention(Self.keep))]
            if let place {
                // Fails at the first time, at one in the middle, and late.
                let skipped = [0, 5, 17][number % 3]
                try store.connection.execute(
                    """
                    CREATE TEMP TABLE passed(n); INSERT INTO passed VALUES(0);
                    CREATE TEMP TRIGGER cut BEFORE \(place) BEGIN
                        UPDATE passed SET n = n + 1;
                        SELECT RAISE(ABORT, 'cut') WHERE (SELECT n FROM passed) > \(skipped);
                    END
                    """)
                let error = code { try store.retireAll(at: now) }
                #expect(error != nil || skipped > 0, "\(place)")
                #expect(try store.check() == [], "\(place)")
                try expectSame(store, model, 0..<12, by: .minutes(15), "\(place) after \(skipped)")
                store.close()
                store = try openToWrite(folder.store)
                store.retention = [RetentionRule(keep: try Retention(Self.keep))]
            }
            try store.retireAll(at: now)
            let found = try dump(store)
            expected = expected ?? found
            #expect(found == expected, "\(place ?? "")")
            #expect(try store.check() == [])
            store.close()
        }
    }
}
