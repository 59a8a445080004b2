import Vitals

extension SQLiteStore {
    struct SeriesRow {
        var id: Int64
        var key: SeriesKey
        /// As the table tells it.
        var extent: SeriesCatalogue.Extent
        /// The commit up to which it tells it.
        var upto: Int64
    }

    /// Calls `body` with each row of the table `series`, in the order of the column named.
    func forEachSeries(
        of person: PersonID?, order: String, _ body: (SeriesRow) throws(StoreError) -> Void
    ) throws(StoreError) {
        let filter = person == nil ? "" : "WHERE person = ?1"
        let upto = version >= 3 ? "upto" : "0"
        let statement = try connection.keep(
            """
            SELECT id, person, metric, source, count, first, last, \(upto), \(isIntact(.series)) FROM series \(filter)
            ORDER BY \(order)
            """)
        if let person { statement.bind(1, person) }
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 8, .series)
            let code = statement.int64(2)
            guard let metric = UInt16(exactly: code).flatMap(Metric.init(rawValue:)) else {
                throw StoreError(
                    .newer, path: connection.path,
                    "it holds metric \(code), which this vitald does not know: use the vitald that wrote it")
            }
            let key = SeriesKey(person: try statement.id(1), metric: metric, source: try statement.id(3))
            var extent = SeriesCatalogue.Extent(
                count: statement.int64(4), first: statement.int64(5), last: statement.int64(6))
            if extent.count == 0 { extent = .empty }
            try body(SeriesRow(id: statement.int64(0), key: key, extent: extent, upto: statement.int64(7)))
        }
    }

    /// What is stored, in order of person, metric and source. Costs a row per series, however long it is, and for a reader
    /// the journal.
    public func series(of person: PersonID?) throws(StoreError) -> [SeriesSummary] {
        var summaries: [SeriesSummary] = []
        for row in try seriesRows(of: person) where row.extent.count > 0 {
            summaries.append(
                SeriesSummary(
                    key: row.key, count: Int(row.extent.count), first: Timestamp(milliseconds: row.extent.first),
                    last: Timestamp(milliseconds: row.extent.last)))
        }
        return summaries
    }

    /// The series with their extents as of now.
    func seriesRows(of person: PersonID?) throws(StoreError) -> [SeriesRow] {
        if isWriter {
            guard connection.isOpen else { throw connection.closed }
            return intake.catalogue.rows.filter { person == nil || $0.key.person == person }.sorted { $0.key < $1.key }
                .map {
                    SeriesRow(id: $0.id, key: $0.key, extent: $0.extent, upto: Int64(bitPattern: lastSequence))
                }
        }
        var rows: [SeriesRow] = []
        return try connection.read { () throws(StoreError) in
            try forEachSeries(of: person, order: "person, metric, source") { rows.append($0) }
            guard version >= 3 else { return rows }
            // What the table does not tell yet.
            let places = Dictionary(rows.enumerated().map { ($1.id, $0) }) { first, _ in first }
            try forEachJournalRow { sequence, _, entries in
                for entry in entries {
                    guard let place = places[entry.series], sequence > rows[place].upto else { continue }
                    rows[place].extent.add(entry.time, replaces: entry.replaces)
                }
            }
            return rows
        }
    }

    /// Calls `body` with the samples of one person in order of time, then metric, then source, from one snapshot.
    ///
    /// Those that rest in chunks and those in the journal are one: of two of the same time the higher revision is given.
    /// `body` must not use this store. A writer passes over damaged chunks and puts them aside (``takeDamage()``).
    /// Costs O(samples + switches between series × series), and for a reader the journal.
    public func samples(
        of person: PersonID, metrics: Set<Metric>, in range: TimeRange, _ body: (Sample) -> Void
    ) throws(StoreError) {
        defer { setFoundAside() }
        try connection.read { () throws(StoreError) in
            try readJournal()
            var cursors: [SampleCursor] = []
            for row in try seriesRows(of: person) {
                guard metrics.isEmpty || metrics.contains(row.key.metric), row.extent.count > 0,
                    row.extent.last >= range.start.milliseconds, row.extent.first < range.end.milliseconds
                else { continue }
                var cursor = try cursor(of: row, in: range)
                if try cursor.refill() { cursors.append(cursor) }
            }
            try merge(&cursors, body)
        }
    }

    func cursor(of row: SeriesRow, in range: TimeRange) throws(StoreError) -> SampleCursor {
        let (start, end) = (range.start.milliseconds, range.end.milliseconds)
        guard version >= 3 else {
            let statement = try connection.prepare(
                "\(SampleRows.sql) WHERE series = ? AND time >= ? AND time < ? ORDER BY time")
            statement.bind(1, row.id)
            statement.bind(2, start)
            statement.bind(3, end)
            return SampleCursor(row.key, rows: statement)
        }
        let fresh = intake.fresh.samples(of: row.id)?.columns(from: start, to: end)
        let first = ChunkKey(series: row.id, quarter: ChunkKey.quarter(of: start))
        let statement = try connection.prepare("SELECT key, bytes FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key")
        statement.bind(1, try chunks.place(of: first)?.key.row ?? first.row)
        statement.bind(2, ChunkKey(series: row.id, quarter: ChunkKey.quarter(of: end)).row)
        return try SampleCursor(
            row.key, chunks: statement, of: chunks, fresh: fresh ?? SampleColumns(), from: start, to: end,
            damage: isWriter ? damage : nil)
    }

    /// Gives out the samples of all cursors in order of time; of equal times the earlier cursor goes first.
    private func merge(_ cursors: inout [SampleCursor], _ body: (Sample) -> Void) throws(StoreError) {
        while !cursors.isEmpty {
            var best = 0
            for i in cursors.indices where cursors[i].time < cursors[best].time { best = i }
            // It stays best up to the first time of the others, or just before where an earlier cursor shares it.
            var end = Int64.max
            for i in cursors.indices where i != best {
                let time = cursors[i].time
                end = min(end, i < best ? time &- 1 : time)
            }
            if try !cursors[best].give(upTo: end, body) { cursors.remove(at: best) }
        }
    }
}
