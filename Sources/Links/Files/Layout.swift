import Vitals

/// Which columns of a file hold what. Decided once, from its first lines and the options.
struct Layout {
    /// A column of values.
    struct Values {
        var index: Int
        var name: String
        var metric: Metric
        /// Unit of an interval, where its name or an option tells.
        var unit: ImportOptions.IntervalUnit?
    }

    var separator: UInt8
    /// Lines before the data: the header and what stands before it.
    var headLines: Int
    /// `nil` for plain lists of intervals.
    var time: Int?
    var date: Int?
    var end: Int?
    var endDate: Int?
    var form: TimeField.Form
    var values: [Values]
    var ignored: [String]
    var timeName: String
    var notes: [String] = []
    /// A column called `value` that was taken for heart rate because nothing says otherwise.
    var guessed: String?

    /// Index of the last column that is read, plus one.
    var width: Int {
        var last = values.map(\.index).max() ?? 0
        for index in [time, date, end, endDate] { last = max(last, index ?? 0) }
        return last + 1
    }

    /// Lines looked at for the header or the first row: exports put titles and comments before it.
    static let linesSeen = 40

    init(head: UnsafeRawBufferPointer, path: String, options: ImportOptions) throws(FileError) {
        let lines = Layout.lines(head)
        guard !lines.isEmpty else { throw FileError(.noRows, path: path, line: 1, "the file is empty") }
        let separator = Layout.separator(of: lines)
        let texts = lines.map { Layout.texts($0.text, separator) }
        if let row = texts.firstIndex(where: { Layout.isHeader($0, options) }) {
            try self.init(
                header: texts[row], line: lines[row].number, data: Array(texts[(row + 1)...].prefix(20)),
                separator: separator, path: path, options: options)
        } else if let row = texts.firstIndex(where: Layout.isData) {
            // A name nobody knows above the numbers: sample counts and the like must not pass for intervals.
            if row > 0, texts[row - 1].contains(where: Layout.isName), options.metric == nil || !options.map.isEmpty {
                if options.map.isEmpty {
                    throw Layout.unknownHeader(texts[row - 1], line: lines[row - 1], separator, path: path)
                }
                try self.init(
                    header: texts[row - 1], line: lines[row - 1].number, data: Array(texts[row...].prefix(20)),
                    separator: separator, path: path, options: options)
                return
            }
            try self.init(
                rows: Array(texts[row...].prefix(20)), line: lines[row].number, separator: separator, path: path,
                options: options)
        } else {
            throw Layout.unknownHeader(texts[0], line: lines[0], separator, path: path)
        }
    }

    // MARK: With a header

    private init(
        header: [String], line: Int, data: [[String]], separator: UInt8, path: String, options: ImportOptions
    ) throws(FileError) {
        var roles: [KnownColumns.Meaning?] = header.map { KnownColumns.meaning(of: $0) }
        var unmatched = options.map
        for (index, name) in header.enumerated() {
            guard
                let key = unmatched.keys.first(where: { KnownColumns.normalized($0) == KnownColumns.normalized(name) })
            else { continue }
            switch unmatched.removeValue(forKey: key) {
            case .time: roles[index] = .time
            case .metric(let metric): roles[index] = .metric(metric, nil)
            case .ignored, nil: roles[index] = nil
            }
        }
        if let absent = unmatched.keys.sorted().first {
            let hint = KnownColumns.nearest(absent, in: header.map { KnownColumns.normalized($0) })
            throw FileError(
                .badOption, path: path, line: line, column: 1,
                "--map names the column '\(absent)', which is not there"
                    + (hint.map { "; did you mean '\($0)'?" } ?? ""))
        }
        // A mapped time column wins over known names; of several the first does.
        let mapped = header.indices.first { index in
            options.map.contains {
                KnownColumns.normalized($0.key) == KnownColumns.normalized(header[index]) && $0.value == .time
            }
        }
        var date = roles.firstIndex(of: .date)
        var time = mapped ?? roles.firstIndex(of: .time)
        let endTime = roles.firstIndex(of: .endTime)
        var endDate = roles.firstIndex(of: .endDate)
        var form: TimeField.Form?
        if let clock = time, let day = date, Layout.form(of: clock, in: data) == .clock {
            form = Layout.form(of: day, in: data)
        } else {
            if time == nil { time = date }
            date = nil
            form = time.flatMap { Layout.form(of: $0, in: data) }
            if endTime != nil { endDate = nil }
        }
        self.separator = separator
        headLines = line
        self.time = time
        self.date = date
        end = endTime ?? (date == nil ? endDate : nil)
        self.endDate = date == nil || endTime == nil ? nil : endDate
        timeName = time.map { header[$0] } ?? ""
        values = []
        ignored = []
        self.form = form ?? .iso
        for (index, role) in roles.enumerated()
        where index != time && index != date && index != end && index != self.endDate {
            switch role {
            case .metric(let metric, let unit):
                values.append(Values(index: index, name: header[index], metric: metric, unit: unit ?? options.unit))
            case .value:
                let metric = options.metric ?? .heartRate
                if options.metric == nil {
                    guessed = header[index]
                    notes.append("column '\(header[index])' read as \(metric.name); --metric says otherwise")
                }
                values.append(Values(index: index, name: header[index], metric: metric, unit: options.unit))
            default: ignored.append(header[index])
            }
        }
        if let wanted = options.metric, !values.contains(where: { $0.metric == wanted }) {
            // One unknown column beside the time, or the only column there is: it must be the one that is meant.
            let free = header.indices.filter { roles[$0] == nil && ignored.contains(header[$0]) }
            if values.isEmpty, let index = free.first, free.count == 1 {
                values = [Values(index: index, name: header[index], metric: wanted, unit: options.unit)]
                ignored.removeAll { $0 == header[index] }
            } else {
                throw FileError(
                    .badOption, path: path, line: line, column: 1,
                    "no column holds \(wanted.name); the columns are "
                        + header.joined(separator: ", ") + "; say --map COLUMN=\(wanted.name)")
            }
        } else if let wanted = options.metric {
            ignored += values.filter { $0.metric != wanted }.map(\.name)
            values.removeAll { $0.metric != wanted }
        }
        try demand(header: header, line: line, path: path, options: options)
    }

