/// A trailing window over the panes of one tier: `[T − w, T)`, snapped inward to panes.
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

extension PaneTier {
    func window(_ length: Int64, end: Int64) -> PaneWindow {
        PaneWindow(length: length, end: end, pane: self.length, capacity: capacity)
    }

    func count(_ window: PaneWindow) -> Int { Reduction.sum(count, stretch(from: window.from, to: window.to)) }

    /// Share of the window that is covered, 0…1.
    func coverage(_ window: PaneWindow) -> Double {
        guard window.length > 0 else { return 0 }
        let covered = Reduction.sum(covered, stretch(from: window.from, to: window.to))
        return Double(Swift.min(Int64(covered), window.length)) / Double(window.length)
    }

    func mean(_ window: PaneWindow) -> Double {
        let stretch = stretch(from: window.from, to: window.to)
        let n = Reduction.sum(count, stretch)
        guard n > 0 else { return .nan }
        return total(stretch) / Double(n)
    }

    private func total(_ stretch: PaneStretch) -> Double {
        holdsAmounts
            ? Double(Reduction.sum(amount, stretch)) / SeriesPanes.amountUnit : Reduction.sum(sum, stretch)
    }

    /// Sum of levels, or of the shares of increments that fall into the window; unknown where nothing is covered.
    func sum(_ window: PaneWindow) -> Double {
        let stretch = stretch(from: window.from, to: window.to)
        let known = holdsAmounts ? Reduction.sum(covered, stretch) : Reduction.sum(count, stretch)
        return known > 0 ? total(stretch) : .nan
    }

    func least(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let least = Reduction.least(low, stretch(from: window.from, to: window.to))
        return least.isFinite ? Double(least) : .nan
    }

    func greatest(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let greatest = Reduction.greatest(high, stretch(from: window.from, to: window.to))
        return greatest.isFinite ? Double(greatest) : .nan
    }

    /// Sample standard deviation (n − 1), as heart-rate statistics have it; unknown below two samples.
    func deviation(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let stretch = stretch(from: window.from, to: window.to)
        let n = Reduction.sum(count, stretch)
        guard n > 1 else { return .nan }
        let mean = Reduction.sum(sum, stretch) / Double(n)
        var between = 0.0
        for part in [stretch.a, stretch.b] {
            for i in part where count[i] > 0 {
                let m = Double(count[i])
                let d = Double(sum[i]) / m - mean
                between += m * d * d
            }
        }
        let squares = Reduction.sum(deviations, stretch) + between
        return (squares / Double(n - 1)).squareRoot()
    }

    /// The oldest value of the window: of a 5-s pane its first, of longer panes their mean.
    func first(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let stretch = stretch(from: window.from, to: window.to)
        for part in [stretch.a, stretch.b] {
            for i in part where count[i] > 0 {
                return keepsFirst ? Double(first[i]) : Double(sum[i]) / Double(count[i])
            }
        }
        return .nan
    }

    /// Least-squares slope in units per minute, every sample taken at the middle of its pane.
    func slope(_ window: PaneWindow) -> Double {
        guard !holdsAmounts else { return .nan }
        let stretch = stretch(from: window.from, to: window.to)
        let n = Reduction.sum(count, stretch)
        guard n > 1 else { return .nan }
        let mean = Reduction.sum(sum, stretch) / Double(n)
        // Positions relative to the mean position keep the sums small.
        var moment = 0
        forEach(stretch) { position, i in moment += position * Int(count[i]) }
        let centre = Double(moment) / Double(n)
        var products = 0.0
        var squares = 0.0
        forEach(stretch) { position, i in
            let m = Double(count[i])
            guard m > 0 else { return }
            let x = Double(position) - centre
            products += x * (Double(sum[i]) - m * mean)
            squares += m * x * x
        }
        guard squares > 0 else { return .nan }
        return products / squares * 60_000 / Double(length)
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
            guard count[i] > 0 else { return }
            let start = (stretch.start + Int64(position)) * length
            if first == nil { first = start }
            last = start + length
        }
        return first.map { ($0, Swift.min(last, window.end)) }
    }
}
