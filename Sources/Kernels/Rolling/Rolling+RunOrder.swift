import CKernels

extension Rolling {
    /// Least value of one series along time: the windows' lengths are doubled in place, log₂(window) comparisons a
    /// value, 64 codes at once.
    public static func least(of run: borrowing PaneRun, window: Int, into out: inout [Float]) {
        extreme(of: run, window: window, greatest: false, into: &out)
    }

    /// Greatest value; as `least`.
    public static func greatest(of run: borrowing PaneRun, window: Int, into out: inout [Float]) {
        extreme(of: run, window: window, greatest: true, into: &out)
    }

    private static func extreme(
        of run: borrowing PaneRun, window: Int, greatest: Bool, into out: inout [Float]
    ) {
        precondition(window >= 1 && window <= longest && out.count == run.count, "a place for each moment")
        // Long windows are worked on in longer pieces: what lies before a piece is doubled again with it.
        let piece = Swift.max(window, 16_384) / 64 * 64
        let before = (window + 63) / 64 * 64
        let room = before + piece
        let codes = Rows<UInt8>(count: run.scale == nil ? 0 : room / 64, repeating: 0)
        let values = Rows<Float>(count: run.scale == nil ? room / 64 : 0, repeating: 0)
        let results = Rows<Float>(count: piece / 64, repeating: 0)
        let sign: Float = greatest ? -1 : 1
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            var start = 0
            while start < run.count {
                let count = Swift.min(piece, run.count - start)
                let rounded = (count + 63) / 64 * 64
                let known = Swift.min(before, start)
                if let scale = run.scale {
                    codes.cells.update(repeating: 0, count: before - known)
                    (codes.cells + before - known).update(from: run.codes.cells + start - known, count: known + rounded)
                    lengths(to: window) { back in
                        if greatest {
                            vk_double_greatest(codes.cells, Int64(before + rounded), Int64(back))
                        } else {
                            vk_double_least(codes.cells, Int64(before + rounded), Int64(back))
                        }
                    }
                    vk_decode_run(codes.cells + before, results.cells, Int64(rounded), scale.offset, scale.step)
                } else {
                    values.cells.update(repeating: .infinity, count: before - known)
                    var place = -known
                    while place < 0, place & 15 != 0 {
                        let value = run.values.cells[start + place]
                        values.cells[before + place] = value.isFinite ? sign * value : .infinity
                        place += 1
                    }
                    while place < rounded {
                        vk_infinite_for_missing16(
                            values.cells + before + place, run.values.cells + start + place, sign)
                        place += 16
                    }
                    lengths(to: window) { vk_double_least_floats(values.cells, Int64(before + rounded), Int64($0)) }
                    place = 0
                    while place < rounded {
                        vk_missing_for_infinite16(results.cells + place, values.cells + before + place, sign)
                        place += 16
                    }
                }
                (base + start).update(from: results.cells, count: count)
                start += count
            }
        }
    }

    /// How far back to look, one step after another, so that windows of one value grow to `window`.
    @inline(__always) private static func lengths(to window: Int, _ widen: (Int) -> Void) {
        var length = 1
        while length < window {
            let back = Swift.min(length, window - length)
            widen(back)
            length += back
        }
    }

    /// Quantiles of one series along time; as for blocks. `out` holds a run of results for each share, one behind the
    /// other.
    public static func quantiles(
        _ shares: [Double], of run: borrowing PaneRun, window: Int, fewest: Int = 1, into out: inout [Float]
    ) {
        precondition(window >= 1 && window <= 65_535, "a quantile's window has 1 to 65,535 rows")
        precondition(out.count == run.count * shares.count, "a place for each moment and share")
        let count = run.count
        guard let scale = run.scale else {
            var line: [Float] = []
            line.reserveCapacity(count)
            for place in 0..<count { line.append(run.values.cells[place]) }
            var ranks = RankedWindow(window: window)
            ranks.quantiles(shares, of: line, from: 0, fewest: Swift.max(1, fewest)) { mark, place, value in
                out[mark * count + place] = value
            }
            return
        }
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            // A histogram waits for itself; sixty-four of them do not wait for each other. Each begins a window early.
            let part = (count + 63) / 64
            for (number, share) in shares.enumerated() {
                let to = base + number * count
                if part < 64 || window > 3 * part {
                    follow(
                        Swift.min(Swift.max(share, 0), 1), run.codes.cells, count, window, scale,
                        Swift.max(1, fewest), into: to)
                } else {
                    inParts(share, run.codes.cells, count, part, window, scale, fewest, into: to)
                }
            }
        }
    }

    /// Median of one series along time; as for blocks.
    public static func median(of run: borrowing PaneRun, window: Int, fewest: Int = 1, into out: inout [Float]) {
        quantiles([0.5], of: run, window: window, fewest: fewest, into: &out)
    }

    /// Median absolute deviation from the window's median, not scaled; as for blocks.
    public static func mad(of run: borrowing PaneRun, window: Int, fewest: Int = 1, into out: inout [Float]) {
        precondition(window >= 1 && window <= 65_535, "a deviation's window has 1 to 65,535 rows")
        precondition(out.count == run.count, "a place for each moment")
        let fewest = Swift.max(1, fewest)
        guard let scale = run.scale else {
            var sorted = SortedWindow(capacity: window)
            for place in 0..<run.count {
                sorted.insert(Double(run[place]))
                if place >= window { sorted.remove(Double(run[place - window])) }
                out[place] = sorted.count >= fewest ? Float(sorted.deviation) : .nan
            }
            return
        }
        var histogram = CodeHistogram()
        for place in 0..<run.count {
            histogram.move(in: run.codes.cells[place], out: place >= window ? run.codes.cells[place - window] : 0)
            out[place] = histogram.present >= fewest ? scale.step * Float(histogram.deviation()) / 4 : .nan
        }
    }

    /// The run as sixty-four parts beside each other, time in the lanes.
    private static func inParts(
        _ share: Double, _ codes: UnsafePointer<UInt8>, _ count: Int, _ part: Int, _ window: Int,
        _ scale: CodeScale, _ fewest: Int, into out: UnsafeMutablePointer<Float>
    ) {
        let before = window - 1
        let line = Rows<UInt8>(count: (before + 64 * part) / 64 + 2, repeating: 0)
        (line.cells + before).update(from: codes, count: count)
        let height = before + part
        let rows = Rows<UInt8>(count: height + 16, repeating: 0)
        for row in stride(from: 0, to: height, by: 16) {
            for lane in stride(from: 0, to: 64, by: 16) {
                vk_turn_tile(line.cells + lane * part + row, Int64(part), rows.row(row) + lane)
            }
        }
        let blank = Rows<UInt8>(count: 1, repeating: 0)
        let results = Rows<Float>(count: 64, repeating: 0)
        let histogram = LaneHistogram(scale: scale, shares: [share], fewest: fewest)
        for row in 0..<before { histogram.move(in: rows.row(row), out: blank.cells) }
        histogram.rewind()
        var start = 0
        while start < part {
            let end = Swift.min(start + 64, part)
            for moment in start..<end {
                let entering = rows.row(before + moment)
                let leaving = moment > 0 ? rows.row(moment - 1) : blank.cells
                histogram.move(in: entering, out: leaving)
                histogram.follow(0, in: entering, out: leaving, into: results.row(moment - start))
            }
            for lane in 0..<64 {
                let to = out + lane * part
                // The last parts may be shorter, or empty.
                for moment in start..<Swift.max(start, Swift.min(end, count - lane * part)) {
                    to[moment] = results.cells[(moment - start) * 64 + lane]
                }
            }
            start = end
        }
    }

    private static func follow(
        _ share: Double, _ codes: UnsafePointer<UInt8>, _ count: Int, _ window: Int, _ scale: CodeScale, _ fewest: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        var histogram = CodeHistogram()
        for place in 0..<count {
            histogram.move(in: codes[place], out: place >= window ? codes[place - window] : 0)
            guard histogram.present >= fewest else {
                out[place] = .nan
                continue
            }
            let (code, above) = histogram.quantile(share)
            let value = scale.offset + scale.step * Float(code)
            out[place] = above > 0 ? Float(Double(value) + above * Double(scale.step)) : value
        }
    }
}
