import Vitals

/// One person's metric cut into panes of 5 s (for an hour), 1 min (a day) and 1 h (28 days).
///
/// Values are applied tick by tick in the order (time, metric, source). Within a tick they gather in an `OpenPane`,
/// which is written to the three rings when it is complete. The same samples in the same ticks therefore give the same
/// bits, whether they arrive live or from the store. These are the panes that rules read: only what came in time for
/// its tick is added; what came late goes to `LateMinutes`.
struct SeriesPanes: Sendable {
    /// The pane of a tick.
    static let fineLength: Int64 = 5000
    static let middleLength: Int64 = 60_000
    static let coarseLength: Int64 = 3_600_000
    static let fineCapacity = 720
    static let middleCapacity = 1440
    static let coarseCapacity = 672
    /// Increments are kept as whole multiples of 2⁻²⁰ unit: fine enough for shares, and their sums are exact.
    static let amountUnit = 1_048_576.0

    let holdsAmounts: Bool
    var fine: PaneTier
    var middle: PaneTier
    var coarse: PaneTier

    private var open = OpenPane(index: -1)
    private var openMiddle = OpenPane(index: -1)
    private var openCoarse = OpenPane(index: -1)

    /// Coverage is counted up to here …
    private var marked: Int64 = 0
    /// … and will reach here if nothing else arrives: the newest sample's time plus its hold.
    private var frontier: Int64 = 0
    /// Time of the newest value.
    private(set) var newest: Int64 = -1

    /// Hour panes before this hour are complete in the checkpoint: rebuilding must not add to them.
    var frozenHours: Int64 = 0
    /// UTC days whose checkpointed hours changed.
    var changedDays: Set<Int64> = []
    /// Hours before this one belong to the checkpoint; a change there changes its day's part.
    private(set) var closedHours: Int64 = 0

    init(holdsAmounts: Bool) {
        self.holdsAmounts = holdsAmounts
        fine = PaneTier(
            length: Self.fineLength, capacity: Self.fineCapacity, holdsAmounts: holdsAmounts, keepsFirst: true)
        middle = PaneTier(
            length: Self.middleLength, capacity: Self.middleCapacity, holdsAmounts: holdsAmounts, keepsFirst: false)
        coarse = PaneTier(
            length: Self.coarseLength, capacity: Self.coarseCapacity, holdsAmounts: holdsAmounts, keepsFirst: false)
    }

    /// Bytes the columns take; DESIGN §7 allows 65,536.
    var footprint: Int { fine.footprint + middle.footprint + coarse.footprint }

    /// Must be called before the panes are changed; `begin` does.
    mutating func makeUnique() {
        fine.makeUnique()
        middle.makeUnique()
        coarse.makeUnique()
    }

    /// Before the samples of tick `end` are applied: time has passed up to the pane before.
    mutating func begin(tick end: Int64) {
        makeUnique()
        let pane = end / Self.fineLength - 1
        if open.index < pane {
            finish()
            open = OpenPane(index: pane)
        }
        cover(until: end - Self.fineLength)
        closeHours(before: (end - Self.fineLength) / Self.coarseLength)
    }

    /// After the samples of tick `end` were applied: its pane is complete.
    mutating func end(tick end: Int64) {
        if open.count > 0 { finish() }
        open = OpenPane(index: end / Self.fineLength)
        cover(until: end)
        closeHours(before: end / Self.coarseLength)
    }

    /// Adds a level or beat measured at `time` that holds for `hold` ms.
    @inline(__always) mutating func add(_ value: Float, at time: Int64, hold: Int64) {
        let pane = time / Self.fineLength
        if pane == open.index {
            open.add(value)
        } else if pane > open.index {
            finish()
            open = OpenPane(index: pane)
            open.add(value)
        } else {
            amend(value, at: time)
        }
        extend(from: time, to: time + hold)
    }

    /// Adds an increment that happened evenly over `[time − span, time)`.
    mutating func add(amount value: Float, over span: Int64, until time: Int64) {
        guard let amount = Amount(value, over: span, until: time) else { return }
        let (whole, from, to) = (amount.whole, amount.from, amount.to)
        fine.spread(whole, from: from, to: to)
        fine.count((to - 1) / Self.fineLength)
        middle.spread(whole, from: from, to: to)
        middle.count((to - 1) / Self.middleLength)
        if span > 0 {
            fine.cover(from: from, to: to)
            middle.cover(from: from, to: to)
        }
        newest = Swift.max(newest, time)
        // Hours complete in the checkpoint hold their share already when panes are rebuilt.
        let thawed = Swift.max(from, frozenHours * Self.coarseLength)
        guard thawed < to else { return }
        coarse.spread(whole, from: from, to: to, after: thawed)
        coarse.count((to - 1) / Self.coarseLength)
        if span > 0 { coarse.cover(from: thawed, to: to) }
        if thawed < closedHours * Self.coarseLength { touch(from: thawed, to: to) }
    }

