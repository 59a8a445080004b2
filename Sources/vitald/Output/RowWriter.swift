import JSON5
import Vitals

/// Writes rows of equal columns in the chosen format.
///
/// CSV and JSON lines stream. A table looks at its first rows to find widths, then streams too; a later field that is
/// wider pushes its line to the right.
struct RowWriter {
    struct Column: Sendable {
        /// Key in JSON, header in CSV, heading in a table.
        var name: String
        /// Numbers and their headings stand right.
        var isNumber: Bool
        /// Of times: the zone that a table shows them in, named by its heading.
        var zone: Zone?

        init(_ name: String, isNumber: Bool = false, zone: Zone? = nil) {
            self.name = name
            self.isNumber = isNumber
            self.zone = zone
        }

        var heading: String {
            let words = name.split(separator: "_").joined(separator: " ")
            return zone.map { "\(words) (\($0.name))" } ?? words
        }
    }

    /// Rows that a table looks at before it fixes its widths.
    static let rowsToMeasure = 1000

    private let format: RowFormat
    private let columns: [Column]
    private let console: Console
    private var waiting: [[Cell]] = []
    private var widths: [Int] = []
    private var decimals: [Int] = []
    private var isMeasured = false
    /// Rows written so far.
    private(set) var count = 0

    init(_ columns: [Column], as format: RowFormat, on console: Console) {
        self.columns = columns
        self.format = format
        self.console = console
        if format == .csv { console.out.line(columns.map { Cell.quoted($0.name) }.joined(separator: ",")) }
        if format == .markdown {
            console.out.line(piped(columns.map(\.heading)))
            console.out.line(piped(columns.map { $0.isNumber ? "--:" : "---" }))
        }
    }

    /// Writes a row with one cell for each column.
    mutating func row(_ cells: [Cell]) {
        count += 1
        switch format {
        case .csv: console.out.line(cells.map(\.csv).joined(separator: ","))
        case .jsonl:
            var json = JSONWriter()
            json.object { json in
                for (column, cell) in zip(columns, cells) { cell.write(column.name, to: &json) }
            }
            console.out.line(json.text)
        case .markdown:
            let texts = cells.map { cell in
                if case .number(let value) = cell {
                    cell.shown(decimals: Decimal.count(value))
                } else {
                    cell.shown(decimals: 0)
                }
            }
            console.out.line(piped(texts))
        case .table:
            if isMeasured {
                line(cells)
            } else {
                waiting.append(cells)
                if waiting.count == RowWriter.rowsToMeasure { measure() }
            }
        }
    }

    private func piped(_ texts: [String]) -> String {
        "| "
            + texts.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
            .joined(separator: " | ") + " |"
    }

    /// Must be called after the last row.
    mutating func end() {
        if format == .table, !isMeasured, !waiting.isEmpty { measure() }
    }

    private mutating func measure() {
        isMeasured = true
        decimals = columns.indices.map { column in
            waiting.map { if case .number(let value) = $0[column] { Decimal.count(value) } else { 0 } }.max() ?? 0
        }
        widths = columns.indices.map { column in
            let cells = waiting.map { TextWidth.of($0[column].shown(decimals: decimals[column])) }
            return max(TextWidth.of(columns[column].heading), cells.max() ?? 0)
        }
        var headings: [String] = []
        for (i, column) in columns.enumerated() {
            headings.append(
                console.outTerminal.paint(TextWidth.pad(column.heading, to: widths[i], right: column.isNumber), .bold))
        }
        console.out.line(trimmed(headings.joined(separator: "  ")))
        for cells in waiting { line(cells) }
        waiting = []
    }

    private func line(_ cells: [Cell]) {
        var text = ""
        var used = 0
        for (i, cell) in cells.enumerated() {
            let gap = i == 0 ? "" : "  "
            var shown = cell.shown(decimals: decimals[i])
            if i == cells.count - 1 {
                if let width = console.outTerminal.width {
                    shown = TextWidth.cut(shown, to: max(8, width - used - gap.count))
                }
                shown = columns[i].isNumber ? TextWidth.pad(shown, to: widths[i], right: true) : shown
            } else {
                shown = TextWidth.pad(shown, to: widths[i], right: columns[i].isNumber)
            }
            used += gap.count + TextWidth.of(shown)
            text += gap + console.outTerminal.paint(shown, cell.style)
        }
        console.out.line(trimmed(text))
    }

    private func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
