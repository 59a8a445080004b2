import Vitals

/// Answers the kernel's questions while a device is paired, and collects the keys that come of it.
///
/// Just Works is agreed to for devices of the household; numbers and passkeys are for a person, who is asked through the
/// command that pairs. Whoever is not expected is refused: nobody pairs with the hub from outside.
public struct PairingAgent: Sendable {
    /// What a person has to do.
    public enum Question: Hashable, Sendable {
        /// Compare: the device shows the same six digits.
        case compare(UInt32)
        /// Type in the six digits that the device shows.
        case enter
        /// Type these six digits in at the device.
        case show(UInt32)
    }

    /// How a pairing goes.
    public enum Progress: Hashable, Sendable {
        case running
        case asking(Question)
        case done
        case failed(String)
    }

    /// A pairing that a person began.
    public struct Session: Hashable, Sendable {
        public var address: BluetoothAddress
        public var adapter: UInt16
        public var progress = Progress.running
    }

    /// One at a time: there is one person at the command.
    public private(set) var session: Session?
    /// Devices that links of ours are secured with, or may be.
    var expected: Set<BluetoothAddress> = []
    private(set) var bonds: [BluetoothAddress: Bond] = [:]
    /// Set when `bonds` changed; whoever keeps them clears it.
    var hasChanged = false

    /// More bonds than devices in any household; the oldest go.
    static let most = 64

    init(bonds: [Bond] = []) {
        self.bonds = Dictionary(bonds.map { ($0.address, $0) }, uniquingKeysWith: { _, newer in newer })
    }

    // MARK: By hand

    /// Begins to pair with a device.
    mutating func pair(_ address: BluetoothAddress, on adapter: UInt16, _ actions: inout ManagementActions) {
        session = Session(address: address, adapter: adapter)
        actions.send(.pair(address, .keyboardDisplay), to: adapter)
    }

    /// The person's answer: agreed or not, or the digits that were asked for.
    ///
    /// - Returns: why it was not taken; `nil` when it was.
    mutating func answer(_ agrees: Bool, passkey: UInt32?, _ actions: inout ManagementActions) -> String? {
        guard let session, case .asking(let question) = session.progress else { return "no device asks for anything" }
        switch question {
        case .compare: actions.send(.confirm(session.address, agrees), to: session.adapter)
        case .enter:
            guard let passkey, passkey <= 999_999, agrees else {
                if agrees { return "a passkey has six digits" }
                actions.send(.passkey(session.address, nil), to: session.adapter)
                break
            }
            actions.send(.passkey(session.address, passkey), to: session.adapter)
        case .show:
            if agrees { return nil }
            actions.send(.cancelPairing(session.address), to: session.adapter)
        }
        self.session?.progress = .running
        return nil
    }

    /// Gives up a pairing that is under way.
    mutating func cancel(_ actions: inout ManagementActions) {
        guard let session, session.isOpen else { return }
        actions.send(.cancelPairing(session.address), to: session.adapter)
        self.session?.progress = .failed("given up")
    }

    /// Deletes the keys of a device, ours and the kernel's.
    mutating func forget(_ address: BluetoothAddress, on adapters: [UInt16], _ actions: inout ManagementActions) {
        if bonds.removeValue(forKey: address) != nil { hasChanged = true }
        for index in adapters { actions.send(.unpair(address, disconnect: true), to: index) }
    }

    // MARK: Events

    /// Takes an event. `keeps`: whether keys are ours to keep.
    mutating func take(
        _ event: ManagementEvent, index: UInt16, adapter: BluetoothAddress?, keeps: Bool, name: String?,
        at time: Timestamp, _ actions: inout ManagementActions
    ) {
        switch event {
        case .confirmRequest(let address, let isJustWorks, let number):
            if isJustWorks {
                let agrees = isOurs(address, index) || expected.contains(address)
                actions.send(.confirm(address, agrees), to: index)
                if !agrees { actions.log("\(address) wanted to pair and was refused: nobody asked for it") }
            } else if isOurs(address, index) {
                session?.progress = .asking(.compare(number))
            } else {
                refuse(address, .confirm(address, false), index, &actions)
            }
        case .passkeyRequest(let address):
            if isOurs(address, index) {
                session?.progress = .asking(.enter)
            } else {
                refuse(address, .passkey(address, nil), index, &actions)
            }
        case .passkeyNotify(let address, let passkey, _):
            if isOurs(address, index) { session?.progress = .asking(.show(passkey)) }
        case .authenticationFailed(let address, let status):
            if isOurs(address, index) { session?.progress = .failed("\(status)") }
            actions.log("pairing with \(address) failed (\(status))")
        case .indexRemoved:
            // Nobody answers any more.
            if let session, session.isOpen, session.adapter == index {
                self.session?.progress = .failed("the Bluetooth adapter is gone")
            }
        case .newLongTermKey(true, let key) where keeps:
            update(key.address, adapter, name, at: time) { bond in
                bond.keys.removeAll { $0.type == key.type && $0.central == key.central }
                bond.keys.append(key)
            }
        case .newIdentityKey(true, let seenAs, let key) where keeps:
            // From now on the device goes by its identity.
            if session?.address == seenAs { session?.address = key.address }
            if expected.remove(seenAs) != nil { expected.insert(key.address) }
            update(key.address, adapter, name, at: time) { $0.identity = key }
        case .newIdentityKey(_, let seenAs, let key):
            if session?.address == seenAs { session?.address = key.address }
        default: break
        }
    }

    /// Takes the answer to `pair` or `cancelPairing`.
    mutating func answered(_ command: ManagementCommand, _ status: ManagementStatus, index: UInt16) {
        guard case .pair = command, let session, session.adapter == index, session.isOpen else { return }
        self.session?.progress =
            status == .success || status == .alreadyPaired ? .done : .failed(Self.reason(status))
    }

    private static func reason(_ status: ManagementStatus) -> String {
        switch status {
        case .connectFailed: "the device was not reached; is it switched on, near, and in pairing mode?"
        case .authenticationFailed: "the device refused, or the numbers did not agree"
        case .busy: "the device is being paired already, by bluetoothd perhaps"
        case .permissionDenied: "no permission; vitald needs CAP_NET_ADMIN"
        default: "\(status)"
        }
    }

    private func isOurs(_ address: BluetoothAddress, _ index: UInt16) -> Bool {
        guard let session, session.isOpen, session.adapter == index else { return false }
        return session.address == address
    }

    private mutating func refuse(
        _ address: BluetoothAddress, _ command: ManagementCommand, _ index: UInt16, _ actions: inout ManagementActions
    ) {
        actions.send(command, to: index)
        actions.log("\(address) asks for a number when it is paired: pair it by hand with vitald devices pair")
    }

    private mutating func update(
        _ address: BluetoothAddress, _ adapter: BluetoothAddress?, _ name: String?, at time: Timestamp,
        _ change: (inout Bond) -> Void
    ) {
        // A device that is paired anew with another adapter has forgotten the first.
        var bond =
            bonds[address].flatMap { $0.adapter == adapter ? $0 : nil }
            ?? Bond(address: address, adapter: adapter, name: name, since: time)
        change(&bond)
        if bond.name == nil { bond.name = name }
        bonds[address] = bond
        hasChanged = true
        if bonds.count > Self.most, let oldest = bonds.values.min(by: { $0.since < $1.since }) {
            bonds[oldest.address] = nil
        }
    }
}

extension PairingAgent.Session {
    /// Whether it still goes on.
    public var isOpen: Bool {
        switch progress {
        case .running, .asking: true
        case .done, .failed: false
        }
    }
}
