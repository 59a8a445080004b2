import Testing
import Vitals

@testable import Storage

@Suite("Schema, upgrades and views") struct SchemaTests {
    /// What version 1 made. A fixture: it never changes, whatever becomes of the code.
    private static let version1 = """
        PRAGMA application_id = 1986622561;
        CREATE TABLE head(hub BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL);
        CREATE TABLE series(
            id INTEGER PRIMARY KEY, person BLOB NOT NULL, metric INTEGER NOT NULL, source BLOB NOT NULL,
            count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, UNIQUE(person, metric, source));
        CREATE TABLE sample(
            series INTEGER NOT NULL, time INTEGER NOT NULL, value REAL, lag INTEGER NOT NULL, span INTEGER NOT NULL,
            quality INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY(series, time)) WITHOUT ROWID;
        CREATE TABLE event(
            number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, sequence INTEGER NOT NULL, person BLOB NOT NULL,
            kind TEXT NOT NULL, phase TEXT NOT NULL, rule TEXT NOT NULL, severity INTEGER NOT NULL,
            onset INTEGER NOT NULL, decided INTEGER NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
            content BLOB NOT NULL);
        CREATE INDEX event_decided ON event(decided);
        CREATE INDEX event_person ON event(person, decided);
        CREATE TABLE outbox(
            number INTEGER PRIMARY KEY, event BLOB NOT NULL, recipient TEXT NOT NULL, sequence INTEGER NOT NULL,
            person BLOB NOT NULL, UNIQUE(event, recipient));
        CREATE TABLE state(
            number INTEGER PRIMARY KEY, person BLOB NOT NULL, component TEXT NOT NULL, sequence INTEGER NOT NULL,
            version INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE(person, component));
        CREATE TABLE command(
            id BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
            content BLOB NOT NULL);
        CREATE TABLE person(
            id BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL, zone TEXT NOT NULL,
            content BLOB NOT NULL);
        CREATE TABLE device(
            id BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL, profile TEXT,
            content BLOB NOT NULL);
        CREATE TABLE assignment(
            device BLOB NOT NULL, device_user INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
            person BLOB NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY(device, device_user, start)) WITHOUT ROWID;
        PRAGMA user_version = 1;
        INSERT INTO head VALUES(x'000102030405060708090a0b0c0d0e0f', -5, 3, 1700000000000);
        INSERT INTO series VALUES(
            1, x'10000000000000000000000000000001', 1, x'20000000000000000000000000000002', 2, 1700000000000, 1700000001000);
        INSERT INTO sample VALUES(1, 1700000000000, 61.5, 120, 0, 0, 0), (1, 1700000001000, 62, 3000, 0, 2, 1);
        INSERT INTO state VALUES(1, x'', 'rules', 3, 1, x'0102');
        INSERT INTO assignment VALUES(
            x'20000000000000000000000000000002', 0, 0, 1800000000000, x'10000000000000000000000000000001', 2);
        PRAGMA journal_mode = WAL;
        """

    /// The views of version 2. A fixture as well.
    private static let version2 = """
        CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL);
        CREATE VIEW samples AS SELECT
            coalesce(person.name, lower(hex(series.person))) AS person,
            coalesce(metric.name, series.metric) AS metric,
            metric.unit AS unit,
            coalesce(device.name, lower(hex(series.source))) AS source,
            sample.time AS time_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', sample.time / 1000.0, 'unixepoch') AS time,
            sample.value AS value,
            sample.span AS span_ms,
            sample.time + sample.lag AS received_ms,
            sample.quality AS quality,
            sample.revision AS revision
        FROM series CROSS JOIN sample ON sample.series = series.id
            LEFT JOIN metric ON metric.id = series.metric
            LEFT JOIN person ON person.id = series.person
            LEFT JOIN device ON device.id = series.source;
        CREATE VIEW events AS SELECT
            lower(hex(event.id)) AS id,
            coalesce(person.name, lower(hex(event.person))) AS person,
            event.kind AS kind,
            event.phase AS phase,
            event.rule AS rule,
            CASE event.severity WHEN 0 THEN 'info' WHEN 1 THEN 'notice' WHEN 2 THEN 'warning' ELSE 'urgent' END
                AS severity,
            event.onset AS onset_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', event.onset / 1000.0, 'unixepoch') AS onset,
            event.decided AS decided_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', event.decided / 1000.0, 'unixepoch') AS decided,
            event.title AS title,
            event.text AS text,
            event.sequence AS sequence
        FROM event LEFT JOIN person ON person.id = event.person;
        PRAGMA user_version = 2;
        """

