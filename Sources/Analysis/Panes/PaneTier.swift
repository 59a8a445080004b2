/// Panes of one length in rings of columns: slot = pane number modulo capacity, so that the place of a pane does not
/// depend on when the daemon started.
///
/// What is rounded to Float here was summed in Double (`OpenPane`). Deviations from the pane's own mean are kept
/// instead of plain squares: a Float of them loses nothing to cancellation. Increments use `amount`, whole multiples
/// of 2⁻²⁰ unit, in place of `sum` and `deviations`: shares of a span add up to exactly the value that was spread, in
/// any order.
struct PaneTier: Sendable {
    /// Milliseconds.
    let length: Int64
    let capacity: Int
    let holdsAmounts: Bool
    let keepsFirst: Bool
    /// Number of the newest pane that has a slot; older ones reach back `capacity` panes.
    private(set) var newest: Int64 = -1
    private(set) var newestSlot = 0
    private(set) var columns: PaneColumns

    init(length: Int64, capacity: Int, holdsAmounts: Bool, keepsFirst: Bool) {
        self.length = length
        self.capacity = capacity
        self.holdsAmounts = holdsAmounts
        self.keepsFirst = keepsFirst
        columns = PaneColumns(
            capacity: capacity, holdsAmounts: holdsAmounts, keepsFirst: keepsFirst,
            isWide: length > Int64(UInt16.max))
    }

    /// Bytes its columns take.
    var footprint: Int { columns.footprint }

    /// Must be called before the first of a series of changes: copies of a tier share their columns until then.
    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&columns) { columns = columns.copy() }
    }

    func holdsSomething(_ slot: Int) -> Bool { columns.count(slot) > 0 || columns.covered(slot) > 0 }

    /// Puts back a pane as a checkpoint has it.
    func restore(_ slot: Int, count: Int, covered: Int) {
        columns.setCount(slot, count)
        columns.setCovered(slot, covered)
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
            columns.clear(newestSlot)
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
            columns.clear(slot)
            slot = slot == 0 ? capacity - 1 : slot - 1
        }
    }

    /// Writes the whole content of a pane.
    mutating func write(_ pane: OpenPane) {
        advance(to: pane.index)
        guard pane.count > 0, let slot = slot(pane.index) else { return }
        columns.setCount(slot, pane.count)
        columns.sum[slot] = Float(pane.sum)
        columns.deviations[slot] = Float(pane.deviations)
        columns.low[slot] = pane.low
        columns.high[slot] = pane.high
        if keepsFirst { columns.first[slot] = Float(pane.base) }
    }

    /// Adds one value to a pane that was already written.
    mutating func amend(_ index: Int64, _ value: Float) {
        advance(to: index)
        guard let slot = slot(index) else { return }
        let columns = columns
        let known = columns.count(slot)
        let n = Double(known)
        let v = Double(value)
        if known == 0 {
            columns.sum[slot] = value
            if keepsFirst { columns.first[slot] = value }
        } else {
            let d = v - Double(columns.sum[slot]) / n
            columns.deviations[slot] = Float(Double(columns.deviations[slot]) + d * d * n / (n + 1))
            columns.sum[slot] = Float(Double(columns.sum[slot]) + v)
        }
        columns.setCount(slot, known + 1)
        columns.low[slot] = Swift.min(columns.low[slot], value)
        columns.high[slot] = Swift.max(columns.high[slot], value)
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
                columns.setCovered(slot, Swift.min(Int(length), columns.covered(slot) + Int(part)))
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
            if let slot = slot(index) { columns.amount[slot] = columns.amount[slot] &+ (until &- given) }
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
        columns.setCount(slot, columns.count(slot) + 1)
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
