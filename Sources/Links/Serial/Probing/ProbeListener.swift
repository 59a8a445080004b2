import Profiles
import Vitals

/// One profile's ear at a port.
struct ProbeListener {
    let profile: Profile
    let criteria: Probe
    private let input: String
    private var decoder: Decoder
    private var decoded = Decoded()
    /// Good frames and bad stretches since there were last too many bad ones.
    private var run = (frames: 0, errors: 0)

    private(set) var frames = 0
    private(set) var errors = 0
    private(set) var bytes = 0
    private(set) var first: [UInt8] = []
    private(set) var hasUnderstood = false
    /// Its time is up.
    var isOver = false

    /// Enough to recognise a protocol, or a banner, in a table.
    private static let longestExcerpt = 32

    init(_ profile: Profile) {
        self.profile = profile
        criteria = profile.probe ?? SerialProbe.standard
        input = Script(profile).inputs[.port] ?? ""
        decoder = Decoder(profile, timed: false)
    }

    var isListening: Bool { !isOver && !hasUnderstood }

    mutating func hear(_ heard: [UInt8]) {
        bytes += heard.count
        first += heard.prefix(ProbeListener.longestExcerpt - first.count)
        decoded.removeAll()
        decoder.feed(heard, input: input, at: Timestamp(milliseconds: 0), into: &decoded)
        let bad = decoded.diagnostics.reduce(0) { $0 + ($1.key.isFramingError ? $1.value : 0) }
        frames += decoded.frames
        errors += bad
        run.frames += decoded.frames
        run.errors += bad
        if run.errors > criteria.errors { run = (0, 0) }
        if run.frames >= criteria.frames { hasUnderstood = true }
    }
}
