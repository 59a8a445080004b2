import Vitals

/// What stands in columns beside a block, so that totals and extremes need no decoding.
struct ChunkSummary: Equatable {
    /// All samples.
    var count = 0
    var first = Int64.max
    var last = Int64.min
    /// Samples whose quality lets them into features (``Quality/unusable``) and whose value is a number. The figures below
    /// are theirs.
    var usable = 0
    var minimum = Double.infinity
    var maximum = -Double.infinity
    /// Added up in order of time.
    var sum = 0.0
    /// Milliseconds covered: of increments what their spans cover; of all others what lies within 2.5 times the usual
    /// distance (5 s to 5 min) after a sample and before the next one.
    var covered: Int64 = 0

    /// 2.5 times a series' cadence, within bounds: how long a value is taken to hold (DESIGN §7).
    private static let hold = (factor: 2.5, shortest: 5000.0, longest: 300_000.0)

    /// - Parameter isIncrement: whether values are amounts over spans.
    init(_ columns: SampleColumns, isIncrement: Bool) {
        count = columns.count
        guard let first = columns.times.first, let last = columns.times.last else { return }
        self.first = first
        self.last = last
        var distances = 0.0
        var neighbours = 0
        var before: Int64?
        for i in columns.times.indices
        where columns.qualities[i] & Quality.unusable.rawValue == 0 && columns.values[i].isFinite {
            let value = Double(columns.values[i])
            usable += 1
            sum += value
            minimum = min(minimum, value)
            maximum = max(maximum, value)
            let time = columns.times[i]
            let distance = before.map { Double(time) - Double($0) }
            before = time
            if isIncrement {
                covered += Int64(min(Double(columns.spans[i]), distance ?? .infinity))
            } else if let distance, distance <= Self.hold.longest {
                distances += distance
                neighbours += 1
            }
        }
        guard !isIncrement, usable > 0 else { return }
        let usual = neighbours > 0 ? distances / Double(neighbours) : 0
        let hold = min(max(Self.hold.factor * usual, Self.hold.shortest), Self.hold.longest)
        var sum = usual
        before = nil
        for i in columns.times.indices
        where columns.qualities[i] & Quality.unusable.rawValue == 0 && columns.values[i].isFinite {
            if let before { sum += min(hold, Double(columns.times[i]) - Double(before)) }
            before = columns.times[i]
        }
        covered = Int64(sum)
    }
}
