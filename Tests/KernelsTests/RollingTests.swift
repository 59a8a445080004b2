import Kernels
import Testing

/// What kernels get: series of a block, and how they are told apart from their scalar twins.
enum Panes {
    enum Kind: CaseIterable, Sendable {
        /// Whole beats, codes.
        case whole
        /// Any numbers around a large one, Floats.
        case any
        case constant
        case allMissing
        /// One value, and infinities that count for nothing.
        case lonely
    }

    static func series(_ kind: Kind, rows: Int, lanes: Int, seed: UInt64) -> [Float] {
        var numbers = Numbers(seed: seed)
        var all: [Float] = []
        for lane in 0..<lanes {
            var level = 60 + Double(lane)
            for row in 0..<rows {
                level += Double.random(in: -3...3, using: &numbers)
                level = Swift.min(Swift.max(level, 40), 180)
                let isGap = Double.random(in: 0..<1, using: &numbers) < (lane % 3 == 2 ? 0.7 : 0.05)
                switch kind {
                case .whole: all.append(isGap ? .nan : Float(level.rounded()))
                case .any: all.append(isGap ? .infinity : Float(1000 + level * 1.37))
                case .constant: all.append(72.5)
                case .allMissing: all.append(.nan)
                case .lonely: all.append(row == rows / 2 ? Float(level.rounded()) : row % 2 == 0 ? -.infinity : .nan)
                }
            }
        }
        return all
    }

    /// The largest difference of two results; infinite where one knows and the other does not.
    static func distance(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(a.count == b.count ? 0 : .infinity) { worst, pair in
            if pair.0.isNaN || pair.1.isNaN { return pair.0.isNaN && pair.1.isNaN ? worst : .infinity }
            return Swift.max(worst, Double(abs(pair.0 - pair.1)))
        }
    }

    static func bits(_ rows: borrowing Rows<Float>, _ range: Range<Int>) -> [UInt32] {
        range.flatMap { row in (0..<64).map { rows[row, $0].isNaN ? 0x7FC0_0000 : rows[row, $0].bitPattern } }
    }
}

@Suite("Rolling kernels and their scalar twins")
struct RollingTests {
    typealias Kernel = @Sendable (borrowing PaneBlock, Int, Range<Int>?, inout Rows<Float>) -> Void

    /// A kernel, its twin, and how far they may differ: rounding to Float for values around a thousand.
    struct Pair: Sendable, CustomTestStringConvertible {
        var name: String
        var kernel: Kernel
        var twin: @Sendable (ArraySlice<Float>) -> Double?
        var tolerance: Double
        var testDescription: String { name }
    }

