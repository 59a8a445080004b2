/// What came late, in minute panes of its own: nothing a rule reads looks here, only the night's resting heart rate.
///
/// Kept for heart rate and steps alone, from the first late sample until the newest is a day old. Each minute belongs
/// to the source that first filled it, so that two devices which both deliver a night late are never added up.
struct LateMinutes: Sendable {
    private(set) var tier: PaneTier
    /// Index of the source that filled a slot; says nothing for an empty one.
    private var owners: [UInt8]
    /// Time of the newest sample in it.
    private(set) var newest: Int64 = -1

    init(holdsAmounts: Bool) {
        tier = PaneTier(
            length: SeriesPanes.middleLength, capacity: SeriesPanes.middleCapacity, holdsAmounts: holdsAmounts,
            keepsFirst: false)
        owners = Array(repeating: 0, count: SeriesPanes.middleCapacity)
    }

    /// The minutes that hold something of `[from, to)`; a moment lies in one.
    private func minutes(from: Int64, to: Int64) -> ClosedRange<Int64> {
        let last = (Swift.max(to, from + 1) - 1) / tier.length
        let first = Swift.max(from / tier.length, tier.newest - Int64(tier.capacity) + 1)
        return Swift.min(first, last)...last
    }

    /// Whether no other source filled a minute of `[from, to)`. O(minutes), at most the ring.
    func isFree(from: Int64, to: Int64, for source: Int) -> Bool {
        for minute in minutes(from: from, to: to) {
            if let slot = tier.slot(minute), tier.holdsSomething(slot), owners[slot] != UInt8(clamping: source) {
                return false
            }
        }
        return true
    }

    func count(_ minute: Int64) -> Int { tier.slot(minute).map { tier.columns.count($0) } ?? 0 }

    /// Adds a level measured at `time`.
    mutating func add(_ value: Float, at time: Int64, source: Int) {
        tier.makeUnique()
        tier.amend(time / tier.length, value)
        own(from: time, to: time, source)
        newest = Swift.max(newest, time)
    }

    /// Adds an increment that happened evenly over `[time − span, time)`.
    mutating func add(amount value: Float, over span: Int64, until time: Int64, source: Int) {
        guard let part = SeriesPanes.Amount(value, over: span, until: time) else { return }
        tier.makeUnique()
        tier.spread(part.whole, from: part.from, to: part.to)
        tier.count((part.to - 1) / tier.length)
        if span > 0 { tier.cover(from: part.from, to: part.to) }
        own(from: part.from, to: part.to, source)
        newest = Swift.max(newest, time)
    }

    private mutating func own(from: Int64, to: Int64, _ source: Int) {
        for minute in minutes(from: from, to: to) {
            if let slot = tier.slot(minute) { owners[slot] = UInt8(clamping: source) }
        }
    }
}
