import Storage
import Vitals

/// `vitald store audit`
enum StoreAuditCommand: Subcommand {
    static let syntax = Syntax(
        "store audit", "List the orders that people gave, and what came of them",
        options: [
            StoreFile.option, .init("limit", "N", "the newest so many"), RowFormat.option,
        ],
        notes: ["An order stands in the same commit as its effect: the events that it brought about."],
        examples: ["vitald store audit --store home.db --limit 20"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let limit = try arguments.integer("limit", in: 1...Int.max) ?? .max
        let store = try StoreFile.open(arguments)
        let zone = StoreFile.zone(of: try store.people())
        let commands = try store.commands().suffix(limit)
        let effects = try store.events(ofCommits: Set(commands.map(\.sequence)))
        var rows = RowWriter(
            [
                .init("at", zone: zone), .init("commit", isNumber: true), .init("actor"), .init("order"),
                .init("about"),
                .init("effect"),
            ], as: format, on: console)
        for (sequence, applied) in commands {
            let (order, about) = words(applied.command.action)
            let effect = (effects[sequence] ?? []).map { "\($0.kind.rawValue) \($0.phase.rawValue): \($0.title)" }
            rows.row([
                .time(applied.at, zone), .integer(Int(clamping: sequence)), .text(applied.command.actor), .text(order),
                .text(about), effect.isEmpty ? .missing : .text(effect.joined(separator: "; ")),
            ])
        }
        rows.end()
        if rows.count == 0 { console.note("nobody gave an order yet") }
    }

    /// What was ordered, and of what.
    private static func words(_ action: Command.Action) -> (order: String, about: String) {
        switch action {
        case .acknowledge(let event, let comment):
            ("acknowledge", comment.isEmpty ? "\(event)" : "\(event): \(comment)")
        case .acceptPlan(let event): ("accept plan", "\(event)")
        case .declinePlan(let event): ("decline plan", "\(event)")
        case .reload: ("reload", "")
        case .stop: ("stop", "")
        case .pair(let device): ("pair", device)
        case .answerPairing: ("answer pairing", "")
        case .forgetDevice(let device): ("forget device", device)
        case .follow(let name, _): ("follow", name)
        case .unfollow(let name): ("unfollow", name)
        case .put(let record, let revision, let kind): ("put \(kind.name)", "\(record), revision \(revision)")
        }
    }
}
