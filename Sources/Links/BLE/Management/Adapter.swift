/// One Bluetooth adapter of this machine, as the kernel tells of it.
public struct Adapter: Hashable, Sendable {
    /// How it is, and why it cannot be used.
    public enum Condition: Hashable, Sendable {
        /// Being asked, or being switched on.
        case starting
        /// Switched on; devices can be found and connected.
        case ready
        /// Switched off, and bluetoothd is who may switch it on.
        case off
        /// A switch on the machine, or `rfkill`, keeps its radio off.
        case blocked
        /// It has no Bluetooth LE.
        case unsuitable
        /// `CAP_NET_ADMIN` is missing.
        case denied
        /// It stopped answering and is being switched off and on.
        case resetting
        /// It stopped answering and nothing more can be done from here.
        case stuck
        /// It could not be switched on.
        case failing(String)

        /// A plain sentence part, fit for an event's text.
        public var reason: String {
            switch self {
            case .starting: "the Bluetooth adapter is being switched on"
            case .ready: "the Bluetooth adapter is ready"
            case .off: "Bluetooth is switched off; switch it on with: bluetoothctl power on"
            case .blocked: "the radio is blocked; unblock it with: rfkill unblock bluetooth"
            case .unsuitable: "the adapter has no Bluetooth LE"
            case .denied: "no permission to use Bluetooth; vitald needs CAP_NET_ADMIN"
            case .resetting: "the Bluetooth adapter stopped answering and is being restarted"
            case .stuck: "the Bluetooth adapter does not answer; unplug it, or restart bluetoothd or the machine"
            case .failing(let why): "the Bluetooth adapter cannot be switched on (\(why))"
            }
        }
    }

    /// 0 for `hci0`.
    public var index: UInt16
    /// `nil` until it told, and for adapters that have a static random address only.
    public var address: BluetoothAddress?
    public internal(set) var condition = Condition.starting

    var supported: AdapterSettings = []
    var settings: AdapterSettings = []
    /// What has been done to it since it came, or since it was reset.
    var prepared: Set<UInt16> = []
    /// A command of the preparation that is not answered yet.
    var isAsked = false
    var failures = 0
    /// When to try again.
    var due: Int64?

    init(index: UInt16) { self.index = index }

    public var name: String { "hci\(index)" }
}

/// Whose the adapters are.
public enum BluetoothOwner: Hashable, Sendable {
    /// It is being found out; nothing is changed meanwhile.
    case unknown
    /// bluetoothd runs: it switches adapters on, keeps the keys, and nothing of that is touched.
    case bluetoothd
    /// Nobody else cares for them.
    case vitald
}
