import Vitals

extension Migrations {
    // MARK: Version 7

    // Sums of short stretches beside the chunks, and how far samples are retired: `raw` is the quarter of an hour since 1970
    // before which they are gone. `covered` of a chunk means since then what it means of an aggregate: quarter
    // by quarter, so that parts add up.
    static let rollups = """
        CREATE TABLE rollup(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
        CREATE TABLE damaged_rollup(number INTEGER PRIMARY KEY, key INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE retired(series INTEGER PRIMARY KEY, raw INTEGER NOT NULL);
        ALTER TABLE chunk ADD COLUMN opening REAL;
        ALTER TABLE chunk ADD COLUMN closing REAL;
        """

    /// Adds up what rests: about a second for 20 million samples.
    @Sendable static func sumChunks(of connection: Connection) throws(StoreError) {
        let table = ChunkTable(connection: connection)
        var series: [(id: Int64, person: PersonID, isIncrement: Bool)] = []
        let rows = try connection.prepare("SELECT id, metric, person FROM series ORDER BY id")
        try rows.forEachRow { () throws(StoreError) in
            let metric = UInt16(exactly: rows.int64(1)).flatMap(Metric.init(rawValue:))
            series.append((rows.int64(0), try rows.id(2), metric?.kind == .increment))
        }
        for (id, person, isIncrement) in series {
            var keys: [ChunkKey] = []
            let chunks = try connection.prepare("SELECT key FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key")
            chunks.bind(1, ChunkKey(series: id, quarter: .min).row)
            chunks.bind(2, ChunkKey(series: id, quarter: .max).row)
            try chunks.forEachRow { keys.append(ChunkKey(chunks.int64(0))) }
            for key in keys { try table.sum(key, of: person, isIncrement: isIncrement) }
        }
    }
}
