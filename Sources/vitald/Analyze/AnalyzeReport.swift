import Analysis
import Vitals

/// `vitald analyze` without a question: what the files hold, for a person to read.
struct AnalyzeReport {
    /// Days and sessions shown; the newest.
    private static let shown = 14

    let zone: Zone
    let console: Console
    let samples: [Sample]
    let analysis: FileAnalysis

    static func run(_ arguments: Arguments, on console: Console) throws {
        let body = try AnalyzedPerson.body(arguments, isTelling: true, on: console)
        let (samples, zone) = try AnalyzeCommand.samples(arguments, on: console)
        let analysis = try FileAnalysis(
            samples, person: PersonID(derivedFrom: "analyze"), settings: AnalysisSettings(zone: zone, body: body))
        let report = AnalyzeReport(zone: zone, console: console, samples: samples, analysis: analysis)
        report.measured()
        report.days()
        report.sessions()
        report.beats()
        report.others()
        report.missing()
    }

    private func title(_ text: String) {
        console.out.line("")
        console.out.line(console.outTerminal.paint(text, .bold))
    }

    private func table(_ columns: [RowWriter.Column], _ rows: [[Cell]]) {
        var writer = RowWriter(columns, as: .table, on: console)
        for row in rows { writer.row(row) }
        writer.end()
    }

    private func measured() {
        var rows: [[Cell]] = []
        for metric in Metric.allCases {
            let own = samples.filter { $0.metric == metric }
            guard let first = own.first, let last = own.last else { continue }
            let features = FileFeatures(own, metric: metric, isCorrected: true)
            rows.append([
                .text(metric.name), .text(metric.unit), .integer(own.count), .time(first.time, zone),
                .time(last.time, zone), .share(features.value(.coverage)), .number(features.value(.min)),
                .number(features.value(.median)), .number(features.value(.max)),
            ])
        }
        table(
            [
                .init("measured"), .init("unit"), .init("count", isNumber: true), .init("first", zone: zone),
                .init("last", zone: zone), .init("coverage", isNumber: true), .init("lowest", isNumber: true),
                .init("median", isNumber: true), .init("highest", isNumber: true),
            ], rows)
    }

    /// Daily series side by side, one row a day.
    private func days() {
        let daily = analysis.derived.filter { $0.metric.kind == .daily }
        let metrics = Metric.allCases.filter { metric in daily.contains { $0.metric == metric } }
        var rows: [LocalDay: [Metric: Double]] = [:]
        for sample in daily { rows[zone.day(of: sample.time), default: [:]][sample.metric] = Double(sample.value) }
        guard !rows.isEmpty else { return }
        title("Days\(rows.count > Self.shown ? " (the last \(Self.shown) of \(rows.count))" : "")")
        table(
            [.init("day")] + metrics.map { .init($0.name, isNumber: true) },
            rows.keys.sorted().suffix(Self.shown).map { day in
                [.text("\(day)")]
                    + metrics.map { rows[day]?[$0].map { .number(($0 * 10).rounded() / 10) } ?? .missing }
            })
    }

    private func sessions() {
        let all = analysis.sessions
        guard !all.isEmpty else { return }
        title("Exercise sessions\(all.count > Self.shown ? " (the last \(Self.shown) of \(all.count))" : "")")
        let names = ["50 %", "60 %", "70 %", "80 %", "90 %"]
        table(
            [
                .init("start", zone: zone), .init("minutes", isNumber: true), .init("mean", isNumber: true),
                .init("peak", isNumber: true),
            ] + names.map { .init("from \($0)", isNumber: true) } + [.init("5–10 min after", isNumber: true)],
            all.suffix(Self.shown).map { session in
                [
                    .time(session.start, zone), .number(session.minutes), .number(session.meanHeartRate.rounded()),
                    .number(session.peakHeartRate),
                ]
                    + names.indices.map {
                        session.zoneMinutes.indices.contains($0) ? .number(session.zoneMinutes[$0]) : .missing
                    } + [.number(session.recoveryHeartRate.rounded())]
            })
        console.out.line(
            "Columns 'from' are minutes whose mean lay in the zone that begins at this share of heart-rate reserve.")
    }

    private func beats() {
        guard samples.contains(where: { $0.metric == .rrInterval }) else { return }
        let features = FileFeatures(samples, metric: .rrInterval, isCorrected: true)
        title("Heartbeats of all files, after artefact correction")
        let functions = WindowFunction.allCases.filter { $0.readsBeats && WindowFunction.available.contains($0) }
        table(
            [.init("feature"), .init("value", isNumber: true), .init("why unknown")],
            functions.map {
                let value = features.value($0)
                return [.text($0.rawValue), .number(value), .text(value.isFinite ? "" : features.refusal($0))]
            })
    }

    /// Derived series that are not daily.
    private func others() {
        var rows: [[Cell]] = []
        for metric in Metric.allCases where metric.kind != .daily && metric != .sensorState {
            let own = analysis.derived.filter { $0.metric == metric }
            guard let first = own.first, let last = own.last else { continue }
            let features = FileFeatures(own, metric: metric, isCorrected: true)
            rows.append([
                .text(metric.name), .text(metric.unit), .integer(own.count), .time(first.time, zone),
                .time(last.time, zone), .number(features.value(.min)), .number(features.value(.median)),
                .number(features.value(.max)),
            ])
        }
        if !rows.isEmpty {
            title("Further derived series")
            table(
                [
                    .init("series"), .init("unit"), .init("values", isNumber: true), .init("first", zone: zone),
                    .init("last", zone: zone), .init("lowest", isNumber: true), .init("median", isNumber: true),
                    .init("highest", isNumber: true),
                ], rows)
        }
        let labels = Metric.sensorState.labels
        let states = analysis.derived.filter { $0.metric == .sensorState && $0.value > 0 }.map { Int($0.value) }
        let told = labels.indices.compactMap { code in
            let count = states.count { $0 == code }
            return count > 0 ? "\(labels[code]): \(count)" : nil
        }
        if !told.isEmpty {
            title("Sensor")
            console.out.line(told.joined(separator: ", "))
        }
    }

    private func missing() {
        let told = Set(analysis.derived.map(\.metric))
        let rows = DetectorCard.all.filter { told.isDisjoint(with: $0.gives) }.map { card -> [Cell] in
            [.text(card.gives.map(\.name).joined(separator: ", ")), .text(card.needs)]
        }
        guard !rows.isEmpty else { return }
        title("Not enough data")
        table([.init("series"), .init("needs")], rows)
    }
}
