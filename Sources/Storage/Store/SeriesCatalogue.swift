import Vitals

/// The writer's picture of the table `series`: row ids and extents, kept in step with the transaction.
///
/// Counts rest in the table, because counting the rows of a year takes seconds. Changes since the last `keep` can be
/// undone, so that a failed commit leaves no trace here either.
struct SeriesCatalogue {
    /// What `vitald series` prints about a series.
    struct Extent {
        var count: Int64
        var first: Int64
        var last: Int64

        static let empty = Extent(count: 0, first: .max, last: .min)

        @inline(__always) mutating func add(_ time: Int64) {
            count &+= 1
            if time < first { first = time }
            if time > last { last = time }
        }

        mutating func add(_ other: Extent) {
            count &+= other.count
            first = min(first, other.first)
            last = max(last, other.last)
        }
    }

    struct Row {
        let id: Int64
        let key: SeriesKey
        /// With the samples of the commit under way.
        var extent: Extent
        /// As the table had it before.
        var stored: Extent
        var isTouched = false
    }

    private(set) var rows: [Row] = []
    private var index: [SeriesKey: Int] = [:]
    /// Positions of rows that the commit under way has looked up.
    private(set) var touched: [Int] = []
    private var keptCount = 0

    /// Adds a row read from the table.
    mutating func load(id: Int64, key: SeriesKey, extent: Extent) {
        index[key] = rows.count
        rows.append(Row(id: id, key: key, extent: extent, stored: extent))
        keptCount = rows.count
    }

    /// Position of the series, and whether the commit made it.
    mutating func position(of key: SeriesKey) -> (position: Int, isNew: Bool) {
        if let position = index[key] {
            if !rows[position].isTouched {
                rows[position].isTouched = true
                touched.append(position)
            }
            return (position, false)
        }
        let position = rows.count
        // The table never loses a row, so ids are positions counted from 1 unless a stranger changed it.
        let id = (rows.last?.id ?? 0) &+ 1
        rows.append(Row(id: id, key: key, extent: .empty, stored: .empty, isTouched: true))
        index[key] = position
        touched.append(position)
        return (position, true)
    }

    mutating func add(_ extent: Extent, at position: Int) { rows[position].extent.add(extent) }

    /// The commit is durable.
    mutating func keep() {
        for position in touched {
            rows[position].stored = rows[position].extent
            rows[position].isTouched = false
        }
        touched.removeAll(keepingCapacity: true)
        keptCount = rows.count
    }

    /// The commit failed: as if it had never been.
    mutating func undo() {
        for row in rows[keptCount...] { index[row.key] = nil }
        rows.removeSubrange(keptCount...)
        for position in touched where position < keptCount {
            rows[position].extent = rows[position].stored
            rows[position].isTouched = false
        }
        touched.removeAll(keepingCapacity: true)
    }
}
