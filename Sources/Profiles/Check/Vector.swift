import JSON5
import Vitals

/// An example inside a profile: bytes, and what they must mean.
public struct Vector: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// Bytes of a real device.
        case captured
        /// Bytes of a public project's test, whose origin is not stated.
        case repositoryTest = "repository-test"
        /// Made after a specification or source code.
        case specification
    }

    /// What is fed at once.
    public struct Feed: Sendable {
        public var input: String
        public var bytes: [UInt8]
        /// Time since the beginning; a vector without times has no clock, so that `thin` lets everything pass.
        public var at: TimeSpan?
    }

    /// A reading that must come out.
    public struct Expectation: Sendable {
        public var metric: Metric
        public var value: Double
        public var time: Timestamp?
    }

    /// Its name, or its number in the file from 1.
    public var id: String
    public var feeds: [Feed]
    public var expected: [Expectation]
    /// `nil`: not looked at.
    public var statuses: [Status]?
    /// Each of these must occur.
    public var diagnostics: [String]
    public var kind: Kind
    public var source: String
    /// The device that the bytes are from, in words.
    public var device: String?
    /// An error at the vector's place in the file, whose message is replaced.
    var place: JSONError
}

/// A vector that did not come true.
public struct VectorFailure: Error, Sendable, CustomStringConvertible {
    public var profile: String
    public var vector: String
    /// With file, line, column and caret.
    public var error: JSONError

    public var description: String { error.description }
}

extension Profile {
    /// Decodes every vector of the file and returns those that came out differently. Empty is good.
    public func check() -> [VectorFailure] {
        vectors.compactMap { vector in
            guard let message = mismatch(of: vector) else { return nil }
            var error = vector.place
            error.message = "vector \(vector.id): \(message)"
            return VectorFailure(profile: id, vector: vector.id, error: error)
        }
    }

    /// What is different, or `nil`.
    func mismatch(of vector: Vector) -> String? {
        var decoder = Decoder(self, timed: vector.feeds.contains { $0.at != nil })
        var decoded = Decoded()
        for feed in vector.feeds {
            decoder.feed(
                feed.bytes, input: feed.input, at: Vector.start + (feed.at ?? .zero), into: &decoded)
        }
        let words = Set(decoded.diagnostics.keys.map(\.name))
        var differences: [String] = []
        let matches =
            decoded.readings.count == vector.expected.count
            && zip(decoded.readings, vector.expected).allSatisfy { $1.isMet(by: $0) }
        if !matches {
            differences.append(
                "expected \(Self.list(vector.expected.map(\.description))), got \(Self.list(decoded.readings.map(describe)))"
                    + reasons(vector, words.subtracting(vector.diagnostics)))
        }
        for word in vector.diagnostics where !words.contains(word) {
            differences.append("expected the diagnostic \(word), got \(Self.list(words.sorted()))")
        }
        if let statuses = vector.statuses, statuses != decoded.statuses {
            differences.append(
                "expected the statuses \(Self.list(statuses.map(Self.describe))), "
                    + "got \(Self.list(decoded.statuses.map(Self.describe)))")
        }
        return differences.isEmpty ? nil : differences.joined(separator: "; ")
    }

    /// Why frames gave less than was expected: what was counted, with the numbers where one packet is one frame.
    private func reasons(_ vector: Vector, _ words: Set<String>) -> String {
        let reasons = words.sorted().map { word -> String in
            guard vector.feeds.count == 1, let feed = vector.feeds.first,
                let shape = program.inputs.first(where: { $0.name == feed.input })?.shape, shape.isWhole
            else { return word }
            let count = feed.bytes.count
            if word == Diagnostic.length.name, shape.length >= 0 {
                return "\(word): \(count) bytes where the input asks for \(shape.length)"
            }
            if word == Diagnostic.checksum.name, let sum = shape.check?.reading(feed.bytes) {
                return "\(word): byte \(sum.place) is 0x\(Self.hex(sum.found)), where bytes \(sum.over.lowerBound) to "
                    + "\(sum.over.upperBound - 1) make 0x\(Self.hex(sum.due))"
            }
            return word
        }
        return reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0\(digits)" : digits
    }

    static func list(_ items: [String]) -> String { items.isEmpty ? "nothing" : items.joined(separator: ", ") }

    private func describe(_ reading: Reading) -> String {
        var time: Timestamp?
        if case .at(let moment) = reading.time { time = moment }
        return Vector.Expectation(metric: reading.metric, value: reading.value, time: time).description
    }

    static func describe(_ status: Status) -> String {
        switch status {
        case .worn(let worn): "worn=\(worn)"
        case .contact(let level): "contact=\(text(level))"
        case .signal(let level): "signal=\(text(level))"
        case .diagnostic(let word): "diag=\(word)"
        }
    }

    /// At most three decimals.
    static func text(_ value: Double) -> String {
        guard abs(value) < 1e12 else { return "\(value)" }
        let rounded = (value * 1000).rounded() / 1000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}

extension Vector {
    /// 2026-01-01T00:00:00Z, so that times within a vector look like times.
    static let start = Timestamp(milliseconds: 1_767_225_600_000)
    /// Expected values are written with three decimals.
    static let tolerance = 0.0006
}

extension Vector.Expectation: CustomStringConvertible {
    func isMet(by reading: Reading) -> Bool {
        guard reading.metric == metric, abs(reading.value - value) <= Vector.tolerance else { return false }
        guard let time else { return true }
        return reading.time == .at(time)
    }

    public var description: String {
        let labels = metric.labels
        let index = Int(exactly: value) ?? -1
        let shown = labels.indices.contains(index) ? labels[index] : Profile.text(value)
        return "\(metric.name)=\(shown)" + (time.map { " at \($0.milliseconds) ms" } ?? "")
    }
}
