import Vitals

/// The writer's picture of the table `series`: row ids and extents, kept in step with the transaction.
///
/// Counts rest in the table, because counting the samples of a year takes seconds. Changes since the last `keep` can be
/// undone, so that a failed commit leaves no trace here either.
struct SeriesCatalogue {
    /// What `vitald series` prints about a series.
    struct Extent: Equatable {
        var count: Int64
        var first: Int64
        var last: Int64

        static let empty = Extent(count: 0, first: .max, last: .min)

        /// One more sample; one that replaces another is no more.
        @inline(__always) mutating func add(_ time: Int64, replaces: Bool) {
            if !replaces { count &+= 1 }
            if time < first { first = time }
            if time > last { last = time }
        }
    }

    struct Row {
        let id: Int64
        let key: SeriesKey
        /// With the samples of the commit under way.
        var extent: Extent
        /// Whether the table says so, too. In a house of many series it says so at the next seal only.
        var isWritten: Bool
        /// The round of the commit that touched it last.
        fileprivate var round: UInt64 = 0
        /// Position of the series that came after this one the last time: streams take turns in a fixed order.
        fileprivate var next = -1
    }

    /// A row as it was before the commit under way.
    struct Touched {
        let position: Int
        fileprivate let extent: Extent
        fileprivate let isWritten: Bool
    }

    private(set) var rows: [Row] = []
    /// Ids up to it are taken: chunks may be there of a series that is not.
    var takenIDs: Int64 = 0
    private var index: [SeriesKey: Int] = [:]
    /// The rows that the commit under way has looked up.
    private(set) var touched: [Touched] = []
    /// Counts commits, so that touched rows need no mark that must be taken off again.
    private var round: UInt64 = 1
    private var keptCount = 0
    /// Position that was asked for last.
    private var last = -1

    /// Adds a row read from the table.
    mutating func load(id: Int64, key: SeriesKey, extent: Extent) {
        index[key] = rows.count
        rows.append(Row(id: id, key: key, extent: extent, isWritten: true))
        keptCount = rows.count
    }

    /// What the journal knows beyond the table.
    mutating func load(_ time: Int64, replaces: Bool, at position: Int) {
        rows[position].extent.add(time, replaces: replaces)
        rows[position].isWritten = false
    }

    /// Position of the series, and whether the commit made it.
    @inline(__always)
    mutating func position(of person: PersonID, _ metric: Metric, _ source: DeviceID) -> (position: Int, isNew: Bool) {
        // Told by comparing with what is expected, without hashing 34 bytes.
        if last >= 0 {
            if matches(last, person, metric, source) { return (touch(last), false) }
            let next = rows[last].next
            if next >= 0, next < rows.count, matches(next, person, metric, source) { return (touch(next), false) }
        }
        return find(SeriesKey(person: person, metric: metric, source: source))
    }

    @inline(__always)
    private func matches(_ position: Int, _ person: PersonID, _ metric: Metric, _ source: DeviceID) -> Bool {
        rows[position].key.metric == metric && rows[position].key.source == source
            && rows[position].key.person == person
    }

    @inline(__always) private mutating func touch(_ position: Int) -> Int {
        if rows[position].round != round {
            rows[position].round = round
            touched.append(
                Touched(
                    position: position, extent: rows[position].extent, isWritten: rows[position].isWritten))
        }
        last = position
        return position
    }

    private mutating func find(_ key: SeriesKey) -> (position: Int, isNew: Bool) {
        let before = last
        let isNew = index[key] == nil
        let position = index[key] ?? rows.count
        if isNew {
            // The table never loses a row, so ids are positions counted from 1 unless a stranger changed it.
            let id = max(rows.last?.id ?? 0, takenIDs) &+ 1
            rows.append(Row(id: id, key: key, extent: .empty, isWritten: false))
            index[key] = position
        }
        if before >= 0 { rows[before].next = position }
        return (touch(position), isNew)
    }

    @inline(__always) mutating func add(_ time: Int64, replaces: Bool, at position: Int) {
        rows[position].extent.add(time, replaces: replaces)
        rows[position].isWritten = false
    }

    /// So many samples are stored no longer, and the table says so.
    mutating func retire(_ count: Int64, at position: Int) {
        rows[position].extent.count = max(0, rows[position].extent.count - count)
        rows[position].isWritten = true
    }

    /// What was counted takes the place of what was told.
    mutating func correct(_ extent: Extent, at position: Int) {
        rows[position].extent = extent
        rows[position].isWritten = false
    }

    /// The transaction under way tells the table what this says.
    mutating func noteWritten(_ position: Int) { rows[position].isWritten = true }

    /// The transaction that told the table failed.
    mutating func noteUnwritten(_ position: Int) { rows[position].isWritten = false }

    /// The commit is durable.
    mutating func keep() {
        touched.removeAll(keepingCapacity: true)
        round &+= 1
        keptCount = rows.count
    }

    /// The commit failed: as if it had never been. Returns the ids of series that it made, newest first.
    mutating func undo() -> [Int64] {
        for touched in touched {
            rows[touched.position].extent = touched.extent
            rows[touched.position].isWritten = touched.isWritten
        }
        let made = rows[keptCount...].reversed().map(\.id)
        for row in rows[keptCount...] { index[row.key] = nil }
        rows.removeSubrange(keptCount...)
        touched.removeAll(keepingCapacity: true)
        round &+= 1
        last = -1
        return made
    }
}
