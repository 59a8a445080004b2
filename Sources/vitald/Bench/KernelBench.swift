import Analysis
import JSON5
import Kernels

/// The rolling kernels beside the tools of data science, on the same inputs in one run, each on one core.
struct KernelBench {
    let setting: BenchSetting

    /// DESIGN §10: 64 people, one day at 1 Hz; and what seven-day windows need.
    private static let people = 64
    private static let day = 86_400
    private static let week = 8 * 86_400
    /// How many series peers get of a week: one by one, as they work.
    private static let peersOfWeek = 2
    private static let peersOfDay = 8
    /// Bytes of memory a value moves: a code read, a Float written, and the line it is written to read before.
    private static let traffic = 9.0
    /// Values that no byte holds: a Float read.
    private static let fineTraffic = 12.0
    /// EWMA and CUSUM together: two Floats.
    private static let chartTraffic = 17.0
    private static let chartBudget = 6.0
    /// Samples into panes, of one core.
    private static let streamBudget = 20e6
    /// Weight of the newest value, and slack in standard deviations.
    private static let share: Float = 0.05
    private static let slack: Float = 0.5
    private static let centre: Float = 75
    private static let scale: Float = 0.1

    func figures() throws -> [Figure] {
        let folder = try BenchFolder(in: setting.folder)
        let day = KernelInputs(series: Self.people, rows: Self.day)
        let week = KernelInputs(series: Self.people, rows: Self.week)
        let fine = KernelInputs(series: Self.people, rows: Self.day, isFine: true)
        let peers = try askPeers(day, week, fine, in: folder)
        for refused in peers.refused { setting.note("not compared: \(refused)") }

        let bandwidth = MemoryBandwidth()
        let dayBlock = Grid(day), weekBlock = Grid(week)
        let alone = Alone(day.one(0)), alonelong = Alone(week.one(0))
        var entries: [Contest.Entry] = [
            .init(name: "read memory") { bandwidth.pass() },
            .init(name: "layout") {
                Lap.timing {
                    (0..<Grid.repeats).reduce(0) { sum, _ in
                        sum + Double(PaneBlock(day.values.span, series: day.series).rows * day.series)
                    }
                }
            },
            .init(name: "kernels.chart") { dayBlock.chart(Self.share, Self.slack, Self.centre, Self.scale) },
            .init(name: "kernels.run_chart") { alone.chart(Self.share, Self.slack, Self.centre, Self.scale) },
            .init(name: "kernels.stream") { stream(day) },
            .init(name: "kernels.zscore_7d") { weekBlock.time(KernelFeature.ofWeek) },
            .init(name: "kernels.run_zscore_7d") { alonelong.time(KernelFeature.ofWeek) },
        ]
        let first = entries.count
        for feature in KernelFeature.ofDay {
            entries.append(.init(name: "kernels.\(feature.name)") { dayBlock.time(feature) })
            entries.append(.init(name: "kernels.run_\(feature.name)") { alone.time(feature) })
        }
        let fineBlock = Grid(fine), fineAlone = Alone(fine.one(0))
        let firstFine = entries.count
        for feature in KernelFeature.ofFineDay {
            entries.append(.init(name: "kernels.fine_\(feature.name)") { fineBlock.time(feature, repeats: 1) })
            entries.append(.init(name: "kernels.run_fine_\(feature.name)") { fineAlone.time(feature) })
        }
        let laps = try setting.run(entries)

        let bytes = laps[0].map(\.rate)
        let layout = laps[1].map(\.rate)
        let reading = Figure.median(bytes)
        // The layout is made once for all features of a block: each bears its part.
        let part = 1 / Figure.median(layout) / Double(KernelFeature.ofDay.count + 2)
        func block(_ laps: [Lap]) -> [Double] { laps.map { 1 / (1 / $0.rate + part) } }
        func figure(
            _ name: String, _ rates: [Double], _ peer: Figure.Peer?, _ budget: Double, _ traffic: Double
        ) -> Figure {
            var figure = Figure(name, rates, "samples/s")
            figure.peer = peer
            figure.budget = peer.map { $0.value * budget }
            figure.limit = reading / traffic
            return figure
        }
        let ofWeek = KernelFeature.ofWeek
        var streaming = Figure("kernels.stream", laps[4].map(\.rate), "samples/s", budget: Self.streamBudget)
        streaming.peer = peers.best(of: "stream_0")
        let chartPeer = both(peers.best(of: "ewma_0"), peers.best(of: "cusum_0"))
        var figures = [
            Figure("kernels.read_bandwidth", bytes, "bytes/s"),
            Figure("kernels.layout", layout, "samples/s"),
            figure("kernels.chart", block(laps[2]), chartPeer, Self.chartBudget, Self.chartTraffic),
            figure("kernels.run_chart", laps[3].map(\.rate), chartPeer, 1, Self.chartTraffic),
            streaming,
            figure("kernels.zscore_7d", block(laps[5]), peers.best(of: ofWeek.name), ofWeek.budget, Self.traffic),
            figure(
                "kernels.run_zscore_7d", laps[6].map(\.rate), peers.best(of: ofWeek.name), ofWeek.runBudget,
                Self.traffic),
        ]
        for (number, feature) in KernelFeature.ofDay.enumerated() {
            let peer = peers.best(of: feature.name)
            figures.append(
                figure(
                    "kernels.\(feature.name)", block(laps[first + 2 * number]), peer, feature.budget, Self.traffic))
            figures.append(
                figure(
                    "kernels.run_\(feature.name)", laps[first + 2 * number + 1].map(\.rate), peer, feature.runBudget,
                    Self.traffic))
        }
        for (number, feature) in KernelFeature.ofFineDay.enumerated() {
            let peer = peers.best(of: "fine_\(feature.name)")
            let place = firstFine + 2 * number
            figures.append(
                figure(
                    "kernels.fine_\(feature.name)", block(laps[place]), peer, feature.budget, Self.fineTraffic))
            figures.append(
                figure(
                    "kernels.run_fine_\(feature.name)", laps[place + 1].map(\.rate), peer, feature.runBudget,
                    Self.fineTraffic))
        }
        return figures
    }

