import Vitals

/// `vitald plan accept`
enum PlanAcceptCommand: Subcommand {
    static let syntax = PlanAnswer.syntax(
        "accept", "Accept a proposed change of an exercise plan", "vitald plan accept last --by ada")

    static func run(_ arguments: Arguments, on console: Console) throws {
        try PlanAnswer.give(arguments, on: console, "accepted") { .acceptPlan($0) }
    }
}

/// `vitald plan decline`
enum PlanDeclineCommand: Subcommand {
    static let syntax = PlanAnswer.syntax(
        "decline", "Decline a proposed change of an exercise plan", "vitald plan decline 3f2a9c01 --by ada")

    static func run(_ arguments: Arguments, on console: Console) throws {
        try PlanAnswer.give(arguments, on: console, "declined") { .declinePlan($0) }
    }
}

/// What both answers to a plan change have in common.
private enum PlanAnswer {
    static func syntax(_ word: String, _ purpose: String, _ example: String) -> Syntax {
        Syntax(
            "plan \(word)", purpose,
            positionals: [.init("EVENT", "the plan change's id or its beginning, or 'last'")],
            options: [.init("by", "NAME", "who answers (the user that runs the command)"), DaemonSocket.option],
            examples: [example])
    }

    static func give(
        _ arguments: Arguments, on console: Console, _ done: String, _ action: (EventID) -> Command.Action
    ) throws {
        let change = try DaemonSocket.event(try arguments.positional(0), arguments) { .plan(named: $0) }
        try DaemonSocket.order(action(change), arguments, by: arguments.text("by") ?? "")
        console.note("\(done) \(change)")
    }
}
