import Analysis
import JSON5
import Links
import Vitals

/// `vitald analyze --rolling`
enum AnalyzeRolling {
    static func statistics(_ text: String) throws(CommandError) -> [(name: String, statistic: RollingStatistic)] {
        let asked = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        let known = RollingStatistic.names.joined(separator: ", ")
        guard !asked.isEmpty else { throw .usage("--rolling: which? One of \(known)") }
        var statistics: [(name: String, statistic: RollingStatistic)] = []
        for name in asked {
            guard let statistic = RollingStatistic(name: name) else {
                throw .usage(
                    "--rolling: no statistic is named '\(name)'",
                    hint: didYouMean(name, in: RollingStatistic.names) ?? "known: \(known)")
            }
            statistics.append((name, statistic))
        }
        return statistics
    }

    static func run(
        _ asked: [(name: String, statistic: RollingStatistic)], _ arguments: Arguments, on console: Console
    ) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        guard let window = try arguments.span("window") else {
            throw CommandError.usage("--rolling needs --window", hint: "e.g. --window 5m")
        }
        let zone = try arguments.zone() ?? .utc
        let source = try SampleArguments.source(arguments)
        let options = try AnalyzeCommand.options(arguments, source: source, zone: zone)
        var recordings: [[Sample]] = []
        for path in arguments.positionals {
            let imported = try SampleFile.read(path: path, options: options)
            console.note("\(path): \(imported.report)")
            recordings.append(try level(of: imported.samples, path, options.metric))
        }
        let step = try arguments.span("grid") ?? RollingTable.step(of: recordings)
        let table: RollingTable
        let columns: [[[Float]]]
        do throws(RollingTable.Fault) {
            table = try RollingTable(recordings, step: step)
            columns = try table.values(asked.map(\.statistic), window: window)
        } catch { throw refusal(error, step) }
        console.note("a moment each \(table.step), windows of \(window)")

        let isOne = recordings.count == 1
        var writer = RowWriter(
            (isOne ? [] : [.init("file")]) + [.init("time", zone: zone)]
                + asked.map { RowWriter.Column($0.name, isNumber: true) }, as: format, on: console)
        for (number, path) in arguments.positionals.enumerated() {
            for row in 0..<table.rows {
                let values = columns.map { $0[number][row] }
                // A window that holds nothing says nothing; a count of 0 is that, too.
                guard values.contains(where: { $0.isFinite && $0 != 0 }) else { continue }
                writer.row(
                    (isOne ? [] : [.text(path)]) + [.time(table.end(of: row), zone)] + values.map { .single($0) })
            }
        }
        writer.end()
        if writer.count == 0 { console.note("no window holds enough") }
    }

    /// The samples of the one level that is asked for: heart rate, or the first there is.
    private static func level(of samples: [Sample], _ path: String, _ asked: Metric?) throws(CommandError) -> [Sample] {
        let metric =
            asked ?? (samples.contains { $0.metric == .heartRate } ? .heartRate : samples.first?.metric ?? .heartRate)
        guard metric.kind == .gauge else {
            throw .usage(
                "\(path): \(metric.name) is no level: windows of amounts and heartbeats depend on what they span",
                hint: metric.kind == .beat ? "--features tells them of the whole file" : "ask 'vitald query' for them")
        }
        return samples.filter { $0.metric == metric }
    }

    private static func refusal(_ fault: RollingTable.Fault, _ step: TimeSpan) -> CommandError {
        switch fault {
        case .empty: .failed("there is nothing usable in these files")
        case .tooLong(let moments):
            .failed(
                "from the first to the last sample there are \(moments) moments of \(step), more than fit",
                hint: "choose a longer --grid, or give files that lie close in time")
        case .tooMany: .usage("at most \(RollingTable.widest) files lie beside each other")
        case .windowTooLong(let moments):
            .usage(
                "--window: \(moments) moments of \(step) are more than this statistic counts",
                hint: "choose a longer --grid")
        }
    }
}