    /// The journal and the chunks of version 3. A fixture as well.
    private static let version3 = """
        CREATE TABLE journal(sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE chunk(
            key INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
            usable INTEGER NOT NULL, minimum REAL, maximum REAL, sum REAL NOT NULL, covered INTEGER NOT NULL,
            bytes BLOB NOT NULL);
        CREATE TABLE damaged_chunk(number INTEGER PRIMARY KEY, key INTEGER NOT NULL, bytes BLOB NOT NULL);
        ALTER TABLE series ADD COLUMN upto INTEGER NOT NULL DEFAULT 0;
        UPDATE series SET upto = 3;
        INSERT INTO chunk VALUES(
            6444339832, 1700000000000, 1700000001000, 2, 2, 61.5, 62.0, 123.5, 2000,
            x'012413903D0280A0ABFEF962D00F0100010001CE0904A0000000000102010001010100F02E');
        DROP VIEW samples;
        DROP TABLE sample;
        CREATE VIEW chunks AS SELECT
            coalesce(person.name, lower(hex(series.person))) AS person,
            coalesce(metric.name, series.metric) AS metric,
            metric.unit AS unit,
            coalesce(device.name, lower(hex(series.source))) AS source,
            chunk.first AS first_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', chunk.first / 1000.0, 'unixepoch') AS first,
            chunk.last AS last_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', chunk.last / 1000.0, 'unixepoch') AS last,
            chunk.count AS count,
            chunk.usable AS usable,
            chunk.minimum AS minimum,
            chunk.maximum AS maximum,
            chunk.sum AS sum,
            chunk.sum / nullif(chunk.usable, 0) AS mean,
            chunk.covered AS covered_ms
        FROM series CROSS JOIN chunk ON chunk.key BETWEEN series.id << 32 AND (series.id << 32) + 4294967295
            LEFT JOIN metric ON metric.id = series.metric
            LEFT JOIN person ON person.id = series.person
            LEFT JOIN device ON device.id = series.source;
        PRAGMA user_version = 3;
        """

    /// The feed of version 4. A fixture as well.
    private static let version4 = """
        CREATE TABLE feed(
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, total INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE follower(
            name TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, lost INTEGER NOT NULL,
            gaps INTEGER NOT NULL, epoch INTEGER NOT NULL);
        PRAGMA user_version = 4;
        """

    /// The records of version 5. A fixture as well.
    private static let version5 = """
        CREATE TABLE record(
            id BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, person BLOB NOT NULL,
            sequence INTEGER NOT NULL, at INTEGER NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
            checksum INTEGER NOT NULL, content BLOB NOT NULL, payload BLOB);
        CREATE INDEX record_person ON record(person, kind);
        CREATE TABLE forgotten(digest BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL);
        CREATE VIEW records AS SELECT
            lower(hex(record.id)) AS id,
            coalesce(person.name, lower(hex(record.person))) AS person,
            CASE record.kind WHEN 1 THEN 'fact' WHEN 2 THEN 'goal' WHEN 3 THEN 'grant' WHEN 4 THEN 'feedback'
                WHEN 5 THEN 'note' WHEN 6 THEN 'plan' WHEN 7 THEN 'document' ELSE record.kind END AS kind,
            record.at AS at_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', record.at / 1000.0, 'unixepoch') AS at,
            record.author AS author,
            record.revision AS revision,
            record.text AS text,
            length(record.payload) AS bytes
        FROM record LEFT JOIN person ON person.id = record.person
        WHERE record.payload IS NOT NULL;
        PRAGMA user_version = 5;
        """

    /// The keys of version 6. A fixture as well.
    private static let version6 = """
        CREATE TABLE key(id INTEGER PRIMARY KEY, person BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL);
        CREATE TABLE key_head(last INTEGER NOT NULL);
        INSERT INTO key_head(last) VALUES(0);
        ALTER TABLE outbox ADD COLUMN content BLOB;
        PRAGMA user_version = 6;
        """

