import Kernels
import Testing

@Suite("Rolling kernels of one series along time")
struct RollingRunTests {
    typealias Kernel = @Sendable (borrowing PaneRun, Int, inout [Float]) -> Void

    struct Pair: Sendable, CustomTestStringConvertible {
        var name: String
        var kernel: Kernel
        var twin: @Sendable (ArraySlice<Float>) -> Double?
        var tolerance: Double
        var testDescription: String { name }
    }

    static let pairs: [Pair] = [
        Pair(
            name: "mean", kernel: { Rolling.mean(of: $0, window: $1, into: &$2) }, twin: { RollingTwin.mean($0) },
            tolerance: 1e-4),
        Pair(
            name: "sum", kernel: { Rolling.sum(of: $0, window: $1, into: &$2) }, twin: { RollingTwin.sum($0) },
            tolerance: 1e-4),
        Pair(
            name: "count", kernel: { Rolling.count(of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.count($0) }, tolerance: 0),
        Pair(
            name: "mad", kernel: { Rolling.mad(of: $0, window: $1, into: &$2) }, twin: { RollingTwin.mad($0) },
            tolerance: 1e-4),
        Pair(
            name: "deviation", kernel: { Rolling.deviation(of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.deviation($0) }, tolerance: 1e-4),
        Pair(
            name: "zscore", kernel: { Rolling.zscore(of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.zscore($0) }, tolerance: 1e-4),
        Pair(
            name: "slope", kernel: { Rolling.slope(of: $0, window: $1, into: &$2) }, twin: { RollingTwin.slope($0) },
            tolerance: 1e-4),
        Pair(
            name: "least", kernel: { Rolling.least(of: $0, window: $1, into: &$2) }, twin: { RollingTwin.least($0) },
            tolerance: 0),
        Pair(
            name: "greatest", kernel: { Rolling.greatest(of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.greatest($0) }, tolerance: 0),
        Pair(
            name: "median", kernel: { Rolling.median(of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.quantile(0.5)($0) }, tolerance: 1e-4),
        Pair(
            name: "nine tenths", kernel: { Rolling.quantiles([0.9], of: $0, window: $1, into: &$2) },
            twin: { RollingTwin.quantile(0.9)($0) }, tolerance: 2e-4),
    ]

    private func compare(_ pair: Pair, _ kind: Panes.Kind, count: Int, window: Int) {
        let series = Panes.series(kind, rows: count, lanes: 1, seed: UInt64(count * 17 + window))
        let run = PaneRun(series.span)
        var out = [Float](repeating: -1, count: count)
        pair.kernel(run, window, &out)
        let distance = Panes.distance(out, RollingTwin.along(series, window: window, pair.twin))
        #expect(distance <= pair.tolerance, "\(pair.name) of \(kind), \(count), window \(window): off by \(distance)")
    }

    @Test("every kernel equals its twin for every length from 0 to 257", arguments: pairs)
    func lengths(_ pair: Pair) {
        for count in 0...257 { compare(pair, .whole, count: count, window: 1 + count % 23) }
        for count in stride(from: 0, through: 257, by: 9) { compare(pair, .any, count: count, window: 21) }
    }

    @Test("every kernel equals its twin on gaps, constants, infinities and nothing at all", arguments: pairs)
    func inputs(_ pair: Pair) {
        for kind in Panes.Kind.allCases {
            for window in [1, 2, 7, 64, 150, 5000] { compare(pair, kind, count: 300, window: window) }
        }
    }

    @Test("a run longer than the pieces it is worked on in equals the block of the same series", arguments: pairs)
    func pieces(_ pair: Pair) throws {
        let twin = try #require(RollingTests.pairs.first { $0.name == pair.name })
        let count = 18_000
        for kind in [Panes.Kind.whole, .any] {
            let series = Panes.series(kind, rows: count, lanes: 1, seed: 6)
            let run = PaneRun(series.span)
            let block = PaneBlock(series.span, series: 1)
            for window in [300, 3600] where kind == .whole || window == 300 {
                var along = [Float](repeating: -1, count: count)
                pair.kernel(run, window, &along)
                var across = Rows<Float>(count: count, repeating: -1)
                twin.kernel(block, window, nil, &across)
                #expect(Panes.distance(along, across.series(0)) <= pair.tolerance, "\(pair.name), \(kind), \(window)")
            }
        }
    }

    @Test("a long run's quantiles in sixty-four parts equal their twin at the seams", arguments: [100, 150])
    func parts(_ window: Int) {
        let count = 64 * 70 - 13
        let series = Panes.series(.whole, rows: count, lanes: 1, seed: 14)
        let run = PaneRun(series.span)
        for share in [0.5, 0.9] {
            var out = [Float](repeating: -1, count: count)
            Rolling.quantiles([share], of: run, window: window, into: &out)
            for place in stride(from: 0, to: count, by: 7) {
                let twin = RollingTwin.quantile(share)(series[Swift.max(0, place - window + 1)...place])
                #expect(out[place] == twin.map { Float($0) }, "at \(place)")
            }
        }
    }

    @Test("values come back from a run as they went in, coded or not")
    func roundTrip() {
        for count in [0, 1, 15, 16, 65] {
            for kind in Panes.Kind.allCases {
                let series = Panes.series(kind, rows: count, lanes: 1, seed: 3)
                for coded in [true, false] {
                    let run = PaneRun(series.span, coded: coded)
                    for (place, value) in series.enumerated() {
                        #expect(value.isFinite ? run[place] == value : run[place].isNaN)
                    }
                }
            }
        }
    }

    @Test("a chart along time equals the chart of a lane, bit for bit", arguments: [Panes.Kind.whole, .any])
    func chart(_ kind: Panes.Kind) {
        let rows = 200
        let series = Panes.series(kind, rows: rows, lanes: 1, seed: 8)
        var lanes = LaneChart(share: 0.1, slack: 0.5, centre: [61], scale: [0.3])
        var levels = Rows<Float>(count: rows, repeating: 0), sums = Rows<Float>(count: rows, repeating: 0)
        lanes.run(PaneBlock(series.span, series: 1), levels: &levels, sums: &sums)
        var run = RunChart(share: 0.1, slack: 0.5, centre: 61, scale: 0.3)
        var level = [Float](repeating: 0, count: rows), sum = level
        run.run(PaneRun(series.span), levels: &level, sums: &sum)
        #expect(level.map { $0.isNaN ? 0 : $0.bitPattern } == levels.series(0).map { $0.isNaN ? 0 : $0.bitPattern })
        #expect(sum.map(\.bitPattern) == sums.series(0).map(\.bitPattern))
    }
}
