import Vitals

/// Sums of one series and UTC day, in steps of one length: of those quarters of an hour that it speaks for.
struct Rollup: Equatable {
    let step: RollupStep
    /// A bit for each quarter of an hour of the day that it speaks for, the first one lowest: samples of other quarters
    /// are not in it.
    private(set) var quarters: UInt128 = 0
    /// Places within the day, in increasing order, of the steps that have usable samples, and what those come to.
    private(set) var places: [Int] = []
    private(set) var cells: [Aggregate] = []

    init(_ step: RollupStep) { self.step = step }

    /// - Parameter places: strictly increasing, each in one of `quarters`; no cell is empty.
    init(_ step: RollupStep, quarters: UInt128, places: [Int], cells: [Aggregate]) {
        self.step = step
        self.quarters = quarters
        self.places = places
        self.cells = cells
    }

    var isEmpty: Bool { quarters == 0 }

    func speaks(for quarter: Int) -> Bool { quarters >> UInt128(quarter) & 1 == 1 }

    /// Indices of the cells of a quarter of the day.
    func cells(of quarter: Int) -> Range<Int> {
        let first = quarter * step.perQuarter
        let low = places.firstIndex(in: places.indices) { $0 < first }
        var high = low
        while high < places.count, places[high] < first + step.perQuarter { high += 1 }
        return low..<high
    }

    /// Speaks no longer for some quarters.
    mutating func forget(_ range: Range<Int>) {
        guard !range.isEmpty, !isEmpty else { return }
        quarters &= ~Self.mask(range)
        let low = places.firstIndex(in: places.indices) { $0 < range.lowerBound * step.perQuarter }
        let high = places.firstIndex(in: low..<places.count) { $0 < range.upperBound * step.perQuarter }
        places.removeSubrange(low..<high)
        cells.removeSubrange(low..<high)
    }

    /// Takes what another of the same step and day says of its quarters.
    mutating func replace(with other: Rollup) {
        guard !other.isEmpty else { return }
        for quarter in 0..<Int(ChunkKey.day) where other.speaks(for: quarter) { forget(quarter..<quarter + 1) }
        quarters |= other.quarters
        guard let first = other.places.first else { return }
        let at = places.firstIndex(in: places.indices) { $0 < first }
        if at == places.count || other.places[other.places.count - 1] < places[at] {
            // Mostly an hour behind all others.
            places.insert(contentsOf: other.places, at: at)
            cells.insert(contentsOf: other.cells, at: at)
            return
        }
        let merged = (Array(zip(places, cells)) + Array(zip(other.places, other.cells))).sorted { $0.0 < $1.0 }
        places = merged.map { $0.0 }
        cells = merged.map { $0.1 }
    }

    /// Bits of a range of quarters.
    static func mask(_ range: Range<Int>) -> UInt128 {
        guard !range.isEmpty else { return 0 }
        return (~0 >> UInt128(128 - range.count)) << UInt128(range.lowerBound)
    }

    /// The same in longer steps.
    func coarsened(to longer: RollupStep) -> Rollup {
        let ratio = Int(longer.length / step.length)
        var coarse = Rollup(longer, quarters: quarters, places: [], cells: [])
        for (place, cell) in zip(places, cells) {
            if coarse.places.last == place / ratio {
                coarse.cells[coarse.cells.count - 1].add(cell)
            } else {
                coarse.places.append(place / ratio)
                coarse.cells.append(cell)
            }
        }
        return coarse
    }

    /// What samples come to.
    ///
    /// - Parameters:
    ///   - samples: in order of time, all within the UTC day that begins at `start`, whole quarters of it.
    ///   - range: of them, those that count.
    init(_ step: RollupStep, of samples: SampleColumns, _ range: Range<Int>, start: Int64, isIncrement: Bool) {
        self.step = step
        guard !range.isEmpty else { return }
        samples.forEachQuarter(in: range) { quarter, _ in
            quarters |= 1 << UInt128(Int64(quarter) - start / ChunkKey.length)
        }
        samples.forEachUsable(in: range, isIncrement: isIncrement) { i, covered in
            let place = Int((samples.times[i] - start) / step.length)
            if places.last != place {
                places.append(place)
                cells.append(Aggregate())
            }
            cells[cells.count - 1].add(samples.values[i], covered: covered)
        }
    }
}
