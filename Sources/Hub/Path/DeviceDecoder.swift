import Profiles
import Vitals

/// The running decoder of one device, with counts of what did not parse.
struct DeviceDecoder {
    let profile: Profile
    private var decoder: Decoder
    private(set) var offending: String?
    private static let longestShown = 32
    private(set) var counts: [String: Int] = [:]

    init(_ profile: Profile) {
        self.profile = profile
        decoder = Decoder(profile)
    }

    /// Where the device is worn: clocks that show local time are read by it.
    var zone: Zone {
        get { decoder.zone }
        set { decoder.zone = newValue }
    }

    /// Goes on where a checkpoint left off; begins anew when the profile no longer fits it.
    mutating func restore(_ bytes: [UInt8]) {
        decoder = (try? Decoder(profile, zone: zone, restoring: bytes)) ?? Decoder(profile, zone: zone)
    }

    /// Replaces what is in `decoded` by what the bytes mean.
    mutating func feed(_ bytes: [UInt8], input: String, at: Timestamp, into decoded: inout Decoded) {
        decoded.removeAll()
        decoder.feed(bytes, input: input, at: at, into: &decoded)
        if let frame = decoded.offending {
            offending = frame.prefix(Self.longestShown).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        for (kind, count) in decoded.diagnostics { counts[kind.name, default: 0] += count }
    }

    /// Forgets a half-received frame: the link was lost in its middle.
    mutating func reset() { decoder.interrupt() }

    func checkpoint() -> [UInt8] { decoder.checkpoint() }
}
