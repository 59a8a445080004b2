import Analysis
import Vitals

/// `vitald analyze` without a question: what the files hold, for a person to read.
enum AnalyzeReport {
    static func run(_ arguments: Arguments, on console: Console) throws {
        let body = try AnalyzedPerson.body(arguments, isTelling: true, on: console)
        let (samples, zone) = try AnalyzeCommand.samples(arguments, on: console)
        let analysis = try FileAnalysis(
            samples, person: PersonID(derivedFrom: "analyze"), settings: AnalysisSettings(zone: zone, body: body))
        measured(samples, zone, on: console)
        derived(analysis.derived, zone, on: console)
        console.out.line("")
        console.out.line("\(analysis.sessions.count) exercise sessions")
    }

    private static func measured(_ samples: [Sample], _ zone: Zone, on console: Console) {
        var rows = RowWriter(
            [
                .init("metric"), .init("unit"), .init("count", isNumber: true), .init("first", zone: zone),
                .init("last", zone: zone), .init("coverage", isNumber: true), .init("lowest", isNumber: true),
                .init("median", isNumber: true), .init("highest", isNumber: true),
            ], as: .table, on: console)
        for metric in Metric.allCases {
            let own = samples.filter { $0.metric == metric }
            guard let first = own.first, let last = own.last else { continue }
            let features = FileFeatures(own, metric: metric, isCorrected: true)
            rows.row([
                .text(metric.name), .text(metric.unit), .integer(own.count), .time(first.time, zone),
                .time(last.time, zone), .share(features.value(.coverage)), .number(features.value(.min)),
                .number(features.value(.median)), .number(features.value(.max)),
            ])
        }
        rows.end()
    }

    private static func derived(_ samples: [Sample], _ zone: Zone, on console: Console) {
        var rows = RowWriter(
            [
                .init("derived"), .init("unit"), .init("values", isNumber: true), .init("first", zone: zone),
                .init("last", zone: zone), .init("lowest", isNumber: true), .init("median", isNumber: true),
                .init("highest", isNumber: true), .init("latest", isNumber: true),
            ], as: .table, on: console)
        for metric in Metric.allCases {
            let own = samples.filter { $0.metric == metric }
            guard let first = own.first, let last = own.last else { continue }
            let features = FileFeatures(own, metric: metric, isCorrected: true)
            rows.row([
                .text(metric.name), .text(metric.unit), .integer(own.count), .time(first.time, zone),
                .time(last.time, zone), .number(features.value(.min)), .number(features.value(.median)),
                .number(features.value(.max)), .number(Double(last.value)),
            ])
        }
        guard rows.count > 0 else { return }
        console.out.line("")
        rows.end()
    }
}
