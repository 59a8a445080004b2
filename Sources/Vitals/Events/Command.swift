/// An order to the hub, with the person who gives it. Every applied command is recorded by its id in the commit that
/// holds its effect, so that giving it twice does no more than giving it once.
public struct Command: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case acknowledge(EventID, comment: String)
        case acceptPlan(EventID)
        case declinePlan(EventID)
        /// Read rules and profiles again.
        case reload
        case stop
        /// Pair with a Bluetooth device: the name of one of the household, or an address.
        case pair(device: String)
        /// The answer to what the device that is being paired asks; `passkey` are the six digits that it shows.
        case answerPairing(agrees: Bool, passkey: UInt32?)
        /// Delete the keys of a Bluetooth device.
        case forgetDevice(String)
        /// A follower of the store has everything up to a commit; one that is new is remembered.
        case follow(name: String, after: UInt64)
        /// Keep nothing more for a follower.
        case unfollow(String)
        /// A record was written or taken back. The order names it only: what it says stands in the record.
        case put(RecordID, revision: UInt32, Record.Kind)

        /// The order that is kept of a record.
        public static func put(_ record: Record) -> Action {
            .put(record.id, revision: record.revision, record.kind)
        }
    }

    public var id: CommandID
    /// Name of who acts; empty when the operating system's user is all that is known.
    public var actor: String
    public var action: Action

    public init(id: CommandID, actor: String, action: Action) {
        self.id = id
        self.actor = actor
        self.action = action
    }
}

/// A question to a running hub.
public enum Query: Hashable, Sendable {
    case status
    case devices
    /// All that is known of one device.
    case device(named: String)
    /// How the pairing that was begun last goes.
    case pairing
    /// The alert that a name (`last`, or the beginning of an id) stands for.
    case alert(named: String)
    /// The same of a plan change.
    case plan(named: String)
}
