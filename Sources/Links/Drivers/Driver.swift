import Profiles
import Vitals

/// Code behind a profile's `driver` step, for what no list of steps can say.
///
/// A driver is a pure state machine like the conversation that runs it: bytes and time in, actions out. While it works it
/// owns its channels: what arrives there goes to it alone, and it hands on, as `frame` actions under a name of the
/// profile's inputs, what the profile can decode. The next step waits until the driver is `attached` (it goes on in the
/// background), `done` or `failed`.
protocol Driver: Sendable {
    var state: DriverState { get }
    /// When `advance` must be called at the latest.
    var deadline: Timestamp? { get }
    /// What it wants to know when it runs again on the same device.
    var memory: DriverMemory? { get }

    func listens(to channel: Conversation.Channel) -> Bool
    mutating func start(at: Timestamp, _ actions: inout [Conversation.Action])
    mutating func received(
        _ bytes: [UInt8], on channel: Conversation.Channel, at: Timestamp, _ actions: inout [Conversation.Action])
    mutating func advance(to at: Timestamp, _ actions: inout [Conversation.Action])
    /// The link is about to be closed: what the device must be told.
    mutating func stop(_ actions: inout [Conversation.Action])
    /// Time was skipped: deadlines keep their distance.
    mutating func skip(_ gap: TimeSpan)
}

/// How far a driver is.
enum DriverState: Hashable, Sendable {
    case working
    /// Set up; it keeps its channels as long as the link lasts.
    case attached
    case done
    case failed(String)
}

/// What outlives a driver.
public enum DriverMemory: Hashable, Sendable {
    /// The sensor an ANT channel has met: it goes on with that one.
    case antDevice(UInt32)
    /// How far a Contec's recording was handed on.
    case contecRecording(ContecProgress)
}

extension DriverName {
    /// The driver of this name, ready to start.
    ///
    /// - Parameter input: the profile's input that stands for the port.
    /// - Throws: what is missing, in a sentence for people.
    func driver(
        _ arguments: [String: String], input: String, context: StepContext, memory: DriverMemory?
    ) throws(DriverRefusal) -> any Driver {
        let arguments = try DriverArguments(self, arguments, context)
        switch self {
        case .antChannel: return try ANTChannel(arguments, input: input, memory: memory)
        case .contecHistory: return try ContecHistory(arguments, context: context, memory: memory)
        case .huamiAuthentication:
            throw DriverRefusal(
                reason: "there is no code for the driver \(rawValue) yet: the device cannot be connected")
        }
    }
}

/// Why a driver cannot begin.
struct DriverRefusal: Error {
    var reason: String
}

/// The arguments of a `driver` step, secrets filled in.
struct DriverArguments {
    private let name: DriverName
    private var values: [String: String] = [:]

    private static let secret = "$secret."

    init(_ name: DriverName, _ arguments: [String: String], _ context: StepContext) throws(DriverRefusal) {
        self.name = name
        for (key, value) in arguments {
            guard value.hasPrefix(Self.secret) else {
                values[key] = value
                continue
            }
            let secret = String(value.dropFirst(Self.secret.count))
            guard let known = context.secrets[secret] else {
                throw DriverRefusal(
                    reason: "the driver \(name.rawValue) needs the secret '\(secret)': put it into 'secrets' of the "
                        + "configuration")
            }
            values[key] = known
        }
    }

    func text(_ key: String) throws(DriverRefusal) -> String {
        guard let value = values[key] else {
            throw DriverRefusal(reason: "the driver \(name.rawValue) needs the argument '\(key)'")
        }
        return value
    }

    /// A whole number within what the driver's table allows; `nil` when it is not given.
    func number(_ key: String) throws(DriverRefusal) -> Int? {
        guard let text = values[key] else { return nil }
        guard let value = Int(text), name.numbers[key]?.contains(value) ?? true else {
            throw DriverRefusal(reason: "the driver \(name.rawValue) cannot use '\(text)' as '\(key)'")
        }
        return value
    }

    /// A key of so many bytes in hexadecimal.
    func key(_ key: String, bytes count: Int) throws(DriverRefusal) -> [UInt8] {
        let digits = try text(key).utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        let values = digits.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        guard digits.count == 2 * count, values.count == digits.count else {
            throw DriverRefusal(
                reason:
                    "the driver \(name.rawValue) needs \(count) bytes in hexadecimal as '\(key)', not \(digits.count) digits"
            )
        }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
