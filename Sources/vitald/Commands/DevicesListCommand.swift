import Hub
import Links
import Profiles

/// `vitald devices list`
enum DevicesListCommand: Subcommand {
    static let syntax = Syntax(
        "devices list", "Ask the running daemon for its devices and their links",
        options: [
            .init("ports", nil, "list the serial ports of this machine instead; asks no daemon, opens no port"),
            ShippedFiles.Kind.profiles.option, DaemonSocket.option, RowFormat.option,
        ],
        notes: [
            "With --ports: 'write' is what to write as port into the configuration so that this adapter is meant, "
                + "'profiles' are those that name its USB ids, 'held_by' who has it open (as root: whoever it is)."
        ],
        examples: ["vitald devices list", "vitald devices list --ports"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        if arguments.has("ports") {
            let folder = try ShippedFiles.folder(.profiles, arguments)
            let library = ProfileLibrary(files: try Folder.files(in: [folder], ending: ".json5"))
            return write(ports: SerialAdapters.list(), library.profiles, as: format, on: console)
        }
        Answer(try DaemonSocket.ask(.query(.devices), arguments)).writeRows(as: format, on: console)
    }

    static func write(
        ports: [SerialAdapter], _ profiles: [Profile], as format: RowFormat, on console: Console
    ) {
        guard !ports.isEmpty else { return console.note("no serial port with hardware behind it on this machine") }
        let holders = PortHolder.find(paths: ports.map(\.path))
        let names = [
            "port", "write", "ids", "manufacturer", "product", "serial", "socket", "profiles", "held_by", "by_id",
            "by_path",
        ]
        var rows = RowWriter(names.map { RowWriter.Column($0) }, as: format, on: console)
        for port in ports {
            let matching = profiles.filter { profile in
                port.usb.map { profile.match.usb(vendor: $0.vendor, product: $0.product).matches } ?? false
            }
            rows.row([
                .text(port.path), .text(port.spelling(among: ports)), cell(port.ids), cell(port.usb?.manufacturer),
                cell(port.usb?.productName), cell(port.usb?.serial), cell(port.usb?.socket),
                cell(matching.map(\.id)), cell((holders[port.path] ?? []).map(\.description)), cell(port.byID),
                cell(port.byPath),
            ])
        }
        rows.end()
    }

    private static func cell(_ text: String?) -> Cell { text.map { .text($0) } ?? .missing }

    private static func cell(_ texts: [String]) -> Cell {
        texts.isEmpty ? .missing : .text(texts.joined(separator: ", "))
    }
}
