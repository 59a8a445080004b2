import Profiles
import Vitals

/// The driver `ant-channel`: sets up one receiving channel of an ANT stick, keeps it open, and hands on what its sensor
/// broadcasts.
///
/// Reset, network key, extended messages, assign, id, period, frequency, search timeout, open: each is acknowledged by the
/// stick before the next, and repeated when it is not. Then the stick searches; the first sensor of the type that is heard
/// is the one from then on (its number comes with extended messages), so that a neighbour's strap never mixes in. The
/// stick closes the channel when it does not find the sensor in its search time: it is opened again. A stick that restarts
/// by itself is set up anew, and one that says nothing at all for `longestSilence` is reset.
///
/// Whole messages go out as frames, checked: broadcasts of the sensor and events of the channel. So do bytes that are no
/// message, for the profile to count. Answers to commands stay here.
///
/// Sources: ANT Message Protocol and Usage, Rev 5.1, 9.5; GoldenCheetah src/ANT; the captures in the profile ant.hrm.
struct ANTChannel: Driver {
    private let channel: UInt8
    private let deviceType: UInt8
    private let period: UInt16
    private let frequency: UInt8
    private let key: [UInt8]
    /// 0 is any.
    private let wanted: UInt32
    private let input: String

    private(set) var state = DriverState.working
    private(set) var deadline: Timestamp?
    private var stream = ANTMessage.Stream()
    /// The sensor that was met: 16 bits, and four more from the transmission type.
    private var sensor: UInt32
    /// Which command waits for its answer.
    private var stage = 0
    private var attempt = 0
    private var restarts = 0

    private static let network: UInt8 = 0
    /// The stage that tells the channel whom to follow.
    private static let identifying = 4
    /// A stick answers within a few milliseconds.
    private static let answerTime = TimeSpan.milliseconds(500)
    /// What a stick needs to restart, and what old ones, which do not announce it, are given.
    private static let resetTime = TimeSpan.seconds(1)
    private static let mostAttempts = 3
    /// Set-ups in a row that came to nothing.
    private static let mostRestarts = 3
    /// In steps of 2.5 s (9.5.2.6): 30 s.
    private static let searchTimeout: UInt8 = 12
    /// Twice the search time: a stick with an open channel says at least that it did not find anybody.
    private static let longestSilence = TimeSpan.seconds(60)

    /// Codes of responses and events (9.5.6).
    private enum Code {
        static let noError: UInt8 = 0
        static let searchTimeout: UInt8 = 1
        static let channelClosed: UInt8 = 7
        static let goneToSearch: UInt8 = 8
        static let invalidMessage: UInt8 = 0x28
    }

    init(_ arguments: DriverArguments, input: String, memory: DriverMemory?) throws(DriverRefusal) {
        channel = UInt8(truncatingIfNeeded: try arguments.number("channel") ?? 0)
        deviceType = UInt8(truncatingIfNeeded: try arguments.number("deviceType") ?? 0)
        period = UInt16(truncatingIfNeeded: try arguments.number("period") ?? 0)
        frequency = UInt8(truncatingIfNeeded: try arguments.number("frequency") ?? 57)
        key = try arguments.key("key", bytes: 8)
        wanted = UInt32(truncatingIfNeeded: try arguments.number("deviceNumber") ?? 0)
        self.input = input
        sensor = wanted
        if case .antDevice(let number) = memory, wanted == 0 { sensor = number }
    }

    var memory: DriverMemory? { sensor == 0 ? nil : .antDevice(sensor) }

    func listens(to channel: Conversation.Channel) -> Bool { channel == .port }

