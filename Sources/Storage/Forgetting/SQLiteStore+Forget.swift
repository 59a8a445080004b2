import Vitals

/// What was erased of a person, and how that was looked at.
public struct Erasure: Hashable, Sendable {
    public var samples: Int
    public var events: Int
    public var records: Int
    /// Pieces of what was stored (ids, names, blocks of samples, texts) that were looked for afterwards in every byte of the file
    /// and its log.
    public var pieces: Int
    /// What of them was found nevertheless, a line each; nothing when all is gone.
    public var traces: [String]
}

extension SQLiteStore {
    /// Rows of a table of which pieces are looked for afterwards, about so many, evenly.
    private static let probes = 64
    private static let pieceLength = 24
    /// Records whose text nobody else's contains; short ones may stand in anybody's.
    private static let ownTexts =
        "person = ?1 AND length(text) >= 24 AND NOT EXISTS (SELECT 1 FROM record AS o WHERE o.person <> ?1 AND instr(o.text, record.text))"

    /// Erases all that is stored about a person, and proves it: every byte of the file and of its log is searched for their id,
    /// their name and pieces of what was stored.
    ///
    /// Followers are told with the commit, by a tombstone (``Forgotten``). Deleted bytes are overwritten, then the file is
    /// written anew without its free pages: it takes that much room once more for the time. What a file system or a flash
    /// memory keeps of blocks that were given up is beyond a program's reach.
    ///
    /// - Throws: `.locked` while another program reads the store, before anything was changed; `.other` when nothing is
    ///   known of the person.
    public func forget(_ person: PersonID, at: Timestamp) throws(StoreError) -> Erasure {
        try requireWriter()
        let isKnown = try everybody().contains(person)
        // Erased already, and cut off before the file was written anew: then the rest is done again.
        let isForgotten = try forgotten().contains { $0.digest == Self.digest(of: person) }
        guard isKnown || isForgotten else {
            throw StoreError(.other, path: connection.path, "nothing is stored about that person")
        }
        try emptyLog()
        let search = ByteSearch(try pieces(of: person))
        var erasure = Erasure(
            samples: try series(of: person).reduce(0) { $0 + $1.count },
            events: try count("event", of: person), records: try count("record", of: person), pieces: 0, traces: [])
        // Only here: with each trim of the journal it would cost as much as the journal itself.
        let usual = try connection.integer("PRAGMA secure_delete") ?? 0
        try connection.execute("PRAGMA secure_delete = ON")
        defer { try? connection.execute("PRAGMA secure_delete = \(usual)") }
        if isKnown {
            var commit = Commit(at: at)
            commit.forgotten = [Forgotten(digest: Self.digest(of: person), at: at)]
            try self.commit(commit)
        }
        // The zeros reach the file before it is cut: else its end would be given up with what stood there.
        try emptyLog()
        try writeFileAnew()
        try emptyLog()
        let file = try StorePlace(connection.path).path
        erasure.pieces = search.count
        for path in [file, file + "-wal"] {
            for piece in try search.found(in: path) { erasure.traces.append("\(piece.what) is still in \(path)") }
        }
        return erasure
    }

    /// Writes the file anew without its free pages, by way of the disk: it may be larger than memory.
    private func writeFileAnew() throws(StoreError) {
        try connection.execute("PRAGMA temp_store = FILE")
        var failure: StoreError?
        do throws(StoreError) { try connection.execute("VACUUM") } catch { failure = error }
        try connection.execute("PRAGMA temp_store = MEMORY")
        // What was temporary went with each change of that, the tally's triggers too.
        try connection.beginTally()
        if let failure { throw failure }
    }

