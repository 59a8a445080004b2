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
    /// The alert that a name (`last`, or the beginning of an id) stands for.
    case alert(named: String)
    /// The same of a plan change.
    case plan(named: String)
}