    /// Refuses a header that lacks a time or a metric, with the column that was probably meant.
    private func demand(header: [String], line: Int, path: String, options: ImportOptions) throws(FileError) {
        if values.isEmpty {
            throw Layout.missing(
                .noMetric, "a metric such as heart_rate, steps or rr_interval", header, line, separator, path)
        }
        let isList = values.contains { $0.metric.kind == .beat }
        if time == nil, !isList {
            throw Layout.missing(.noTime, "the time, e.g. datetime or timestamp", header, line, separator, path)
        }
        if time == nil || form == .elapsed, options.start == nil {
            throw FileError(
                .noStart, path: path, line: line, column: 1,
                (time == nil
                    ? "intervals without times" : "column '\(timeName)' counts from the start of the recording")
                    + "; say when it began, e.g. --start 2026-11-21T07:00:00Z")
        }
        if form == .clock {
            throw FileError(
                .noTime, path: path, line: line, column: 1,
                "column '\(timeName)' is a time of day without a date; a column 'date' beside it is expected")
        }
    }

    private static func missing(
        _ code: FileError.Code, _ what: String, _ header: [String], _ line: Int, _ separator: UInt8, _ path: String
    ) -> FileError {
        var message = "no column is known to hold \(what); the columns are " + header.prefix(20).joined(separator: ", ")
        if header.count > 20 { message += ", …" }
        var place = 1
        for (index, name) in header.enumerated() where KnownColumns.meaning(of: name) == nil {
            guard let near = KnownColumns.nearest(name, in: KnownColumns.names) else { continue }
            message += "; did '\(name)' mean '\(near)'?"
            place = header[..<index].reduce(1) { $0 + $1.utf8.count + 1 }
            break
        }
        return FileError(code, path: path, line: line, column: place, message + "; --map COLUMN=NAME names one")
    }

    private static func unknownHeader(
        _ texts: [String], line: (number: Int, text: UnsafeRawBufferPointer), _ separator: UInt8, path: String
    ) -> FileError {
        missing(.noTime, "a time or a metric", texts, line.number, separator, path)
    }

    // MARK: Without a header

    private init(rows: [[String]], line: Int, separator: UInt8, path: String, options: ImportOptions) throws(FileError)
    {
        self.separator = separator
        headLines = line - 1
        ignored = []
        timeName = ""
        let width = rows.map(\.count).max() ?? 1
        let numeric = (0..<width).filter { column in Layout.form(of: column, in: rows) != nil }
        guard numeric.count > 1 else {
            time = nil
            form = .elapsed
            let metric = options.metric ?? .rrInterval
            guard metric.kind == .beat else {
                throw FileError(
                    .noTime, path: path, line: line, column: 1,
                    "one column without times can only be a list of heartbeat intervals (--metric rr_interval)")
            }
            values = [Values(index: numeric.first ?? 0, name: "", metric: metric, unit: options.unit)]
            guard options.start != nil else {
                throw FileError(
                    .noStart, path: path, line: line, column: 1,
                    "intervals without times; say when it began, e.g. --start 2026-11-21T07:00:00Z")
            }
            return
        }
        let (first, second) = (numeric[0], numeric[1])
        time = first
        form = Layout.form(of: first, in: rows) ?? .iso
        let metric: Metric
        if let wanted = options.metric {
            metric = wanted
        } else if form == .elapsed {
            metric = .rrInterval
        } else {
            throw FileError(
                .noMetric, path: path, line: line, column: 1,
                "there is no header, so say what the second column measures, e.g. --metric heart_rate")
        }
        values = [Values(index: second, name: "", metric: metric, unit: options.unit)]
        if form == .elapsed, options.start == nil {
            throw FileError(
                .noStart, path: path, line: line, column: 1,
                "times count from the start of the recording; say when it began, e.g. --start 2026-11-21T07:00:00Z")
        }
        if form == .clock {
            throw FileError(.noTime, path: path, line: line, column: 1, "a time of day without a date")
        }
    }