    static let pairs: [Pair] = [
        Pair(
            name: "count", kernel: { Rolling.count(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.count($0) }, tolerance: 0),
        Pair(
            name: "sum", kernel: { Rolling.sum(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.sum($0) }, tolerance: 0.02),
        Pair(
            name: "mean", kernel: { Rolling.mean(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.mean($0) }, tolerance: 1e-4),
        Pair(
            name: "deviation", kernel: { Rolling.deviation(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.deviation($0) }, tolerance: 1e-4),
        Pair(
            name: "zscore", kernel: { Rolling.zscore(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.zscore($0) }, tolerance: 1e-4),
        Pair(
            name: "slope", kernel: { Rolling.slope(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.slope($0) }, tolerance: 1e-4),
        Pair(
            name: "least", kernel: { Rolling.least(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.least($0) }, tolerance: 0),
        Pair(
            name: "greatest", kernel: { Rolling.greatest(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.greatest($0) }, tolerance: 0),
        Pair(
            name: "median", kernel: { Rolling.median(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.quantile(0.5)($0) }, tolerance: 1e-4),
        Pair(
            name: "nine tenths", kernel: { Rolling.quantiles([0.9], of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.quantile(0.9)($0) }, tolerance: 2e-4),
        Pair(
            name: "mad", kernel: { Rolling.mad(of: $0, window: $1, rows: $2, into: &$3) },
            twin: { RollingTwin.mad($0) }, tolerance: 1e-4),
    ]

    private func compare(_ pair: Pair, _ kind: Panes.Kind, rows: Int, lanes: Int, window: Int) {
        let series = Panes.series(kind, rows: rows, lanes: lanes, seed: UInt64(rows * 31 + window))
        let block = PaneBlock(series.span, series: lanes)
        var out = Rows<Float>(count: rows, repeating: -1)
        pair.kernel(block, window, nil, &out)
        for lane in 0..<lanes {
            let twin = RollingTwin.along(Array(series[lane * rows..<(lane + 1) * rows]), window: window, pair.twin)
            let distance = Panes.distance(out.series(lane), twin)
            #expect(
                distance <= pair.tolerance,
                "\(pair.name) of \(kind), \(rows) rows, window \(window): off by \(distance)")
        }
        // A lane that nobody is in stays empty.
        if lanes < 64, rows > 0 { #expect(out[rows - 1, 63].isNaN || pair.name == "count") }
    }

    @Test("every kernel equals its twin for every length from 0 to 257", arguments: pairs)
    func lengths(_ pair: Pair) {
        for rows in 0...257 { compare(pair, .whole, rows: rows, lanes: 1, window: 1 + rows % 23) }
        for rows in stride(from: 0, through: 257, by: 19) { compare(pair, .any, rows: rows, lanes: 2, window: 13) }
    }

    @Test("every kernel equals its twin on gaps, constants, infinities and nothing at all", arguments: pairs)
    func inputs(_ pair: Pair) {
        for kind in Panes.Kind.allCases {
            for window in [1, 2, 7, 64, 300] { compare(pair, kind, rows: 130, lanes: 3, window: window) }
        }
    }

    @Test("a full block keeps its lanes apart", arguments: pairs)
    func lanes(_ pair: Pair) {
        compare(pair, .whole, rows: 70, lanes: 64, window: 20)
        compare(pair, .any, rows: 70, lanes: 64, window: 20)
    }

    @Test("a window gives the same bits wherever the block begins and whichever rows are asked for", arguments: pairs)
    func cuts(_ pair: Pair) {
        for kind in [Panes.Kind.whole, .any] {
            let (rows, lanes, window) = (200, 5, 37)
            var series = Panes.series(kind, rows: rows, lanes: lanes, seed: 5)
            // Codes of the whole block begin lower than those of the later one.
            if kind == .whole { series[3] = 17 }
            let range = FixedPoint(centre: 1100, reach: 1024)
            let whole = PaneBlock(series.span, series: lanes, fixed: range)
            var all = Rows<Float>(count: rows, repeating: 0)
            pair.kernel(whole, window, nil, &all)
            // Some rows of the same block.
            var some = Rows<Float>(count: 60, repeating: 0)
            pair.kernel(whole, window, 101..<161, &some)
            #expect(Panes.bits(some, 0..<60) == Panes.bits(all, 101..<161), "\(pair.name), \(kind): rows")
            // A block that begins later: what its windows hold is the same after one window.
            let begin = 50
            let later = (0..<lanes).flatMap { series[$0 * rows + begin..<($0 + 1) * rows] }
            let cut = PaneBlock(later.span, series: lanes, fixed: range)
            var rest = Rows<Float>(count: rows - begin, repeating: 0)
            pair.kernel(cut, window, nil, &rest)
            #expect(
                Panes.bits(rest, window..<rows - begin) == Panes.bits(all, begin + window..<rows),
                "\(pair.name), \(kind): a later beginning")
        }
    }

    @Test("long windows, whose sums need more than 32 bits, equal their twin", arguments: pairs)
    func wide(_ pair: Pair) {
        let rows = 400
        let series = Panes.series(.whole, rows: rows, lanes: 1, seed: 9)
        let block = PaneBlock(series.span, series: 1)
        for window in [5000, 40_000] {
            var out = Rows<Float>(count: rows, repeating: 0)
            pair.kernel(block, window, nil, &out)
            let twin = RollingTwin.along(series, window: window, pair.twin)
            #expect(Panes.distance(out.series(0), twin) <= pair.tolerance, "\(pair.name), window \(window)")
        }
    }

    @Test("three hundred thousand rows later nothing has drifted")
    func drift() {
        // Values whose squares are large and whose spread is small, with gaps: what running sums lose themselves in.
        let rows = 300_000
        var numbers = Numbers(seed: 2)
        let series = (0..<rows).map { row in
            row % 19 == 0 ? .nan : Float(101_325 + 3 * Double.random(in: -1...1, using: &numbers))
        }
        let block = PaneBlock(series.span, series: 1)
        #expect(block.scale == nil)
        let last = rows - 300..<rows
        var mean = Rows<Float>(count: rows, repeating: 0), deviation = Rows<Float>(count: rows, repeating: 0)
        Rolling.mean(of: block, window: 300, into: &mean)
        Rolling.deviation(of: block, window: 300, into: &deviation)
        for row in stride(from: last.lowerBound, to: last.upperBound, by: 7) {
            let window = series[row - 299...row]
            #expect(abs(Double(mean[row, 0]) - (RollingTwin.mean(window) ?? 0)) < 0.01)
            #expect(abs(Double(deviation[row, 0]) - (RollingTwin.deviation(window) ?? 0)) < 1e-3)
        }
    }

    @Test("a window of any numbers has the same bits wherever its block began, however much entered and left before")
    func exact() {
        var numbers = Numbers(seed: 11)
        let rows = 40_000
        let series = (0..<rows).map { row in
            row % 23 == 0 ? Float.nan : Float(70 + 60 * Double.random(in: -1...1, using: &numbers))
        }
        let range = FixedPoint(centre: 70, reach: 64)
        let whole = PaneBlock(series.span, series: 1, fixed: range, coded: false)
        let tail = Array(series[(rows - 1000)...])
        let part = PaneBlock(tail.span, series: 1, fixed: range, coded: false)
        for kernel in ["mean", "deviation", "zscore", "slope", "sum"] {
            var a = Rows<Float>(count: rows, repeating: 0), b = Rows<Float>(count: 1000, repeating: 0)
            switch kernel {
            case "mean":
                Rolling.mean(of: whole, window: 300, into: &a)
                Rolling.mean(of: part, window: 300, into: &b)
            case "deviation":
                Rolling.deviation(of: whole, window: 300, into: &a)
                Rolling.deviation(of: part, window: 300, into: &b)
            case "zscore":
                Rolling.zscore(of: whole, window: 300, into: &a)
                Rolling.zscore(of: part, window: 300, into: &b)
            case "slope":
                Rolling.slope(of: whole, window: 300, into: &a)
                Rolling.slope(of: part, window: 300, into: &b)
            default:
                Rolling.sum(of: whole, window: 300, into: &a)
                Rolling.sum(of: part, window: 300, into: &b)
            }
            let long = a.series(0).suffix(700).map(\.bitPattern)
            let short = b.series(0).suffix(700).map(\.bitPattern)
            #expect(long == short, "\(kernel)")
        }
    }

    @Test("fewer values than wanted give NaN")
    func fewest() {
        let series: [Float] = [1, .nan, 3, 4, 5]
        let block = PaneBlock(series.span, series: 1)
        var out = Rows<Float>(count: 5, repeating: 0)
        for kernel in [
            { @Sendable (b: borrowing PaneBlock, o: inout Rows<Float>) in
                Rolling.mean(of: b, window: 3, fewest: 3, into: &o)
            },
            { Rolling.deviation(of: $0, window: 3, fewest: 3, into: &$1) },
            { Rolling.least(of: $0, window: 3, fewest: 3, into: &$1) },
            { Rolling.median(of: $0, window: 3, fewest: 3, into: &$1) },
            { Rolling.slope(of: $0, window: 3, fewest: 3, into: &$1) },
            { Rolling.mad(of: $0, window: 3, fewest: 3, into: &$1) },
        ] {
            kernel(block, &out)
            #expect(out.series(0).map(\.isNaN) == [true, true, true, true, false])
        }
    }

    @Test("several quantiles at once equal those asked for singly", arguments: [Panes.Kind.whole, .any])
    func shares(_ kind: Panes.Kind) {
        let rows = 120
        let series = Panes.series(kind, rows: rows, lanes: 3, seed: 4)
        let block = PaneBlock(series.span, series: 3)
        let shares = [0, 0.1, 0.5, 0.9, 1]
        var together = Rows<Float>(count: rows * shares.count, repeating: 0)
        Rolling.quantiles(shares, of: block, window: 25, into: &together)
        for (place, share) in shares.enumerated() {
            var single = Rows<Float>(count: rows, repeating: 0)
            Rolling.quantiles([share], of: block, window: 25, into: &single)
            #expect(Panes.bits(together, place * rows..<(place + 1) * rows) == Panes.bits(single, 0..<rows))
        }
    }

    @Test("a chart that was interrupted goes on as if it had not been", arguments: [Panes.Kind.whole, .any])
    func chart(_ kind: Panes.Kind) {
        let (rows, lanes) = (150, 4)
        let series = Panes.series(kind, rows: rows, lanes: lanes, seed: 8)
        let centre = (0..<lanes).map { Float(kind == .whole ? 60 + $0 : 1100) }
        func chart() -> LaneChart {
            LaneChart(share: 0.25, slack: 0.5, centre: centre, scale: Array(repeating: 0.125, count: lanes))
        }
        var levels = Rows<Float>(count: rows, repeating: 0), sums = Rows<Float>(count: rows, repeating: 0)
        var whole = chart()
        whole.run(PaneBlock(series.span, series: lanes), levels: &levels, sums: &sums)
        for lane in 0..<lanes {
            var level = Double.nan, sum = 0.0
            for row in 0..<rows {
                let x = Double(series[lane * rows + row])
                if x.isFinite {
                    level = level.isNaN ? x : 0.75 * level + 0.25 * x
                    sum = Swift.max(0, sum + (x - Double(centre[lane])) * 0.125 - 0.5)
                }
                #expect(near(Double(levels[row, lane]), level, 1e-5) && near(Double(sums[row, lane]), sum, 1e-4))
            }
        }
        var parts = chart()
        for part in [0..<40, 40..<41, 41..<rows] {
            let piece = (0..<lanes).flatMap { series[$0 * rows + part.lowerBound..<$0 * rows + part.upperBound] }
            var level = Rows<Float>(count: part.count, repeating: 0), sum = Rows<Float>(count: part.count, repeating: 0)
            parts.run(PaneBlock(piece.span, series: lanes, coded: kind == .whole), levels: &level, sums: &sum)
            #expect(Panes.bits(level, 0..<part.count) == Panes.bits(levels, part))
            #expect(Panes.bits(sum, 0..<part.count) == Panes.bits(sums, part))
        }
    }
}

@Suite("The pane block")
struct PaneBlockTests {
    @Test("values come back from a block as they went in, coded or not")
    func roundTrip() {
        for rows in [0, 1, 15, 16, 63, 64, 65, 130] {
            for kind in Panes.Kind.allCases {
                let series = Panes.series(kind, rows: rows, lanes: 7, seed: 3)
                for coded in [true, false] {
                    let block = PaneBlock(series.span, series: 7, coded: coded)
                    for lane in 0..<7 {
                        for row in 0..<rows {
                            let value = series[lane * rows + row]
                            #expect(value.isFinite ? block[row, lane] == value : block[row, lane].isNaN)
                        }
                    }
                }
            }
        }
    }

    @Test("a scale is the coarsest that writes every number, and none where a byte is too small or a number not whole")
    func scales() {
        func scale(_ values: [Float]) -> CodeScale? { values.withUnsafeBufferPointer { CodeScale(fitting: $0) } }
        let halves = scale([36.5, .nan, 37, 36])
        #expect(halves?.step == 0.5 && halves?.offset == 35.5)
        #expect(scale([60, 62, 70])?.step == 2)
        #expect(scale([0, 256])?.step == 256)
        #expect(scale([0, 1, 254])?.offset == -1)
        #expect(scale([0, 1, 255]) == nil)
        #expect(scale([36.6]) == nil && scale([1, 36.6]) == nil && scale([1e9, 1]) == nil && scale([1, 1e9]) == nil)
        #expect(scale([.nan, .infinity])?.step == 1 && scale([]) != nil)
        #expect(scale([72, 72])?.step == 1)
    }
}
