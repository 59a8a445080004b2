/// What a stored state may say of local days: a damaged one is refused rather than computed with.
enum DetectorDay {
    /// No local day is longer, whatever clocks do.
    static let longest: Int64 = 48 * 3_600_000

    static func canBe(_ day: Int32) -> Bool { abs(Int64(day)) < 1_000_000 }

    /// The span of a day at hand; an empty one at 0 means none.
    static func canBe(start: Int64, end: Int64) -> Bool {
        start >= 0 && end >= 0 && end <= Intake.lastTime * 2 && (end == 0 || end >= start && end - start <= longest)
    }
}
