import JSON5
import Vitals

@testable import Profiles

/// Texts for the parser of profiles; what loads must then bear frames.
enum ProfileFuzz: FuzzTarget {
    static let corpus = "profile"

    /// Without their vectors, which would be most of each text.
    static var seeds: [[UInt8]] {
        Checkout.profiles.map { file in
            let text = file.text.firstRange(of: "  vectors: [").map { file.text[..<$0.lowerBound] + "}\n" }
            let lines = (text ?? file.text[...]).split(separator: "\n").filter { !$0.hasPrefix("//") }
            return Array(lines.joined(separator: "\n").utf8)
        }
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let library = ProfileLibrary(files: [Configured.File(path: "fuzz.json5", text: text)])
        for error in library.errors where "\(error)".isEmpty { return "an error without words" }
        guard let profile = library.profiles.first else { return library.errors.isEmpty ? "no word at all" : nil }
        _ = profile.check()
        var decoder = Decoder(profile)
        var plain = decoder
        plain.takesShortcuts = false
        for (number, frame) in frames(of: bytes).enumerated() {
            for input in profile.program.names {
                var (decoded, other) = (Decoded(), Decoded())
                let now = Timestamp(milliseconds: 1_767_225_600_000 + Int64(number) * 400)
                decoder.feed(frame, input: input, at: now, into: &decoded)
                plain.feed(frame, input: input, at: now, into: &other)
                if let complaint = Soundness.complaint(about: decoded) { return complaint }
                guard decoded.readings == other.readings, decoded.statuses == other.statuses,
                    decoded.diagnostics == other.diagnostics
                else { return "shortcuts change what \(frame) means on \(input)" }
            }
        }
        guard let restored = try? Decoder(profile, restoring: decoder.checkpoint()) else {
            return "its own state is refused"
        }
        return restored.checkpoint() == decoder.checkpoint() ? nil : "another state after restoring"
    }

    /// Some that are the same for every text, and pieces of the text itself, so that its own constants occur.
    private static func frames(of bytes: [UInt8]) -> [[UInt8]] {
        let ramp = (0..<64).map { UInt8($0) }
        var frames: [[UInt8]] = [
            [], [0], ramp, [UInt8](repeating: 0xFF, count: 64), Array("12,-3.5;x {\"a\":1}\n".utf8),
        ]
        frames += stride(from: 0, to: min(bytes.count, 1024), by: 128).map { Array(bytes[$0...].prefix(40)) }
        return frames + [ramp, ramp]
    }
}
