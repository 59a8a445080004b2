import Vitals

/// What was found when a store was repaired.
public struct RepairReport: Sendable {
    /// What could not be kept, a line each, as far as it is known.
    public var lost: [String] = []
    public var samples = 0
    public var series = 0
    /// Rows of all other tables.
    public var rows = 0
    /// Where lies what was there before, byte for byte.
    public var old = ""
}

/// Makes a new store of everything readable in a damaged one, and puts it in its place.
///
/// Every page of the file and of its log is looked at, whatever the trees say that lead to it; a row counts when its
/// checksum does. A row that is found twice, since a page was left behind, is kept once: samples merge, and of others the
/// later commit's stays. What was there is kept beside the new store, which has an epoch of its own.
///
/// What an encrypted store seals is bound to table, row and data key, and to no epoch: it is copied as it is, once it has been
/// opened. Only samples are sealed anew, with the same data keys.
struct StoreRepair {
    /// The file with its log as SQLite would read it, and with what it would not.
    let images: [PageImage]
    let draft: Connection
    let layouts: [RowLayout]
    private let chunkLayout: RowLayout
    let chunks: ChunkTable
    var identity: (hub: [UInt8], sequence: Int64)?
    /// What the head told of its rows.
    var tally: Tally?
    var metrics: [Int64: SeriesKey] = [:]
    var told: [Int64: Int64] = [:]
    private var damagedChunks: [Int64: String] = [:]
    let key: StoreKey?
    var keys = Keys()
    /// What has the form of a row, and a value that cannot be read.
    var unopened: [UnopenedRow] = []
    var brokenPages = 0
    /// By row id of a series: the quarter of an hour before which its samples are retired.
    var retired: [Int64: Int64] = [:]
    private var report = RepairReport()

    /// Repairs the store at `place`. Only with the writer's lock held.
    ///
    /// - Throws: `.damaged` when there is nothing in it that a vitald wrote; then everything is left as it was.
    static func run(_ place: StorePlace, hub: HubID, _ key: StoreKey?) throws(StoreError) -> RepairReport {
        let images = [try PageImage(place, isLoose: false), try PageImage(place, isLoose: true)]
        let path = place.path + ".new"
        let draft = try SQLiteStore.makeDraft(path, of: place)
        defer { draft.close() }
        var repair = try StoreRepair(images, draft, key)
        try draft.execute("PRAGMA synchronous = OFF")
        try draft.write { () throws(StoreError) in
            try repair.collectKeys(place)
            try repair.collectRows()
            try repair.checkKeys(place)
            try repair.writeRetired()
            try repair.collectSamples()
            try repair.collectRollups()
            try repair.completeKeys()
            try repair.writeHead(hub, place)
        }
        try SQLiteStore.requireLog(draft)
        draft.close()
        try repair.finish(path)
        repair.report.old = try StoreReplacement.put(path, at: place) ?? ""
        return repair.report
    }

    private init(_ images: [PageImage], _ draft: Connection, _ key: StoreKey?) throws(StoreError) {
        self.images = images
        self.draft = draft
        self.key = key
        chunks = ChunkTable(connection: draft)
        var layouts: [RowLayout] = []
        for table in SummedTable.all { layouts.append(try RowLayout(table, of: draft)) }
        self.layouts = layouts
        chunkLayout = try RowLayout(SummedTable(name: "chunk", columns: ["bytes"]), of: draft)
    }

    // MARK: Samples

    private mutating func collectSamples() throws(StoreError) {
        try forEachPage { (repair, rows, _) throws(StoreError) in
            for row in rows {
                guard let id = row.id else { continue }
                if 10...repair.chunkLayout.columns.count ~= row.values.count,
                    let block = repair.chunkLayout.value("bytes", of: row)?.blob
                {
                    try repair.keepChunk(ChunkKey(id), block)
                } else if row.values.count == 3, let at = row.values[1].integer, let bytes = row.values[2].blob {
                    try repair.keepCommit(id, at, bytes)
                }
            }
        }
    }

    private mutating func keepChunk(_ key: ChunkKey, _ block: [UInt8]) throws(StoreError) {
        let samples: SampleColumns
        do throws(Damage) {
            let plain = try draft.vault.open(block, at: .chunk(key))
            samples = try ChunkCodec.decode(plain, key: key.row)
        } catch {
            if metrics[key.series] != nil { damagedChunks[key.row] = error.reason }
            return
        }
        guard let series = metrics[key.series] else {
            // Kept for whoever can tell whose it is.
            let insert = try draft.keep("INSERT INTO damaged_chunk(key, bytes) VALUES(?, ?)")
            insert.bind(1, key.row)
            insert.bind(2, block)
            try insert.run()
            report.lost.append("\(SQLiteStore.name(nil, key)): whose it is cannot be read; it was put aside")
            return
        }
        try chunks.rest(
            samples, series: key.series, of: series.person, isIncrement: series.metric.kind == .increment)
    }

