import Vitals

extension SQLiteStore {
    // MARK: Writing

    /// A series that the batch under way has met: searched linearly, since a person has a handful.
    private struct Met {
        let metric: Metric
        let source: DeviceID
        let position: Int
        let id: Int64
    }

    /// Writes one person's samples. A sample that is already there stays unless the new one's revision is higher.
    func insert(_ batch: PersonSamples) throws(StoreError) {
        let insert = try connection.keep(
            """
            INSERT INTO sample(series, time, value, lag, span, quality, revision) VALUES(?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """)
        var met: [Met] = []
        var current = 0
        for sample in batch.samples {
            if current >= met.count || met[current].metric != sample.metric || met[current].source != sample.source {
                if let known = met.firstIndex(where: { $0.metric == sample.metric && $0.source == sample.source }) {
                    current = known
                } else {
                    let key = SeriesKey(person: batch.person, metric: sample.metric, source: sample.source)
                    let (position, isNew) = catalogue.position(of: key)
                    let id = catalogue.rows[position].id
                    if isNew { try insertSeries(id: id, key: key) }
                    current = met.count
                    met.append(Met(metric: sample.metric, source: sample.source, position: position, id: id))
                }
            }
            let time = sample.time.milliseconds
            insert.bind(1, met[current].id)
            insert.bind(2, time)
            insert.bind(3, Double(sample.value))
            // Wraps for times of centuries apart, and wraps back when read.
            insert.bind(4, sample.received.milliseconds &- time)
            insert.bind(5, Int64(sample.span))
            insert.bind(6, Int64(sample.quality.rawValue))
            insert.bind(7, Int64(sample.revision))
            try insert.run()
            if connection.changes == 1 {
                catalogue.add(time, at: met[current].position)
            } else if sample.revision > 0 {
                try supersede(in: met[current].id, by: sample)
            }
        }
    }

    private func supersede(in series: Int64, by sample: Sample) throws(StoreError) {
        let time = sample.time.milliseconds
        let update = try connection.keep(
            """
            UPDATE sample SET value = ?3, lag = ?4, span = ?5, quality = ?6, revision = ?7
            WHERE series = ?1 AND time = ?2 AND revision < ?7
            """)
        update.bind(1, series)
        update.bind(2, time)
        update.bind(3, Double(sample.value))
        update.bind(4, sample.received.milliseconds &- time)
        update.bind(5, Int64(sample.span))
        update.bind(6, Int64(sample.quality.rawValue))
        update.bind(7, Int64(sample.revision))
        try update.run()
    }

    private func insertSeries(id: Int64, key: SeriesKey) throws(StoreError) {
        let insert = try connection.keep(
            "INSERT INTO series(id, person, metric, source, count, first, last) VALUES(?, ?, ?, ?, 0, 0, 0)")
        insert.bind(1, id)
        insert.bind(2, key.person)
        insert.bind(3, Int64(key.metric.rawValue))
        insert.bind(4, key.source)
        try insert.run()
    }

    /// Writes the counts of the series that the commit touched.
    func updateExtents() throws(StoreError) {
        let update = try connection.keep("UPDATE series SET count = ?, first = ?, last = ? WHERE id = ?")
        for position in catalogue.touched {
            let row = catalogue.rows[position]
            guard row.extent.count != row.stored.count else { continue }
            update.bind(1, row.extent.count)
            update.bind(2, row.extent.first)
            update.bind(3, row.extent.last)
            update.bind(4, row.id)
            try update.run()
        }
    }

    // MARK: Reading

    struct SeriesRow {
        var id: Int64
        var key: SeriesKey
        var extent: SeriesCatalogue.Extent
    }

