import Vitals

extension RollupTable {
    /// The quarter of an hour before which samples of a series are retired: sums stand for them, and stay as they are. `.min`
    /// where none are.
    func retired(_ series: Int64) throws(StoreError) -> Int32 {
        let statement = try connection.keep("SELECT raw FROM retired WHERE series = ?")
        statement.bind(1, series)
        defer { statement.reset() }
        return try statement.step() ? Int32(clamping: statement.int64(0)) : .min
    }

    /// Of all series that are retired, by row id.
    func allRetired() throws(StoreError) -> [Int64: Int32] {
        var all: [Int64: Int32] = [:]
        let statement = try connection.keep("SELECT series, raw FROM retired")
        try statement.forEachRow { all[statement.int64(0)] = Int32(clamping: statement.int64(1)) }
        return all
    }

    func save(retired quarter: Int32, _ series: Int64) throws(StoreError) {
        let insert = try connection.keep("INSERT OR REPLACE INTO retired(series, raw) VALUES(?, ?)")
        insert.bind(1, series)
        insert.bind(2, Int64(quarter))
        try insert.run()
    }
}
