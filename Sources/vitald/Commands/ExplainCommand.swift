import Hub
import Vitals

/// `vitald explain`
enum ExplainCommand: Subcommand {
    static let syntax = Syntax(
        "explain", "Tell why an event happened",
        positionals: [.init("EVENT", "the beginning of its id, or 'last'")], options: [StoreFile.option],
        notes: ["Shows the rule's file and line, every subexpression with its value, and the samples behind them."],
        examples: ["vitald explain last --store home.db", "vitald explain 3f2a9c01 --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let store = try StoreFile.open(arguments)
        let event = try arguments.eventName(0).find(in: store)
        let episode = try episode(of: event, in: store)
        // Who acknowledged an alert tells nothing about its cause: that is with the opening.
        let opening = episode.first { $0.transition == 0 }
        let shown = event.evidence == nil && event.kind != .source ? opening ?? event : event
        let people = try store.people()
        let names = EventJSON(people: people, devices: try store.devices())
        let zone = StoreFile.zone(of: people.filter { $0.id == event.person })
        let text = Explanation(names: names, zone: zone).text(of: shown, chain: episode.count > 1 ? episode : [])
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            console.out.line(TextWidth.printable(String(line)))
        }
    }

    /// The opening of an event's episode and all that followed from it, in order.
    private static func episode(of event: Event, in store: any Store) throws -> [Event] {
        let alike = try store.events(EventFilter(person: event.person, kind: event.kind)).filter {
            $0.rule == event.rule
        }
        let opening =
            event.transition == 0 ? event.id : alike.last { event.causes.contains($0.id) && $0.transition == 0 }?.id
        guard let opening else { return [event] }
        return alike.filter { $0.id == opening || $0.causes.contains(opening) }.sorted { $0.transition < $1.transition }
    }
}
