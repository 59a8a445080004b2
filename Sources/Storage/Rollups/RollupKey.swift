/// Where the sums of a series and a UTC day rest: the row id of the table `rollup`, series first, then the step, then the day.
struct RollupKey: Hashable {
    let series: Int64
    let step: RollupStep
    /// UTC days since 1970.
    let day: Int32

    /// Days before and after 1970 that have a place; times further away keep no sums.
    static let reach: Int32 = 1 << 24
    private static let base: Int64 = 1 << 29

    init(series: Int64, step: RollupStep, day: Int32) {
        self.series = series
        self.step = step
        self.day = day
    }

    /// `nil` for what is no key.
    init?(_ row: Int64) {
        guard let step = RollupStep(rawValue: row >> 30 & 3) else { return nil }
        self.init(series: row >> 32, step: step, day: Int32(truncatingIfNeeded: (row & (1 << 30 - 1)) - Self.base))
        guard isInReach else { return nil }
    }

    var row: Int64 { series << 32 | step.rawValue << 30 | (Self.base + Int64(day)) }

    var isInReach: Bool { -Self.reach < day && day < Self.reach }

    /// The first time of the day, in milliseconds.
    var start: Int64 { Int64(day) * Int64(ChunkKey.day) * ChunkKey.length }

    /// The first quarter of an hour of the day.
    var quarter: Int32 { day * ChunkKey.day }

    /// The UTC day that a quarter of an hour is in.
    static func day(ofQuarter quarter: Int32) -> Int32 {
        quarter >= 0 ? quarter / ChunkKey.day : -1 - (-1 - quarter) / ChunkKey.day
    }
}
