import Hub
import Vitals

/// `vitald run`
enum RunCommand: Subcommand {
    static let syntax = Syntax(
        "run", "Run the daemon",
        options: [
            .init("config", "FILE", "the configuration (JSON5): store, people, devices, rules and profiles").required(),
            .init("record", "FILE", "write everything that comes in to a recording, for 'vitald replay'"),
        ],
        notes: [
            "Ends by SIGTERM, Ctrl-C or 'vitald stop'. Events go to stdout as JSON lines after they were committed, the log to stderr. SIGHUP reads rules and "
                + "profiles again. Started by systemd, it tells when it is ready and that it is alive."
        ],
        examples: ["vitald run --config /etc/vitald/vitald.json5"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("config")
        let configuration = try Configuration.load(path: path)
        let configured = try configuration.configured { console.note("put aside: \($0)") }
        console.outliveReaders()
        let names = EventJSON(people: configured.people, devices: configured.devices)
        let observer = Daemon.Observer(
            log: { console.note($0) },
            event: { event in
                console.out.line(names.line(event))
                console.out.flush()
            },
            ready: { console.note("ready: \(configured.people.count) people, \(configured.devices.count) devices") })
        let daemon = Daemon(
            configuration: configuration, configured: configured, configurationPath: path,
            recordingPath: arguments.text("record"), observer: observer)
        try daemon.run()
        console.note("stopped")
    }
}
