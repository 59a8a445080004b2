import Vitals

/// Files of measurements: CSV with a time column and metric columns, or plain lists of heartbeat intervals; plain or
/// compressed with gzip.
///
/// Real exports are untidy: rows out of order or twice, gaps, stray lines, three kinds of line end. Reading never stops
/// at a bad row; it counts it. It refuses only a file of which it cannot use a single row.
public enum SampleFile {
    /// Most text that one file may hold.
    public static let largestSize = 2 << 30

    /// Progress is told every so many rows.
    private static let progressStep = 100_000

    /// Reads a file. Samples come in order of time, then metric; `received` is each sample's own time, as if it had
    /// arrived when it was true.
    ///
    /// - Complexity: O(bytes), and O(n log n) for rows that are out of order.
    public static func read(
        path: String, options: ImportOptions, progress: (ImportProgress) -> Void = { _ in }
    ) throws(FileError) -> Imported {
        var source = try TextSource(path: path, largestSize: largestSize)
        return try read(&source, path: path, options: options, progress: progress)
    }

    static func read(
        _ source: inout TextSource, path: String, options: ImportOptions, progress: (ImportProgress) -> Void
    ) throws(FileError) -> Imported {
        let mark = try mark(of: source.head(), path: path)
        source.skip(mark)
        let layout = try Layout(head: try source.head(), path: path, options: options)
        var report = ImportReport()
        report.notes = layout.notes
        let tables = try rows(&source, layout, options, &report, progress)
        if let damage = source.damage {
            report.notes.append("\(damage) after line \(source.number); what came before is kept")
        }
        let samples = SampleFile.samples(tables, layout, options, &report)
        guard !samples.isEmpty else { throw empty(path, report, source.number) }
        if report.implausible * 2 > samples.count {
            if let guessed = layout.guessed {
                throw FileError(
                    .noMetric, path: path, line: max(layout.headLines, 1), column: 1,
                    "column '\(guessed)' does not look like a heart rate; say what it measures, e.g. --metric steps")
            }
            report.notes.append("most values are implausible; is this the right metric and unit?")
        }
        return Imported(samples: samples, report: report)
    }