    /// One pass after another over the same values.
    private func both(_ a: Figure.Peer?, _ b: Figure.Peer?) -> Figure.Peer? {
        guard let a, let b else { return nil }
        let name = a.name == b.name ? a.name : "\(a.name), \(b.name)"
        return Figure.Peer(name: name, value: 1 / (1 / a.value + 1 / b.value))
    }

    /// Two hours of each of some people, sample by sample, into the panes that features read.
    private func stream(_ day: KernelInputs) -> Lap {
        let hours = (0..<8).map { Array(day.values[$0 * day.rows..<$0 * day.rows + 7200]) }
        return Lap.timing {
            var count = 0
            for samples in hours {
                var stream = PaneStream(start: BenchHousehold.start.milliseconds, cadence: 1000)
                stream.add(samples)
                count += stream.count
            }
            return count > 0 ? Double(hours.count * 7200) : 0
        }
    }

    // MARK: Peers

    private func askPeers(
        _ day: KernelInputs, _ week: KernelInputs, _ fine: KernelInputs, in folder: BenchFolder
    ) throws -> KernelPeers {
        guard let command = setting.peers else { return KernelPeers() }
        func write(_ name: String, _ values: ArraySlice<Float>) throws(CommandError) {
            try folder.write("\(name).f32", values)
        }
        try write("day", day.values[..<(Self.peersOfDay * day.rows)])
        try write("week", week.values[..<(Self.peersOfWeek * week.rows)])
        try write("fine", fine.values[..<(Self.peersOfDay * fine.rows)])
        let oneFine = Grid(KernelInputs(series: 1, rows: day.rows, isFine: true))
        let one = Grid(KernelInputs(series: 1, rows: day.rows)), oneWeek = Grid(week, series: 1)
        var json = JSONWriter()
        var names: [(name: String, feature: String, window: Int, input: String)] = []
        for feature in KernelFeature.ofDay {
            try write(feature.name, one.result(feature)[...])
            names.append((feature.name, feature.word, feature.window, "day"))
        }
        for feature in KernelFeature.ofFineDay {
            try write("fine_\(feature.name)", oneFine.result(feature)[...])
            names.append(("fine_\(feature.name)", feature.word, feature.window, "fine"))
        }
        try write(KernelFeature.ofWeek.name, oneWeek.result(KernelFeature.ofWeek)[...])
        names.append((KernelFeature.ofWeek.name, "zscore", KernelFeature.ofWeek.window, "week"))
        let charts = one.charts(Self.share, Self.slack, Self.centre, Self.scale)
        try write("ewma_0", charts.levels[...])
        try write("cusum_0", charts.sums[...])
        names.append(("ewma_0", "ewma", 0, "day"))
        names.append(("cusum_0", "cusum", 0, "day"))
        json.object { json in
            json.object("rows") { json in
                json.member("day", day.rows)
                json.member("week", week.rows)
                json.member("fine", fine.rows)
            }
            json.member("share", Double(Self.share))
            json.member("centre", Double(Self.centre))
            json.member("scale", Double(Self.scale))
            json.member("slack", Double(Self.slack))
            json.array("features") { json in
                for entry in names {
                    json.object { json in
                        json.member("name", entry.name)
                        json.member("feature", entry.feature)
                        json.member("window", entry.window)
                        json.member("input", entry.input)
                    }
                }
            }
        }
        try folder.write("shape.json", json)
        return try KernelPeers(running: command, in: folder.path, progress: setting.progress)
    }
}