    /// An increment in whole units, and the milliseconds `[from, to)` it is spread over.
    struct Amount {
        let whole: Int64
        let from: Int64
        let to: Int64

        /// `nil` for what no person can have done.
        @inline(__always) init?(_ value: Float, over span: Int64, until time: Int64) {
            guard abs(value) < 1e9 else { return nil }
            whole = Int64((Double(value) * SeriesPanes.amountUnit).rounded())
            // A moment without length belongs to the millisecond before it, as a span's end does.
            from = span > 0 ? Swift.max(0, time - span) : Swift.max(0, time - 1)
            to = Swift.max(time, from + 1)
        }
    }

    // MARK: Values

    private mutating func finish() {
        guard open.count > 0 else { return }
        fine.write(open)
        let minute = open.index / (Self.middleLength / Self.fineLength)
        if minute > openMiddle.index { openMiddle = OpenPane(index: minute) }
        if minute == openMiddle.index {
            openMiddle.add(open)
            middle.write(openMiddle)
        }
        let hour = open.index / (Self.coarseLength / Self.fineLength)
        if hour >= frozenHours {
            if hour > openCoarse.index { openCoarse = OpenPane(index: hour) }
            if hour == openCoarse.index {
                openCoarse.add(open)
                coarse.write(openCoarse)
            }
        }
    }

    /// Adds to panes already written: for samples whose caller closed their tick before handing them over.
    private mutating func amend(_ value: Float, at time: Int64) {
        fine.amend(time / Self.fineLength, value)
        let minute = time / Self.middleLength
        if minute >= openMiddle.index {
            if minute > openMiddle.index { openMiddle = OpenPane(index: minute) }
            openMiddle.add(value)
            middle.write(openMiddle)
        } else {
            middle.amend(minute, value)
        }
        let hour = time / Self.coarseLength
        guard hour >= frozenHours else { return }
        if hour >= openCoarse.index {
            if hour > openCoarse.index { openCoarse = OpenPane(index: hour) }
            openCoarse.add(value)
            coarse.write(openCoarse)
        } else {
            coarse.amend(hour, value)
        }
        if hour < closedHours { touch(from: time, to: time + 1) }
    }

    // MARK: Coverage

    /// The newest value says how far it holds; an older one fills what is not yet covered.
    @inline(__always) private mutating func extend(from: Int64, to: Int64) {
        if from >= newest {
            newest = from
            if from > frontier {
                count(from: marked, to: frontier)
                marked = Swift.max(marked, from)
            }
            frontier = Swift.max(to, marked)
        } else {
            count(from: from, to: Swift.min(to, marked))
            if to > frontier { frontier = to }
        }
    }

    /// Counts what the newest value covers up to `end`.
    private mutating func cover(until end: Int64) {
        let to = Swift.min(frontier, end)
        guard to > marked else { return }
        count(from: marked, to: to)
        marked = to
    }

    private mutating func count(from: Int64, to: Int64) {
        guard to > from else { return }
        fine.cover(from: from, to: to)
        middle.cover(from: from, to: to)
        let thawed = Swift.max(from, frozenHours * Self.coarseLength)
        coarse.cover(from: thawed, to: to)
        if thawed < closedHours * Self.coarseLength { touch(from: thawed, to: to) }
    }

    // MARK: Hours

    private mutating func closeHours(before hour: Int64) {
        guard hour > closedHours else { return }
        // Only hours that hold something are worth a part: from the ring's newest back to the last closing.
        var index = Swift.max(closedHours, coarse.newest - Int64(Self.coarseCapacity) + 1)
        while index < hour, index <= coarse.newest {
            if let slot = coarse.slot(index), coarse.holdsSomething(slot) {
                changedDays.insert(index / 24)
            }
            index += 1
        }
        closedHours = hour
        if openCoarse.index < hour { openCoarse = OpenPane(index: hour) }
    }

    private mutating func touch(from: Int64, to: Int64) {
        let last = Swift.min((to - 1) / Self.coarseLength, closedHours - 1)
        var hour = Swift.max(from / Self.coarseLength, coarse.newest - Int64(Self.coarseCapacity) + 1)
        while hour <= last {
            changedDays.insert(hour / 24)
            hour += 1
        }
    }

    /// After restoring: everything before `hour` came from the checkpoint.
    mutating func freezeHours(before hour: Int64) {
        frozenHours = hour
        closedHours = hour
        if openCoarse.index < hour { openCoarse = OpenPane(index: hour) }
    }

    /// Rebuilding is over: from here on hours are added to as they happen.
    mutating func thawHours() { frozenHours = 0 }
}
