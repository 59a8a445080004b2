import Profiles
import Vitals

/// What is said to a device from the opening of its link to its closing, as its profile's steps ask, over any transport.
///
/// A conversation is a value and does nothing itself: whoever owns the link tells it what happened and when, and carries
/// out the actions it answers with, in their order. A serial link has one channel, the port; a Bluetooth link has one per
/// characteristic.
///
/// ```swift
/// var conversation = Conversation(Script(profile), context: StepContext(now: now, zone: zone))
/// perform(conversation.start(at: now))                                  // the link is up (after GATT discovery)
/// perform(conversation.received(bytes, on: .characteristic(uuid), at: now))   // a notification, an indication, a read
/// perform(conversation.answered(.done, at: now))                        // the outstanding request is over
/// perform(conversation.advance(to: now))                                // when `deadline` has come
/// perform(conversation.stop(at: now))                                   // before closing: until `finished`
/// ```
///
/// **Requests.** After a `read`, a `subscribe`, or a `write` with `response: true` the conversation waits for exactly one
/// `answered`; there is never a second request before it. Other writes are not answered. Where a step is optional,
/// `missing` and `refused` skip it; else they fail the connection while it is being set up, and are noted later.
/// A read's value comes as `answered(.value(bytes))` and is handed on as a frame like a notification.
///
/// **Frames.** What a device sends goes in through `received` and comes out as `frame` under the name of the profile's
/// input, unchanged, unless a driver owns the channel: then the driver decides. Bytes on a channel that the profile has no
/// input for are dropped, having answered what they answer.
///
/// **Order.** Steps are taken one after the other: `connect`, then what falls due of `keepAlive` (before everything that
/// waits), `poll` and `live`. `ready` comes when all `connect` steps are done, those for stored data (`if: "history"`)
/// excepted: a device is connected before its nights are fetched.
///
/// **Time** comes in as arguments and never goes back: an earlier one counts as the last one. However the passing of time
/// is cut into calls, the actions are the same; what fell due earlier is done first, as of the moment it was due. After a
/// sleep or a set clock `skip(to:)` spares the device everything that would have fallen due meanwhile.
public struct Conversation: Sendable {
    /// Where bytes go to and come from.
    public enum Channel: Hashable, Sendable {
        case port
        case characteristic(BluetoothUUID)
    }

    /// What the owner of the link is to do.
    public enum Action: Hashable, Sendable {
        /// With `response`, an `answered` is awaited. Serial links write without.
        case write(Channel, [UInt8], response: Bool)
        case read(Channel)
        /// Notifications, or indications, are switched on.
        case subscribe(Channel, indications: Bool)
        /// To be decoded.
        case frame(input: String, [UInt8])
        /// The device is set up.
        case ready
        /// To be kept for the next conversation with this device, together with the frames before it.
        case remember(LinkMemory.Change)
        /// For the log: a step was skipped, an answer did not come, a driver tells something.
        case note(String)
        /// The device cannot be used so: close the link. Nothing follows.
        case failed(String)
        /// After `stop`: everything is said, close the link. Nothing follows.
        case finished
    }

    /// How a request ended.
    public enum Answer: Hashable, Sendable {
        case done
        case value([UInt8])
        /// The device has no such characteristic, or it cannot do that.
        case missing
        /// The device, or the system, said no.
        case refused(String)
    }

    enum Phase: Hashable, Sendable { case before, connecting, open, leaving, over }

    /// Why a step is taken: what its failure means.
    enum Purpose: Hashable, Sendable { case connect, history, upkeep, farewell }

    /// A step that waits for its turn.
    struct Errand: Hashable, Sendable {
        var step: Step
        var daysAgo = 0
        var purpose: Purpose
        /// Which recurring steps it belongs to, so that they do not pile up.
        var origin: Recurring?
    }

    /// What the next step waits for.
    enum Pause: Hashable, Sendable {
        case none
        case wait(until: Timestamp)
        /// An `answered`.
        case request(Errand, isOptional: Bool, until: Timestamp)
        /// The rest of the answer of `question`.
        case reply
        case driver(Errand)
    }

    /// A step that asked something.
    struct Question: Hashable, Sendable {
        var errand: Errand
        var progress: Reply.Progress
        var asked = 1
        var until: Timestamp
        var isOver = false
    }

    /// Steps that fall due again and again.
    struct Schedule: Hashable, Sendable {
        var recurring: Recurring
        var due: Timestamp
        var isUrgent = false
        /// Only while somebody watches.
        var isLive = false
    }

    public let script: Script
    var context: StepContext
    var time: Timestamp = .distantPast
    var phase = Phase.before
    var queue: [Errand] = []
    var pause = Pause.none
    var question: Question?
    /// The last bytes of a serial line that a reply was looked for in.
    var tail: [UInt8] = []
    var schedules: [Schedule] = []
    var driver: (any Driver)?
    var memory: DriverMemory?
    var isWatched = false
    var isLive = false
    var isReady = false
    var leaveBy: Timestamp = .distantFuture
    /// The fetching of stored data: when it began, and whether all of it is known to have come.
    var fetch: (began: Timestamp, isWhole: Bool)?

