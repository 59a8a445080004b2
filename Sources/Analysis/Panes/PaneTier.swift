/// Panes of one length in rings of columns: slot = pane number modulo capacity, so that the place of a pane does not
/// depend on when the daemon started.
///
/// What is rounded to Float here was summed in Double (`OpenPane`). Deviations from the pane's own mean are kept
/// instead of plain squares: a Float of them loses nothing to cancellation. Increments use `amount`, whole multiples
/// of 2⁻²⁰ unit, in place of `sum` and `deviations`: shares of a span add up to exactly the value that was spread, in
/// any order.
struct PaneTier<Small: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    /// Milliseconds.
    let length: Int64
    let capacity: Int
    let holdsAmounts: Bool
    let keepsFirst: Bool
    /// Number of the newest pane that has a slot; older ones reach back `capacity` panes.
    private(set) var newest: Int64 = -1
    private(set) var newestSlot = 0

    var count: [Small]
    /// Milliseconds that samples cover.
    var covered: [Small]
    var sum: [Float]
    var deviations: [Float]
    var low: [Float]
    var high: [Float]
    var first: [Float]
    var amount: [Int64]

    init(length: Int64, capacity: Int, holdsAmounts: Bool, keepsFirst: Bool) {
        self.length = length
        self.capacity = capacity
        self.holdsAmounts = holdsAmounts
        self.keepsFirst = keepsFirst
        let values = holdsAmounts ? 0 : capacity
        count = Array(repeating: 0, count: capacity)
        covered = Array(repeating: 0, count: capacity)
        sum = Array(repeating: 0, count: values)
        deviations = Array(repeating: 0, count: values)
        low = Array(repeating: .infinity, count: values)
        high = Array(repeating: -.infinity, count: values)
        first = Array(repeating: 0, count: keepsFirst ? values : 0)
        amount = Array(repeating: 0, count: holdsAmounts ? capacity : 0)
    }

    /// Bytes its columns take.
    var footprint: Int {
        (count.count + covered.count) * MemoryLayout<Small>.stride + amount.count * 8
            + (sum.count + deviations.count + low.count + high.count + first.count) * 4
    }

    /// The slot of a pane; `nil` when it has left the ring or does not exist yet.
    @inline(__always) func slot(_ index: Int64) -> Int? {
        let back = newest &- index
        guard back >= 0, back < Int64(capacity), index >= 0 else { return nil }
        let slot = newestSlot - Int(back)
        return slot < 0 ? slot + capacity : slot
    }

    /// Makes room for panes up to `index`; what falls out of the ring is forgotten. O(panes passed), at most the ring.
    @inline(__always) mutating func advance(to index: Int64) {
        guard index > newest else { return }
        if index == newest + 1 {
            newestSlot += 1
            if newestSlot == capacity { newestSlot = 0 }
            newest = index
            clear(newestSlot)
        } else {
            leap(to: index)
        }
    }

    private mutating func leap(to index: Int64) {
        let steps = newest < 0 ? Int64(capacity) : index &- newest
        newest = index
        newestSlot = Int(index % Int64(capacity))
        var slot = newestSlot
        for _ in 0..<Swift.min(steps, Int64(capacity)) {
            clear(slot)
            slot = slot == 0 ? capacity - 1 : slot - 1
        }
    }

    private mutating func clear(_ slot: Int) {
        count[slot] = 0
        covered[slot] = 0
        if holdsAmounts {
            amount[slot] = 0
        } else {
            sum[slot] = 0
            deviations[slot] = 0
            low[slot] = .infinity
            high[slot] = -.infinity
        }
    }

    /// Writes the whole content of a pane.
    mutating func write(_ pane: OpenPane) {
        advance(to: pane.index)
        guard pane.count > 0, let slot = slot(pane.index) else { return }
        count[slot] = Small(clamping: pane.count)
        sum[slot] = Float(pane.sum)
        deviations[slot] = Float(pane.deviations)
        low[slot] = pane.low
        high[slot] = pane.high
        if keepsFirst { first[slot] = Float(pane.base) }
    }

    /// Adds one value to a pane that was already written.
    mutating func amend(_ index: Int64, _ value: Float) {
        advance(to: index)
        guard let slot = slot(index) else { return }
        let n = Double(count[slot])
        let v = Double(value)
        if n == 0 {
            sum[slot] = value
            if keepsFirst { first[slot] = value }
        } else {
            let d = v - Double(sum[slot]) / n
            deviations[slot] = Float(Double(deviations[slot]) + d * d * n / (n + 1))
            sum[slot] = Float(Double(sum[slot]) + v)
        }
        count[slot] = Small(clamping: Int(count[slot]) + 1)
        low[slot] = Swift.min(low[slot], value)
        high[slot] = Swift.max(high[slot], value)
    }

    /// Marks `[from, to)` as covered; a pane is never more than full. O(panes touched), at most the ring.
    mutating func cover(from: Int64, to: Int64) {
        guard to > from else { return }
        let last = (to - 1) / length
        advance(to: last)
        var index = Swift.max(from / length, newest - Int64(capacity) + 1)
        while index <= last {
            let start = index * length
            let part = Swift.min(to, start + length) - Swift.max(from, start)
            if let slot = slot(index) {
                covered[slot] = Small(truncatingIfNeeded: Swift.min(length, Int64(covered[slot]) + part))
            }
            index += 1
        }
    }

    /// Spreads `whole` evenly over `[from, to)`, leaving out what lies before `thawed`; the shares add up to it exactly.
    /// O(panes touched), at most the ring.
    mutating func spread(_ whole: Int64, from: Int64, to: Int64, after thawed: Int64 = 0) {
        guard to > from else { return }
        let last = (to - 1) / length
        advance(to: last)
        let start = Swift.max(from, thawed)
        var index = Swift.max(start / length, newest - Int64(capacity) + 1)
        let span = to - from
        // What is left out is skipped by starting the running share behind it.
        var given = share(of: whole, part: Swift.max(0, index * length - from), span: span)
        while index <= last {
            let end = Swift.min(to, (index + 1) * length)
            let until = end == to ? whole : share(of: whole, part: end - from, span: span)
            if let slot = slot(index) { amount[slot] = amount[slot] &+ (until &- given) }
            given = until
            index += 1
        }
    }

    @inline(__always) private func share(of whole: Int64, part: Int64, span: Int64) -> Int64 {
        guard part > 0, whole != 0 else { return 0 }
        let (product, overflow) = whole.multipliedReportingOverflow(by: part)
        // `whole` may need 50 bits and `part` 33; almost always both are far smaller.
        return overflow
            ? Int64(truncatingIfNeeded: Int128(whole) * Int128(part) / Int128(span)) : product / span
    }

    mutating func count(_ index: Int64) {
        advance(to: index)
        guard let slot = slot(index) else { return }
        count[slot] = Small(clamping: Int(count[slot]) + 1)
    }
}

extension PaneTier {
    /// The slots of panes `[from, to)`, oldest first, as at most two stretches of the ring.
    @inline(__always) func stretch(from: Int64, to: Int64) -> PaneStretch {
        let start = Swift.max(from, newest - Int64(capacity) + 1, 0)
        let end = Swift.min(to, newest + 1)
        guard start < end, let a = slot(start) else { return PaneStretch() }
        let n = Int(end - start)
        let firstPart = Swift.min(n, capacity - a)
        return PaneStretch(start: start, a: a..<(a + firstPart), b: 0..<(n - firstPart))
    }
}

/// Panes of a window as they lie in a ring.
struct PaneStretch: Sendable {
    /// Number of the oldest pane.
    var start: Int64 = 0
    var a = 0..<0
    var b = 0..<0

    var count: Int { a.count + b.count }
}
