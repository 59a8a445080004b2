import Vitals

/// What came of reading a file: nothing is skipped or changed without a count.
public struct ImportReport: Hashable, Sendable {
    /// One reason why rows were skipped.
    public struct Skipped: Hashable, Sendable {
        public var reason: String
        public var count: Int
        /// The first few lines it happened on, 1-based.
        public var firstLines: [Int]
    }

    /// A column that was read.
    public struct Column: Hashable, Sendable {
        /// Name in the file; empty without a header.
        public var name: String
        public var role: ColumnRole
        /// Samples that came of it.
        public var samples: Int
        /// The span its increments were given.
        public var span: TimeSpan?
    }

    /// Lines that hold data, the header and blank lines not counted.
    public var rows = 0
    /// Samples in the result.
    public var kept = 0
    /// Exact repetitions of an earlier (metric, time, value), dropped.
    public var duplicates = 0
    /// Different values for the same metric and time: the first in the file was kept.
    public var conflicts = 0
    /// Values earlier than the one before them in the file; sorted.
    public var outOfOrder = 0
    /// Values outside the metric's plausible range: kept and flagged.
    public var implausible = 0
    public var skipped: [Skipped] = []
    public var columns: [Column] = []
    /// Columns that mean nothing here.
    public var ignoredColumns: [String] = []
    /// Decisions made for want of an option, and damage to the file as a whole.
    public var notes: [String] = []

    static let linesNamed = 5

    mutating func skip(_ reason: String, line: Int) {
        if let index = skipped.firstIndex(where: { $0.reason == reason }) {
            skipped[index].count += 1
            if skipped[index].firstLines.count < ImportReport.linesNamed { skipped[index].firstLines.append(line) }
        } else {
            skipped.append(Skipped(reason: reason, count: 1, firstLines: [line]))
        }
    }
}

extension ImportReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = ["\(rows) rows, \(kept) samples"]
        for column in columns where column.role != .time {
            let name = column.name.isEmpty ? "" : " from '\(column.name)'"
            lines.append(
                "  \(column.role.name)\(name): \(column.samples)" + (column.span.map { ", each over \($0)" } ?? ""))
        }
        if outOfOrder > 0 { lines.append("  out of order, sorted: \(outOfOrder)") }
        if duplicates > 0 { lines.append("  exact duplicates dropped: \(duplicates)") }
        if conflicts > 0 { lines.append("  other values for the same time dropped: \(conflicts)") }
        if implausible > 0 { lines.append("  implausible values kept and flagged: \(implausible)") }
        for skip in skipped {
            let places = skip.firstLines.map(String.init).joined(separator: ", ")
            let more = skip.count > skip.firstLines.count ? ", …" : ""
            lines.append("  \(skip.count) skipped: \(skip.reason) (line \(places)\(more))")
        }
        if !ignoredColumns.isEmpty { lines.append("  ignored columns: " + ignoredColumns.joined(separator: ", ")) }
        lines += notes.map { "  note: \($0)" }
        return lines.joined(separator: "\n")
    }
}

/// Samples of a file in order of time, and the account of what happened to it.
public struct Imported: Sendable {
    public var samples: [Sample]
    public var report: ImportReport
}

/// How far reading has come.
public struct ImportProgress: Hashable, Sendable {
    public var rows: Int
    /// Bytes of the file read so far (compressed, where it is), and its size.
    public var bytes: Int
    public var size: Int
}
