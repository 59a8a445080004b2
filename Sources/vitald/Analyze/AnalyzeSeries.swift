import Analysis
import JSON5
import Vitals

/// `vitald analyze --series`
enum AnalyzeSeries {
    /// The published arithmetic of NightSignal, beside the daemon's own.
    static let publishedNights = "night_signal:published"
    /// Every name that may be asked for.
    static let names: [String] = DetectorCard.all.flatMap { $0.gives.map(\.name) } + [publishedNights]

    /// Series whose values rest on assumptions about the person.
    private static let resting: Set<String> = ["training_load", "fitness", "fatigue", "form", "zone_minutes"]

    static func names(_ text: String) throws(CommandError) -> [String] {
        let asked = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        guard !asked.isEmpty else { throw .usage("--series: which? One of \(names.joined(separator: ", "))") }
        for name in asked where !names.contains(name) {
            throw .usage(
                "--series: no derived series is named '\(name)'",
                hint: didYouMean(name, in: names) ?? "known: \(names.joined(separator: ", "))")
        }
        return asked
    }

    private struct Row {
        var time: Timestamp
        var place: Int
        var value: Double
    }

    static func run(_ asked: [String], _ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let body = try AnalyzedPerson.body(
            arguments, isTelling: asked.contains(where: resting.contains), on: console)
        let (samples, zone) = try AnalyzeCommand.samples(arguments, on: console)
        var rows: [Row] = []
        if let place = asked.firstIndex(of: publishedNights) {
            for night in PublishedNights.judgements(of: samples, zone: zone) {
                rows.append(
                    Row(time: PublishedNights.time(of: night, zone: zone), place: place, value: Double(night.signal)))
            }
        }
        if asked.contains(where: { $0 != publishedNights }) {
            var settings = AnalysisSettings(zone: zone, body: body)
            if arguments.has("edwards") { settings.load = .edwards }
            let analysis = try FileAnalysis(
                samples, person: PersonID(derivedFrom: "analyze"), settings: settings)
            for sample in analysis.derived {
                guard let place = asked.firstIndex(of: sample.metric.name) else { continue }
                // What a detector knows only later stands at the moment it speaks of.
                rows.append(Row(time: sample.start, place: place, value: analysis.value(of: sample)))
            }
        }
        rows.sort { ($0.time, $0.place) < ($1.time, $1.place) }
        var writer = RowWriter(
            [.init("time", zone: zone), .init("name"), .init("value", isNumber: true)], as: format, on: console)
        for row in rows { writer.row([.time(row.time, zone), .text(asked[row.place]), .number(row.value)]) }
        writer.end()
        for (place, name) in asked.enumerated() where !rows.contains(where: { $0.place == place }) {
            console.note("\(name): not enough data; needs \(needs(name))")
        }
    }

    private static func needs(_ name: String) -> String {
        DetectorCard.all.first { $0.gives.contains { $0.name == name } }?.needs ?? "heart rate between 00:00 and 07:00"
    }
}
