/// The columns of one tier's ring, in one block of memory: so that looking at them costs no retain per column.
///
/// `@unchecked Sendable`: only `PaneTier` writes, and only after it made sure to be the sole holder (`makeUnique`);
/// what is shared is never written.
final class PaneColumns: @unchecked Sendable {
    let capacity: Int
    let holdsAmounts: Bool
    let keepsFirst: Bool
    /// Counts and covered milliseconds need 16 bits in panes up to a minute, 32 in longer ones.
    let isWide: Bool

    let low: UnsafeMutablePointer<Float>
    let high: UnsafeMutablePointer<Float>
    let sum: UnsafeMutablePointer<Float>
    let deviations: UnsafeMutablePointer<Float>
    let first: UnsafeMutablePointer<Float>
    let amount: UnsafeMutablePointer<Int64>
    private let counts: UnsafeMutableRawPointer
    private let covers: UnsafeMutableRawPointer
    private let block: UnsafeMutableRawPointer
    let footprint: Int

    init(capacity: Int, holdsAmounts: Bool, keepsFirst: Bool, isWide: Bool) {
        self.capacity = capacity
        self.holdsAmounts = holdsAmounts
        self.keepsFirst = keepsFirst
        self.isWide = isWide
        let small = capacity * (isWide ? 4 : 2)
        let floats = capacity * 4
        footprint = 2 * small + (holdsAmounts ? 8 * capacity : floats * (keepsFirst ? 5 : 4))
        block = .allocate(byteCount: footprint, alignment: 64)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: footprint)
        // Widest first, so that every column is aligned. What a tier does not hold points at its block and has no room.
        amount = block.assumingMemoryBound(to: Int64.self)
        let values = holdsAmounts ? block + 8 * capacity : block
        low = values.assumingMemoryBound(to: Float.self)
        let step = holdsAmounts ? 0 : capacity
        high = low + step
        sum = high + step
        deviations = sum + step
        first = deviations + step
        counts = UnsafeMutableRawPointer(first + (keepsFirst ? step : 0))
        covers = counts + small
        for slot in 0..<capacity { clear(slot) }
    }

    deinit { block.deallocate() }

    func copy() -> PaneColumns {
        let new = PaneColumns(capacity: capacity, holdsAmounts: holdsAmounts, keepsFirst: keepsFirst, isWide: isWide)
        new.block.copyMemory(from: block, byteCount: footprint)
        return new
    }

    func clear(_ slot: Int) {
        setCount(slot, 0)
        setCovered(slot, 0)
        if holdsAmounts {
            amount[slot] = 0
        } else {
            low[slot] = .infinity
            high[slot] = -.infinity
            sum[slot] = 0
            deviations[slot] = 0
            if keepsFirst { first[slot] = 0 }
        }
    }

    @inline(__always) func count(_ slot: Int) -> Int { Self.get(counts, slot, isWide) }
    @inline(__always) func covered(_ slot: Int) -> Int { Self.get(covers, slot, isWide) }
    @inline(__always) func setCount(_ slot: Int, _ value: Int) { Self.set(counts, slot, isWide, value) }
    @inline(__always) func setCovered(_ slot: Int, _ value: Int) { Self.set(covers, slot, isWide, value) }

    @inline(__always) private static func get(_ column: UnsafeMutableRawPointer, _ slot: Int, _ isWide: Bool) -> Int {
        isWide
            ? Int(column.assumingMemoryBound(to: UInt32.self)[slot])
            : Int(column.assumingMemoryBound(to: UInt16.self)[slot])
    }

    @inline(__always) private static func set(
        _ column: UnsafeMutableRawPointer, _ slot: Int, _ isWide: Bool, _ value: Int
    ) {
        if isWide {
            column.assumingMemoryBound(to: UInt32.self)[slot] = UInt32(clamping: value)
        } else {
            column.assumingMemoryBound(to: UInt16.self)[slot] = UInt16(clamping: value)
        }
    }

    // MARK: Sums

    /// Σ of counts over a stretch. O(panes).
    func counts(_ stretch: PaneStretch) -> Int { Self.total(counts, stretch, isWide) }
    /// Σ of covered milliseconds over a stretch. O(panes).
    func covered(_ stretch: PaneStretch) -> Int { Self.total(covers, stretch, isWide) }

    /// Totals stay below 2³²: 672 hours are 2.42 · 10⁹ ms.
    private static func total(_ column: UnsafeMutableRawPointer, _ stretch: PaneStretch, _ isWide: Bool) -> Int {
        var total: UInt32 = 0
        if isWide {
            let p = column.assumingMemoryBound(to: UInt32.self)
            for i in stretch.a { total &+= p[i] }
            for i in stretch.b { total &+= p[i] }
        } else {
            let p = column.assumingMemoryBound(to: UInt16.self)
            for i in stretch.a { total &+= UInt32(p[i]) }
            for i in stretch.b { total &+= UInt32(p[i]) }
        }
        return Int(total)
    }

    func amounts(_ stretch: PaneStretch) -> Int64 {
        var total: Int64 = 0
        for i in stretch.a { total &+= amount[i] }
        for i in stretch.b { total &+= amount[i] }
        return total
    }

    func least(_ stretch: PaneStretch) -> Float {
        var least = Float.infinity
        for i in stretch.a { least = low[i] < least ? low[i] : least }
        for i in stretch.b { least = low[i] < least ? low[i] : least }
        return least
    }

    func greatest(_ stretch: PaneStretch) -> Float {
        var greatest = -Float.infinity
        for i in stretch.a { greatest = high[i] > greatest ? high[i] : greatest }
        for i in stretch.b { greatest = high[i] > greatest ? high[i] : greatest }
        return greatest
    }
}
