import Glibc
import JSON5
import Links
import RuleEngine

/// The command line: finds the command, reads its arguments, turns errors into exit codes.
enum Vitald {
    static let version = "0.1.0"

    /// Every command, in the order of the help.
    static let commands: [any Subcommand.Type] = [
        RunCommand.self, DemoCommand.self, ReplayCommand.self, SimulateCommand.self, ImportCommand.self,
        AnalyzeCommand.self, QueryCommand.self, SeriesCommand.self, SamplesCommand.self, EventsCommand.self,
        ExplainCommand.self, CheckCommand.self,
        DecodeCommand.self, BenchCommand.self, StatusCommand.self, DevicesListCommand.self, DevicesScanCommand.self,
        DevicesProbeCommand.self, DevicesInfoCommand.self, DevicesMonitorCommand.self, DevicesPairCommand.self,
        DevicesForgetCommand.self, AlertAckCommand.self, PlanAcceptCommand.self, PlanDeclineCommand.self,
        StoreStatsCommand.self, StoreCheckCommand.self, StoreSealCommand.self, StoreKeyCommand.self,
        StoreEncryptCommand.self, StoreDecryptCommand.self, StoreBackupCommand.self, StoreRestoreCommand.self,
        StoreRepairCommand.self, StoreCompactCommand.self,
        StoreFollowCommand.self, StoreFollowersCommand.self, StoreAckCommand.self, StoreUnfollowCommand.self,
        StoreApplyCommand.self, StoreForgetCommand.self, StoreAuditCommand.self, RecordsListCommand.self,
        RecordsNoteCommand.self,
        RecordsDocumentCommand.self, RecordsGetCommand.self, RecordsDeleteCommand.self, ReloadCommand.self,
        StopCommand.self,
        VersionCommand.self,
    ]

    /// Words that stand before others: `alert ack`.
    static let groups = [
        ("alert", "Answer alerts"),
        ("store", "Look after a store"),
        ("records", "Write down notes about people, and keep their documents"),
        ("plan", "Answer proposed changes of an exercise plan"),
        (
            "devices",
            "Look at the devices of a running daemon, at serial ports and at Bluetooth devices around; pair them"
        ),
    ]

    static let purpose = "vitald reads heart-rate and step sensors, watches over them and explains what it tells."

    /// Runs one command line, the program's name first, and returns the exit code: 0 done, 1 failed, 2 usage.
    static func run(_ words: [String]) -> Int32 {
        // A closed pipe is noticed where it is written to; a broken socket must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        // A file at its size limit is an error of writing, not the end.
        signal(SIGXFSZ, SIG_IGN)
        return run(Array(words.dropFirst()), on: .standard())
    }

    static func run(_ words: [String], on console: Console) -> Int32 {
        var name = "vitald"
        do {
            let (command, rest) = try find(words)
            guard let command else {
                console.out.line(help(of: words.first { $0 != "help" && !$0.hasPrefix("-") }))
                try console.finish()
                return 0
            }
            name = "vitald \(command.syntax.command)"
            let arguments = try Arguments(rest, for: command.syntax)
            if arguments.asksForHelp {
                console.out.line(command.syntax.help)
            } else {
                try command.run(arguments, on: console)
            }
            try console.finish()
            return 0
        } catch let error as CommandError {
            console.out.flush()
            console.clearStatus()
            if !error.message.isEmpty { console.note("\(name): \(error)") }
            if error.code == .usage { console.note("'\(name) --help' shows how it is used.") }
            return error.code.rawValue
        } catch {
            console.out.flush()
            console.clearStatus()
            console.note(isPlaced(error) ? "\(error)" : "\(name): \(error)")
            return CommandError.Code.failed.rawValue
        }
    }

    /// Whether an error begins with `file:line:column:`, which editors and people expect at the start of the line.
    private static func isPlaced(_ error: any Error) -> Bool {
        switch error {
        case let error as JSONError: error.file != nil
        case let error as RuleError: error.file != nil
        case let error as FileError: error.line > 0
        default: false
        }
    }

    /// The command that the first words name, and the words after it; no command when the words ask for help.
    private static func find(
        _ words: [String]
    ) throws(CommandError) -> (command: (any Subcommand.Type)?, rest: ArraySlice<String>) {
        guard let first = words.first else {
            throw .usage("which command? One of \(names.joined(separator: ", "))")
        }
        if first == "help", let topic = words.dropFirst().first {
            return try find([topic] + words.dropFirst(2) + ["--help"])
        }
        if first == "--version" { return (VersionCommand.self, []) }
        if first == "help" || first == "--help" || first == "-h" { return (nil, []) }
        if let command = commands.first(where: { $0.syntax.command == first }) { return (command, words.dropFirst()) }
        let inGroup = commands.filter { $0.syntax.command.hasPrefix("\(first) ") }
        guard !inGroup.isEmpty else {
            throw .usage("unknown command '\(first)'", hint: didYouMean(first, in: names))
        }
        let second = words.dropFirst().first
        if let second, let command = inGroup.first(where: { $0.syntax.command == "\(first) \(second)" }) {
            return (command, words.dropFirst(2))
        }
        if second == "--help" || second == "-h" { return (nil, []) }
        let known = inGroup.map { String($0.syntax.command.dropFirst(first.count + 1)) }
        throw .usage(
            second.map { "unknown command '\(first) \($0)'" } ?? "'\(first)' needs one more word",
            hint: second.flatMap { didYouMean($0, in: known) } ?? "known: \(known.joined(separator: ", "))")
    }

    /// First words of all commands, each once.
    private static var names: [String] {
        var names: [String] = []
        for command in commands {
            let first = String(command.syntax.command.prefix { $0 != " " })
            if names.last != first { names.append(first) }
        }
        return names
    }

    /// The list of commands, or of one group.
    private static func help(of group: String?) -> String {
        let shown = commands.map { $0.syntax }.filter { syntax in
            group.map { syntax.command.hasPrefix("\($0) ") } ?? true
        }
        let about = groups.first { $0.0 == group }.map { "\($0.1)." } ?? purpose
        let usage = group.map { "vitald \($0) <command> [options]" } ?? "vitald <command> [options]"
        var lines = [about, "", "Usage: \(usage)", "", "Commands:"]
        lines += Syntax.columns(shown.map { ($0.command, $0.purpose) })
        lines += ["", "'vitald <command> --help' shows the options of a command and an example."]
        if group == nil {
            lines += [
                "", "Example:", "  vitald demo", "", "Exit codes: 0 done, 1 failed, 2 the command line is wrong.",
            ]
        } else if let example = shown.first?.examples.first {
            lines += ["", "Example:", "  \(example)"]
        }
        return lines.joined(separator: "\n")
    }
}
