import JSON5
import Vitals

/// A vector of a file, decoded by a profile.
struct VectorTrial {
    /// What is different, in words; empty is good.
    private(set) var differences: [String] = []
    /// Expected fields that the profile does not read.
    private(set) var uncompared: [String] = []

    /// Longer lists are told by their first difference only.
    private static let longestList = 8

    init(_ entry: VectorFile.Entry, _ profile: Profile) {
        var decoder = Decoder(profile, timed: false)
        // Every message is to be read whole, so that its fields can be looked at.
        decoder.takesShortcuts = false
        var decoded = Decoded()
        for feed in entry.feeds {
            decoder.feed(
                feed.bytes, input: profile.input(ofChannel: feed.channel) ?? feed.channel, at: Vector.start,
                into: &decoded)
        }
        let words = Set(decoded.diagnostics.keys.map(\.name))
        compare(entry.samples, decoded.readings, words)
        for word in entry.diagnostics where !words.contains(word) {
            differences.append("expected the diagnostic \(word), got \(Profile.list(words.sorted()))")
        }
        // Like the diagnostics: each must be told. A profile may tell more than the file asks for, but not where the file
        // says that nothing is told.
        if let statuses = entry.statuses,
            statuses.isEmpty ? !decoded.statuses.isEmpty : !statuses.allSatisfy({ decoded.statuses.contains($0) })
        {
            differences.append(
                "expected the statuses \(Profile.list(statuses.map(Profile.describe))), "
                    + "got \(Profile.list(decoded.statuses.map(Profile.describe)))")
        }
        for field in entry.fields { compare(field, decoder, profile) }
    }

    private mutating func compare(_ expected: [VectorFile.Sample], _ readings: [Reading], _ words: Set<String>) {
        // A code without a meaning gives no reading here, only a count.
        let reserved = expected.filter(\.isReserved)
        if !reserved.isEmpty, !words.contains(Diagnostic.reserved.name) {
            differences.append("expected \(reserved[0].text), got no reserved code")
        }
        let samples = expected.filter { !$0.isReserved }
        let matches = zip(samples, readings).map { $0.isMet(by: $1) }
        guard samples.count != readings.count || matches.contains(false) else { return }
        guard max(samples.count, readings.count) > Self.longestList else {
            let got = readings.enumerated().map { index, reading in
                samples.indices.contains(index) ? samples[index].text(of: reading) : VectorFile.Sample.plain(reading)
            }
            differences.append("expected \(Profile.list(samples.map(\.text))), got \(Profile.list(got))")
            return
        }
        let first = matches.firstIndex(of: false) ?? matches.count
        let wanted = samples.indices.contains(first) ? samples[first].text : "nothing"
        let came =
            readings.indices.contains(first)
            ? (samples.indices.contains(first)
                ? samples[first].text(of: readings[first]) : VectorFile.Sample.plain(readings[first])) : "nothing"
        differences.append(
            "expected \(samples.count) samples, got \(readings.count); number \(first + 1) should be \(wanted), "
                + "but is \(came)")
    }

    private mutating func compare(_ field: VectorFile.Field, _ decoder: Decoder, _ profile: Profile) {
        guard let slots = profile.fieldSlots[field.name] else {
            uncompared.append(field.name)
            return
        }
        // Several messages may have a field of that name; each frame fills those of its own message.
        let found = slots.map { decoder.values(in: $0) }
        guard !found.contains(where: { field.isMet(by: $0) }) else { return }
        let got = found.first { !$0.isEmpty } ?? []
        differences.append(
            "expected the field \(field.name)=\(field.text), got \(Profile.list(got.map(\.text)))")
    }
}

extension Decoder {
    /// A value of a field.
    struct FieldValue {
        /// Scaled.
        var number: Double
        /// The integer of the frame, where it is one.
        var raw: Int64?

        var text: String { raw.map { "\($0)" } ?? Profile.text(number) }
    }

