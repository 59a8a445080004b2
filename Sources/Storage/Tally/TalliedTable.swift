/// A table whose rows the head counts (``Tally``).
struct TalliedTable {
    let name: String
    /// What tells a row from every other one, and from what it was before.
    let columns: [String]
    /// Blocks of bytes, which prove themselves: they begin with their checksum, or with what sealed them.
    var blocks: [String] = []
    /// The same of blocks that never change, of which the length is enough, and read without them.
    var lengths: [String] = []

    static let series = TalliedTable(name: "series", columns: ["id", "sum", "count", "first", "last", "upto"])
    static let journal = TalliedTable(name: "journal", columns: ["sequence", "at"], lengths: ["bytes"])
    static let chunk = TalliedTable(
        name: "chunk",
        columns: [
            "key", "first", "last", "count", "usable", "minimum", "maximum", "sum", "covered", "opening", "closing",
        ], blocks: ["bytes"])
    static let rollup = TalliedTable(name: "rollup", columns: ["key"], blocks: ["bytes"])

    /// Tables that a hub reads whole when it starts, and goes by: what lacks there is noticed at once.
    static let first = [
        series, TalliedTable(name: "state", columns: ["number", "sum"]),
        TalliedTable(name: "person", columns: ["sum"]), TalliedTable(name: "device", columns: ["sum"]),
        TalliedTable(name: "assignment", columns: ["sum"]), TalliedTable(name: "outbox", columns: ["number", "sum"]),
        TalliedTable(name: "retired", columns: ["series", "raw"]),
        TalliedTable(name: "forgotten", columns: ["digest", "sequence", "at"]),
        TalliedTable(name: "follower", columns: ["name", "sequence", "at", "lost", "gaps", "epoch"]),
        TalliedTable(name: "key", columns: ["id", "person", "wrapped"]),
        TalliedTable(name: "key_head", columns: ["last"]),
    ]

    /// In the order in which the head has them.
    static let all =
        first + [
            journal, TalliedTable(name: "event", columns: ["number", "sum"]),
            TalliedTable(name: "command", columns: ["sum"]),
            TalliedTable(
                name: "record",
                columns: ["id", "kind", "revision", "person", "sequence", "at", "author", "text", "checksum"],
                blocks: ["content", "payload"]),
            chunk, rollup,
            TalliedTable(name: "feed", columns: ["sequence", "at", "total"], lengths: ["bytes"]),
        ]

    /// Tables of which a repair keeps each row that it finds, and makes none.
    static let asWritten = all.filter {
        !["series", "follower", "key", "key_head", "journal", "chunk", "rollup", "feed"].contains($0.name)
    }

    /// SQL for the mark of a row, a number of 32 bits. `row` is the prefix of its columns.
    func mark(of row: String = "") -> String {
        let values =
            columns.map { row + $0 } + blocks.map { "substr(\(row)\($0), 1, 16)" }
            + lengths.map { "length(\(row)\($0))" }
        return "\(RowSum.function)('\(name)', \(values.joined(separator: ", ")))"
    }

    /// How lines tell that rows are not those that were written; `nil` when they are.
    func difference(_ found: Tally.Count, _ told: Tally.Count) -> String? {
        guard found != told else { return nil }
        return found.rows == told.rows
            ? "\(name): its \(told.rows) rows are not those that were written"
            : "\(name): \(found.rows) rows where \(told.rows) were written"
    }
}