    /// The sums of version 7. A fixture as well.
    private static let version7 = """
        CREATE TABLE rollup(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
        CREATE TABLE damaged_rollup(number INTEGER PRIMARY KEY, key INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE retired(series INTEGER PRIMARY KEY, raw INTEGER NOT NULL);
        ALTER TABLE chunk ADD COLUMN opening REAL;
        ALTER TABLE chunk ADD COLUMN closing REAL;
        UPDATE chunk SET opening = minimum, closing = maximum;
        PRAGMA user_version = 7;
        """

    /// The sums of rows of version 8. A fixture as well.
    private static let version8 = """
        ALTER TABLE head ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE head SET sum = 3278996691;
        ALTER TABLE series ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE series SET sum = 1702445074;
        ALTER TABLE event ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE outbox ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE state ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE state SET sum = 1948574051;
        ALTER TABLE command ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE person ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE device ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE assignment ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE assignment SET sum = 3008783986;
        CREATE INDEX series_copy ON series(person, metric, source, sum);
        CREATE TABLE damaged_row(
            number INTEGER PRIMARY KEY, place TEXT NOT NULL, reason TEXT NOT NULL, content BLOB NOT NULL);
        PRAGMA user_version = 8;
        """

    /// The tally of version 9. A fixture as well.
    private static let version9 = """
        ALTER TABLE head ADD COLUMN tally BLOB NOT NULL DEFAULT x'';
        UPDATE head SET tally = x'\
        01830b1b9d01000000000000005e84d7e0000000000100000000000000d572453b000000000000000000000000000000\
        0000000000000000000000000000000000000000000100000000000000a92bcada000000000000000000000000000000\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        00000000000000000000000000000000000000000001000000000000004aadf26a000000000000000000000000000000\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        00000000000100000000000000daf8204200000000000000000000000000000000000000000000000000000000000000\
        0000000000\
        ';
        PRAGMA user_version = 9;
        """

    static let earlier = Array(1...9)

    /// Makes a store of that version.
    static func make(version: Int, at path: String) throws {
        let raw = try Connection(path: path, file: path, flags: 2 | 4)
        let steps = [
            version1, version2, version3, version4, version5, version6, version7, version8, version9,
        ]
        for step in steps.prefix(version) { try raw.execute(step) }
        raw.close()
    }

