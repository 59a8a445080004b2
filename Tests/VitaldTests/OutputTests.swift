import Glibc
import Testing
import Vitals

@testable import vitald

@Suite struct OutputTests {
    private func written(
        _ format: RowFormat, _ columns: [RowWriter.Column], _ rows: [[Cell]], terminal: Terminal = .none
    ) -> String {
        let console = Console.kept(outTerminal: terminal)
        var writer = RowWriter(columns, as: format, on: console)
        for row in rows { writer.row(row) }
        writer.end()
        return console.out.pending
    }

    private let columns: [RowWriter.Column] = [.init("name"), .init("value", isNumber: true)]

    @Test("a table stands right for numbers, with as many decimals as its column needs, at most three")
    func table() {
        let rows: [[Cell]] = [
            [.text("a"), .number(1)], [.text("长名字"), .number(-12.5)], [.text("c"), .number(.nan)],
            [.text("d"), .number(1.0 / 3)],
        ]
        #expect(
            written(.table, columns, rows) == """
                name      value
                a         1.000
                长名字  -12.500
                c       unknown
                d         0.333

                """)
    }

    @Test("a table for pages has a line for each row, and no cell ends early")
    func markdown() {
        let rows: [[Cell]] = [[.text("a|b"), .number(1.5)], [.text("c"), .missing]]
        #expect(
            written(.markdown, columns, rows) == """
                | name | value |
                | --- | --: |
                | a\\|b | 1.5 |
                | c | – |

                """)
    }

    @Test("a table of nothing prints nothing")
    func empty() {
        #expect(written(.table, columns, []) == "")
        #expect(written(.csv, columns, []) == "name,value\n")
        #expect(written(.jsonl, columns, []) == "")
    }

    @Test("a table longer than it measures keeps every row")
    func long() {
        let count = RowWriter.rowsToMeasure + 7
        let rows = (0..<count).map { [Cell.text("r"), .integer($0)] }
        #expect(written(.table, columns, rows).split(separator: "\n").count == count + 1)
    }

    @Test("the last column of a table is cut where the terminal ends")
    func cut() {
        let rows: [[Cell]] = [[.integer(1), .text("sehr lange Überschrift einer Meldung")]]
        let lines = written(
            .table, [.init("n", isNumber: true), .init("title")], rows,
            terminal: Terminal(width: 20, hasColour: false)
        ).split(separator: "\n")
        #expect(lines.last == "1  sehr lange Übers…")
    }

    @Test("foreign text cannot steer a terminal")
    func control() {
        let table = written(.table, columns, [[.text("a\u{1B}[31mb\nc\u{202E}"), .integer(1)]])
        #expect(!table.contains("\u{1B}"))
        #expect(!table.contains("\u{202E}"))
        #expect(table.split(separator: "\n").count == 2)
    }

    @Test("CSV quotes what RFC 4180 asks to quote, and nothing else")
    func csv() {
        let rows: [[Cell]] = [
            [.text("plain"), .number(0.1)], [.text("a,b"), .missing], [.text("say \"hi\""), .number(.nan)],
            [.text("two\nlines"), .integer(3)],
        ]
        #expect(
            written(.csv, columns, rows)
                == "name,value\nplain,0.1\n\"a,b\",\n\"say \"\"hi\"\"\",\n\"two\nlines\",3\n")
    }

    @Test("JSON lines keep types: unknown and missing are null")
    func jsonLines() throws {
        let zone = try Zone(named: "Asia/Shanghai")
        let rows: [[Cell]] = [
            [.text("q\""), .number(.nan)], [.time(Timestamp(milliseconds: 0), .utc), .boolean(true)],
            [.time(Timestamp(milliseconds: 0), zone), .share(0.25)],
        ]
        #expect(
            written(.jsonl, columns, rows) == """
                {"name":"q\\"","value":null}
                {"name":"1970-01-01T00:00:00Z","value":true}
                {"name":"1970-01-01T00:00:00Z","value":0.25}

                """)
    }

    @Test("tables show times as clocks show them, and name the zone")
    func localTimes() throws {
        let zone = try Zone(named: "Asia/Shanghai")
        let table = written(
            .table, [.init("first", zone: zone)],
            [[.time(Timestamp(milliseconds: 0), zone)], [.time(Timestamp(milliseconds: 1250), zone)]])
        #expect(table == "first (Asia/Shanghai)\n1970-01-01 08:00:00\n1970-01-01 08:00:01.250\n")
    }

    @Test("colour needs a terminal that takes it")
    func colour() {
        let rows: [[Cell]] = [[.text("x", .red), .integer(1)]]
        #expect(!written(.table, columns, rows, terminal: Terminal(width: 80, hasColour: false)).contains("\u{1B}"))
        #expect(
            written(.table, columns, rows, terminal: Terminal(width: 80, hasColour: true))
                .contains("\u{1B}[31mx"))
    }

    @Test("a status line stays below the log and leaves no trace where nobody looks")
    func status() {
        let seen = Console.kept(errTerminal: Terminal(width: 20, hasColour: false))
        seen.show(status: "reading 心率 from a long path")
        seen.note("log")
        seen.clearStatus()
        #expect(seen.log == "\r\u{1B}[Kreading 心率 from …\r\u{1B}[Klog\nreading 心率 from …\r\u{1B}[K")
        let unseen = Console.kept()
        unseen.show(status: "reading")
        unseen.note("log")
        unseen.clearStatus()
        #expect(unseen.log == "log\n")
    }

    @Test("a daemon outlives the reader of its output")
    func closedPipe() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        signal(SIGPIPE, SIG_IGN)
        close(ends[0])
        let output = TextOutput(descriptor: ends[1], isLive: true)
        output.outliveReader()
        output.line("nobody reads this")
        #expect(output.isIntact)
        #expect(output.pending == "")
        close(ends[1])
    }

    @Test("numbers round to nearest, halves away from zero, and never show a minus zero")
    func decimals() {
        #expect(Decimal.text(1.2345, decimals: 3) == "1.235")
        #expect(Decimal.text(-0.0004, decimals: 3) == "0.000")
        #expect(Decimal.text(-1.5, decimals: 0) == "-2")
        #expect(Decimal.text(0.05, decimals: 2) == "0.05")
        #expect(Decimal.count(61) == 0)
        #expect(Decimal.count(61.25) == 2)
        #expect(Decimal.text(1e300, decimals: 2) == "1e+300")
    }

    @Test("widths follow East Asian Width")
    func widths() {
        #expect(TextWidth.of("abc") == 3)
        #expect(TextWidth.of("静息时心率") == 10)
        #expect(TextWidth.of("e\u{301}") == 1)
        #expect(TextWidth.of("❤️") == 2)
        #expect(TextWidth.of("…–°") == 3)
        #expect(TextWidth.cut("静息时心率", to: 6) == "静息…")
    }
}
