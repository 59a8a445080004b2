import Vitals

@testable import Profiles

/// Frames for the decoders of the shipped profiles.
///
/// Two bytes choose the profile, one how: with a clock, sealed with the check that the input asks for, cut into pieces.
/// Then feeds: a byte for the input and the time that passed, a byte for the length, the bytes.
enum DecoderFuzz: FuzzTarget {
    static let corpus = "decoder"
    static let library = ProfileLibrary(files: Checkout.profiles)
    private static let names = library.profiles.map { Array($0.id.utf8).reduce(0xCBF2) { ($0 ^ UInt16($1)) &* 0x1B3 } }
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)

    /// So that a new profile does not give the corpus another meaning, the nearest name counts, not the place.
    private static func profile(_ selector: UInt16) -> Profile? {
        let nearest = names.indices.min { names[$0] ^ selector < names[$1] ^ selector }
        return nearest.map { library.profiles[$0] }
    }

    static var seeds: [[UInt8]] {
        zip(library.profiles, names).flatMap { profile, name in
            profile.vectors.map { vector in
                [UInt8(name >> 8), UInt8(truncatingIfNeeded: name), UInt8(vector.feeds[0].at == nil ? 0 : 1)]
                    + vector.feeds.flatMap { feed in
                        let input = profile.program.names.firstIndex(of: feed.input) ?? 0
                        let bytes = feed.bytes.prefix(255)
                        return [UInt8(input) | 0x10, UInt8(bytes.count)] + bytes
                    }
            }
        }
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let selector = UInt16(input.byte()) << 8 | UInt16(input.byte())
        let mode = input.byte()
        guard let profile = profile(selector) else { return "there are no profiles" }
        var decoder = Decoder(profile, timed: mode & 1 != 0)
        var plain = decoder
        plain.takesShortcuts = false
        var (decoded, other) = (Decoded(), Decoded())
        var now = start
        while !input.isEmpty {
            let head = input.byte()
            var frame = input.bytes(Int(input.byte()))
            let index = Int(head & 0xF) % profile.program.names.count
            if mode & 2 != 0 { seal(&frame, profile.program.inputs[index]) }
            now = now + .milliseconds(Int64(head >> 4) * 100)
            let name = profile.program.names[index]
            plain.feed(frame, input: name, at: now, into: &other)
            guard mode & 4 != 0, profile.program.inputs[index].shape.isWhole == false else {
                decoder.feed(frame, input: name, at: now, into: &decoded)
                continue
            }
            // A stream's bytes come as they like.
            for start in stride(from: 0, to: frame.count, by: 3) {
                decoder.feed(Array(frame[start..<min(start + 3, frame.count)]), input: name, at: now, into: &decoded)
            }
        }
        return Soundness.complaint(about: decoded) ?? difference(decoder, decoded, plain, other)
            ?? restoration(of: decoder, profile)
    }

    private static func seal(_ frame: inout [UInt8], _ input: Profiles.Input) {
        if let check = input.shape.check { return check.seal(&frame) }
        if case .marker(let marker) = input.framing { marker.check?.seal(&frame) }
    }

    /// Shortcuts and the cut of a stream must change nothing but the speed.
    private static func difference(_ a: Decoder, _ x: Decoded, _ b: Decoder, _ y: Decoded) -> String? {
        if x.readings != y.readings { return "other readings: \(x.readings) and \(y.readings)" }
        if x.statuses != y.statuses { return "other statuses: \(x.statuses) and \(y.statuses)" }
        if x.diagnostics != y.diagnostics { return "other diagnostics: \(x.diagnostics) and \(y.diagnostics)" }
        return a.checkpoint() == b.checkpoint() ? nil : "another state"
    }

    private static func restoration(of decoder: Decoder, _ profile: Profile) -> String? {
        let state = decoder.checkpoint()
        guard let restored = try? Decoder(profile, restoring: state) else { return "its own state is refused" }
        return restored.checkpoint() == state ? nil : "another state after restoring"
    }
}
