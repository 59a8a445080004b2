import Vitals

/// The steps that lead from an empty file to the schema of this version.
///
/// Forward-only and append-only: a step that was released never changes, and a store at any earlier version runs the
/// steps it lacks, each in one transaction with the version it reaches (`PRAGMA user_version`).
enum Migrations {
    struct Step {
        /// For messages.
        let name: String
        let sql: String
        /// What SQL alone cannot do, between the two.
        var work: (@Sendable (Connection) throws(StoreError) -> Void)?
        var then = ""
    }

    /// "vita": marks the file as vitald's (`PRAGMA application_id`; sqlite.org/fileformat.html, offset 68).
    static let applicationID: Int32 = 0x7669_7461

    /// The version that this program writes.
    static var current: Int { steps.count }

    /// No version will ever be that high.
    static let never = 1000

    /// The oldest version that can be read without being upgraded first: what every later step left alone.
    static let oldestReadable = 1

    /// Step `n` leads to version `n + 1`, and changes a table: a version is known by those, too.
    static let steps: [Step] = [
        Step(name: "tables", sql: tables),
        Step(name: "views", sql: views),
        Step(name: "chunks", sql: chunks, work: restRows, then: withoutRows),
        Step(name: "feed", sql: feed),
        Step(name: "records", sql: records),
        Step(name: "keys", sql: keys),
        Step(name: "rollups", sql: rollups, work: sumChunks),
        Step(name: "sums", sql: sums),
        Step(name: "tally", sql: tally, work: countRows),
        Step(name: "key copies", sql: keyCopies),
    ]

    /// The version from which on there is a feed.
    static let withFeed = 4
    /// The version from which on there are records, and who was forgotten.
    static let withRecords = 5
    /// The version from which rows carry sums.
    static let summed = 8
    /// The version from which the head tells how many rows there are.
    static let withTally = 9

    /// The version from which on a store may be encrypted.
    static let withKeys = 6
    /// The version from which on there are rollups, and a chunk's first and last value beside it.
    static let withRollups = 7

    /// Brings the store at `version` to the current one.
    static func run(on connection: Connection, from version: Int) throws(StoreError) {
        for (index, step) in steps.enumerated().dropFirst(version) {
            do throws(StoreError) {
                try connection.write { () throws(StoreError) in
                    try connection.execute(step.sql)
                    try step.work?(connection)
                    try connection.execute(step.then)
                    try connection.execute("PRAGMA user_version = \(index + 1)")
                }
            } catch {
                let message = "the upgrade \"\(step.name)\" failed and left the store as it was: \(error.message)"
                // What contradicts its own version is damaged, or was changed by another program.
                throw StoreError(error.code == .other ? .damaged : error.code, path: error.path, message)
            }
        }
    }

    // MARK: Version 1

    // Names are singular, times milliseconds since 1970 UTC, ids blobs of 16 bytes. `content` is the whole value in
    // the wire format and the only thing vitald reads back; the columns beside it are for indices and SQL users.
    //
    // `sequence` is the commit that wrote a row: what followers ask by. Samples carry none. It would add 4 to 5 bytes to
    // the 23 that a sample takes, for ever, for the benefit of followers that most homes do not have; a new follower
    // copies the samples of a series as they are and goes on from `head.sequence`.
    //
    // A sample keeps `received` as its distance from `time`: one or two bytes instead of six. The key holds rows of one
    // series together in order of time, without a second tree for row ids.
    private static let tables = """
        CREATE TABLE head(
            hub BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL);
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
        """

    // MARK: Version 2

    // For the sqlite3 shell, Python and Grafana. Ids stand in where a name is not known. `metric` is filled by whoever
    // opens the store for writing. CROSS JOIN fixes the order of the loops: series first, then its samples by their key.
    private static let views = """
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
        \(eventsView)
        """

    // MARK: Version 3

