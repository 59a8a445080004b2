import Profiles
import Vitals

/// The driver `contec-history`: downloads what a Contec CMS50D+ or CMS50E (5-byte protocol) has stored.
///
/// `f5 f5` asks. The device finishes its live data, says `f2 80 00` three times, then how many bytes there are less one
/// (three bytes, seven bits each, the last without top bit), then three bytes for each second: `f0` or `f1` (bit 7 of the
/// pulse), `80` and the pulse's other bits, SpO2. `f6 f6 f6` ends the transfer; it is sent to whatever state the device is
/// in, so that it shows live data again.
///
/// **Times.** The device stores no time. The recording is taken to have ended when the download began, one value a second,
/// or to have begun when the household says so (`history.since` of the context is where data is known up to: nothing older
/// is handed on). Each value is handed on under the input `input` as seven bytes: seconds since 1970 (four, lowest first)
/// and the device's three, so that the profile decodes it with the time of its second.
///
/// **Going on.** There is no checksum, and a stretch that the line lost shifts all that follows; only the number of values
/// at the end tells. So values are handed on when the transfer is whole. One that stalls, is cut off or damaged is asked
/// for again from its beginning (the device knows no other way), also on the next connection: `memory` knows how the
/// recording begins, so that it keeps the times it was given first, and one that was handed on already is not again.
///
/// Sources: atbrask/CMS50Dplus@e916c59207 cms50dplus.py getRecordedData; captures from apneaboard.com
/// Contec_CMS50X_Data_Format.
struct ContecHistory: Driver {
    private let input: String
    private let since: Timestamp?

    private(set) var state = DriverState.working
    private(set) var deadline: Timestamp?
    private var stage = Stage.preamble
    private var rest: [UInt8] = []
    private var attempt = 0
    /// Values of this transfer so far, and all of it.
    private var count = 0
    private var total = 0
    private var start = Timestamp(milliseconds: 0)
    /// What this transfer's first values look like.
    private var digest = Self.seed
    /// The bytes of this transfer's values.
    private var stored: [UInt8] = []
    /// It begins as the one that is known.
    private var isFamiliar = false
    private var known: ContecProgress?

    private enum Stage: Hashable { case preamble, length, values }

