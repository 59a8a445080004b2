import JSON5
import Vitals

extension ProfileParser {
    mutating func readVectors(_ root: JSONReader) throws(JSONError) {
        let readers = try root.optionalArray("vectors") ?? []
        guard readers.count <= Self.mostVectors else {
            throw readers[Self.mostVectors].error("a profile has at most \(Self.mostVectors) vectors")
        }
        for (index, reader) in readers.enumerated() {
            profile.vectors.append(try vector(reader, number: index + 1))
        }
        guard profile.proof == .captured, !profile.vectors.contains(where: { $0.kind == .captured }) else { return }
        throw try root.required("proof").error("proof is \"captured\", but no vector has kind: \"captured\"")
    }

    private func vector(_ reader: JSONReader, number: Int) throws(JSONError) -> Vector {
        try reader.object(known: [
            "id", "input", "hex", "text", "steps", "samples", "status", "diag", "kind", "source", "device", "note",
        ])
        let feeds = try self.feeds(reader)
        var expected: [Vector.Expectation] = []
        for entry in try reader.array("samples") { expected.append(try expectation(entry)) }
        var statuses: [Status]?
        if let list = try reader.optionalArray("status") {
            statuses = []
            for entry in list { statuses?.append(try entry.status()) }
        }
        return Vector(
            id: try reader.optional("id")?.word() ?? "\(number)", feeds: feeds, expected: expected, statuses: statuses,
            diagnostics: try reader.optionalStringList("diag") ?? [], kind: try reader.oneOf("kind", Vector.Kind.self),
            source: try reader.string("source"), device: try reader.optionalString("device"), place: reader.error(""))
    }

    private func feeds(_ reader: JSONReader) throws(JSONError) -> [Vector.Feed] {
        guard let steps = try reader.optionalArray("steps") else { return [try feed(reader)] }
        for key in ["input", "hex", "text"] where reader.has(key) {
            throw try reader.required(key).error("'\(key)' belongs into each of the steps")
        }
        var feeds: [Vector.Feed] = []
        for step in steps {
            feeds.append(try feed(try step.object(known: ["input", "hex", "text", "at"])))
        }
        return feeds
    }

    private func feed(_ reader: JSONReader) throws(JSONError) -> Vector.Feed {
        let name = try reader.required("input")
        guard profile.inputs[try name.string()] != nil else {
            throw name.error(
                "there is no input '\(try name.string())'",
                hint: didYouMean(try name.string(), in: profile.inputs.keys.sorted()))
        }
        var feed = Vector.Feed(input: try name.string(), bytes: try reader.hexOrText())
        if let at = try reader.optional("at") {
            guard let span = try JSONReader.duration(try at.string()), span >= .zero else {
                throw at.error("expected the time since the vector's beginning, such as 0s or 1500ms")
            }
            feed.at = span
        }
        return feed
    }

    private func expectation(_ reader: JSONReader) throws(JSONError) -> Vector.Expectation {
        try reader.object(known: ["metric", "value", "unit", "t"])
        let name = try reader.required("metric")
        guard let metric = Metric(name: try name.string()) else {
            throw name.error(
                "there is no metric '\(try name.string())'",
                hint: didYouMean(try name.string(), in: Metric.allCases.map(\.name)))
        }
        let unit = try reader.required("unit")
        guard UnitSpelling.fits(try unit.string(), metric) else {
            throw unit.error(
                "\(metric.name) is measured in \(UnitSpelling.spellings(of: metric).joined(separator: " or "))")
        }
        let value = try reader.required("value")
        var number: Double
        if case .string(let label) = value.node.value {
            guard let index = metric.labels.firstIndex(of: label) else {
                throw value.error("\(metric.name) has no label '\(label)'", hint: didYouMean(label, in: metric.labels))
            }
            number = Double(index)
        } else {
            number = try value.number()
        }
        return Vector.Expectation(metric: metric, value: number, time: try time(reader))
    }

    /// Seconds since 1970, fractions allowed, or a time such as `2024-10-15T23:00:00`, in UTC.
    private func time(_ reader: JSONReader) throws(JSONError) -> Timestamp? {
        guard let time = try reader.optional("t") else { return nil }
        if case .string(let text) = time.node.value {
            guard let moment = Timestamp(text) else {
                throw time.error("expected seconds since 1970, or a time such as 2024-10-15T23:00:00")
            }
            return moment
        }
        return Timestamp(milliseconds: Int64((try time.number(in: -1e11...1e11) * 1000).rounded()))
    }
}
