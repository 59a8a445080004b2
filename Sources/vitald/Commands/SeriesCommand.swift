import Vitals

/// `vitald series`
enum SeriesCommand: Subcommand {
    static let syntax = Syntax(
        "series", "List what is stored: count, first, last, coverage",
        options: [
            StoreFile.option, .init("person", "NAME", "only this person's"),
            .init("quick", nil, "leave out the coverage, which reads every sample"), RowFormat.option,
        ],
        notes: [
            "Coverage is the share of the time from first to last that lies within 2.5 usual intervals (5 s to 5 min) "
                + "after a usable sample; for steps and other amounts the share that their spans cover."
        ],
        examples: ["vitald series --store home.db --person ada"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let store = try StoreFile.open(arguments)
        let people = try store.people()
        let asked = try StoreFile.person(arguments, among: people)
        let sources = Dictionary(
            try store.devices().map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let zone = StoreFile.zone(of: asked.map { [$0] } ?? people)
        var columns: [RowWriter.Column] = [
            .init("person"), .init("metric"), .init("unit"), .init("source"), .init("count", isNumber: true),
            .init("first", zone: zone), .init("last", zone: zone),
        ]
        if !arguments.has("quick") { columns.append(.init("coverage", isNumber: true)) }
        var rows = RowWriter(columns, as: format, on: console)
        for person in people where asked == nil || asked?.id == person.id {
            let series = try store.series(of: person.id).sorted { $0.key < $1.key }
            let shares = arguments.has("quick") ? [:] : try coverage(of: series, in: store, on: console)
            for one in series {
                var row: [Cell] = [
                    .text(person.name), .text(one.key.metric.name), .text(one.key.metric.unit),
                    .text(sources[one.key.source] ?? "\(one.key.source)"), .integer(one.count),
                    .time(one.first, zone), .time(one.last, zone),
                ]
                if !arguments.has("quick") { row.append(shares[one.key].map { .share($0) } ?? .missing) }
                rows.row(row)
            }
        }
        rows.end()
        if rows.count == 0 { console.note("nothing is stored yet") }
    }

    private static func coverage(
        of series: [SeriesSummary], in store: any Store, on console: Console
    ) throws -> [SeriesKey: Double] {
        guard let person = series.first?.key.person else { return [:] }
        var coverages = series.map { SeriesCoverage(of: $0.key.metric.kind) }
        let keys = series.map(\.key)
        let total = series.reduce(0) { $0 + $1.count }
        var done = 0
        var current = 0
        try store.samples(of: person, metrics: [], in: .all) { sample in
            // Neighbours mostly belong to the same few series: look at the last one first.
            if keys[current].metric != sample.metric || keys[current].source != sample.source {
                guard let index = keys.firstIndex(where: { $0.metric == sample.metric && $0.source == sample.source })
                else { return }
                current = index
            }
            coverages[current].take(sample)
            done += 1
            if done % 1_000_000 == 0 {
                console.show(status: "reading \(done / 1_000_000) of \(total / 1_000_000) million")
            }
        }
        console.clearStatus()
        var shares: [SeriesKey: Double] = [:]
        for (key, coverage) in zip(keys, coverages) { shares[key] = coverage.share }
        return shares
    }
}
