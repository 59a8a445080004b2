import Vitals

/// Turns the bytes of one device into readings.
///
/// A decoder is a value: it keeps unfinished frames, and what `thin`, `onChange` and statuses must remember. However the
/// bytes of a stream are cut into feeds at one time, the same readings come out.
///
/// ```swift
/// var decoder = Decoder(profile)
/// var decoded = Decoded()
/// decoder.feed(bytes, input: "port", at: now, into: &decoded)
/// ```
public struct Decoder: Sendable {
    let program: Program
    let fingerprint: UInt64
    /// Without a clock `thin` and the pace of statuses mean nothing: vectors and single frames.
    let isTimed: Bool
    /// One per input.
    var streams: [Stream]
    var memory: Memory
    var scratch = Scratch()

    /// What is left of a stream after its last complete frame.
    struct Stream: Sendable {
        var rest: [UInt8] = []
        /// Bytes have been skipped since the last frame.
        var isLost = false
        /// The line is too long and skipped up to its end.
        var isSkipping = false
        var group: [UInt8] = []
    }

    /// What outlives a frame.
    struct Memory: Sendable {
        /// When a metric last passed `thin`.
        var thinned: [Int64]
        /// The last value of an `onChange` field; NaN for none.
        var changes: [Double]
        var told: [Told]

        struct Told: Sendable {
            /// NaN: nothing was told, or it no longer holds.
            var value = Double.nan
            var at = Int64.min
        }
    }

    /// What a frame is decoded in.
    struct Scratch: Sendable {
        var slots: [Slot] = []
        var items: [Double] = []
        var members: [JSONLine.Member] = []
        var matcher = Matcher()
        var frame: [UInt8] = []
        var counts: [Int] = []
        var isCounted = false
    }

    struct Slot: Sendable {
        /// The scaled value; NaN for none.
        var number = Double.nan
        /// The integer it came from, for bits and differences.
        var raw: Int64 = 0
        /// A range of `items`; a count of -1 marks a single value.
        var start = 0
        var count = -1
    }

    /// How often a status is told again although nothing changed, so that a listener who came late knows it too.
    static let statusRefresh = TimeSpan.seconds(60)
    /// How often a changing signal strength is told.
    static let signalPace = TimeSpan.seconds(1)

    /// - Parameter timed: `false` for frames without a clock: then `thin` lets everything pass.
    public init(_ profile: Profile, timed: Bool = true) {
        program = profile.program
        fingerprint = profile.fingerprint
        isTimed = timed
        streams = program.inputs.map { _ in Stream() }
        memory = Memory(
            thinned: Array(repeating: .min, count: program.metricCount),
            changes: Array(repeating: .nan, count: program.emissions.count),
            told: Array(repeating: Memory.Told(), count: program.statusCount))
        scratch.slots = Array(repeating: Slot(), count: program.slotCount)
        scratch.counts = Array(repeating: 0, count: program.diagnostics.count)
    }

    /// Takes bytes as one read or one notification delivered them and appends what they mean.
    ///
    /// - Parameters:
    ///   - input: name of the profile's input; bytes of any other count as `unknown`.
    ///   - at: when they arrived, on the hub's clock.
    /// - Complexity: O(bytes × messages of the input), at worst.
    public mutating func feed(_ bytes: [UInt8], input: String, at: Timestamp, into decoded: inout Decoded) {
        guard let index = program.inputs.firstIndex(where: { $0.name == input }) else {
            decoded.diagnostics[.unknown, default: 0] += 1
            return
        }
        let program = self.program
        switch program.inputs[index].framing {
        case .none:
            if bytes.count > Program.longestFrame {
                count(.tooLong)
            } else {
                decode(bytes.span, index, at, &decoded)
            }
        default: cut(bytes, index, at, &decoded)
        }
        if scratch.isCounted { report(&decoded) }
    }

    /// The link broke: unfinished frames are gone, and what was told about the sensor must be told again.
    public mutating func interrupt() {
        for index in streams.indices { streams[index] = Stream() }
        for index in memory.told.indices { memory.told[index] = Memory.Told() }
    }

    mutating func count(_ counter: Int) {
        scratch.counts[counter] &+= 1
        scratch.isCounted = true
    }

    mutating func count(_ counter: Counter) { count(counter.rawValue) }

    private mutating func report(_ decoded: inout Decoded) {
        for index in scratch.counts.indices where scratch.counts[index] != 0 {
            decoded.diagnostics[program.diagnostics[index], default: 0] += scratch.counts[index]
            scratch.counts[index] = 0
        }
        scratch.isCounted = false
    }

    /// The counters of the built-in diagnostics, in the order of `Diagnostic.builtIn`.
    enum Counter: Int {
        case resync = 0, checksum, truncated, length, trailing, unknown, outOfRange, suppressed, tooLong, notJSON
        case frameLoss, noEnd, notANumber, reserved, invalid
    }
}
