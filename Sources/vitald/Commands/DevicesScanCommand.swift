import Hub
import Links
import Profiles
import Vitals

/// `vitald devices scan`
enum DevicesScanCommand: Subcommand {
    static let syntax = Syntax(
        "devices scan", "Listen which Bluetooth LE devices are around, and which profiles fit them",
        options: [
            .init("for", "SPAN", "how long to listen (10s)"), .init("all", nil, "also those that no profile fits"),
            ShippedFiles.Kind.profiles.option, RowFormat.option,
        ],
        notes: [
            "Needs CAP_NET_ADMIN (sudo); the daemon may run meanwhile, and bluetoothd too. 'write' is what to write as "
                + "address into the configuration. A profile with a question mark is decided when the device is connected."
        ],
        examples: ["sudo vitald devices scan", "sudo vitald devices scan --for 30s --all --format jsonl"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let span = try arguments.span("for") ?? .seconds(10)
        let folder = try ShippedFiles.folder(.profiles, arguments)
        let library = ProfileLibrary(files: try Folder.files(in: [folder], ending: ".json5"))
        console.show(status: "listening for \(span)")
        let heard = try BluetoothScan(stopwatch: { HubClock.stopwatch() }).run(for: span)
        console.clearStatus()
        let fitting = heard.filter { arguments.has("all") || !profiles(of: $0, library).isEmpty }
        write(fitting, library, at: HubClock.stopwatch(), as: format, on: console)
        if fitting.count < heard.count {
            console.note("\(heard.count - fitting.count) more that no profile fits; --all shows them")
        }
        if heard.isEmpty { console.note("no device was heard; is it switched on, worn, and not connected elsewhere?") }
    }

    static func write(
        _ advertisers: [Advertiser], _ library: ProfileLibrary, at now: Int64, as format: RowFormat,
        on console: Console
    ) {
        let columns = [
            RowWriter.Column("name"), .init("write"), .init("kind"), .init("signal"), .init("rssi", isNumber: true),
            .init("age", isNumber: true), .init("profiles"), .init("services"), .init("companies"),
        ]
        var rows = RowWriter(columns, as: format, on: console)
        for advertiser in advertisers {
            let advertisement = advertiser.advertisement
            rows.row([
                advertisement.name.map { .text($0) } ?? .missing, .text(spelling(of: advertiser)),
                .text(advertiser.address.isKept ? "\(advertiser.address.kind)" : "private"),
                .text(SignalBars.text(advertiser.strength)), advertiser.strength.map { .integer($0) } ?? .missing,
                .number(Double((now - advertiser.heard) / 100) / 10), texts(profiles(of: advertiser, library)),
                texts(advertisement.services.map(\.description).sorted()),
                texts(advertisement.manufacturerData.keys.sorted().map { String($0) }),
            ])
        }
        rows.end()
    }

    /// Ids of profiles that fit; those that only the connected device can prove with a question mark.
    static func profiles(of advertiser: Advertiser, _ library: ProfileLibrary) -> [String] {
        let decision = library.match(advertiser.advertisement)
        return decision.open.map { "\($0.id)?" } + (decision.profile.map { [$0.id] } ?? [])
    }

    /// What names the device in a configuration: a private address is another one soon.
    static func spelling(of advertiser: Advertiser) -> String {
        if advertiser.address.isKept { return "\(advertiser.address)" }
        return advertiser.advertisement.name.map { "name:\($0)" } ?? "\(advertiser.address)"
    }

    private static func texts(_ texts: [String]) -> Cell {
        texts.isEmpty ? .missing : .text(texts.joined(separator: ", "))
    }
}

/// Signal strength as people know it from telephones.
enum SignalBars {
    /// dBm from which each further bar is shown: below the first a link hardly holds.
    private static let thresholds = [-90, -80, -70, -60]
    private static let bars = ["▂", "▄", "▆", "█"]

    static func text(_ strength: Int?) -> String {
        guard let strength else { return "" }
        let count = thresholds.filter { strength >= $0 }.count
        return bars.prefix(count).joined() + String(repeating: "·", count: bars.count - count)
    }
}