    // A commit's samples are one row of the journal, which makes it durable; later they are laid to rest in chunks, series
    // by series. `series.upto` is the commit up to which count, first and last are told: what the journal holds beyond it
    // is added by whoever reads them.
    private static let chunks = """
        CREATE TABLE journal(sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE chunk(
            key INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
            usable INTEGER NOT NULL, minimum REAL, maximum REAL, sum REAL NOT NULL, covered INTEGER NOT NULL,
            bytes BLOB NOT NULL);
        CREATE TABLE damaged_chunk(number INTEGER PRIMARY KEY, key INTEGER NOT NULL, bytes BLOB NOT NULL);
        ALTER TABLE series ADD COLUMN upto INTEGER NOT NULL DEFAULT 0;
        UPDATE series SET upto = (SELECT sequence FROM head);
        """

    /// Lays the rows of earlier versions to rest: about a second for a million.
    @Sendable private static func restRows(of connection: Connection) throws(StoreError) {
        let table = ChunkTable(connection: connection, keepsRollups: false)
        let series = try connection.prepare("SELECT id, metric, person FROM series ORDER BY id")
        try series.forEachRow { () throws(StoreError) in
            let id = series.int64(0)
            let metric = UInt16(exactly: series.int64(1)).flatMap(Metric.init(rawValue:))
            guard id > 0, id <= Int64(Int32.max) else { throw series.damage("a series numbered \(id)") }
            let person: PersonID = try series.id(2)
            var columns = SampleColumns()
            let rows = try connection.prepare("\(SampleRows.sql) WHERE series = ? ORDER BY time")
            rows.bind(1, id)
            while try rows.step() {
                columns.append(SampleRows.sample(rows, of: .heartRate, from: DeviceID(high: 0, low: 0)))
                // A day of seconds at a time.
                if columns.count >= 86_400 {
                    try table.rest(columns, series: id, of: person, isIncrement: metric?.kind == .increment)
                    columns = SampleColumns()
                }
            }
            try table.rest(columns, series: id, of: person, isIncrement: metric?.kind == .increment)
        }
    }

    // The view `samples` cannot see into chunks: `vitald samples` prints them, and `chunks` shows their sums.
    private static let withoutRows = """
        DROP VIEW samples;
        DROP TABLE sample;
        \(chunksView)
        """

    // MARK: Version 4

    // Commits as they were given, kept while somebody follows. `total` is the bytes of all rows up to this one that ever
    // were, so that what is kept is a difference of two. A follower's `epoch` tells whether its number is of this store.
    private static let feed = """
        CREATE TABLE feed(
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, total INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE follower(
            name TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, lost INTEGER NOT NULL,
            gaps INTEGER NOT NULL, epoch INTEGER NOT NULL);
        """

    // MARK: Version 5

    // `content` is the whole record but its payload, which stands last, so that a list need not read it; it is NULL of a
    // tombstone. `text` is for SQL users: one line that says what it is.
    private static let records = """
        CREATE TABLE record(
            id BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, person BLOB NOT NULL,
            sequence INTEGER NOT NULL, at INTEGER NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
            checksum INTEGER NOT NULL, content BLOB NOT NULL, payload BLOB);
        CREATE INDEX record_person ON record(person, kind);
        CREATE TABLE forgotten(digest BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL);
        \(recordsView)
        """

    // MARK: Version 6

    // Empty in a plain store. In an encrypted one `outbox.recipient` is a keyed hash, so that an item is still there once, and
    // `content` says who it is.
    private static let keys = """
        CREATE TABLE key(id INTEGER PRIMARY KEY, person BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL);
        CREATE TABLE key_head(last INTEGER NOT NULL);
        INSERT INTO key_head(last) VALUES(0);
        ALTER TABLE outbox ADD COLUMN content BLOB;
        """

    // MARK: Version 10

    // All keys once more, on pages of their own: without its key a person's data are noise.
    private static let keyCopies = "CREATE INDEX key_copy ON key(person, wrapped);"

    // MARK: Views

    // A step that was released never changes, and neither do these: a later form of a view has another name here.
    private static let eventsView = """
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
        """

    private static let chunksView = """
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
        """

    private static let recordsView = """
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
        """

    /// An encrypted store has none: they would show hashes and empty columns.
    static let withoutViews = "DROP VIEW IF EXISTS events; DROP VIEW IF EXISTS chunks; DROP VIEW IF EXISTS records;"
    /// For a store that was decrypted.
    static let withViews = eventsView + chunksView + recordsView
}
