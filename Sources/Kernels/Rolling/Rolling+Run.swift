import CKernels

// The same statistics of one series along time. Definitions, limits and results are those of the blocks; `out` has a
// place for each moment of the run.
extension Rolling {
    public static func mean(of run: borrowing PaneRun, window: Int, fewest: Int = 1, into out: inout [Float]) {
        if let scale = run.scale, window <= longestPacked, scale.sumsFitFloat(window: window) {
            prefixes(of: run, window: window, squared: false, into: &out) { sums, _, to, count in
                vk_mean_run(
                    sums, Int64(window), to, count, scale.offset, scale.step, Int32(clamping: Swift.max(1, fewest)))
            }
            return
        }
        let (offset, step) = run.affine
        sums(of: run, window: window, of: .sum, into: &out) { sums, place, to in
            vk_mean_of_sums(
                sums.values + place, sums.counts + place, to, offset, step, Double(Swift.max(1, fewest)))
        }
    }

    public static func sum(of run: borrowing PaneRun, window: Int, fewest: Int = 1, into out: inout [Float]) {
        let (offset, step) = run.affine
        let fewest = Double(Swift.max(1, fewest))
        sums(of: run, window: window, of: .sum, into: &out) { sums, place, to in
            for i in 0..<8 {
                let count = sums.counts[place + i]
                to[i] = count < fewest ? .nan : Float(offset * count + step * sums.values[place + i])
            }
        }
    }

    public static func count(of run: borrowing PaneRun, window: Int, into out: inout [Float]) {
        sums(of: run, window: window, of: .sum, into: &out) { sums, place, to in
            for i in 0..<8 { to[i] = Float(sums.counts[place + i]) }
        }
    }

    public static func deviation(of run: borrowing PaneRun, window: Int, fewest: Int = 2, into out: inout [Float]) {
        if let scale = run.scale, window <= longestPacked {
            prefixes(of: run, window: window, squared: true, into: &out) { sums, squares, to, count in
                vk_deviation_run(
                    sums, squares, Int64(window), to, count, scale.step, Int32(clamping: Swift.max(2, fewest)))
            }
            return
        }
        spread(of: run, window: window, fewest: fewest, scored: false, into: &out)
    }

    public static func zscore(of run: borrowing PaneRun, window: Int, fewest: Int = 2, into out: inout [Float]) {
        spread(of: run, window: window, fewest: fewest, scored: true, into: &out)
    }

    private static func spread(
        of run: borrowing PaneRun, window: Int, fewest: Int, scored: Bool, into out: inout [Float]
    ) {
        let step = run.affine.step
        sums(of: run, window: window, of: .square, into: &out) { sums, place, to in
            vk_deviation_of_sums(
                sums.values + place, sums.squares + place, sums.counts + place, sums.newest + place,
                sums.present + place, to, step, Double(Swift.max(2, fewest)), scored ? 1 : 0)
        }
    }

    public static func slope(of run: borrowing PaneRun, window: Int, fewest: Int = 2, into out: inout [Float]) {
        precondition(window <= 65_536, "a slope's window has at most 65,536 rows")
        let step = run.affine.step
        sums(of: run, window: window, of: .place, into: &out) { sums, place, to in
            vk_slope_of_sums(
                sums.values + place, sums.counts + place, sums.moments + place, sums.place + place,
                sums.places + place, to, step, Double(Swift.max(2, fewest)))
        }
    }

    // MARK: Prefix sums

    /// Twelve bits of count.
    private static let longestPacked = 4095
    /// Moments worked on at once: with an hour before them in the nearer caches.
    private static let piece = 8192

