import JSON5
import Vitals

/// Typed reading of a rule file; every error carries its place. The thin layer between `JSONReader` and `RuleError`.
struct RuleFile {
    let json: JSONReader

    init(_ json: JSONReader) { self.json = json }

    init(text: String, path: String) throws(RuleError) {
        do { json = try JSONDocument.parse(text, file: path).reader } catch { throw RuleError(error) }
    }

    private func read<T>(_ body: () throws(JSONError) -> T) throws(RuleError) -> T {
        do { return try body() } catch { throw RuleError(error) }
    }

    func known(_ keys: [String]) throws(RuleError) {
        _ = try read { () throws(JSONError) in try json.object(known: keys) }
    }

    func required(_ key: String) throws(RuleError) -> RuleFile {
        RuleFile(try read { () throws(JSONError) in try json.required(key) })
    }

    func optional(_ key: String) throws(RuleError) -> RuleFile? {
        try read { () throws(JSONError) in try json.optional(key) }.map(RuleFile.init)
    }

    func members() throws(RuleError) -> [(key: String, keyLocation: SourceLocation, value: RuleFile)] {
        try read { () throws(JSONError) in try json.members() }.map { ($0.key, $0.keyLocation, RuleFile($0.reader)) }
    }

    func array() throws(RuleError) -> [RuleFile] {
        try read { () throws(JSONError) in try json.array() }.map(RuleFile.init)
    }

    func string() throws(RuleError) -> String { try read { () throws(JSONError) in try json.string() } }

    func strings() throws(RuleError) -> [String] { try read { () throws(JSONError) in try json.stringList() } }

    func bool() throws(RuleError) -> Bool { try read { () throws(JSONError) in try json.bool() } }

    func number(in range: ClosedRange<Double>? = nil) throws(RuleError) -> Double {
        try read { () throws(JSONError) in try json.number(in: range) }
    }

    func integer(in range: ClosedRange<Int>) throws(RuleError) -> Int {
        try read { () throws(JSONError) in try json.integer(in: range) }
    }

    func oneOf(_ words: [String]) throws(RuleError) -> String {
        try read { () throws(JSONError) in try json.oneOf(allowed: words) }
    }

    func string(_ key: String) throws(RuleError) -> String { try required(key).string() }

    /// A text for readers of the file, on one line; empty when missing.
    func prose(_ key: String) throws(RuleError) -> String {
        let text = try optional(key)?.string() ?? ""
        return sourceText(text, 0..<text.utf8.count)
    }

    var isString: Bool { if case .string = json.node.value { true } else { false } }
    var isArray: Bool { if case .array = json.node.value { true } else { false } }
    var isNumber: Bool { if case .number = json.node.value { true } else { false } }

    /// A duration such as `10m`, zero or longer.
    func duration(in range: ClosedRange<TimeSpan> = .zero...TimeSpan.days(400)) throws(RuleError) -> TimeSpan {
        let text = try string()
        guard let span = TimeSpan(text) else {
            throw error("expected a duration such as 30s, 10m or 24h, found '\(text)'")
        }
        guard range.contains(span) else {
            throw error("expected a duration from \(range.lowerBound) to \(range.upperBound), found \(span)")
        }
        return span
    }

    func clockTime() throws(RuleError) -> TimeSpan {
        let text = try string()
        guard let time = ClockTime(text), time.span < .hours(24) else {
            throw error("expected a local time from 00:00 to 23:59, found '\(text)'", hint: "such as 08:30")
        }
        return time.span
    }

    func metric(_ key: String) throws(RuleError) -> Metric {
        let value = try required(key)
        let name = try value.string()
        guard let metric = Metric(name: name) else {
            throw value.error(
                "unknown metric '\(name)'", hint: didYouMean(name, in: Metric.allCases.map(\.name)),
                code: .unknownName)
        }
        return metric
    }

    /// A string compiled as an expression; faults point into the string.
    func expression(table: inout FeatureTable, _ fullness: Fullness) throws(RuleError) -> Expression {
        let text = try string()
        do { return try Expression(text, table: &table, fullness: fullness) } catch { throw located(error) }
    }

    func template(table: inout FeatureTable, _ fullness: Fullness) throws(RuleError) -> TextTemplate {
        let text = try string()
        guard !text.isEmpty else { throw error("this text is empty") }
        if let finding = Vocabulary.firstFinding(in: text) {
            throw located(
                Fault(
                    .wording, at: finding.offset,
                    "texts must not say '\(finding.word)': \(finding.group.reason)", hint: finding.group.advice))
        }
        do { return try TextTemplate(text, table: &table, fullness: fullness) } catch { throw located(error) }
    }

    /// A fault inside this string, at its place in the file.
    func located(_ fault: Fault) -> RuleError {
        RuleError(json.error(atUTF8Offset: fault.offset, fault.message, hint: fault.hint), code: fault.code)
    }

    /// Where a part of this string stands in the file.
    func location(ofUTF8Offset offset: Int) -> SourceLocation {
        json.document.location(ofUTF8Offset: offset, in: json.node)
    }

    func error(_ message: String, hint: String? = nil, code: RuleError.Code = .invalidValue) -> RuleError {
        RuleError(json.error(message, hint: hint), code: code)
    }

    func error(
        at location: SourceLocation, _ message: String, hint: String? = nil, code: RuleError.Code = .invalidValue
    ) -> RuleError {
        RuleError(json.document.error(at: location, message, hint: hint), code: code)
    }
}
