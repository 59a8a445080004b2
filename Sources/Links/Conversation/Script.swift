import Profiles
import Vitals

/// What a profile says about talking to its device: the part of it that a conversation needs.
public struct Script: Hashable, Sendable {
    /// Waited before the first step.
    public var settle: TimeSpan = .zero
    /// Taken in order before the link counts as ready.
    public var connect: [Step] = []
    public var live = LiveSteps()
    public var poll: [Recurring] = []
    public var keepAlive: [Recurring] = []
    /// Taken in order before leaving.
    public var disconnect: [Step] = []
    /// Under which input's name bytes are handed on.
    public var inputs: [Conversation.Channel: String] = [:]
    /// What frames must satisfy to answer something.
    public var shapes: [Conversation.Channel: FrameShape] = [:]

    /// A script that sends nothing and hands everything on.
    public init(connect: [Step] = [], keepAlive: [Recurring] = [], input: String = "port") {
        self.connect = connect
        self.keepAlive = keepAlive
        inputs = [.port: input]
    }

    public init(_ profile: Profile) {
        settle = profile.link.settle
        connect = profile.connect
        live = profile.live
        poll = profile.poll
        keepAlive = profile.keepAlive
        disconnect = profile.disconnect
        // By name, so that of two inputs on one channel it is always the same that gets the bytes.
        for (name, source) in profile.inputs.sorted(by: { $0.key > $1.key }) {
            switch source {
            case .serial: inputs[.port] = profile.serialInput
            case .characteristic(let uuid):
                inputs[.characteristic(uuid)] = name
                shapes[.characteristic(uuid)] = profile.shape(of: name)
            case .manufacturerData, .serviceData: break
            }
        }
    }

    /// Whether the device is only listened to.
    public var isQuiet: Bool { connect.isEmpty && poll.isEmpty && keepAlive.isEmpty }
}