    /// Prefix sums of codes piece by piece, the window before a piece kept; `finish` gets them from the piece's start on.
    @inline(__always) private static func prefixes(
        of run: borrowing PaneRun, window: Int, squared: Bool, into out: inout [Float],
        finish: (UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafeMutablePointer<Float>, Int64) -> Void
    ) {
        precondition(window >= 1 && out.count == run.count, "a place for each moment")
        let rows = (window + piece) / 64 + 2
        let sums = Rows<Int32>(count: rows, repeating: 0)
        let squares = Rows<Int32>(count: squared ? rows : 0, repeating: 0)
        let results = Rows<Float>(count: piece / 64, repeating: 0)
        var (carry, carrySquare): (Int32, Int32) = (0, 0)
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            var start = 0
            while start < run.count {
                let count = Swift.min(piece, run.count - start)
                let rounded = Int64(count + 15) / 16 * 16
                vk_prefix_codes(
                    run.codes.cells + start, sums.cells + window, squared ? squares.cells + window : nil, rounded,
                    &carry, &carrySquare)
                let isWhole = count == Int(rounded)
                finish(sums.cells + window, squares.cells + window, isWhole ? base + start : results.cells, rounded)
                if !isWhole { (base + start).update(from: results.cells, count: count) }
                sums.cells.update(from: sums.cells + count, count: window)
                if squared { squares.cells.update(from: squares.cells + count, count: window) }
                start += count
            }
        }
    }

    // MARK: Running sums

    enum Depth { case sum, square, place }

    /// What windows amount to at the moments of a piece, exact in Double.
    struct Sums: ~Copyable {
        private let table = Rows<Double>(count: 8 * Sums.rows, repeating: 0)
        /// Moments worked on at once: eight tables in the nearest cache.
        static let length = 256
        private static let rows = length / 64

        private func column(_ number: Int) -> UnsafeMutablePointer<Double> { table.row(number * Self.rows) }
        /// Distances from the centre, and 1 for a value.
        var newest: UnsafeMutablePointer<Double> { column(0) }
        var present: UnsafeMutablePointer<Double> { column(1) }
        /// Σ value, n, Σ value².
        var values: UnsafeMutablePointer<Double> { column(2) }
        var counts: UnsafeMutablePointer<Double> { column(3) }
        var squares: UnsafeMutablePointer<Double> { column(4) }
        /// Σ value · place, Σ place, Σ place²; the newest place is 0.
        var moments: UnsafeMutablePointer<Double> { column(5) }
        var place: UnsafeMutablePointer<Double> { column(6) }
        var places: UnsafeMutablePointer<Double> { column(7) }
    }

    @inline(__always) private static func sums(
        of run: borrowing PaneRun, window: Int, of depth: Depth, into out: inout [Float],
        finish: (borrowing Sums, Int, UnsafeMutablePointer<Float>) -> Void
    ) {
        precondition(window >= 1 && window <= longest && out.count == run.count, "a place for each moment")
        let sums = Sums()
        let leaving = Rows<Double>(count: 2 * Sums.length / 64, repeating: 0)
        let results = Rows<Float>(count: Sums.length / 64, repeating: 0)
        // Σ value · place must not round either: as if the window were its own square long.
        let fixed = run.fixed.cuts(window: depth == .place ? window * window : window)
        let width = Double(window)
        // Held here: looked up anew for each moment, they cost more than the sums.
        let (a, va, b, vb) = (sums.newest, sums.present, leaving.cells, leaving.cells + Sums.length)
        let (values, counts, squares) = (sums.values, sums.counts, sums.squares)
        let (moments, place, places) = (sums.moments, sums.place, sums.places)
        var (s, n, q, sp, p, pp) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            var start = 0
            while start < run.count {
                let count = Swift.min(Sums.length, run.count - start)
                run.measure(start, count, fixed, into: sums.newest, sums.present)
                run.measure(start - window, count, fixed, into: leaving.cells, leaving.cells + Sums.length)
                for i in 0..<count {
                    if depth == .place {
                        sp += width * b[i] - s
                        pp += n - 2 * p - width * width * vb[i]
                        p += width * vb[i] - n
                        moments[i] = sp
                        places[i] = pp
                        place[i] = p
                    }
                    s += a[i] - b[i]
                    n += va[i] - vb[i]
                    values[i] = s
                    counts[i] = n
                    if depth == .square {
                        q += FixedPoint.square(a[i], fixed) - FixedPoint.square(b[i], fixed)
                        squares[i] = q
                    }
                }
                for moment in stride(from: 0, to: count, by: 8) { finish(sums, moment, results.cells + moment) }
                (base + start).update(from: results.cells, count: count)
                start += count
            }
        }
    }
}

extension FixedPoint {
    @inline(__always) static func square(_ value: Double, _ fixed: vk_fixed) -> Double {
        (value * value + fixed.cut_square) - fixed.cut_square
    }
}

extension PaneRun {
    /// How what is summed becomes a value.
    var affine: (offset: Double, step: Double) {
        scale.map { (Double($0.offset), Double($0.step)) } ?? (fixed.centre, 1)
    }

    /// `count` moments from `start` on; those before the first were not measured. `values` and `present` have room for
    /// the next multiple of eight.
    @inline(__always) fileprivate func measure(
        _ start: Int, _ count: Int, _ fixed: vk_fixed, into values: UnsafeMutablePointer<Double>,
        _ present: UnsafeMutablePointer<Double>
    ) {
        let missing = Swift.min(count, Swift.max(0, -start))
        for i in 0..<missing {
            values[i] = 0
            present[i] = 0
        }
        var i = missing
        if scale != nil {
            while i + 8 <= count {
                vk_measure_bytes(codes.cells + start + i, fixed, values + i, present + i)
                i += 8
            }
        } else {
            while i + 8 <= count {
                vk_measure_floats(self.values.cells + start + i, fixed, values + i, present + i)
                i += 8
            }
        }
        // What does not fill a vector.
        while i < count {
            let known = self[start + i].isFinite
            if scale != nil {
                values[i] = Double(codes.cells[start + i])
                present[i] = known ? 1 : 0
            } else {
                let d = Double(self.values.cells[start + i]) - fixed.centre
                let isNear = abs(d) <= fixed.reach
                values[i] = isNear ? (d + fixed.cut) - fixed.cut : 0
                present[i] = isNear ? 1 : 0
            }
            i += 1
        }
    }
}
