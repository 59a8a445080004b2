import Hub
import JSON5
import Links
import Profiles

/// `vitald devices probe`
enum DevicesProbeCommand: Subcommand {
    static let syntax = Syntax(
        "devices probe", "Find out which device is on a serial port, and what to write into the configuration",
        positionals: [
            .init(
                "PORT",
                "a path, usb:10c4:ea60, or usb:10c4:ea60@SOCKET; unless given, all whose USB ids a profile names",
                isOptional: true, repeats: true)
        ],
        options: [
            .init("profile", "ID", "try this profile only", repeats: true), ShippedFiles.Kind.profiles.option,
            RowFormat.option,
        ],
        notes: [
            "Opens the port with each profile's settings in turn and listens, up to ten seconds each; sends nothing but "
                + "what the profile sends on connecting. Opening restarts boards like an Arduino. A port that the daemon, "
                + "or another program, holds is left alone. Exit code 1 when no device answered."
        ],
        examples: ["vitald devices probe", "vitald devices probe usb:10c4:ea60 --profile contec.cms50.legacy"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let folder = try ShippedFiles.folder(.profiles, arguments)
        let library = ProfileLibrary(files: try Folder.files(in: [folder], ending: ".json5"))
        var profiles = library.profiles.filter { $0.transport == .serial }
        let wanted = arguments.all("profile")
        for id in wanted where !profiles.contains(where: { $0.id == id }) {
            let known = profiles.map(\.id).sorted()
            throw CommandError.failed(
                "no serial profile '\(id)' in \(folder)", hint: didYouMean(id, in: known) ?? "known: \(listed(known))")
        }
        if !wanted.isEmpty { profiles = profiles.filter { wanted.contains($0.id) } }
        let ports = SerialAdapters.list()
        let targets = try targets(arguments.positionals, ports, profiles)
        guard !targets.isEmpty else {
            throw CommandError.failed(
                "no adapter whose USB ids a profile names is plugged in",
                hint: "name a port; 'vitald devices list --ports' shows all")
        }
        try probe(targets, ports, as: format, on: console)
    }

    /// A port and whose languages to try on it.
    struct Target {
        var path: String
        var profiles: [Profile]
    }

    /// Ports that were named, with the profiles that name their USB ids, or all where none does; else all ports that a
    /// profile names.
    static func targets(
        _ names: [String], _ ports: [SerialAdapter], _ profiles: [Profile]
    ) throws(LinkError) -> [Target] {
        func matching(_ port: SerialAdapter) -> [Profile] {
            guard let usb = port.usb else { return [] }
            return profiles.filter { $0.match.usb(vendor: usb.vendor, product: usb.product).matches }
        }
        guard !names.isEmpty else {
            return ports.map { Target(path: $0.path, profiles: matching($0)) }.filter { !$0.profiles.isEmpty }
        }
        var targets: [Target] = []
        for text in names {
            let name = try PortName(text)
            guard case .path(let path) = name else {
                let found = name == .auto ? name.resolve(adapters: ports) : [try name.only(of: ports)]
                targets += found.map { port in
                    let fitting = matching(port)
                    return Target(path: port.path, profiles: fitting.isEmpty ? profiles : fitting)
                }
                continue
            }
            let fitting = name.resolve(adapters: ports).first.map(matching) ?? []
            targets.append(Target(path: path, profiles: fitting.isEmpty ? profiles : fitting))
        }
        return targets
    }

    static func probe(
        _ targets: [Target], _ ports: [SerialAdapter], as format: RowFormat, on console: Console
    ) throws(CommandError) {
        let columns = [
            RowWriter.Column("port"), .init("verdict"), .init("profile"), .init("write"), .init("settings"),
            .init("frames", isNumber: true), .init("errors", isNumber: true), .init("bytes", isNumber: true),
            .init("first_bytes"),
        ]
        var rows = RowWriter(columns, as: format, on: console)
        var claimed = 0
        for target in targets {
            let probe = SerialProbe(profiles: target.profiles, stopwatch: { HubClock.stopwatch() })
            console.note("\(target.path): listening for \(listed(probe.profiles.map(\.id)))")
            let verdict = probe.run(path: target.path)
            let port = PortName.path(target.path).resolve(adapters: ports).first
            let spelling = port?.spelling(among: ports) ?? target.path
            if verdict.profile != nil { claimed += 1 }
            for finding in verdict.findings {
                let isClaimed = finding.outcome == .claimed
                rows.row([
                    .text(target.path), .text(finding.outcome.rawValue, isClaimed ? .green : nil),
                    .text(finding.profile), isClaimed ? .text(spelling) : .missing, .text(finding.settings),
                    .integer(finding.frames), .integer(finding.errors), .integer(finding.bytes),
                    finding.first.isEmpty ? .missing : .text(finding.excerpt),
                ])
            }
            if let refusal = verdict.refusal {
                let word = refusal.code == .busy ? "busy" : "refused"
                rows.row([.text(target.path), .text(word, .yellow)] + Array(repeating: .missing, count: 7))
                let holders = PortHolder.find(path: target.path)
                console.note(
                    refusal.code == .busy && !holders.isEmpty
                        ? "\(target.path): held by \(listed(holders.map(\.description))) and left alone"
                        : "\(refusal)")
            }
        }
        rows.end()
        guard claimed > 0 else { throw .failed("no device answered") }
    }
}
