import Vitals

/// What two sides that were paired keep: without bluetoothd, vitald keeps it.
public struct Bond: Hashable, Sendable {
    /// The device's identity.
    public var address: BluetoothAddress
    /// The adapter it was paired with: the device knows that one only. `nil` for any.
    public var adapter: BluetoothAddress?
    /// As it advertised itself when it was paired.
    public var name: String?
    public var since: Timestamp
    var keys: [LongTermKey] = []
    var identity: IdentityKey?

    init(address: BluetoothAddress, adapter: BluetoothAddress?, name: String?, since: Timestamp) {
        self.address = address
        self.adapter = adapter
        self.name = name
        self.since = since
    }

    /// Whether somebody compared numbers or typed them in when it was paired.
    public var isAuthenticated: Bool { keys.contains { $0.isAuthenticated } }
}
