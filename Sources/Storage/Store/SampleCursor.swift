import Vitals

/// The samples of one series in order of time, a window at a time: a chunk with what is fresh of the same time.
struct SampleCursor {
    private enum Rest {
        /// Rows of an earlier version.
        case rows(Statement)
        case chunks(Statement, ChunkTable)
    }

    private static let rowsAtOnce = 4096

    private let metric: Metric
    private let source: DeviceID
    private let rest: Rest
    private let from: Int64
    private let to: Int64
    private var fresh = SampleColumns()
    private var freshPlace = 0
    /// The chunk after the window, already decoded.
    private var next: (key: ChunkKey, samples: SampleColumns)?
    private var window = SampleColumns()
    private var place = 0
    /// Where the window ends for this cursor.
    private var limit = 0
    private var isAtEnd = false
    /// Notes damaged chunks, which are passed over then; without it they are an error.
    private let damage: DamageLog?

    init(_ key: SeriesKey, rows: Statement) {
        metric = key.metric
        source = key.source
        rest = .rows(rows)
        from = .min
        to = .max
        damage = nil
    }

    init(
        _ key: SeriesKey, chunks: Statement, of table: ChunkTable, fresh: SampleColumns, from: Int64, to: Int64,
        damage: DamageLog?
    ) throws(StoreError) {
        metric = key.metric
        source = key.source
        rest = .chunks(chunks, table)
        self.fresh = fresh
        self.from = from
        self.to = to
        self.damage = damage
        next = try step(chunks, table)
    }

    private func step(
        _ chunks: Statement, _ table: ChunkTable
    ) throws(StoreError) -> (key: ChunkKey, samples: SampleColumns)? {
        while try chunks.step() {
            let key = ChunkKey(chunks.int64(0))
            do throws(Damage) {
                return (key, try table.samples(chunks, column: 1, key: key))
            } catch {
                guard let damage else { throw chunks.damage(error.reason) }
                damage.add(key, error.reason)
            }
        }
        chunks.finalize()
        return nil
    }

    /// Of the sample that `give` comes to next. Only after `refill` or `give` said that there is one.
    var time: Int64 { window.times[place] }

    /// Goes to the next window; `false` at the end.
    mutating func refill() throws(StoreError) -> Bool {
        window = SampleColumns()
        (place, limit) = (0, 0)
        while !isAtEnd {
            switch rest {
            case .rows(let rows): try readRows(rows)
            case .chunks(let chunks, let table): try readChunk(chunks, table)
            }
            if place < limit { return true }
        }
        return false
    }

    private mutating func readRows(_ rows: Statement) throws(StoreError) {
        window = SampleColumns()
        place = 0
        while window.count < Self.rowsAtOnce {
            guard try rows.step() else {
                rows.finalize()
                isAtEnd = true
                break
            }
            window.append(SampleRows.sample(rows, of: metric, from: source))
        }
        limit = window.count
    }

    /// Chunk by chunk; fresh samples before the first chunk are a window of their own.
    private mutating func readChunk(_ chunks: Statement, _ table: ChunkTable) throws(StoreError) {
        var samples = SampleColumns()
        if let chunk = next, freshPlace >= fresh.count || fresh.times[freshPlace] >= chunk.key.start {
            samples = chunk.samples
            next = try step(chunks, table)
        } else if next == nil, freshPlace >= fresh.count {
            isAtEnd = true
        }
        let end = next.map { fresh.index(notBefore: $0.key.start) } ?? fresh.count
        if end > freshPlace {
            samples = samples.merged(with: fresh[freshPlace..<end])
            freshPlace = end
        }
        window = samples
        place = window.index(notBefore: from)
        limit = window.index(notBefore: to)
    }

    /// Gives out samples up to and with time `end`; `false` when there are no more. Only after `refill` or `give` said that there
    /// are.
    mutating func give(upTo end: Int64, _ body: (Sample) -> Void) throws(StoreError) -> Bool {
        repeat {
            place = window.give(place..<limit, upTo: end, of: metric, from: source, body)
            if place < limit { return true }
        } while try refill() && time <= end
        return place < limit
    }
}