    /// How long a request may stay unanswered: longer than the 30 s of an ATT transaction (Core 5.4, vol. 3, part F, 3.3.3),
    /// which the link ends itself.
    public static let longestRequest = TimeSpan.seconds(40)
    /// How long leaving may take.
    public static let longestFarewell = TimeSpan.seconds(5)

    /// - Parameters:
    ///   - context: zone, settings, options, known history and secrets; its `now` is set for each step.
    ///   - memory: what a driver knew when the last conversation with the same device ended (`driverMemory`).
    public init(_ script: Script, context: StepContext, memory: DriverMemory? = nil) {
        self.script = script
        self.context = context
        self.memory = memory
    }

    /// What is to be handed to the next conversation with this device, so that a download goes on where it broke off.
    public var driverMemory: DriverMemory? { driver?.memory ?? memory }

    /// When `advance` must be called at the latest; `nil`: nothing falls due.
    public var deadline: Timestamp? {
        guard phase != .before, phase != .over else { return nil }
        var deadline = leaveBy
        switch pause {
        case .wait(let until), .request(_, _, let until): deadline = min(deadline, until)
        case .none, .reply, .driver: break
        }
        if let question, pause == .reply { deadline = min(deadline, question.until) }
        if let due = driver?.deadline { deadline = min(deadline, due) }
        for schedule in schedules { deadline = min(deadline, schedule.due) }
        return deadline == .distantFuture ? nil : deadline
    }

    // MARK: What happened

    /// The link is up.
    public mutating func start(at: Timestamp) -> [Action] {
        guard phase == .before else { return [] }
        time = at
        phase = .connecting
        if script.settle > .zero { queue.append(Errand(step: .wait(script.settle), purpose: .connect)) }
        queue += script.connect.map { Errand(step: $0, purpose: .connect) }
        var actions: [Action] = []
        proceed(&actions)
        return actions
    }

    /// Time has passed.
    public mutating func advance(to at: Timestamp) -> [Action] {
        var actions: [Action] = []
        pass(to: at, &actions)
        return actions
    }

    /// Bytes came: one notification or indication, or whatever a read of a serial port returned.
    public mutating func received(_ bytes: [UInt8], on channel: Channel, at: Timestamp) -> [Action] {
        var actions: [Action] = []
        pass(to: at, &actions)
        guard phase != .before, phase != .over else { return actions }
        take(bytes, on: channel, &actions)
        proceed(&actions)
        return actions
    }

    /// The outstanding request is over. Without one this changes nothing.
    public mutating func answered(_ answer: Answer, at: Timestamp) -> [Action] {
        var actions: [Action] = []
        pass(to: at, &actions)
        guard case .request(let errand, let isOptional, _) = pause else { return actions }
        settle(errand, isOptional, answer, &actions)
        proceed(&actions)
        return actions
    }

    /// Somebody watches values in real time, or no longer does. Before `ready` it is remembered.
    public mutating func watch(_ isWatched: Bool, at: Timestamp) -> [Action] {
        var actions: [Action] = []
        pass(to: at, &actions)
        self.isWatched = isWatched
        followWatchers()
        proceed(&actions)
        return actions
    }

    /// The link is to be closed: what waits is dropped, the steps for leaving are taken, at most for `longestFarewell`.
    public mutating func stop(at: Timestamp) -> [Action] {
        var actions: [Action] = []
        pass(to: at, &actions)
        guard phase != .leaving, phase != .over else { return actions }
        let hasStarted = phase != .before
        phase = .leaving
        leaveBy = time + Self.longestFarewell
        schedules = []
        question = nil
        queue = []
        if case .request = pause {} else { pause = .none }
        memory = driverMemory
        driver?.stop(&actions)
        driver = nil
        let farewell = (isLive ? script.live.stop : []) + script.disconnect
        if hasStarted { queue = farewell.map { Errand(step: $0, purpose: .farewell) } }
        proceed(&actions)
        return actions
    }

    /// The clock was set, or the machine slept: what is due keeps its distance from now.
    public mutating func skip(to at: Timestamp) {
        let gap = at - time
        guard gap > .zero else { return }
        time = at
        for index in schedules.indices { schedules[index].due = schedules[index].due + gap }
        if let asked = question { question?.until = asked.until + gap }
        if leaveBy < .distantFuture { leaveBy = leaveBy + gap }
        switch pause {
        case .wait(let until): pause = .wait(until: until + gap)
        case .request(let errand, let isOptional, let until):
            pause = .request(errand, isOptional: isOptional, until: until + gap)
        case .none, .reply, .driver: break
        }
        driver?.skip(gap)
    }
}