    /// Length of the byte order mark; refuses what is not text.
    private static func mark(of head: UnsafeRawBufferPointer, path: String) throws(FileError) -> Int {
        if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            throw FileError(.notText, path: path, "a ZIP archive; unpack it first")
        }
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            throw FileError(.notText, path: path, line: 1, column: 1, "UTF-16 text; save it as UTF-8")
        }
        if let binary = head.prefix(65_536).firstIndex(of: 0) {
            throw FileError(.notText, path: path, "a zero byte at offset \(binary): not a text file")
        }
        return head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    private static func empty(_ path: String, _ report: ImportReport, _ lines: Int) -> FileError {
        guard let worst = report.skipped.max(by: { $0.count < $1.count }) else {
            return FileError(.noRows, path: path, line: max(lines, 1), column: 1, "a header and no rows")
        }
        return FileError(
            .noRows, path: path, line: worst.firstLines.first ?? 1, column: 1,
            "not one of \(report.rows) rows could be used; most often: \(worst.reason)")
    }

    @inline(__always) static func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let first = line.first else { return true }
        return first <= 0x20 && line.allSatisfy { $0 <= 0x20 }
    }

    /// One value as the file has it: time in milliseconds (or elapsed), value in the file's unit.
    struct Row {
        var time: Double
        var value: Double
        /// Milliseconds, where the file has an end column; else 0.
        var span: Double
    }

    /// The values of one column, in file order.
    struct Table {
        var rows: [Row] = []
        var isSorted = true
    }

    // MARK: Rows

    private static func rows(
        _ source: inout TextSource, _ layout: Layout, _ options: ImportOptions, _ report: inout ImportReport,
        _ progress: (ImportProgress) -> Void
    ) throws(FileError) -> [Table] {
        var tables = [Table](repeating: Table(), count: layout.values.count)
        var times = TimeField(form: layout.form, zone: options.zone)
        var fields = Fields()
        let width = layout.width
        let separator = layout.separator
        let timeColumn = layout.time ?? -1
        let hasPair = layout.date != nil || layout.end != nil
        let columns = layout.values.map {
            (index: $0.index, metric: $0.metric, isIncrement: $0.metric.kind == .increment)
        }
        let single = columns.count == 1
        var last = -Double.infinity
        var rowCount = 0
        while let line = try source.line() {
            if source.number <= layout.headLines || isBlank(line) { continue }
            rowCount += 1
            if rowCount % progressStep == 0 {
                progress(ImportProgress(rows: rowCount, bytes: source.position, size: source.size))
            }
            fields.split(line, by: separator, limit: width)
            var time = 0.0
            var span = 0.0
            if timeColumn >= 0 {
                let read =
                    hasPair
                    ? interval(&times, fields, line, layout)
                    : times.parse(fields.field(timeColumn, of: line)).map { ($0, 0) }
                guard let read else {
                    report.skip(timeReason(fields, line, layout), line: source.number)
                    continue
                }
                (time, span) = read
                guard Self.recordedTimes.contains(time) else {
                    report.skip("a time before 1970 or after 2199", line: source.number)
                    continue
                }
                if time < last { report.outOfOrder += 1 }
                last = time
            }
            var taken = 0
            var trouble: String?
            for slot in columns.indices {
                let (index, metric, isIncrement) = columns[slot]
                let field = fields.field(index, of: line)
                guard let value = FieldNumber.parse(field) else {
                    if !isMissing(field) { trouble = "not a number" } else if single { trouble = "no value" }
                    continue
                }
                if metric == .heartRate, value <= 0 || value == 255 {
                    trouble = "no heart rate (0, 255 or negative means none)"
                    continue
                }
                if isIncrement, value < 0 {
                    trouble = "a negative amount"
                    continue
                }
                if metric == .rrInterval, value <= 0 {
                    trouble = "an interval that is not positive"
                    continue
                }
                if let previous = tables[slot].rows.last, previous.time > time { tables[slot].isSorted = false }
                tables[slot].rows.append(Row(time: time, value: value, span: span))
                taken += 1
            }
            if taken == 0 {
                report.skip(
                    line.first == UInt8(ascii: "#")
                        ? "a comment" : trouble ?? (fields.count < width ? "too few columns" : "no value"),
                    line: source.number)
            } else if let trouble, trouble == "not a number" {
                report.skip("one column \(trouble), the others kept", line: source.number)
            }
        }
        report.rows = rowCount
        progress(ImportProgress(rows: rowCount, bytes: source.position, size: source.size))
        return tables
    }

    /// Start and length in milliseconds of a row with a date column or an end column.
    private static func interval(
        _ times: inout TimeField, _ fields: borrowing Fields, _ line: UnsafeRawBufferPointer, _ layout: Layout
    ) -> (Double, Double)? {
        guard let timeColumn = layout.time else { return nil }
        func moment(_ time: Int, _ date: Int?) -> Double? {
            let clock = fields.field(time, of: line)
            guard let date else { return times.parse(clock) }
            return times.parse(date: fields.field(date, of: line), clock: clock)
        }
        guard let start = moment(timeColumn, layout.date) else { return nil }
        guard let endColumn = layout.end, let end = moment(endColumn, layout.endDate ?? layout.date), end > start else {
            return (start, 0)
        }
        return (start, end - start)
    }

    private static func timeReason(
        _ fields: borrowing Fields, _ line: UnsafeRawBufferPointer, _ layout: Layout
    ) -> String {
        if line.first == UInt8(ascii: "#") { return "a comment" }
        if fields.count <= layout.time ?? 0 { return "too few columns" }
        switch layout.form {
        case .iso: return "no time; expected e.g. 2026-11-21 07:00:00"
        case .civil(dayFirst: true): return "no time; expected e.g. 21/11/2026 07:00:00"
        case .civil(dayFirst: false): return "no time; expected e.g. 11/21/2026 7:00:00 AM"
        case .epoch, .elapsed, .clock: return "no time; expected a number like the rows before"
        }
    }

    /// Milliseconds since 1970 that a recording can have: the rest of the path takes no others.
    private static let recordedTimes = 0.0..<7_258_118_400_000

    /// Words that exports put where nothing was measured.
    private static func isMissing(_ field: UnsafeRawBufferPointer) -> Bool {
        guard field.count <= 4 else { return false }
        let text = String(decoding: field, as: UTF8.self).lowercased()
        return ["", "-", "--", "na", "nan", "n/a", "null", "none", "nil"].contains(text)
    }
}
