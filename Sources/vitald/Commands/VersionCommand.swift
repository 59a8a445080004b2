/// `vitald version`
enum VersionCommand: Subcommand {
    static let syntax = Syntax("version", "Print the version", examples: ["vitald version"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        console.out.line("vitald \(Vitald.version)")
    }
}
