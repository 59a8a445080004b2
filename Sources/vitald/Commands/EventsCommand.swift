import Hub
import Vitals

/// `vitald events`
enum EventsCommand: Subcommand {
    static let syntax = Syntax(
        "events", "List what happened: alerts, reminders, plan changes, lost sensors",
        options: [
            StoreFile.option, .init("person", "NAME", "only this person's"),
            .init("kind", "KIND", "only \(Event.Kind.allCases.map(\.rawValue).joined(separator: ", "))"),
            .init("from", "TIME", "decided at or after: ISO 8601, or milliseconds since 1970"),
            .init("to", "TIME", "decided before"), .init("limit", "N", "the newest so many"), RowFormat.option,
        ],
        notes: [
            "Times without an offset are local to the people shown. JSON lines carry the evidence of each event; "
                + "'vitald explain' tells it in words."
        ],
        examples: [
            "vitald events --store home.db --kind alert --from 2026-11-01",
            "vitald events --store home.db --person ada --limit 20 --format jsonl",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let kind = try arguments.choice("kind", Event.Kind.self)
        let limit = try arguments.integer("limit", in: 1...Int.max)
        let store = try StoreFile.open(arguments)
        let people = try store.people()
        let person = try StoreFile.person(arguments, among: people)
        let zone = StoreFile.zone(of: person.map { [$0] } ?? people)
        let range = try arguments.range(in: zone) ?? .all
        let events = try store.events(EventFilter(person: person?.id, kind: kind, range: range, limit: limit))
        if format == .jsonl {
            let names = EventJSON(people: people, devices: try store.devices())
            for event in events { console.out.line(names.line(event)) }
        } else {
            write(events, people: people, zone: zone, as: format, on: console)
        }
        if events.isEmpty { console.note("no such events") }
    }

    private static func write(
        _ events: [Event], people: [Person], zone: Zone, as format: RowFormat, on console: Console
    ) {
        let names = Dictionary(people.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        var columns: [RowWriter.Column] = [
            .init("decided", zone: zone), .init("id"), .init("person"), .init("kind"), .init("phase"),
            .init("severity"),
            .init("rule"),
        ]
        columns += format == .csv ? [.init("onset"), .init("title"), .init("text")] : [.init("title")]
        var rows = RowWriter(columns, as: format, on: console)
        for event in events {
            var row: [Cell] = [
                .time(event.decided, zone), .id("\(event.id)"), .text(names[event.person] ?? "\(event.person)"),
                .text(event.kind.rawValue), .text(event.phase.rawValue),
                .text(event.severity.name, style(of: event)), .text(event.rule),
            ]
            row +=
                format == .csv
                ? [.time(event.onset, zone), .text(event.title), .text(event.text)] : [.text(event.title)]
            rows.row(row)
        }
        rows.end()
    }

    /// Only what began and still asks for attention has colour.
    private static func style(of event: Event) -> Terminal.Style? {
        guard event.phase == .opened else { return .dim }
        switch event.severity {
        case .urgent: return .urgent
        case .warning: return .yellow
        case .info, .notice: return nil
        }
    }
}
