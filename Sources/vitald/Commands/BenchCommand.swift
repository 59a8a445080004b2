import Hub
import JSON5
import Vitals

/// `vitald bench`
enum BenchCommand: Subcommand {
    private enum Area: String, CaseIterable {
        case pipeline, decode, store, house, links, kernels
    }

    static let syntax = Syntax(
        "bench", "Measure how fast this machine runs the path, the decoders, the store, Bluetooth links or kernels",
        positionals: [.init("AREA", "pipeline, decode, store, house (a part of store), links or kernels")],
        options: [
            .init("seconds", "N", "measure each figure for at least so long (2)"),
            .init("quick", nil, "everything once and small: shows what is measured, not how fast it is"),
            .init("days", "N", "how long the household of `store` has lived with its hub before that is started (30)"),
            .init("people", "N", "how many people `pipeline` lets live at once (100)"),
            .init("folder", "DIR", "where test stores are written and removed ($TMPDIR, else /var/tmp)"),
            .init(
                "peers", "COMMAND",
                "of `kernels` and `store`: what runs the peers (Benchmarks/kernel_peers.py or store_peers.py, with its Python)"
            ),
            ShippedFiles.Kind.profiles.option, ShippedFiles.Kind.rules.option, RowFormat.option,
        ],
        notes: [
            "Each figure is the median of at least five repetitions, with the lowest and the highest. Rates and shares "
                + "are of one core's time, those named _wall and all of the store's of time on the wall. Where a peer or "
                + "a limit of the machine ran in turn with it, ratio is value ÷ peer value. budget is what the design asks for, "
                + "limit what the bandwidth of reading memory allows."
        ],
        examples: ["vitald bench pipeline", "vitald bench store --seconds 5 --format csv"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let word = try arguments.positional(0)
        let known = Area.allCases.map(\.rawValue)
        guard let area = Area(rawValue: word) else {
            throw CommandError.usage(
                "nothing to measure is called '\(word)'",
                hint: didYouMean(word, in: known) ?? "there are \(listed(known))")
        }
        let format = try RowFormat.chosen(arguments, on: console)
        let profiles = try ShippedFiles.folder(.profiles, arguments)
        let rules = try ShippedFiles.folder(.rules, arguments)
        let setting = BenchSetting(
            seconds: Double(try arguments.integer("seconds", in: 1...3600) ?? 2),
            isQuick: arguments.has("quick"), people: try arguments.integer("people", in: 1...100_000) ?? 100,
            days: try arguments.integer("days", in: 1...3660) ?? 30,
            folder: arguments.text("folder") ?? Terminal.variable("TMPDIR") ?? "/var/tmp",
            profileFolder: profiles, ruleFolder: rules,
            profiles: try Folder.files(in: [profiles], ending: ".json5"),
            rules: try Folder.files(in: [rules], ending: ".json5"),
            peers: arguments.text("peers"), progress: { console.show(status: $0) }, note: { console.note($0) })
        if area != .house, AllocationCount.now == nil {
            console.note("allocations are not counted: `make bench` preloads a counter")
        }
        let figures =
            switch area {
            case .pipeline: try PipelineBench(setting: setting).figures()
            case .decode: try DecodeBench(setting: setting).figures()
            case .store: try StoreBench(setting: setting).figures()
            case .house: try StoreBench(setting: setting).figuresOfHouse()
            case .links: try LinksBench(setting: setting).figures()
            case .kernels: try KernelBench(setting: setting).figures() + BeatBench(setting: setting).figures()
            }
        console.clearStatus()
        var rows = RowWriter(Figure.columns, as: format, on: console)
        for figure in figures { rows.row(figure.cells(as: format)) }
        rows.end()
    }
}
