/// A trailing window over panes: `[T − w, T)`, snapped inward to the panes of its tier.
struct PaneWindow {
    /// First pane, and the first behind the window.
    var from: Int64
    var to: Int64
    /// Start and end in ms; the end is the tick.
    var start: Int64
    var end: Int64

    /// The window of `length` ms that ends at `end`. It is never longer than asked, but holds at least one pane.
    init(length: Int64, end: Int64, pane: Int64, capacity: Int) {
        self.end = end
        to = (end + pane - 1) / pane
        let length = Swift.min(Swift.max(length, 0), end)
        from = (end - length + pane - 1) / pane
        from = Swift.max(Swift.min(from, to - 1), to - Int64(capacity), 0)
        start = from * pane
    }

    var length: Int64 { end - start }
}

/// The panes of a window: those of its own tier at both ends, and the longer panes that lie wholly inside.
///
/// An hour is 60 minutes and a few 5-s panes instead of 720 of these. Both hold the same samples.
struct PaneSpan {
    var head = PaneStretch()
    var body = PaneStretch()
    var tail = PaneStretch()

    // Functions, not initialisers: their arguments are not retained.

    /// The panes of `window`, which is one of `inner`; `outer` is the next longer tier.
    @inline(__always) static func of(_ inner: PaneTier, _ outer: PaneTier, _ window: PaneWindow) -> PaneSpan {
        let ratio = outer.length / inner.length
        let first = (window.from + ratio - 1) / ratio
        let last = window.to / ratio
        var span = PaneSpan()
        if ratio > 1, last > first {
            span.head = inner.stretch(from: window.from, to: first * ratio)
            span.body = outer.stretch(from: first, to: last)
            span.tail = inner.stretch(from: last * ratio, to: window.to)
        } else {
            span.head = inner.stretch(from: window.from, to: window.to)
        }
        return span
    }
}