    /// The commands in their order. An answer that a command may do without is one old sticks do not know.
    private var commands: [(message: ANTMessage, isOptional: Bool)] {
        func pair(_ number: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] }
        let number = pair(UInt16(truncatingIfNeeded: sensor))
        // The high four bits of a number of twenty stand in the transmission type; 0 is any.
        let transmission = sensor > 0xFFFF ? UInt8(truncatingIfNeeded: sensor >> 16) << 4 | 1 : 0
        return [
            (ANTMessage(ANTMessage.ID.networkKey, [Self.network] + key), false),
            (ANTMessage(ANTMessage.ID.extendedMessages, [0, 1]), true),
            // 00: a receiving channel, both ways.
            (ANTMessage(ANTMessage.ID.assignChannel, [channel, 0x00, Self.network]), false),
            (ANTMessage(ANTMessage.ID.channelID, [channel] + number + [deviceType, transmission]), false),
            (ANTMessage(ANTMessage.ID.channelPeriod, [channel] + pair(period)), false),
            (ANTMessage(ANTMessage.ID.frequency, [channel, frequency]), false),
            (ANTMessage(ANTMessage.ID.searchTimeout, [channel, Self.searchTimeout]), false),
            (ANTMessage(ANTMessage.ID.openChannel, [channel]), false),
        ]
    }

    // MARK: What happens

    mutating func start(at: Timestamp, _ actions: inout [Conversation.Action]) { reset(at, &actions) }

    mutating func received(
        _ bytes: [UInt8], on channel: Conversation.Channel, at: Timestamp, _ actions: inout [Conversation.Action]
    ) {
        stream.append(bytes)
        var handed: [UInt8] = []
        while let piece = stream.next() {
            switch piece {
            case .noise(let byte): handed.append(byte)
            case .message(let message):
                if stage > commands.count { deadline = at + Self.longestSilence }
                if take(message, at, &actions) { handed += message.bytes }
            }
        }
        if !handed.isEmpty { actions.append(.frame(input: input, handed)) }
    }

    mutating func advance(to at: Timestamp, _ actions: inout [Conversation.Action]) {
        guard let due = deadline, due <= at else { return }
        if stage == 0 {
            // Old sticks do not announce that they have restarted.
            begin(1, at, &actions)
        } else if stage > commands.count {
            actions.append(.note("the ANT stick says nothing: it is reset"))
            reset(at, &actions)
        } else if attempt < Self.mostAttempts {
            send(at, &actions)
        } else if commands[stage - 1].isOptional {
            begin(stage + 1, at, &actions)
        } else if restarts < Self.mostRestarts {
            reset(at, &actions)
        } else {
            fail("the ANT stick does not answer")
        }
    }

    mutating func stop(_ actions: inout [Conversation.Action]) {
        deadline = nil
        actions.append(write(ANTMessage(ANTMessage.ID.closeChannel, [channel])))
        actions.append(write(ANTMessage(ANTMessage.ID.reset, [0])))
    }

    mutating func skip(_ gap: TimeSpan) { deadline = deadline.map { $0 + gap } }

    // MARK: Setting up

    private mutating func reset(_ at: Timestamp, _ actions: inout [Conversation.Action]) {
        restarts += 1
        stage = 0
        deadline = at + Self.resetTime
        actions.append(write(ANTMessage(ANTMessage.ID.reset, [0])))
    }

    private mutating func begin(_ stage: Int, _ at: Timestamp, _ actions: inout [Conversation.Action]) {
        self.stage = stage
        attempt = 0
        guard stage > commands.count else { return send(at, &actions) }
        deadline = at + Self.longestSilence
        restarts = 0
        if state == .working { state = .attached }
    }

    private mutating func send(_ at: Timestamp, _ actions: inout [Conversation.Action]) {
        attempt += 1
        deadline = at + Self.answerTime
        actions.append(write(commands[stage - 1].message))
    }

    private func write(_ message: ANTMessage) -> Conversation.Action {
        .write(.port, message.bytes, response: false)
    }

    private mutating func fail(_ reason: String) {
        state = .failed(reason)
        deadline = nil
    }

    // MARK: Messages of the stick

    /// - Returns: whether it is for the profile.
    private mutating func take(
        _ message: ANTMessage, _ at: Timestamp, _ actions: inout [Conversation.Action]
    ) -> Bool {
        switch message.id {
        case ANTMessage.ID.startup:
            // After our reset, or because it fell over: it has forgotten everything either way.
            if stage > commands.count { actions.append(.note("the ANT stick has restarted: it is set up again")) }
            begin(1, at, &actions)
            return false
        case ANTMessage.ID.response where message.payload.count >= 3:
            return respond(to: message.payload[1], of: message.payload[0], code: message.payload[2], at, &actions)
        case ANTMessage.ID.broadcast where message.payload.count >= 9: return isOurs(message.payload, &actions)
        default: return false
        }
    }

    /// An answer to a command, or an event of the channel.
    private mutating func respond(
        to id: UInt8, of channel: UInt8, code: UInt8, _ at: Timestamp, _ actions: inout [Conversation.Action]
    ) -> Bool {
        guard id != 1 else {
            guard channel == self.channel, stage > commands.count else { return false }
            switch code {
            // From the channel's id on: a closed channel may have forgotten whom it followed.
            case Code.channelClosed: begin(Self.identifying, at, &actions)
            case Code.searchTimeout: actions.append(.note("no sensor found in the search time; the search goes on"))
            case Code.goneToSearch: actions.append(.note("the sensor was lost; the stick searches it"))
            default: break
            }
            return true
        }
        guard stage >= 1, stage <= commands.count else { return false }
        let (expected, isOptional) = commands[stage - 1]
        guard id == expected.id else { return false }
        if code == Code.noError || isOptional {
            begin(stage + 1, at, &actions)
        } else if restarts < Self.mostRestarts {
            // A channel in the wrong state, of an earlier user of the stick: begin from nothing.
            reset(at, &actions)
        } else {
            fail("the ANT stick refuses command \(hexadecimal([id])) with code \(hexadecimal([code]))")
        }
        return false
    }

    /// Whether a broadcast comes from the sensor that this channel listens to.
    private mutating func isOurs(_ payload: [UInt8], _ actions: inout [Conversation.Action]) -> Bool {
        guard payload[0] == channel else { return false }
        // Channel, eight bytes, flag 80, number, type, transmission type (9.5.5).
        guard payload.count >= 14, payload[9] & 0x80 != 0 else { return true }
        let number = UInt32(payload[10]) | UInt32(payload[11]) << 8 | UInt32(payload[13] >> 4) << 16
        guard payload[12] & 0x7F == deviceType else { return false }
        if sensor == 0 || (sensor <= 0xFFFF && sensor == number & 0xFFFF) {
            if sensor == 0 { actions.append(.note("listens to ANT sensor \(number)")) }
            if sensor != number { actions.append(.remember(.driver(.antDevice(number)))) }
            sensor = number
        }
        return sensor == number
    }
}
