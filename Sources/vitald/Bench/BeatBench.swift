import JSON5
import Kernels

/// Kernels over beats and over shapes beside the tools of data science, on the same inputs in one run, each on one core
/// (DESIGN §10, row 3).
struct BeatBench {
    let setting: BenchSetting

    private static let bands = [Welch.Band(low: 0.04, high: 0.15), Welch.Band(low: 0.15, high: 0.40)]
    private static let welch = Welch(rate: BeatInputs.rate, segment: 256, points: 4096, bands: bands)
    /// An hour of minutes; what a stream remembers, a week; and what is appended to compare with.
    private static let window = 60
    private static let history = 10_080
    private static let appended = 500
    private static let points = [10_080, 40_320]

    /// A kernel, what it does once, and whom it is compared with.
    private struct Entry {
        var name: String
        var unit: String
        /// Under which names peers report, and how many times their rate the design asks for.
        var peers: [(name: String, budget: Double?)]
        /// Results, all of them, for peers to agree with.
        var results: [Double]
        /// Units of work done.
        var run: () -> Double
    }

    func figures() throws -> [Figure] {
        let inputs = BeatInputs()
        let entries = ofWindows(inputs) + ofShapes(inputs.series)
        let peers = try askPeers(inputs, entries)
        for refused in peers.refused { setting.note("not compared: \(refused)") }
        let laps = try setting.run(
            entries.map { entry in
                Contest.Entry(name: "kernels.\(entry.name)") { Lap.timing { entry.run() } }
            })
        return zip(entries, laps).flatMap { entry, laps in
            let rates = laps.map(\.rate)
            return entry.peers.map { name, budget in
                var figure = Figure("kernels.\(name)", rates, entry.unit)
                figure.peer = peers.best(of: name)
                if let budget { figure.budget = figure.peer.map { $0.value * budget } }
                return figure
            }
        }
    }

    // MARK: What is measured

    private func ofWindows(_ inputs: BeatInputs) -> [Entry] {
        /// One kernel over all windows, `times` in a row where once would be too short for the clock.
        func entry(
            _ name: String, _ peers: [(String, Double?)], times: Int = 1, _ measure: @escaping (Int) -> [Double]
        ) -> Entry {
            let windows = 0..<BeatInputs.windows
            return Entry(
                name: name, unit: "windows/s", peers: peers, results: windows.flatMap(measure),
                run: {
                    var sum = 0.0
                    for _ in 0..<times { for i in windows { sum += measure(i)[0] } }
                    return sum.isNaN ? 0 : Double(times * windows.count)
                })
        }
        let intervals = inputs.intervals
        var timeDomain = entry(
            "time_domain", [("time_domain", 1.5), ("time_domain_fastmath", nil), ("time_domain_package", 100)]
        ) {
            let x = intervals[$0]
            let s = BeatStatistics(x.span)
            return [s.mean, s.sdnn, s.rmssd, s.pnn50, s.sd1, s.sd2]
        }
        // Without an array for each: that would be what is measured.
        timeDomain.run = {
            var sum = 0.0
            for _ in 0..<100 {
                for window in intervals {
                    let s = BeatStatistics(window.span)
                    sum += s.mean + s.sdnn + s.rmssd + s.pnn50 + s.sd1 + s.sd2
                }
            }
            return sum.isNaN ? 0 : Double(100 * intervals.count)
        }
        return [
            timeDomain,
            entry("sample_entropy", [("sample_entropy", 5)]) {
                let x = intervals[$0]
                return [SampleEntropy.value(x.span, tolerance: 0.2 * BeatStatistics(x.span).sdnn)]
            },
            entry("welch", [("welch", 10)]) {
                let signal = inputs.signals[$0]
                return Self.welch.powers(signal.span)
            },
            entry("lomb_scargle", [("lomb_scargle", 10)]) { Self.lombScargle(inputs.times[$0], intervals[$0]) },
        ]
    }

    /// LF and HF on the grid that astropy chooses: five places to the narrowest peak.
    private static func lombScargle(_ times: [Double], _ values: [Double]) -> [Double] {
        let low = 0.003, high = 0.4
        let step = 1 / (5 * (times[times.count - 1] - times[0]))
        let count = 1 + Int(((high - low) / step).rounded(.toNearestOrEven))
        let power = LombScargle.power(times: times.span, values: values.span, first: low, step: step, count: count)
        return bands.map { band in
            var sum = 0.0
            for k in 1..<count where low + Double(k - 1) * step >= band.low && low + Double(k) * step < band.high {
                sum += (power[k - 1] + power[k]) / 2 * step
            }
            return sum
        }
    }

    private func ofShapes(_ series: [Double]) -> [Entry] {
        let profiles = Self.points.map { points in
            let part = Array(series[..<points])
            let count = Double(points - Self.window + 1)
            return Entry(
                name: "matrix_profile_\(points)", unit: "cells/s", peers: [("matrix_profile_\(points)", 7)],
                results: MatrixProfile(part.span, window: Self.window).neighbours.map(\.distance),
                run: {
                    let profile = MatrixProfile(part.span, window: Self.window)
                    return profile.neighbours.isEmpty ? 0 : count * count / 2
                })
        }
        var full = MatrixProfileStream(window: Self.window, history: Self.history)
        for value in series[..<Self.history] { _ = full.append(value) }
        let further = Array(series[Self.history..<(Self.history + Self.appended)])
        func append() -> [Double] {
            var stream = full
            return further.map { stream.append($0).distance }
        }
        return profiles + [
            Entry(
                name: "matrix_profile_append", unit: "values/s", peers: [("matrix_profile_append", nil)],
                results: append(), run: { Double(append().count) })
        ]
    }

    // MARK: Peers

    private func askPeers(_ inputs: BeatInputs, _ entries: [Entry]) throws -> KernelPeers {
        guard let command = setting.peers else { return KernelPeers() }
        let folder = try BenchFolder(in: setting.folder)
        func write(_ name: String, _ values: [Double]) throws(CommandError) {
            try folder.write("\(name).f64", values[...])
        }
        try write("intervals", inputs.intervals.flatMap { $0 })
        try write("times", inputs.times.flatMap { $0 })
        try write("signal", inputs.signals.flatMap { $0 })
        try write("series", inputs.series)
        for entry in entries { try write(entry.name, entry.results) }
        var json = JSONWriter()
        json.object { json in
            json.member("windows", BeatInputs.windows)
            json.member("window", Self.window)
            json.member("history", Self.history)
            json.array("points") { json in for points in Self.points { json.value(points) } }
        }
        try folder.write("shape.json", json)
        return try KernelPeers(running: command, in: folder.path, progress: setting.progress)
    }
}