    /// Moves the log into the file and makes it empty.
    private func emptyLog() throws(StoreError) {
        let statement = try connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)")
        defer { statement.finalize() }
        guard try statement.step(), statement.int64(0) == 0 else {
            throw StoreError(
                .locked, path: connection.path,
                "another program reads the store, which keeps its log: close that program (a query, a dashboard, a follower) "
                    + "and give the order again")
        }
    }

    private func count(_ table: String, of person: PersonID) throws(StoreError) -> Int {
        let statement = try connection.prepare("SELECT count(*) FROM \(table) WHERE person = ?")
        statement.bind(1, person)
        defer { statement.finalize() }
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    /// What is to be gone: the id in both its forms, the name, and pieces of rows.
    private func pieces(of person: PersonID) throws(StoreError) -> [ByteSearch.Piece] {
        var pieces = [
            ByteSearch.Piece(bytes: person.bytes, what: "the person's id"),
            ByteSearch.Piece(bytes: Array("\(person)".utf8), what: "the person's id in letters"),
        ]
        let name = try people().first { $0.id == person }?.name ?? ""
        pieces.append(ByteSearch.Piece(bytes: Array(name.utf8), what: "the person's name"))
        let mine = "person = ?1"
        let columns = [
            ("chunk", "bytes", "key >> 32 IN (SELECT id FROM series WHERE person = ?1)", "a block of samples"),
            ("rollup", "bytes", "key >> 32 IN (SELECT id FROM series WHERE person = ?1)", "sums of samples"),
            ("event", "id", mine, "the id of an event"), ("record", "id", mine, "the id of a record"),
            (
                "record", "text", Self.ownTexts,
                "the text of a record"
            ),
            ("record", "payload", mine, "a piece of a document"), ("key", "wrapped", mine, "the person's key"),
        ]
        for (table, column, filter, what) in columns {
            let count = try connection.prepare("SELECT count(*) FROM \(table) WHERE \(filter)")
            count.bind(1, person)
            let step = try count.step() ? max(1, count.int64(0) / Int64(Self.probes)) : 1
            count.finalize()
            let rows = try connection.prepare(
                """
                SELECT bytes FROM (SELECT CAST(\(column) AS BLOB) AS bytes, row_number() OVER (ORDER BY rowid) AS place
                    FROM \(table) WHERE \(filter)) WHERE place % ?2 = 0
                """)
            rows.bind(1, person)
            rows.bind(2, step)
            try rows.forEachRow {
                if let piece = Self.piece(of: rows.blob(0), in: table) {
                    pieces.append(ByteSearch.Piece(bytes: piece, what: what))
                }
            }
            rows.finalize()
        }
        return try pieces + journalPieces(of: person)
    }

    /// The heads of rows with samples of theirs: a row that is written again has another checksum.
    private func journalPieces(of person: PersonID) throws(StoreError) -> [ByteSearch.Piece] {
        var series: Set<Int64> = []
        try forEachSeries(of: person, order: "id") { series.insert($0.id) }
        var sequences: [Int64] = []
        try forEachJournalRow { sequence, _, entries in
            guard sequences.count < Self.probes, entries.contains(where: { series.contains($0.series) }) else { return }
            sequences.append(sequence)
        }
        // As they rest: sealed, where the store is.
        let row = try connection.prepare("SELECT bytes FROM journal WHERE sequence = ?")
        var pieces: [ByteSearch.Piece] = []
        for sequence in sequences {
            row.bind(1, sequence)
            guard try row.step() else { continue }
            let bytes = row.blob(0)
            row.reset()
            pieces.append(
                ByteSearch.Piece(bytes: Array(bytes.dropFirst().prefix(Self.pieceLength)), what: "a journal row"))
        }
        return pieces
    }

    /// Bytes that no other row has.
    private static func piece(of bytes: [UInt8], in table: String) -> [UInt8]? {
        // A block begins with its checksum, which is over its key as well.
        let start = table == "chunk" || table == "rollup" ? 1 : max(0, (bytes.count - pieceLength) / 2)
        let piece = Array(bytes[min(start, bytes.count)..<min(bytes.count, start + pieceLength)])
        // A stretch of zeros is in many files.
        return Set(piece).count >= ByteSearch.shortest ? piece : nil
    }
}
