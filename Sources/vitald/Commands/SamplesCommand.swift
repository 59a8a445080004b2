import JSON5
import Storage
import Vitals

/// `vitald samples`
enum SamplesCommand: Subcommand {
    static let syntax = Syntax(
        "samples", "Print what was measured and derived, sample by sample",
        options: [
            StoreFile.option, .init("person", "NAME", "only this person's"),
            .init("metric", "NAME", "only this metric, e.g. heart_rate"), .init("source", "NAME", "only this device's"),
            .init("from", "TIME", "at or after: ISO 8601, or milliseconds since 1970"), .init("to", "TIME", "before"),
            .init("by", "SPAN", "in place of samples what they come to in stretches of so long: 5m, 1h, 1d"),
            .init("together", nil, "with --by: people and sources of a metric in one, not each for itself"),
            RowFormat.option,
        ],
        notes: [
            "Person by person, in order of time. Times without an offset are local to the people shown.",
            "Stretches begin at midnight and so long after it, where the people shown live. count tells usable samples, and "
                + "coverage the share of the stretch that they cover; an amount (steps) counts where its time is. "
                + "Stretches of 5m and its multiples are quick: the store keeps their sums.",
            "After some minutes the store keeps the time of receipt of late samples only; others tell their own.",
        ],
        examples: [
            "vitald samples --store home.db --person ada --metric heart_rate --from 2026-11-01 --format csv",
            "vitald samples --store home.db --person ada --metric heart_rate --from 2026-11-01 --by 1h",
            "vitald samples --store home.db --format jsonl",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let store = try StoreFile.open(arguments)
        let people = try store.people()
        let asked = try StoreFile.person(arguments, among: people)
        let zone = StoreFile.zone(of: asked.map { [$0] } ?? people)
        let range = try arguments.range(in: zone) ?? .all
        let metrics = try metrics(arguments.text("metric"))
        let devices = try store.devices()
        let names = Dictionary(devices.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let source = try source(arguments.text("source"), among: devices)
        if let step = try arguments.span("by") {
            let wanted = BucketRows.Wanted(
                people: people.filter { asked == nil || asked?.id == $0.id }, metrics: metrics, source: source,
                range: range, step: step, isTogether: arguments.has("together"))
            return try BucketRows(store, wanted, zone, names).print(as: format, on: console)
        }
        guard !arguments.has("together") else { throw CommandError.usage("--together needs --by SPAN") }
        var rows = RowWriter(
            [
                .init("time", zone: zone), .init("person"), .init("metric"), .init("value", isNumber: true),
                .init("unit"), .init("span_ms", isNumber: true), .init("source"), .init("received", zone: zone),
                .init("quality"), .init("revision", isNumber: true),
            ], as: format, on: console)
        for person in people where asked == nil || asked?.id == person.id {
            try store.samples(of: person.id, metrics: metrics, in: range) { sample in
                guard source == nil || sample.source == source else { return }
                rows.row([
                    .time(sample.time, zone), .text(person.name), .text(sample.metric.name),
                    .single(sample.value), .text(sample.metric.unit), .integer(Int(sample.span)),
                    .text(names[sample.source] ?? "\(sample.source)"), .time(sample.received, zone),
                    .text(sample.quality.names.joined(separator: " ")), .integer(Int(sample.revision)),
                ])
            }
        }
        rows.end()
        if rows.count == 0 { console.note("no such samples") }
    }

    private static func metrics(_ name: String?) throws(CommandError) -> Set<Metric> {
        guard let name else { return [] }
        if let metric = Metric(name: name) { return [metric] }
        throw .failed("unknown metric '\(name)'", hint: didYouMean(name, in: Metric.allCases.map(\.name)))
    }

    private static func source(_ name: String?, among devices: [Device]) throws(CommandError) -> DeviceID? {
        guard let name else { return nil }
        if let device = devices.first(where: { $0.name == name }) { return device.id }
        let known = devices.map(\.name)
        throw .failed("unknown source '\(name)'", hint: didYouMean(name, in: known) ?? "known: \(listed(known))")
    }
}