    /// Calls `body` with each row of the table `series`, in the order of the column named.
    func forEachSeries(
        of person: PersonID?, order: String, _ body: (SeriesRow) throws(StoreError) -> Void
    ) throws(StoreError) {
        let filter = person == nil ? "" : "WHERE person = ?1"
        let statement = try connection.keep(
            "SELECT id, person, metric, source, count, first, last FROM series \(filter) ORDER BY \(order)")
        if let person { statement.bind(1, person) }
        try statement.forEachRow { () throws(StoreError) in
            let code = statement.int64(2)
            guard let metric = UInt16(exactly: code).flatMap(Metric.init(rawValue:)) else {
                throw StoreError(
                    .newer, path: connection.path,
                    "it holds metric \(code), which this vitald does not know: use the vitald that wrote it")
            }
            let key = SeriesKey(person: try statement.id(1), metric: metric, source: try statement.id(3))
            let extent = SeriesCatalogue.Extent(
                count: statement.int64(4), first: statement.int64(5), last: statement.int64(6))
            try body(SeriesRow(id: statement.int64(0), key: key, extent: extent))
        }
    }

    /// What is stored, in order of person, metric and source. Costs a row per series, however long it is.
    public func series(of person: PersonID?) throws(StoreError) -> [SeriesSummary] {
        var summaries: [SeriesSummary] = []
        try forEachSeries(of: person, order: "person, metric, source") { row in
            guard row.extent.count > 0 else { return }
            summaries.append(
                SeriesSummary(
                    key: row.key, count: Int(row.extent.count), first: Timestamp(milliseconds: row.extent.first),
                    last: Timestamp(milliseconds: row.extent.last)))
        }
        return summaries
    }

    /// Calls `body` with the samples of one person in order of time, then metric, then source, from one snapshot.
    ///
    /// `body` must not use this store. Costs O(samples + switches between series × series).
    public func samples(
        of person: PersonID, metrics: Set<Metric>, in range: TimeRange, _ body: (Sample) -> Void
    ) throws(StoreError) {
        try connection.read { () throws(StoreError) in
            var cursors: [SampleCursor] = []
            defer { for cursor in cursors { cursor.statement.finalize() } }
            var wanted: [SeriesRow] = []
            try forEachSeries(of: person, order: "person, metric, source") { row in
                guard metrics.isEmpty || metrics.contains(row.key.metric), row.extent.count > 0,
                    row.extent.last >= range.start.milliseconds, row.extent.first < range.end.milliseconds
                else { return }
                wanted.append(row)
            }
            for row in wanted {
                var cursor = SampleCursor(row, statement: try connection.prepare(SampleCursor.sql), in: range)
                if try cursor.advance() { cursors.append(cursor) }
            }
            try merge(&cursors, body)
        }
    }

    /// Gives out the rows of all cursors in order of time; of equal times the earlier cursor goes first.
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
            var cursor = cursors[best]
            var isAtEnd = false
            repeat {
                body(cursor.sample())
                isAtEnd = try !cursor.advance()
            } while !isAtEnd && cursor.time <= end
            if isAtEnd {
                cursor.statement.finalize()
                cursors.remove(at: best)
            } else {
                cursors[best] = cursor
            }
        }
    }
}

/// The rows of one series in order of time.
struct SampleCursor {
    static let sql = """
        SELECT time, value, lag, span, quality, revision FROM sample WHERE series = ? AND time >= ? AND time < ?
        ORDER BY time
        """

    let statement: Statement
    let metric: Metric
    let source: DeviceID
    /// Of the current row.
    private(set) var time: Int64 = 0

    init(_ row: SQLiteStore.SeriesRow, statement: Statement, in range: TimeRange) {
        self.statement = statement
        metric = row.key.metric
        source = row.key.source
        statement.bind(1, row.id)
        statement.bind(2, range.start)
        statement.bind(3, range.end)
    }

    /// Goes to the next row; `false` after the last.
    @inline(__always) mutating func advance() throws(StoreError) -> Bool {
        guard try statement.step() else { return false }
        time = statement.int64(0)
        return true
    }

    @inline(__always) func sample() -> Sample {
        let value = statement.double(1)
        return Sample(
            metric: metric, value: value == 0 && statement.isNull(1) ? .nan : Float(value),
            time: Timestamp(milliseconds: time), span: UInt32(truncatingIfNeeded: statement.int64(3)),
            received: Timestamp(milliseconds: time &+ statement.int64(2)), source: source,
            quality: Quality(rawValue: UInt8(truncatingIfNeeded: statement.int64(4))),
            revision: UInt8(truncatingIfNeeded: statement.int64(5)))
    }
}
