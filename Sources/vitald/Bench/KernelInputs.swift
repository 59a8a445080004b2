/// Heart rates to run kernels on: beats a minute at 1 Hz that wander between rest and effort, with gaps. The same seed,
/// the same numbers.
struct KernelInputs {
    /// Share of values that are missing (DESIGN §10).
    private static let gaps = 0.05
    /// Effort changes every ten minutes.
    private static let bout = 600

    let series: Int
    let rows: Int
    /// Series one behind another, NaN for gaps.
    let values: [Float]

    /// - Parameter isFine: not whole beats, as sensors send them, but numbers that need all bits of a Float.
    init(series: Int, rows: Int, isFine: Bool = false) {
        self.series = series
        self.rows = rows
        var random = SeededShares()
        var values = [Float](repeating: .nan, count: series * rows)
        for lane in 0..<series {
            var (rate, aim) = (70.0, 70.0)
            for row in 0..<rows {
                if row % Self.bout == 0 { aim = 50 + 100 * random.next() * random.next() }
                rate += (aim - rate) * 0.01 + (random.next() - 0.5) * 2.5
                if random.next() >= Self.gaps { values[lane * rows + row] = Float(isFine ? rate : rate.rounded()) }
            }
        }
        self.values = values
    }

    func one(_ lane: Int) -> [Float] { Array(values[lane * rows..<(lane + 1) * rows]) }
}