/// Functions of a window that its panes answer. `inner` is the tier of the window's resolution, `outer` the next.
enum WindowReading {
    static func count(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Int {
        inner.columns.counts(span.head) + outer.columns.counts(span.body)
            + inner.columns.counts(span.tail)
    }

    static func covered(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Int {
        inner.columns.covered(span.head) + outer.columns.covered(span.body)
            + inner.columns.covered(span.tail)
    }

    static func total(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        if inner.holdsAmounts {
            let whole =
                inner.columns.amounts(span.head) &+ outer.columns.amounts(span.body)
                &+ inner.columns.amounts(span.tail)
            return Double(whole) / SeriesPanes.amountUnit
        }
        var sum = Reduction()
        sum.add(inner.columns.sum, span.head)
        sum.add(outer.columns.sum, span.body)
        sum.add(inner.columns.sum, span.tail)
        return sum.total
    }

    /// Share of the window that is covered, 0…1.
    static func coverage(
        _ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan, length: Int64
    ) -> Double {
        guard length > 0 else { return 0 }
        return Double(Swift.min(Int64(covered(inner, outer, span)), length)) / Double(length)
    }

    static func mean(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        let n = count(inner, outer, span)
        return n > 0 ? total(inner, outer, span) / Double(n) : .nan
    }

    /// Sum of levels, or of the shares of increments that fall into the window; unknown where nothing is covered.
    static func sum(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        let known = inner.holdsAmounts ? covered(inner, outer, span) : count(inner, outer, span)
        return known > 0 ? total(inner, outer, span) : .nan
    }

    /// Amount per minute of the time that is covered; unknown where nothing is.
    static func rate(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        guard inner.holdsAmounts else { return .nan }
        let known = covered(inner, outer, span)
        return known > 0 ? total(inner, outer, span) / (Double(known) / 60_000) : .nan
    }

    static func least(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        guard !inner.holdsAmounts else { return .nan }
        let least = Swift.min(
            inner.columns.least(span.head), outer.columns.least(span.body),
            inner.columns.least(span.tail))
        return least.isFinite ? Double(least) : .nan
    }

    static func greatest(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan)
        -> Double
    {
        guard !inner.holdsAmounts else { return .nan }
        let greatest = Swift.max(
            inner.columns.greatest(span.head), outer.columns.greatest(span.body),
            inner.columns.greatest(span.tail))
        return greatest.isFinite ? Double(greatest) : .nan
    }

    /// Sample standard deviation (n − 1), as heart-rate statistics have it; unknown below two samples.
    static func deviation(_ inner: PaneTier, _ outer: PaneTier, _ span: PaneSpan) -> Double {
        guard !inner.holdsAmounts else { return .nan }
        let n = count(inner, outer, span)
        guard n > 1 else { return .nan }
        let mean = total(inner, outer, span) / Double(n)
        var within = Reduction()
        within.add(inner.columns.deviations, span.head)
        within.add(outer.columns.deviations, span.body)
        within.add(inner.columns.deviations, span.tail)
        var between = 0.0
        inner.addBetween(span.head, mean, to: &between)
        outer.addBetween(span.body, mean, to: &between)
        inner.addBetween(span.tail, mean, to: &between)
        return ((within.total + between) / Double(n - 1)).squareRoot()
    }
}

extension PaneTier {
    func window(_ length: Int64, end: Int64) -> PaneWindow {
        PaneWindow(length: length, end: end, pane: self.length, capacity: capacity)
    }

    /// Σ n (pane mean − mean)².
    fileprivate func addBetween(_ stretch: PaneStretch, _ mean: Double, to between: inout Double) {
        for part in [stretch.a, stretch.b] {
            for i in part where columns.count(i) > 0 {
                let m = Double(columns.count(i))
                let d = Double(columns.sum[i]) / m - mean
                between += m * d * d
            }
        }
    }

    /// The oldest value of the window: of a 5-s pane its first, of longer panes their mean.
    func first(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let stretch = stretch(from: window.from, to: window.to)
        for part in [stretch.a, stretch.b] {
            for i in part where columns.count(i) > 0 {
                return keepsFirst ? Double(columns.first[i]) : Double(columns.sum[i]) / Double(columns.count(i))
            }
        }
        return .nan
    }

    /// Least-squares slope in units per minute, every sample taken at the middle of its pane.
    func slope(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let stretch = stretch(from: window.from, to: window.to)
        let n = columns.counts(stretch)
        guard n > 1 else { return .nan }
        var total = Reduction()
        total.add(columns.sum, stretch)
        let mean = total.total / Double(n)
        // Positions relative to the mean position keep the sums small.
        var moment = 0
        forEach(stretch) { position, i in moment += position * columns.count(i) }
        let centre = Double(moment) / Double(n)
        var products = 0.0
        var squares = 0.0
        forEach(stretch) { position, i in
            let m = Double(columns.count(i))
            guard m > 0 else { return }
            let x = Double(position) - centre
            products += x * (Double(columns.sum[i]) - m * mean)
            squares += m * x * x
        }
        guard squares > 0 else { return .nan }
        return products / squares * 60_000 / Double(length)
    }

    /// Mean of the window's samples, each weighing half as much for every `halfLife` ms before the newest pane, taken at
    /// the middle of its pane. A function of the window alone: nothing older leaves a trace.
    func smoothed(_ window: PaneWindow, halfLife: Double) -> Double {
        guard !holdsAmounts else { return .nan }
        var mean = WeightedMean()
        let factor = WeightedMean.factor(of: Double(length), halfLife: halfLife)
        forEach(stretch(from: window.from, to: window.to)) { _, i in
            mean.age(factor: factor)
            mean.add(Double(columns.sum[i]), count: Double(columns.count(i)))
        }
        return mean.value
    }

    private func forEach(_ stretch: PaneStretch, _ body: (Int, Int) -> Void) {
        var position = 0
        for part in [stretch.a, stretch.b] {
            for i in part {
                body(position, i)
                position += 1
            }
        }
    }

    /// First and last pane of the window that hold samples, as ms of their start and end.
    func occupied(_ window: PaneWindow) -> (first: Int64, last: Int64)? {
        let stretch = stretch(from: window.from, to: window.to)
        var first: Int64?
        var last: Int64 = 0
        forEach(stretch) { position, i in
            guard columns.count(i) > 0 else { return }
            let start = (stretch.start + Int64(position)) * length
            if first == nil { first = start }
            last = start + length
        }
        return first.map { ($0, Swift.min(last, window.end)) }
    }
}