    private mutating func keepCommit(_ sequence: Int64, _ at: Int64, _ bytes: [UInt8]) throws(StoreError) {
        do throws(Damage) {
            let number = UInt64(bitPattern: sequence)
            try JournalRow.read(try draft.vault.open(bytes, at: .journal(number)), sequence: number) { _ in }
        } catch {
            guard draft.vault.isHubs(bytes) else { return }
            let key = [("sequence", FoundRow.Value.integer(sequence))]
            return unopened.append(UnopenedRow(table: "journal", key: key, owner: nil, reason: error.reason))
        }
        let insert = try draft.keep("INSERT OR IGNORE INTO journal(sequence, at, bytes) VALUES(?, ?, ?)")
        insert.bind(1, sequence)
        insert.bind(2, at)
        insert.bind(3, bytes)
        try insert.run()
    }

    /// Sums of what is retired stand for it; all others were made anew with the chunks.
    private mutating func collectRollups() throws(StoreError) {
        try forEachPage { (repair, rows, _) throws(StoreError) in
            for row in rows {
                guard let id = row.id, row.values.count == 2, let bytes = row.values[1].blob,
                    let key = RollupKey(id), let series = repair.metrics[key.series]
                else { continue }
                let table = repair.chunks.rollups
                var sums: Rollup
                do throws(Damage) {
                    sums = try RollupCodec.decode(try repair.draft.vault.open(bytes, at: .rollup(key)), key: key)
                } catch { continue }
                let last = key.quarter + ChunkKey.day - 1
                sums.forget(key.places(of: key.quarter...last, from: try table.retired(key.series)))
                if let made = try table.load(key) { sums.replace(with: made) }
                try table.save(sums, key, of: series.person)
            }
        }
    }

    // MARK: The end

    private mutating func writeHead(_ hub: HubID, _ place: StorePlace) throws(StoreError) {
        var last = identity?.sequence ?? 0
        var isEmpty = identity == nil
        for name in ["event", "outbox", "state", "command", "person", "device", "assignment", "journal", "record"] {
            guard let found = try draft.integer("SELECT coalesce(max(sequence), -1) FROM \(name)"), found >= 0 else {
                continue
            }
            isEmpty = false
            last = max(last, found)
        }
        guard !isEmpty else {
            throw StoreError(
                .damaged, path: place.given,
                images[0].version > 0 && images[0].version < Migrations.summed
                    ? "it was written by an earlier vitald, whose rows cannot be told from noise without their tables: "
                        + "restore a backup, or save what is readable with `sqlite3 FILE .recover`"
                    : "nothing in it is known to be a vitald's; it was left untouched")
        }
        if identity == nil {
            report.lost.append("the store's head: it goes on from commit \(last), as another hub's store")
        }
        let insert = try draft.prepare(SummedTable.head.insertion)
        insert.bind(1, identity?.hub ?? hub.bytes)
        insert.bind(2, Int64(bitPattern: UInt64.random(in: .min ... .max)))
        insert.bind(3, last)
        insert.bind(4, try draft.integer("SELECT max(at) FROM journal") ?? 0)
        try insert.run()
        try Tally(counting: draft).write(on: draft)
    }

    /// Opens the new store as its writer would, counts it, and verifies it.
    private mutating func finish(_ path: String) throws(StoreError) {
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(high: 0, low: 0), createIfMissing: false), key: key)
        defer { store.close() }
        try store.recount { _ in true }
        report.lost += store.takeDamage()
        report.lost += try unopenedLines(store.connection)
        // Whose key is gone is told already, and a year of their chunks is long.
        for (row, reason) in damagedChunks.sorted(by: { $0.key < $1.key }) where reason != Vault.gone {
            let key = ChunkKey(row)
            guard try store.chunks.place(of: key)?.key != key else { continue }
            report.lost.append("\(SQLiteStore.name(metrics[key.series], key)): \(reason)")
        }
        for row in store.intake.catalogue.rows {
            report.samples += Int(row.extent.count)
            if row.extent.count > 0 { report.series += 1 }
            if let told = told[row.id], told > row.extent.count {
                report.lost.append(
                    "\(row.key.metric.name) of \(row.key.person): \(told - row.extent.count) of \(told) samples")
            }
        }
        for table in SummedTable.all where table.name != SummedTable.head.name && table.name != SummedTable.series.name
        {
            report.rows += Int(try store.connection.integer("SELECT count(*) FROM \(table.name)") ?? 0)
        }
        for table in TalliedTable.asWritten {
            let told = tally?[table].rows ?? 0
            let lacking = told - (try Tally.count(table, store.connection).rows)
            if lacking > 0 { report.lost.append("\(lacking) of \(told) rows of \(table.name)") }
        }
        if brokenPages > 0 { report.lost.append("\(brokenPages) pages of the file, in part or whole") }
        let problems = try store.check().filter { !$0.contains(SQLiteStore.earlier) }
        guard problems.isEmpty else {
            throw StoreError(
                .other, path: path,
                "the repaired store is not whole (\(problems[0])); what was there was left as it was")
        }
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` for what throws `Damage` only.
    func lend<R>(_ body: (UnsafeRawBufferPointer) throws(Damage) -> R) throws(Damage) -> R {
        let result: Result<R, Damage> = withUnsafeBytes { bytes in
            do throws(Damage) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
