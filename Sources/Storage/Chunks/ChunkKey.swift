/// Where a chunk rests: the row id of the table `chunk`, series first, then the quarter of an hour (UTC) in which it begins.
///
/// A chunk holds the samples of its series from the beginning of its quarter to that of the next chunk. Quarters, since
/// the local days of every zone of the world are made of them.
struct ChunkKey: Hashable, Comparable {
    let series: Int64
    /// Quarters of an hour since 1970; times too far away for 32 bits are in the outermost ones.
    let quarter: Int32

    /// Milliseconds.
    static let length: Int64 = 900_000
    /// Quarters of a UTC day.
    static let day: Int32 = 96

    init(series: Int64, quarter: Int32) {
        self.series = series
        self.quarter = quarter
    }

    init(_ row: Int64) {
        series = row >> 32
        quarter = Int32(truncatingIfNeeded: row) ^ .min
    }

    /// In SQLite's order of row ids keys have their own order.
    var row: Int64 { series << 32 | Int64(UInt32(bitPattern: quarter ^ .min)) }

    /// The quarter that a time is in.
    static func quarter(of time: Int64) -> Int32 {
        let quarter = time / length - (time % length < 0 ? 1 : 0)
        return Int32(clamping: quarter)
    }

    /// The first time of it, in milliseconds.
    var start: Int64 { quarter == .min ? .min : Int64(quarter) * Self.length }

    static func < (a: ChunkKey, b: ChunkKey) -> Bool { a.row < b.row }
}
