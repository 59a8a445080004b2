import Vitals

/// `vitald demo`
enum DemoCommand: Subcommand {
    static let syntax = Syntax(
        "demo", "Show everything at work with two simulated people, without any hardware, in a minute",
        options: [
            .init("folder", "DIR", "where the store and the recording are left (\(Demo.defaultFolder))"),
            .init("rate", "N", "how many times faster than the clock time passes (\(Demo.defaultRate))"),
            ShippedFiles.Kind.profiles.option, ShippedFiles.Kind.rules.option,
        ],
        notes: ["Sensors are virtual, on pseudo-terminals; links, rules and store are the ones of 'vitald run'."],
        examples: ["vitald demo", "vitald demo --folder /tmp/demo --rate 200"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let demo = Demo(
            folder: arguments.text("folder") ?? Demo.defaultFolder,
            rate: Int64(try arguments.integer("rate", in: 1...1000) ?? Demo.defaultRate),
            profiles: try ShippedFiles.folder(.profiles, arguments), rules: try ShippedFiles.folder(.rules, arguments),
            console: console)
        try demo.run()
    }
}
