import Vitals

/// What stands in columns beside a block, so that totals and extremes need no decoding.
struct ChunkSummary: Equatable {
    /// All samples.
    var count = 0
    var first = Int64.max
    var last = Int64.min
    /// What the usable ones come to.
    var total = Aggregate()

    /// - Parameter isIncrement: whether values are amounts over spans.
    init(_ columns: SampleColumns, isIncrement: Bool) {
        count = columns.count
        guard let first = columns.times.first, let last = columns.times.last else { return }
        self.first = first
        self.last = last
        var total = Aggregate()
        columns.forEachUsable(in: 0..<count, isIncrement: isIncrement) { i, covered in
            total.add(columns.values[i], covered: covered)
        }
        self.total = total
    }
}