    // MARK: Looking at the first lines

    /// The form most of the first rows agree on; month-first slashes give way when one row cannot be read so.
    private static func form(of column: Int, in rows: [[String]]) -> TimeField.Form? {
        var counts: [(form: TimeField.Form, count: Int)] = []
        for row in rows where column < row.count {
            var text = row[column]
            guard let form = text.withUTF8({ TimeField.form(of: UnsafeRawBufferPointer($0)) }) else { continue }
            if let index = counts.firstIndex(where: { $0.form == form }) {
                counts[index].count += 1
            } else {
                counts.append((form, 1))
            }
        }
        if counts.contains(where: { $0.form == .civil(dayFirst: true) }) { return .civil(dayFirst: true) }
        return counts.max { $0.count < $1.count }?.form
    }

    private static func isHeader(_ texts: [String], _ options: ImportOptions) -> Bool {
        let known = texts.filter { text in
            KnownColumns.meaning(of: text) != nil
                || options.map.keys.contains { KnownColumns.normalized($0) == KnownColumns.normalized(text) }
        }
        guard !known.isEmpty else { return false }
        return texts.allSatisfy { text in
            var text = text
            return text.withUTF8 { TimeField.form(of: UnsafeRawBufferPointer($0)) } == nil
        }
    }

    private static func isName(_ text: String) -> Bool {
        text.unicodeScalars.first.map { $0.properties.isAlphabetic } ?? false
    }

    private static func isData(_ texts: [String]) -> Bool {
        guard var last = texts.last, texts.count <= 8 else { return false }
        return last.withUTF8 { FieldNumber.parse(UnsafeRawBufferPointer($0)) } != nil
    }

    /// The first lines that are neither blank nor comments, with their numbers.
    private static func lines(_ head: UnsafeRawBufferPointer) -> [(number: Int, text: UnsafeRawBufferPointer)] {
        var lines: [(number: Int, text: UnsafeRawBufferPointer)] = []
        var number = 0
        var offset = 0
        while offset < head.count, lines.count < linesSeen {
            var end = offset
            while end < head.count, head[end] != 0x0A, head[end] != 0x0D { end += 1 }
            number += 1
            let line = UnsafeRawBufferPointer(rebasing: head[offset..<end])
            if !SampleFile.isBlank(line), line.first != UInt8(ascii: "#") { lines.append((number, line)) }
            offset = end + (end + 1 < head.count && head[end] == 0x0D && head[end + 1] == 0x0A ? 2 : 1)
        }
        return lines
    }

    /// The separator that most of the first lines hold most often.
    private static func separator(of lines: [(number: Int, text: UnsafeRawBufferPointer)]) -> UInt8 {
        let candidates: [UInt8] = [UInt8(ascii: ";"), 0x09, UInt8(ascii: ","), UInt8(ascii: "|")]
        for candidate in candidates where candidate != UInt8(ascii: ",") {
            let counts = lines.map { line in line.text.count { $0 == candidate } }
            if let first = counts.first, counts.filter({ $0 > 0 && $0 == first }).count * 2 > counts.count {
                return candidate
            }
        }
        if lines.contains(where: { $0.text.contains(UInt8(ascii: ",")) }) { return UInt8(ascii: ",") }
        // "0.812 0.812": two columns parted by spaces.
        let isSpaced = lines.allSatisfy { line in
            let parts = line.text.split(separator: 0x20)
            return parts.count == 2
                && parts.allSatisfy { FieldNumber.parse(UnsafeRawBufferPointer(rebasing: $0)) != nil }
        }
        return isSpaced ? 0x20 : UInt8(ascii: ",")
    }

    private static func texts(_ line: UnsafeRawBufferPointer, _ separator: UInt8) -> [String] {
        var fields = Fields()
        fields.split(line, by: separator, limit: Fields.most)
        return (0..<fields.count).map { String(decoding: fields.field($0, of: line), as: UTF8.self) }
    }
}
