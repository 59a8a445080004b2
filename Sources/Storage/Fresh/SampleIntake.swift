import Vitals

/// How samples of a commit become a row of the journal: each finds its series, those that are known already are left out,
/// and the rest are counted.
///
/// One value, so that the store's hottest loop works on it alone.
struct SampleIntake {
    let chunks: ChunkTable
    var catalogue = SeriesCatalogue()
    /// What earlier commits left in the journal.
    var fresh = FreshSamples()
    /// Samples of the commit under way.
    private(set) var journal = JournalRow.Writer()
    /// The same by position, from where one came that was not later than all others of its series.
    private var again: [Int: FreshSeries]?
    /// What was looked up last among samples at rest.
    var rested = RestedSamples()

    init(_ chunks: ChunkTable) { self.chunks = chunks }

    private var connection: Connection { chunks.connection }

    /// Takes in one person's samples, in the order given. A sample that is there already stays unless the new one's
    /// revision is higher.
    mutating func take(_ batch: PersonSamples) throws(StoreError) {
        for sample in batch.samples {
            let (position, isNew) = catalogue.position(of: batch.person, sample.metric, sample.source)
            if isNew { try insertSeries(catalogue.rows[position]) }
            let time = sample.time.milliseconds
            var replaces = false
            // Later than all there is: the way of every sample that comes in time.
            if time <= catalogue.rows[position].extent.last, let revision = try revision(at: time, of: position) {
                guard sample.revision > revision else { continue }
                replaces = true
            }
            journal.append(sample, series: catalogue.rows[position].id, replaces: replaces)
            let trait = SampleTrait(
                delay: sample.received.milliseconds &- time, span: sample.span, quality: sample.quality.rawValue,
                revision: sample.revision)
            fresh.add(time, sample.value, trait, at: position)
            if again != nil { again?[position, default: FreshSeries()].append(time, sample.value, trait) }
            catalogue.add(time, replaces: replaces, at: position)
        }
    }

    /// The row of the commit under way; `nil` when it has no samples.
    func row(_ sequence: UInt64) -> [UInt8]? { journal.count > 0 ? journal.row(sequence: sequence) : nil }

    /// The commit is durable.
    mutating func keep() {
        fresh.keep()
        catalogue.keep()
        journal.removeAll()
        again = nil
    }

    /// The commit failed.
    mutating func undo() {
        fresh.undo()
        for id in catalogue.undo() { fresh.removeLast(id) }
        journal.removeAll()
        again = nil
    }

    // MARK: Samples that come again

    /// The revision of the sample that is stored for that time, if there is one.
    private mutating func revision(at time: Int64, of position: Int) throws(StoreError) -> UInt8? {
        fresh.sort()
        if again == nil { again = fresh.underWay() }
        let series = catalogue.rows[position].id
        var known = fresh.series[position].revision(at: time)
        if let revision = again?[position]?.revision(at: time) { known = max(known ?? 0, revision) }
        let piece = try restedPiece(of: series, at: time)
        let i = piece.index(notBefore: time)
        if i < piece.count, piece.times[i] == time { known = max(known ?? 0, piece.revisions[i]) }
        return known
    }

    /// What rests of a series around a time.
    private mutating func restedPiece(of series: Int64, at time: Int64) throws(StoreError) -> SampleColumns {
        if let piece = rested.piece(of: series, at: time) { return piece.samples }
        let key = ChunkKey(series: series, quarter: ChunkKey.quarter(of: time))
        var piece = RestedSamples.Piece(
            series: series, from: .min, to: try chunks.key(after: key)?.start ?? .max, samples: SampleColumns())
        if let place = try chunks.place(of: key) {
            if time <= place.last {
                piece.from = place.key.start
                piece.samples = try chunks.loadOrSetAside(place.key)
            } else {
                piece.from = place.last &+ 1
            }
        }
        rested.add(piece)
        return piece.samples
    }

    // MARK: The table `series`

    /// Series that a commit may touch and still tell their extents in the table. In a house of more, telling them would
    /// cost more than the samples, and the next seal does it.
    static let extentsPerCommit = 64

    private mutating func insertSeries(_ row: SeriesCatalogue.Row) throws(StoreError) {
        // Keys of chunks have 31 bits for it.
        guard row.id <= Int64(Int32.max) else {
            throw StoreError(.other, path: connection.path, "it holds as many series as it can")
        }
        _ = fresh.place(of: row.id)
        let insert = try connection.keep(
            """
            INSERT INTO series(id, person, metric, source, count, first, last, upto, sum)
            VALUES(?1, ?2, ?3, ?4, 0, 0, 0, 0, \(SummedTable.series.sum(of: ["?1", "?2", "?3", "?4"])))
            """)
        insert.bind(1, row.id)
        insert.bind(2, row.key.person)
        insert.bind(3, Int64(row.key.metric.rawValue))
        insert.bind(4, row.key.source)
        try insert.run()
    }

    /// Writes the extents of the series that the commit touched, where they are few.
    mutating func writeExtents(_ sequence: UInt64) throws(StoreError) {
        guard catalogue.touched.count <= Self.extentsPerCommit else { return }
        for touched in catalogue.touched { try writeExtent(touched.position, sequence) }
    }

    /// Writes the extent of a series unless the table has it.
    mutating func writeExtent(
        _ position: Int, _ sequence: UInt64, evenEmpty: Bool = false
    ) throws(StoreError) {
        let row = catalogue.rows[position]
        guard !row.isWritten, row.extent.count > 0 || evenEmpty else { return }
        let update = try connection.keep("UPDATE series SET count = ?, first = ?, last = ?, upto = ? WHERE id = ?")
        let isEmpty = row.extent.count == 0
        update.bind(1, row.extent.count)
        update.bind(2, isEmpty ? 0 : row.extent.first)
        update.bind(3, isEmpty ? 0 : row.extent.last)
        update.bind(4, Int64(bitPattern: sequence))
        update.bind(5, row.id)
        try update.run()
        catalogue.noteWritten(position)
    }

    // MARK: Opening

    /// Begins with a series of the table, in the order of their ids.
    mutating func load(_ row: SQLiteStore.SeriesRow) {
        _ = fresh.place(of: row.id)
        catalogue.load(id: row.id, key: row.key, extent: row.extent)
    }

    /// Begins with the samples of a commit that is in the journal.
    ///
    /// - Parameter counted: by place of a series, the commit up to which the table counts its samples.
    /// - Returns: `false` when one is of a series that is not there.
    mutating func load(_ entries: [JournalRow.Entry], _ sequence: Int64, counted: [Int64]) -> Bool {
        var place = 0
        for entry in entries {
            place = fresh.place(of: entry.series, after: place)
            guard place < counted.count else {
                fresh.undo()
                return false
            }
            fresh.add(entry.time, entry.value, entry.trait, at: place)
            if sequence > counted[place] { catalogue.load(entry.time, replaces: entry.replaces, at: place) }
        }
        fresh.keep()
        // No commit waits yet, and many at a time are sorted faster.
        if fresh.waitingCount >= 4 * FreshSamples.mostWaiting { fresh.sort() }
        return true
    }
}