    private static let request: [UInt8] = [0xF5, 0xF5]
    private static let end: [UInt8] = [0xF6, 0xF6, 0xF6]
    private static let preamble: [UInt8] = [0xF2, 0x80, 0x00, 0xF2, 0x80, 0x00, 0xF2, 0x80, 0x00]
    /// What atbrask's tool waits for a byte.
    private static let patience = TimeSpan.seconds(5)
    private static let mostAttempts = 5
    /// 21 bits of length hold eight days; the device stores one.
    private static let longest = 700_000
    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ arguments: DriverArguments, context: StepContext, memory: DriverMemory?) throws(DriverRefusal) {
        input = try arguments.text("input")
        since = context.historySince
        if case .contecRecording(let known) = memory { self.known = known }
    }

    var memory: DriverMemory? { progress.map { .contecRecording($0) } }

    func listens(to channel: Conversation.Channel) -> Bool { channel == .port }

    // MARK: What happens

    mutating func start(at: Timestamp, _ actions: inout [Conversation.Action]) { ask(at, &actions) }

    mutating func received(
        _ bytes: [UInt8], on channel: Conversation.Channel, at: Timestamp, _ actions: inout [Conversation.Action]
    ) {
        rest += bytes
        while state == .working, step(at, &actions) {}
        // Live data goes on until the device has understood: only what belongs to the transfer is a sign of life.
        if stage == .values, state == .working { deadline = at + Self.patience }
    }

    mutating func advance(to at: Timestamp, _ actions: inout [Conversation.Action]) {
        guard let due = deadline, due <= at else { return }
        again("the transfer stalled", at, &actions)
    }

    mutating func stop(_ actions: inout [Conversation.Action]) {
        deadline = nil
        actions.append(.write(.port, Self.end, response: false))
    }

    mutating func skip(_ gap: TimeSpan) { deadline = deadline.map { $0 + gap } }

    // MARK: The transfer

    private mutating func ask(_ at: Timestamp, _ actions: inout [Conversation.Action]) {
        attempt += 1
        stage = .preamble
        rest = []
        (count, total, digest) = (0, 0, Self.seed)
        (stored, isFamiliar) = ([], false)
        deadline = at + Self.patience
        actions.append(.write(.port, Self.request, response: false))
    }

    private mutating func again(_ reason: String, _ at: Timestamp, _ actions: inout [Conversation.Action]) {
        known = progress
        actions.append(.write(.port, Self.end, response: false))
        guard attempt < Self.mostAttempts else {
            deadline = nil
            state = .failed("stored data could not be downloaded: \(reason), \(attempt) times")
            return
        }
        actions.append(.note("stored data: \(reason) after \(count) of \(total) values; asking again"))
        ask(at, &actions)
    }

    /// - Returns: whether there may be more to take from what has come.
    private mutating func step(_ at: Timestamp, _ actions: inout [Conversation.Action]) -> Bool {
        switch stage {
        case .preamble:
            guard rest.count >= Self.preamble.count else { return false }
            guard rest.starts(with: Self.preamble) else {
                rest.removeFirst()
                return true
            }
            rest.removeFirst(Self.preamble.count)
            stage = .length
            return true
        case .length:
            guard rest.count >= 3 else { return false }
            let length = Int(rest[0] & 0x7F) << 14 | Int(rest[1] & 0x7F) << 7 | Int(rest[2] & 0x7F)
            let isSound = rest[0] & 0x80 != 0 && rest[1] & 0x80 != 0 && rest[2] & 0x80 == 0
            rest.removeFirst(3)
            guard isSound, (length + 1) % 3 == 0, length < 3 * Self.longest else {
                again("its length is damaged", at, &actions)
                return false
            }
            total = (length + 1) / 3
            start = (at - .seconds(Int64(total))).floored(to: .seconds(1))
            stage = .values
            return true
        case .values: return values(at, &actions)
        }
    }

    private mutating func values(_ at: Timestamp, _ actions: inout [Conversation.Action]) -> Bool {
        var offset = 0
        while count < total, rest.count - offset >= 3 {
            let value = rest[offset..<offset + 3]
            guard value[offset] & 0xFE == 0xF0, value[offset + 1] & 0x80 != 0, value[offset + 2] & 0x80 == 0 else {
                again("a value is damaged", at, &actions)
                return false
            }
            count += 1
            offset += 3
            stored += value
            digest = value.reduce(digest) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            if let known, known.total == total, known.count == count, known.digest == digest {
                // The same recording keeps the times it was given first.
                start = known.start
                isFamiliar = true
            }
        }
        rest.removeFirst(offset)
        guard count == total else { return false }
        finish(&actions)
        return false
    }

    private mutating func finish(_ actions: inout [Conversation.Action]) {
        let isOld = isFamiliar && known?.count == total && known?.isHandedOn == true
        // The times first: whoever is stopped among the values gives them the same ones next time.
        known = ContecProgress(start: start, total: total, count: total, digest: digest, isHandedOn: isOld)
        if !isOld, let known { actions.append(.remember(.driver(.contecRecording(known)))) }
        for index in 0..<(isOld ? 0 : total) {
            let time = start + .seconds(Int64(index))
            guard since.map({ time > $0 }) ?? true else { continue }
            let seconds = UInt32(clamping: time.milliseconds / 1000)
            let stamp = (0..<4).map { UInt8(truncatingIfNeeded: seconds >> UInt32(8 * $0)) }
            actions.append(.frame(input: input, stamp + stored[3 * index..<3 * index + 3]))
        }
        known?.isHandedOn = true
        if !isOld, let known { actions.append(.remember(.driver(.contecRecording(known)))) }
        stored = []
        deadline = nil
        state = .done
        actions.append(.write(.port, Self.end, response: false))
        actions.append(
            .note(
                "stored data: \(total) values"
                    + (isOld ? ", known already" : ", taken to have ended when the download began")))
    }

    /// How far this transfer came; what is known already when that is more.
    private var progress: ContecProgress? {
        guard state == .working, stage == .values, count > 0 else { return known }
        if let known, known.total == total, known.count > count { return known }
        return ContecProgress(start: start, total: total, count: count, digest: digest, isHandedOn: false)
    }
}

/// A recording that was downloaded, or the beginning of it.
public struct ContecProgress: Hashable, Sendable {
    /// The time its first value was given.
    var start: Timestamp
    /// Values it has, and values that came.
    var total: Int
    var count: Int
    /// FNV-1a of the first `count` values.
    var digest: UInt64
    /// All of it was passed to whoever decodes it.
    var isHandedOn: Bool
}
