import Profiles
import Vitals

/// The running decoder of one device, with counts of what did not parse.
struct DeviceDecoder {
    let profile: Profile
    private var decoder: Decoder
    private var decoded = Decoded()
    private(set) var offending: String?
    private static let longestShown = 32
    private(set) var counts: [String: Int] = [:]

    init(_ profile: Profile) {
        self.profile = profile
        decoder = Decoder(profile)
    }

    /// Goes on where a checkpoint left off; begins anew when the profile no longer fits it.
    init(_ profile: Profile, restoring bytes: [UInt8]) {
        self.profile = profile
        decoder = (try? Decoder(profile, restoring: bytes)) ?? Decoder(profile)
    }

    mutating func feed(_ bytes: [UInt8], input: String, at: Timestamp) -> Decoded {
        decoded.removeAll()
        decoder.feed(bytes, input: input, at: at, into: &decoded)
        if let frame = decoded.offending {
            offending = frame.prefix(Self.longestShown).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        for (kind, count) in decoded.diagnostics { counts[kind.name, default: 0] += count }
        return decoded
    }

    /// Forgets a half-received frame: the link was lost in its middle.
    mutating func reset() { decoder.interrupt() }

    func checkpoint() -> [UInt8] { decoder.checkpoint() }
}
