import Vitals

extension SQLiteStore {
    // MARK: Writing

    /// A series that the batch under way has met, with its samples as a chain through `next`.
    private struct Met {
        let metric: Metric
        let source: DeviceID
        let first: Int
        var last: Int
        var count: Int
    }

    /// Rows of one insert statement. One statement for 16 saves a quarter of the time of 16 statements, one for 64
    /// no more.
    private static let rowsAtOnce = 16

    private static func insertion(rows: Int) -> String {
        let row = "(?, ?, ?, ?, ?, ?, ?)"
        return "INSERT INTO sample(series, time, value, lag, span, quality, revision) VALUES "
            + [String](repeating: row, count: rows).joined(separator: ", ") + " ON CONFLICT DO NOTHING"
    }

    /// The kept statement, without asking for it by its text: that would cost as much as a sample.
    private func insertion(rows: Int) throws(StoreError) -> Statement {
        if let statement = rows == 1 ? insertOne : insertMany { return statement }
        let statement = try connection.keep(Self.insertion(rows: rows))
        if rows == 1 { insertOne = statement } else { insertMany = statement }
        return statement
    }

    /// Writes one person's samples, series by series, each in the order given. A sample that is already there stays
    /// unless the new one's revision is higher.
    func insert(_ batch: PersonSamples) throws(StoreError) {
        let samples = batch.samples
        var met: [Met] = []
        var next = [Int](repeating: -1, count: samples.count)
        var current = 0
        for (i, sample) in samples.enumerated() {
            if current >= met.count || met[current].metric != sample.metric || met[current].source != sample.source {
                // Searched linearly, since a person has a handful of series.
                current =
                    met.firstIndex { $0.metric == sample.metric && $0.source == sample.source } ?? met.count
                if current == met.count {
                    met.append(Met(metric: sample.metric, source: sample.source, first: i, last: i, count: 1))
                    continue
                }
            }
            next[met[current].last] = i
            met[current].last = i
            met[current].count += 1
        }
        for series in met {
            let key = SeriesKey(person: batch.person, metric: series.metric, source: series.source)
            let (position, isNew) = catalogue.position(of: key)
            let id = catalogue.rows[position].id
            if isNew { try insertSeries(id: id, key: key) }
            var left = series.count
            var i = series.first
            while left > 0 {
                let rows = left < Self.rowsAtOnce ? 1 : Self.rowsAtOnce
                i = try insert(samples, next, from: i, rows: rows, into: id, at: position)
                left -= rows
            }
        }
    }

    /// Writes `rows` samples of a chain with one statement, and returns the index of the one after them.
    private func insert(
        _ samples: [Sample], _ next: [Int], from start: Int, rows: Int, into id: Int64, at position: Int
    ) throws(StoreError) -> Int {
        let insert = try insertion(rows: rows)
        var extent = SeriesCatalogue.Extent.empty
        var i = start
        for row in 0..<Int32(rows) {
            let sample = samples[i]
            bind(sample, of: id, to: insert, from: row * 7)
            extent.add(sample.time.milliseconds)
            i = next[i]
        }
        try insert.run()
        // The times of samples that were there already are within the extent already: only the count is too high.
        extent.count = Int64(connection.changes)
        catalogue.add(extent, at: position)
        if extent.count < rows {
            var i = start
            for _ in 0..<rows {
                if samples[i].revision > 0 { try supersede(in: id, by: samples[i]) }
                i = next[i]
            }
        }
        return i
    }

    @inline(__always)
    private func bind(_ sample: Sample, of series: Int64, to statement: Statement, from column: Int32) {
        let time = sample.time.milliseconds
        statement.bind(column + 1, series)
        statement.bind(column + 2, time)
        statement.bind(column + 3, Double(sample.value))
        // Wraps for times of centuries apart, and wraps back when read.
        statement.bind(column + 4, sample.received.milliseconds &- time)
        statement.bind(column + 5, Int64(sample.span))
        statement.bind(column + 6, Int64(sample.quality.rawValue))
        statement.bind(column + 7, Int64(sample.revision))
    }

    private func supersede(in series: Int64, by sample: Sample) throws(StoreError) {
        let update = try connection.keep(
            """
            UPDATE sample SET value = ?3, lag = ?4, span = ?5, quality = ?6, revision = ?7
            WHERE series = ?1 AND time = ?2 AND revision < ?7
            """)
        bind(sample, of: series, to: update, from: 0)
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
