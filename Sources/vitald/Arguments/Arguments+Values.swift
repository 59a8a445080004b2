import Hub
import JSON5
import Vitals

/// Options read as what they mean. Everything here throws `CommandError` with code `usage`, naming the option, what was
/// written and what was expected.
extension Arguments {
    /// A moment: ISO 8601, or milliseconds since 1970. Without an offset it is local time in `zone`.
    func time(_ option: String, in zone: Zone = .utc) throws(CommandError) -> Timestamp? {
        guard let text = text(option) else { return nil }
        guard let time = Timestamp(text, zone: zone) else {
            throw bad(option, text, expected: "a time like 2026-11-21T08:30 or milliseconds since 1970")
        }
        return time
    }

    /// The half-open range from `--from` to `--to`; nil when neither was given.
    func range(in zone: Zone = .utc) throws(CommandError) -> TimeRange? {
        let from = try time("from", in: zone)
        let to = try time("to", in: zone)
        guard from != nil || to != nil else { return nil }
        let range = TimeRange(from ?? .distantPast, to ?? .distantFuture)
        guard range.start < range.end else { throw .usage("--to must be later than --from") }
        return range
    }

    /// A positional that names an event.
    func eventName(_ position: Int) throws(CommandError) -> EventName {
        let text = try positional(position)
        do { return try EventName(text) } catch { throw .usage(error.description) }
    }

    /// A length of time above zero, like `30s` or `10m`.
    func span(_ option: String) throws(CommandError) -> TimeSpan? {
        guard let text = text(option) else { return nil }
        guard let span = TimeSpan(text), span > .zero else {
            throw bad(option, text, expected: "a time span like 30s, 10m or 6h")
        }
        return span
    }

    func integer(_ option: String, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
        guard let text = text(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let most =
                range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            throw bad(option, text, expected: "a whole number, \(most)")
        }
        return number
    }

    /// One of the words of an enumeration.
    func choice<Choice>(_ option: String, _: Choice.Type = Choice.self) throws(CommandError) -> Choice?
    where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
        guard let text = text(option) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        throw bad(
            option, text, expected: "one of \(known.joined(separator: ", "))", hint: didYouMean(text, in: known))
    }

    func metric(_ option: String) throws(CommandError) -> Metric? {
        guard let text = text(option) else { return nil }
        return try Arguments.metric(named: text)
    }

    static func metric(named name: String) throws(CommandError) -> Metric {
        if let metric = Metric(name: name) { return metric }
        let known = Metric.allCases.map(\.name)
        throw .usage("unknown metric '\(name)'", hint: didYouMean(name, in: known) ?? "known: \(listed(known))")
    }

    /// A time zone; UTC unless given.
    func zone(_ option: String = "zone") throws(CommandError) -> Zone? {
        guard let text = text(option) else { return nil }
        do { return try Zone(named: text) } catch { throw .usage("--\(option) \(text): \(error)") }
    }

    private func bad(_ option: String, _ text: String, expected: String, hint: String? = nil) -> CommandError {
        .usage("--\(option) '\(text)': expected \(expected)", hint: hint)
    }
}

/// Names as a sentence lists them: all of a few, the first ones of many.
func listed(_ names: [String], atMost most: Int = 12) -> String {
    guard names.count > most else { return names.joined(separator: ", ") }
    return names.prefix(most).joined(separator: ", ") + " and \(names.count - most) more"
}