/// A block, and tables to write results to.
private final class Grid {
    /// A day is done in milliseconds: the first time, which tells how often it is done, takes longer than those after.
    static let repeats = 8

    private let block: PaneBlock
    private var out: Rows<Float>
    private var more: Rows<Float>

    init(_ inputs: KernelInputs, series: Int? = nil) {
        let series = series ?? inputs.series
        let values = Array(inputs.values[..<(series * inputs.rows)])
        block = PaneBlock(values.span, series: series)
        out = Rows(count: inputs.rows, repeating: 0)
        more = Rows(count: inputs.rows, repeating: 0)
    }

    func time(_ feature: KernelFeature, repeats: Int = Grid.repeats) -> Lap {
        Lap.timing {
            for _ in 0..<repeats { feature.block(block, feature.window, &out) }
            return Double(block.rows * block.series * repeats)
        }
    }

    func chart(_ share: Float, _ slack: Float, _ centre: Float, _ scale: Float) -> Lap {
        Lap.timing {
            var chart = LaneChart(
                share: share, slack: slack, centre: Array(repeating: centre, count: 64),
                scale: Array(repeating: scale, count: 64))
            chart.run(block, levels: &out, sums: &more)
            return Double(block.rows * block.series)
        }
    }

    /// Of the first series.
    func result(_ feature: KernelFeature) -> [Float] {
        feature.block(block, feature.window, &out)
        return out.series(0)
    }

    func charts(_ share: Float, _ slack: Float, _ centre: Float, _ scale: Float) -> (levels: [Float], sums: [Float]) {
        _ = chart(share, slack, centre, scale)
        return (out.series(0), more.series(0))
    }
}

/// A series for itself.
private final class Alone {
    /// A day is done in microseconds, in which reading the clock counts.
    private static let repeats = 50

    private let run: PaneRun
    private var out: [Float]
    private var more: [Float]

    init(_ series: [Float]) {
        run = PaneRun(series.span)
        out = series
        more = series
    }

    func time(_ feature: KernelFeature) -> Lap {
        Lap.timing {
            for _ in 0..<Self.repeats { feature.run(run, feature.window, &out) }
            return Double(run.count * Self.repeats)
        }
    }

    func chart(_ share: Float, _ slack: Float, _ centre: Float, _ scale: Float) -> Lap {
        Lap.timing {
            for _ in 0..<Self.repeats {
                var chart = RunChart(share: share, slack: slack, centre: centre, scale: scale)
                chart.run(run, levels: &out, sums: &more)
            }
            return Double(run.count * Self.repeats)
        }
    }
}

/// How fast one core reads memory that no cache holds.
private final class MemoryBandwidth {
    private static let bytes = 512 << 20
    private let words: [UInt64]

    init() { words = Array(repeating: 1, count: Self.bytes / 8) }

    func pass() -> Lap {
        Lap.timing {
            var (a, b, c, d): (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) = (
                .zero, .zero, .zero, .zero
            )
            words.withUnsafeBytes { raw in
                var place = 0
                while place < raw.count {
                    a &+= raw.load(fromByteOffset: place, as: SIMD8<UInt64>.self)
                    b &+= raw.load(fromByteOffset: place + 64, as: SIMD8<UInt64>.self)
                    c &+= raw.load(fromByteOffset: place + 128, as: SIMD8<UInt64>.self)
                    d &+= raw.load(fromByteOffset: place + 192, as: SIMD8<UInt64>.self)
                    place += 256
                }
            }
            // So that the sum is needed.
            return (a &+ b &+ c &+ d).wrappedSum() == 0 ? 0 : Double(Self.bytes)
        }
    }
}
