import Hub
import JSON5
import Vitals

/// Asking a running daemon.
enum DaemonSocket {
    static let option = Syntax.Option(
        "socket", "PATH", "the daemon's command socket (\(Configuration.defaultSocketPath))")

    /// Sends a request to the daemon that `--socket` names and returns the lines of its answer.
    static func ask(_ request: SocketRequest, _ arguments: Arguments) throws -> [String] {
        try SocketClient.request(path: arguments.text("socket") ?? Configuration.defaultSocketPath, request)
    }

    static func order(_ action: Command.Action, _ arguments: Arguments, by actor: String = "") throws {
        _ = try ask(.command(Command(id: .random(), actor: actor, action: action)), arguments)
    }

    /// A whole id goes to the daemon as it is; a beginning is looked up by the daemon, in its own store.
    static func event(
        _ name: String, _ arguments: Arguments, asking query: (String) -> Query
    ) throws -> EventID {
        if let id = EventID(name) { return id }
        let answer = Answer(try ask(.query(query(name)), arguments))
        guard let id = answer.text("id").flatMap({ EventID($0) }) else {
            throw CommandError.failed("vitald did not say which event that is", hint: "give the event's whole id")
        }
        return id
    }
}

/// `vitald status`
enum StatusCommand: Subcommand {
    static let syntax = Syntax(
        "status", "Ask the running daemon how it is", options: [DaemonSocket.option, RowFormat.option],
        examples: ["vitald status"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let answer = Answer(try DaemonSocket.ask(.query(.status), arguments))
        answer.writeMembers(as: format, on: console)
    }
}

/// `vitald reload`
enum ReloadCommand: Subcommand {
    static let syntax = Syntax(
        "reload", "Let the running daemon read its configuration, rules and profiles again",
        options: [DaemonSocket.option],
        notes: ["A file that does not load is named in the daemon's log; the version in force stays in force."],
        examples: ["vitald reload"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        try DaemonSocket.order(.reload, arguments)
        console.note(
            "configuration, rules and profiles are read again; what was put aside is in the daemon's log and in 'vitald status'"
        )
    }
}

/// `vitald stop`
enum StopCommand: Subcommand {
    static let syntax = Syntax(
        "stop", "Stop the running daemon", options: [DaemonSocket.option], examples: ["vitald stop"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        try DaemonSocket.order(.stop, arguments)
        console.note("vitald stops")
    }
}

/// `vitald alert ack`
enum AlertAckCommand: Subcommand {
    static let syntax = Syntax(
        "alert ack", "Acknowledge an alert: somebody has seen it and takes care",
        positionals: [.init("EVENT", "the alert's id or its beginning, or 'last'")],
        options: [
            .init("comment", "TEXT", "what is done about it"),
            .init("by", "NAME", "who acknowledges (the user that runs the command)"), DaemonSocket.option,
        ], examples: ["vitald alert ack 3f2a9c01 --by grace --comment 'called her, she is resting'"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let alert = try DaemonSocket.event(try arguments.positional(0), arguments) { .alert(named: $0) }
        let comment = arguments.text("comment") ?? ""
        try DaemonSocket.order(.acknowledge(alert, comment: comment), arguments, by: arguments.text("by") ?? "")
        console.note("acknowledged \(alert)")
    }
}
