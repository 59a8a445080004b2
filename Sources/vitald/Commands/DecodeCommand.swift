import Hub
import JSON5
import Profiles
import Vitals

/// `vitald decode`
enum DecodeCommand: Subcommand {
    static let syntax = Syntax(
        "decode", "Decode bytes by a device profile, print samples as JSON lines",
        positionals: [
            .init("PROFILE", "id of a profile, name of its file, or path to one", isOptional: true),
            .init(
                "HEX", "a notification or a piece of a stream in hexadecimal digits", isOptional: true, repeats: true),
        ],
        options: [
            .init("input", "NAME", "which of the profile's inputs the bytes come from (that of its first vector)"),
            .init("vectors", "FILE", "run a file of vectors instead, through all profiles", repeats: true),
            ShippedFiles.Kind.profiles.option,
        ],
        notes: [
            "Each HEX is taken as one notification; single bytes ('06 48') together are one. Blanks, colons, commas and "
                + "0x are skipped. What the sensor says about itself, and what could not be decoded, goes to stderr.",
            "--vectors prints a line for each vector that does not come true, and at last how many passed and failed; "
                + "vectors that name no profile, and that none is for, are listed before.",
        ],
        examples: [
            "vitald decode ble.hrs 0648", "vitald decode ble-hrs 10 3c 00 04",
            "vitald decode infinitime --input steps 'e8 03 00 00'", "vitald decode --vectors VECTORS.json",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        guard arguments.all("vectors").isEmpty else { return try DecodeVectors.run(arguments, on: console) }
        guard arguments.positionals.count >= 2 else {
            throw CommandError.usage("PROFILE and HEX, or --vectors FILE, are missing")
        }
        let profile = try profile(named: try arguments.positional(0), arguments)
        let input = try input(of: profile, arguments)
        let frames = try frames(Array(arguments.positionals.dropFirst()))
        var decoder = Decoder(profile, timed: false)
        var decoded = Decoded()
        for frame in frames {
            decoder.feed(frame, input: input, at: Timestamp(milliseconds: 0), into: &decoded)
        }
        for reading in decoded.readings { console.out.line(line(reading)) }
        for status in decoded.statuses { console.note(text(status)) }
        let counts = decoded.diagnostics.map { ($0.key.name, $0.value) }.sorted { $0.0 < $1.0 }
        for (name, count) in counts { console.note("\(name): \(count)") }
        guard decoded.readings.isEmpty, decoded.statuses.isEmpty else { return }
        throw CommandError.failed("\(profile.id), input \(input): these bytes hold no sample")
    }

    // MARK: Arguments

    static func profile(named name: String, _ arguments: Arguments) throws -> Profile {
        if name.contains("/") || name.hasSuffix(".json5") {
            guard let file = try Folder.files(in: [name], ending: ".json5").first else {
                throw CommandError.failed("\(name) holds no profile")
            }
            // Only a profile that extends another needs the shipped ones.
            let folder = try? ShippedFiles.folder(.profiles, arguments)
            let others = try folder.map { try Folder.files(in: [$0], ending: ".json5") }
            return try Profile(text: file.text, file: file.path, extending: others ?? [])
        }
        let folder = try ShippedFiles.folder(.profiles, arguments)
        let library = ProfileLibrary(files: try Folder.files(in: [folder], ending: ".json5"))
        if let profile = library[name] { return profile }
        if let profile = library.profiles.first(where: { FileTree.name(of: $0.file) == "\(name).json5" }) {
            return profile
        }
        // A profile that was put aside is not unknown: its own error says more.
        if let error = library.errors.first(where: { $0.file.map(FileTree.name) == "\(name).json5" }) { throw error }
        let ids = library.ids.sorted()
        throw CommandError.failed(
            "no profile '\(name)' in \(folder)", hint: didYouMean(name, in: ids) ?? "known: \(listed(ids))")
    }

    private static func input(of profile: Profile, _ arguments: Arguments) throws(CommandError) -> String {
        let known = profile.inputs.keys.sorted()
        if let name = arguments.text("input") {
            if known.contains(name) { return name }
            throw .failed(
                "\(profile.id) has no input '\(name)'", hint: didYouMean(name, in: known) ?? "known: \(listed(known))")
        }
        guard let input = profile.vectors.first?.feeds.first?.input ?? profile.defaultInput else {
            throw .failed("\(profile.id) has no inputs")
        }
        return input
    }

    /// One frame for each word, or one of all words where each is a single byte.
    static func frames(_ words: [String]) throws(CommandError) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for word in words { frames.append(try bytes(word)) }
        return frames.allSatisfy { $0.count == 1 } ? [frames.flatMap { $0 }] : frames
    }

    private static func bytes(_ word: String) throws(CommandError) -> [UInt8] {
        var bytes: [UInt8] = []
        let parts = word.split { $0 == " " || $0 == ":" || $0 == "," || $0 == "-" || $0.isNewline }
        for part in parts {
            let digits = part.hasPrefix("0x") || part.hasPrefix("0X") ? part.dropFirst(2) : part
            guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                throw .usage("'\(part)': expected hexadecimal digits")
            }
            guard digits.count.isMultiple(of: 2), !digits.isEmpty else {
                throw .usage("'\(part)': a byte has two hexadecimal digits")
            }
            var rest = digits
            while !rest.isEmpty {
                bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
        }
        return bytes
    }

    // MARK: Output

    private static func line(_ reading: Reading) -> String {
        let metric = reading.metric
        var json = JSONWriter()
        json.object { json in
            json.member("metric", metric.name)
            json.member("value", reading.value)
            let labels = metric.labels
            if let code = Int(exactly: reading.value), labels.indices.contains(code) {
                json.member("label", labels[code])
            }
            json.member("unit", metric.unit)
            switch reading.time {
            case .arrival: break
            case .beat(let index, let count): json.member("beat", "\(Int(index) + 1)/\(count)")
            case .at(let time): json.member("time", ISO8601.format(time))
            }
            if let counter = reading.counter { json.member("counter", word(counter)) }
        }
        return json.text
    }

    private static func word(_ counter: CounterRule) -> String {
        switch counter.kind {
        case .cumulative: "total"
        case .delta: "since the last message"
        case .bucket(let length, let stamp): "\(length) from its \(stamp)"
        }
    }

    private static func text(_ status: Status) -> String {
        switch status {
        case .worn(let worn): worn ? "worn" : "not worn"
        case .contact(let level): "contact \(Decimal.text(level * 100, decimals: 0)) %"
        case .signal(let level): "signal \(Decimal.text(level * 100, decimals: 0)) %"
        case .diagnostic(let word): "the device says: \(word)"
        }
    }
}
