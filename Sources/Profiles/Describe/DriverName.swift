/// Code that a profile's `driver` step can name, and the arguments it takes.
///
/// The code itself is where links are; a profile that names anything else is refused when it is read.
public enum DriverName: String, CaseIterable, Hashable, Sendable {
    /// One receiving channel of an ANT stick.
    case antChannel = "ant-channel"
    /// Download of what a Contec oximeter has stored.
    case contecHistory = "contec-history"
    /// The handshake of Mi Bands. Known so that their profile can be read; no link has it yet.
    case huamiAuthentication = "huami-auth"

    /// Arguments without which it cannot work.
    public var required: [String] {
        switch self {
        case .antChannel: ["deviceType", "period", "key"]
        case .contecHistory: ["input"]
        case .huamiAuthentication: ["key", "char"]
        }
    }

    /// Arguments that it also understands.
    public var optional: [String] {
        switch self {
        case .antChannel: ["frequency", "deviceNumber", "channel"]
        case .contecHistory, .huamiAuthentication: []
        }
    }

    /// Arguments that are whole numbers, and what they may be.
    public var numbers: [String: ClosedRange<Int>] {
        switch self {
        case .antChannel:
            [
                "deviceType": 0...127, "period": 1...65535, "frequency": 0...124, "deviceNumber": 0...65535,
                "channel": 0...7,
            ]
        case .contecHistory, .huamiAuthentication: [:]
        }
    }
}
