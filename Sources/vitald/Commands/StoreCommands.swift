import Storage
import Vitals

/// `vitald store stats`
enum StoreStatsCommand: Subcommand {
    static let syntax = Syntax(
        "store stats", "Tell how much a store holds and what room it takes",
        options: [StoreFile.option, RowFormat.option], examples: ["vitald store stats --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let figures = try StoreFile.open(arguments).figures()
        var rows = RowWriter(
            [.init("name"), .init("value", isNumber: true), .init("unit")], as: format, on: console)
        func row(_ name: String, _ value: Int, _ unit: String) {
            rows.row([.text(name), .integer(value), .text(unit)])
        }
        row("commits", Int(clamping: figures.sequence), "")
        row("series", figures.series, "")
        row("samples", figures.samples, "")
        row("chunks", figures.chunks, "")
        row("samples in chunks", figures.restingSamples, "")
        row("chunks' samples", figures.chunkBytes, "bytes")
        row("rollups", figures.rollups, "days of series")
        row("rollups' sums", figures.rollupBytes, "bytes")
        row("journal", figures.journalRows, "commits")
        row("journal's samples", figures.journalBytes, "bytes")
        row("followers", figures.followers, "")
        row("kept for followers", figures.keptCommits, "commits")
        row("kept commits", figures.keptBytes, "bytes")
        row("found damaged and put aside", figures.damaged, "")
        row("file", figures.fileBytes, "bytes")
        row("free in the file", figures.freeBytes, "bytes")
        if figures.restingSamples > 0 {
            let share = Double(figures.chunkBytes) / Double(figures.restingSamples)
            rows.row([.text("a sample in a chunk"), .number((share * 1000).rounded() / 1000), .text("bytes")])
        }
        rows.end()
    }
}

/// `vitald store check`
enum StoreCheckCommand: Subcommand {
    static let syntax = Syntax(
        "store check", "Verify every checksum and every count of a store",
        options: [StoreFile.option],
        notes: ["Reads everything once; works while the daemon writes. Says what is damaged, and exits with 1 then."],
        examples: ["vitald store check --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let store = try StoreFile.open(arguments)
        let problems = try store.check()
        for problem in problems { console.out.line(problem) }
        guard problems.isEmpty else {
            throw CommandError.failed(
                "\(problems.count == 1 ? "a problem" : "\(problems.count) problems") found",
                hint: "what is not named above is whole: 'vitald store repair' keeps it, or restore a backup")
        }
        let figures = try store.figures()
        console.out.line("ok: \(figures.samples) samples of \(figures.series) series, \(figures.chunks) chunks")
    }
}

/// `vitald store seal`
enum StoreSealCommand: Subcommand {
    static let syntax = Syntax(
        "store seal", "Lay the samples of the journal to rest in chunks now",
        options: [StoreFile.option],
        notes: ["The daemon does this by itself, an hour at a time. A store that it writes is refused."],
        examples: ["vitald store seal --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        guard let store = try StoreFile.openToWrite(path, arguments) else {
            throw CommandError.failed("no store at \(path)")
        }
        defer { StoreFile.close(store, path, on: console) }
        try store.sealAll()
    }
}
