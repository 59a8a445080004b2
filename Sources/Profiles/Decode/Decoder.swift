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
    /// Where the device is worn: a device whose clock shows local time is read by it.
    public var zone: Zone

    let program: Program
    let fingerprint: UInt64
    /// Without a clock `thin` and the pace of statuses mean nothing: vectors and single frames.
    let isTimed: Bool
    /// Specialised messages and remembered frames, which change nothing but the speed; a test turns them off to see that.
    var takesShortcuts = true
    /// One per input.
    var streams: [Stream]
    var workspace: Workspace
    /// Parts of messages that come in several frames, one per assembly.
    var collections: [Collection]
    var lines = Lines()
    var memo = Memo()
    /// The input that was fed last: mostly the next one too.
    private var inputName: String
    private var inputIndex = 0

    /// What is left of a stream after its last complete frame.
    struct Stream: Sendable {
        var rest: [UInt8] = []
        /// Bytes have been skipped since the last frame.
        var isLost = false
        /// A wrong end, or a wrong sum, was counted since then.
        var hasToldEnd = false
        var hasToldSum = false
        /// The line is too long and skipped up to its end.
        var isSkipping = false
        var group: [UInt8] = []
    }

    /// Parts that came so far.
    struct Collection: Sendable {
        var bytes: [UInt8] = []
        var count: Int64 = 0
        /// A part was missing; nothing counts until the first part.
        var isBroken = false
    }

    /// What frames of text are decoded in, and unpacked ones.
    struct Lines: Sendable {
        var members: [JSONLine.Member] = []
        var items: [Double] = []
        var matcher = Matcher()
        var frame: [UInt8] = []
        var columns = ColumnNames()
    }

    /// What is known of the last frame, when it gave nothing and nothing is due: a frame that says the same then does
    /// the same, which is the common case of sensors that repeat themselves sixty times a second.
    struct Memo: Sendable {
        /// -1: nothing is known.
        var input: Int32 = -1
        var count: Int32 = 0
        var tallied: Int32 = 0
        /// Values do not matter before `until`, only what the frame says about the sensor.
        var isThin = false
        var from: Int64 = 0
        var until: Int64 = 0
    }

    /// How often a status is told again although nothing changed, so that a listener who came late knows it too.
    static let statusRefresh = TimeSpan.seconds(60)
    /// How often a changing signal strength is told.
    static let signalPace = TimeSpan.seconds(1)

    /// - Parameters:
    ///   - timed: `false` for frames without a clock: then `thin` lets everything pass.
    ///   - zone: where the device is worn.
    public init(_ profile: Profile, timed: Bool = true, zone: Zone = .utc) {
        self.zone = zone
        program = profile.program
        fingerprint = profile.fingerprint
        isTimed = timed
        streams = program.inputs.map { _ in Stream() }
        collections = Array(repeating: Collection(), count: program.sizes.collections)
        workspace = Workspace(program.sizes)
        inputName = program.names.first ?? ""
    }

    /// Takes bytes as one read or one notification delivered them and appends what they mean.
    ///
    /// - Parameters:
    ///   - input: name of the profile's input; bytes of any other count as `unknown`.
    ///   - at: when they arrived, on the hub's clock.
    /// - Complexity: O(bytes × messages of the input), at worst.
    public mutating func feed(_ bytes: [UInt8], input: String, at: Timestamp, into decoded: inout Decoded) {
        guard let index = find(input) else {
            decoded.diagnostics[.unknown, default: 0] += 1
            return
        }
        bytes.withUnsafeBufferPointer { feed($0, index, at, &decoded) }
    }

    private mutating func feed(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded
    ) {
        if !isKnownUniquelyReferenced(&workspace) { workspace = workspace.copy() }
        let program = self.program
        var engine = Engine(program, workspace, at: at, isTimed: isTimed, takesShortcuts: takesShortcuts, memo: memo)
        engine.take(bytes, index, program, &self, &decoded)
        memo = engine.memo
        if engine.isCounted { report(&decoded) }
    }

    /// Takes many reads or notifications of one input, one after another in `bytes`: what a recording holds, or what
    /// came in while something else was done. The same comes out as of feeding each by itself, for less; where each
    /// one's readings and statuses end, `Decoded.marks` tells.
    ///
    /// - Parameters:
    ///   - ends: offset after each one's last byte. One that lies before its predecessor or behind the bytes ends where
    ///     those do.
    ///   - times: when each arrived. Without a time nothing is taken.
    public mutating func feed(
        _ bytes: Span<UInt8>, ends: Span<Int>, times: Span<Timestamp>, input: String, into decoded: inout Decoded
    ) {
        let count = min(ends.count, times.count)
        guard let index = find(input) else {
            decoded.diagnostics[.unknown, default: 0] += count
            return
        }
        if !isKnownUniquelyReferenced(&workspace) { workspace = workspace.copy() }
        let program = self.program
        var engine = Engine(
            program, workspace, at: .distantPast, isTimed: isTimed, takesShortcuts: takesShortcuts, memo: memo)
        // Taken out, so that it is looked at for other owners once and not per read.
        var marks = decoded.marks
        decoded.marks = []
        bytes.withUnsafeBufferPointer { bytes in
            marks.append(addingCapacity: count) { marks in
                marks.withUnsafeMutableBufferPointer { buffer, filled in
                    guard let base = buffer.baseAddress else { return }
                    let mark = base + filled
                    var (place, start) = (0, 0)
                    while true {
                        engine.takeRun(
                            bytes, ends, times, count, index, place: &place, start: &start, marks: mark, &decoded)
                        guard place < count else { break }
                        // What is not that simple, by itself.
                        let end = min(max(start, ends[place]), bytes.count)
                        engine.at = times[place].milliseconds
                        engine.take(.init(rebasing: bytes[start..<end]), index, program, &self, &decoded)
                        (mark + place).initialize(
                            to: Decoded.Mark(readings: decoded.readings.count, statuses: decoded.statuses.count))
                        start = end
                        place += 1
                    }
                    filled += count
                }
            }
        }
        decoded.marks = marks
        memo = engine.memo
        if engine.isCounted { report(&decoded) }
    }

    /// The index of an input; the one that was fed last is mostly the next one too.
    private mutating func find(_ input: String) -> Int? {
        if input != inputName {
            guard let known = program.names.firstIndex(of: input) else { return nil }
            (inputName, inputIndex) = (input, known)
        }
        return inputIndex
    }

    /// The link broke: unfinished frames are gone, and what was told about the sensor must be told again.
    public mutating func interrupt() {
        if !isKnownUniquelyReferenced(&workspace) { workspace = workspace.copy() }
        for index in streams.indices { streams[index] = Stream() }
        for index in collections.indices { collections[index] = Collection() }
        for index in 0..<program.sizes.statuses { workspace.told[index] = Workspace.Told() }
        for index in 0..<program.sizes.kept { workspace.kept[index] = .nan }
        for index in 0..<program.sizes.clocks { workspace.clocks[index] = Workspace.unset }
        memo = Memo()
    }

    private mutating func report(_ decoded: inout Decoded) {
        let counts = workspace.counts
        for index in program.diagnostics.indices where counts[index] != 0 {
            decoded.diagnostics[program.diagnostics[index], default: 0] += counts[index]
            counts[index] = 0
        }
    }

    /// The counters of the built-in diagnostics, in the order of `Diagnostic.builtIn`.
    enum Counter: Int {
        case resync = 0, checksum, truncated, length, trailing, unknown, outOfRange, suppressed, tooLong, notJSON
        case frameLoss, noEnd, notANumber, reserved, invalid, noHead, gap, noTime, future, noHeader
    }
}
