/// How rows come out.
enum RowFormat: String, CaseIterable, Sendable {
    /// Aligned columns, for people.
    case table
    /// A table as GitHub and many others read it, for pages.
    case markdown
    /// Comma-separated with a header; fields quoted as RFC 4180 asks, lines ended by LF as other tools here expect.
    case csv
    /// One JSON object a line.
    case jsonl

    static let option = Syntax.Option(
        "format", "FORMAT",
        "table, markdown, csv or jsonl; unless given, table on a terminal and jsonl into pipes and files")

    /// The format that was asked for, or the one that suits the output.
    static func chosen(_ arguments: Arguments, on console: Console) throws(CommandError) -> RowFormat {
        try arguments.choice("format", RowFormat.self) ?? (console.outTerminal.isTerminal ? .table : .jsonl)
    }
}