    /// What the last frame of a message left in a slot.
    func values(in slot: FieldSlot) -> [FieldValue] {
        guard (0..<workspace.sizes.slots).contains(Int(slot.index)) else { return [] }
        let place = workspace.slots[Int(slot.index)]
        guard place.count >= 0 else {
            guard !place.number.isNaN else { return [] }
            return [FieldValue(number: place.number, raw: slot.isInteger ? place.raw : nil)]
        }
        let range = Int(place.start)..<Int(place.start) + Int(place.count)
        guard range.upperBound <= workspace.sizes.items else { return [] }
        return range.map { FieldValue(number: workspace.items[$0], raw: nil) }
    }
}

/// Where a field of a message ends up.
struct FieldSlot: Sendable {
    var index: Int32
    /// Its raw integer is its value.
    var isInteger: Bool
}

extension VectorFile.Field {
    func isMet(by found: [Decoder.FieldValue]) -> Bool {
        guard found.count == values.count else { return false }
        return zip(values, found).allSatisfy { value, found in
            switch value {
            case .number(let number, let exactly):
                if let exactly, let raw = found.raw { return raw == exactly }
                return abs(found.number - number) <= Vector.tolerance
            case .text(let text):
                guard let moment = Timestamp(text) else { return false }
                return found.number * 1000 == Double(moment.milliseconds)
            }
        }
    }

    var text: String {
        Profile.list(
            values.map { value in
                switch value {
                case .number(let number, let exactly): exactly.map { "\($0)" } ?? Profile.text(number)
                case .text(let text): text
                }
            })
    }
}

extension VectorFile.Sample {
    /// The word for codes that the specification has not given a meaning yet.
    var isReserved: Bool {
        if case .label(let label) = value { return label == Diagnostic.reserved.name }
        return false
    }

    func isMet(by reading: Reading) -> Bool {
        guard reading.metric.name == metric, UnitSpelling.fits(unit, reading.metric) else { return false }
        switch value {
        case .number(let number): guard abs(reading.value - number) <= Vector.tolerance else { return false }
        case .label(let label): guard Self.label(of: reading) == label else { return false }
        }
        guard let time else { return true }
        guard case .at(let moment) = reading.time else { return false }
        switch time {
        case .seconds(let seconds): return Self.isSame(moment, seconds)
        case .text(let text):
            guard let wanted = Timestamp(text) else { return false }
            return Self.isSame(moment, Double(wanted.milliseconds) / 1000)
        }
    }

    /// A time in whole seconds is one whose fraction does not matter.
    private static func isSame(_ moment: Timestamp, _ seconds: Double) -> Bool {
        let own = Double(moment.milliseconds) / 1000
        return seconds == seconds.rounded() ? own.rounded(.down) == seconds : abs(own - seconds) < 0.001
    }

    private static func label(of reading: Reading) -> String? {
        let labels = reading.metric.labels
        guard let code = Int(exactly: reading.value), labels.indices.contains(code) else { return nil }
        return labels[code]
    }

    var text: String {
        var text: String
        switch value {
        case .number(let number): text = "\(metric)=\(Profile.text(number))"
        case .label(let label): text = "\(metric)=\(label)"
        }
        if let metric = Metric(name: metric), !UnitSpelling.fits(unit, metric) { text += " \(unit)" }
        switch time {
        case .seconds(let seconds): text += " at \(Profile.text(seconds))"
        case .text(let time): text += " at \(time)"
        case nil: break
        }
        return text
    }

    /// A reading, told as this expectation is: its unit and time where they are what matters.
    func text(of reading: Reading) -> String {
        var text = Self.plain(reading)
        if reading.metric.name == metric, !UnitSpelling.fits(unit, reading.metric) { text += " \(reading.metric.unit)" }
        guard let time else { return text }
        guard case .at(let moment) = reading.time else { return text + " without a time" }
        switch time {
        case .seconds: text += " at \(Profile.text(Double(moment.milliseconds) / 1000))"
        case .text: text += " at \(ISO8601.format(moment))"
        }
        return text
    }

    static func plain(_ reading: Reading) -> String {
        "\(reading.metric.name)=\(label(of: reading) ?? Profile.text(reading.value))"
    }
}