    /// Expects what the fixtures hold.
    static func check(_ store: SQLiteStore, isUpgraded: Bool = false) throws {
        #expect(store.sequence == 3)
        #expect(store.identity.epoch == UInt64(bitPattern: -5))
        #expect("\(store.identity.hub)" == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        let person = PersonID(high: 0x1000_0000_0000_0000, low: 1)
        let source = DeviceID(high: 0x2000_0000_0000_0000, low: 2)
        let time = Timestamp(milliseconds: 1_700_000_000_000)
        var samples: [Sample] = []
        try store.samples(of: person, metrics: [], in: .all) { samples.append($0) }
        #expect(
            samples == [
                Sample(
                    metric: .heartRate, value: 61.5, time: time,
                    received: isUpgraded ? time : time + .milliseconds(120), source: source),
                Sample(
                    metric: .heartRate, value: 62, time: time + .seconds(1), received: time + .seconds(4),
                    source: source,
                    quality: .late, revision: 1),
            ])
        #expect(
            try store.states(of: nil) == [ComponentState(person: nil, component: "rules", version: 1, bytes: [1, 2])])
        #expect(try store.assignments().map(\.person) == [person])
        #expect(try store.series(of: nil).map(\.count) == [2])
    }

    @Test(
        "a store of an earlier version is read as it is, and upgraded with all its content when opened for writing",
        arguments: earlier)
    func upgrade(version: Int) throws {
        let folder = try Folder()
        try Self.make(version: version, at: folder.store)
        let before = try bytes(of: folder.store)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        try Self.check(reader, isUpgraded: version >= 3)
        reader.close()
        #expect(try bytes(of: folder.store) == before)

        let store = try openToWrite(folder.store)
        try Self.check(store, isUpgraded: true)
        #expect(try store.check() == [])
        try store.sealAll()
        #expect(try store.connection.integer("PRAGMA user_version") == Int64(Migrations.current))
        #expect(try store.connection.integer("SELECT sum(count) FROM chunks WHERE metric = 'heart_rate'") == 2)
        #expect(try store.commit(Commit(at: Timestamp(milliseconds: 0))) == 4)
    }

    @Test("an upgraded store has the schema of a new one", arguments: earlier)
    func sameSchema(version: Int) throws {
        let folder = try Folder()
        let new = try openToWrite(folder.store)
        try Self.make(version: version, at: folder.path + "/old.db")
        let old = try openToWrite(folder.path + "/old.db")
        func schema(_ store: SQLiteStore) throws -> [String] {
            let statement = try store.connection.prepare(
                "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name")
            var lines: [String] = []
            try statement.forEachRow {
                lines.append(statement.text(0).filter { !$0.isWhitespace })
            }
            return lines
        }
        #expect(try schema(new) == schema(old))
    }

    @Test("an upgrade that fails leaves the store at its version")
    func failedUpgrade() throws {
        let folder = try Folder()
        try Self.make(version: 1, at: folder.store)
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        try raw.execute("CREATE TABLE samples(x)")
        raw.close()
        do throws(StoreError) {
            _ = try openToWrite(folder.store)
            Issue.record("upgraded over a stranger's table")
        } catch {
            #expect(error.message.contains("\"views\""))
        }
        let again = try Connection(path: folder.store, file: folder.store, flags: 1)
        #expect(try again.integer("PRAGMA user_version") == 1)
        #expect(try again.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'metric'") == 0)
        again.close()
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        try Self.check(reader)
    }

    @Test("a metric of a later vitald is refused, not left out")
    func laterMetric() throws {
        let folder = try Folder()
        try openToWrite(folder.store).close()
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        try raw.execute(
            "INSERT INTO series VALUES(1, zeroblob(16), 60000, zeroblob(16), 1, 0, 0, 0, vitald_sum('series', 1, zeroblob(16), 60000, zeroblob(16)))"
        )
        try Tally(counting: raw).write(on: raw)
        raw.close()
        #expect(code { _ = try openToWrite(folder.store) } == .newer)
    }

    @Test("the views show names, units and readable times, and find a series by its key")
    func views() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let time = Timestamp(milliseconds: 1_704_067_200_250)
        var commit = Commit(at: time)
        commit.people = [Person(id: Invention.persons[0], name: "ana")]
        commit.devices = [Device(id: Invention.sources[0], name: "strap")]
        commit.samples = [
            PersonSamples(
                person: Invention.persons[0],
                samples: [
                    Sample(
                        metric: .heartRate, value: 61.5, time: time, received: time + .milliseconds(80),
                        source: Invention.sources[0])
                ])
        ]
        commit.events = [
            Event(
                id: EventID(high: 1, low: 2), person: Invention.persons[0], kind: .alert, phase: .opened, rule: "r",
                severity: .warning, onset: time, decided: time + .seconds(1), transition: 0, title: "High", text: "why")
        ]
        try store.commit(commit)
        func row(_ sql: String) throws -> [String] {
            let statement = try store.connection.prepare(sql)
            guard try statement.step() else { return [] }
            return (0..<6).map { statement.text($0) }
        }
        try store.sealAll()
        #expect(
            try row("SELECT person, metric, unit, source, first, mean FROM chunks")
                == ["ana", "heart_rate", "/min", "strap", "2024-01-01T00:00:00.250Z", "61.5"])
        #expect(
            try row("SELECT person, severity, title, text, decided, id FROM events")
                == ["ana", "warning", "High", "why", "2024-01-01T00:00:01.250Z", "00000000000000010000000000000002"])
        let plan = try store.connection.prepare(
            "EXPLAIN QUERY PLAN SELECT mean FROM chunks WHERE person = 'ana' AND metric = 'heart_rate'")
        var steps: [String] = []
        try plan.forEachRow { steps.append(plan.text(3)) }
        #expect(steps.contains { $0.contains("chunk USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)") }, "\(steps)")
    }
}
