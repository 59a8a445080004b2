/// The adapters of this machine: found, switched on where that is nobody else's business, and kept alive.
///
/// A pure state machine over management events: what it wants done is in `ManagementActions`. Where bluetoothd runs
/// nothing is switched, set or loaded: its adapters are used as they are. Without it each adapter gets LE, Secure
/// Connections, bonding and the keys of earlier pairings, and is switched on; one that stops answering is switched off
/// and on again.
struct Adapters: Sendable {
    private(set) var adapters: [UInt16: Adapter] = [:]
    private(set) var owner = BluetoothOwner.unknown
    /// Keys to load into adapters that are ours.
    var bonds: [Bond] = []
    /// Without keys: for a look around beside a daemon, whose keys loading would replace.
    let loadsKeys: Bool

    /// Pauses between tries to switch an adapter on: the first, doubled up to the longest.
    static let firstPause: Int64 = 1000
    static let longestPause: Int64 = 60_000
    /// rfkill tells nobody here when it unblocks: asked again and again.
    static let blockedPause: Int64 = 5000
    /// An adapter that did not even answer to being switched off is left alone for so long.
    static let stuckPause: Int64 = 60_000

    init(loadsKeys: Bool = true) { self.loadsKeys = loadsKeys }

    /// Those that can be used, the lowest index first.
    var ready: [Adapter] { adapters.values.filter { $0.condition == .ready }.sorted { $0.index < $1.index } }

    /// Why no adapter can be used; `nil` when one can.
    var obstacle: String? {
        if adapters.isEmpty { return "there is no Bluetooth adapter; plug one in" }
        guard ready.isEmpty else { return nil }
        return adapters.values.min { $0.index < $1.index }?.condition.reason
    }

    /// Asks which adapters there are.
    func begin(_ actions: inout ManagementActions) { actions.send(.readIndexList) }

    /// It was found out whose the adapters are.
    mutating func owned(by owner: BluetoothOwner, at now: Int64, _ actions: inout ManagementActions) {
        guard owner != self.owner else { return }
        self.owner = owner
        switch owner {
        case .bluetoothd: actions.log("bluetoothd runs: its adapters, pairings and settings are used as they are")
        case .vitald: actions.log("no bluetoothd runs: vitald switches the adapters on and keeps the pairings")
        case .unknown: break
        }
        for index in adapters.keys.sorted() {
            // What bluetoothd left behind is set anew; what was ours is no more.
            adapters[index]?.prepared = []
            adapters[index]?.failures = 0
            advance(index, at: now, &actions)
        }
    }

    // MARK: Events

    mutating func take(_ event: ManagementEvent, index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        switch event {
        case .indexAdded: add(index, &actions)
        case .indexRemoved:
            guard adapters.removeValue(forKey: index) != nil else { return }
            actions.log("hci\(index) is gone")
        case .newSettings(let settings):
            guard adapters[index] != nil else { return }
            adapters[index]?.settings = settings
            advance(index, at: now, &actions)
        case .controllerError(let code):
            actions.log("hci\(index) reports a hardware error (\(code))")
            reset(index, at: now, &actions)
        default: break
        }
    }

    private mutating func add(_ index: UInt16, _ actions: inout ManagementActions) {
        adapters[index] = Adapter(index: index)
        adapters[index]?.isAsked = true
        actions.send(.readInformation, to: index)
    }

    /// Takes the answer to a command.
    mutating func answered(
        _ command: ManagementCommand, _ status: ManagementStatus, _ parameters: [UInt8], index: UInt16, at now: Int64,
        _ actions: inout ManagementActions
    ) {
        if command == .readIndexList { return list(status, parameters, &actions) }
        guard Self.isPreparing(command), adapters[index] != nil else { return }
        adapters[index]?.isAsked = false
        if status == .success {
            adapters[index]?.failures = 0
            done(command, parameters, index)
        } else {
            failed(command, status, index, at: now, &actions)
        }
        advance(index, at: now, &actions)
    }

    private mutating func list(
        _ status: ManagementStatus, _ parameters: [UInt8], _ actions: inout ManagementActions
    ) {
        var reader = OctetReader(parameters)
        guard status == .success, reader.uint16() != nil else { return }
        var present: Set<UInt16> = []
        while let index = reader.uint16() { present.insert(index) }
        for index in adapters.keys where !present.contains(index) { adapters[index] = nil }
        for index in present.sorted() where adapters[index] == nil { add(index, &actions) }
    }

    private mutating func done(_ command: ManagementCommand, _ parameters: [UInt8], _ index: UInt16) {
        var reader = OctetReader(parameters)
        switch command {
        case .readInformation:
            // struct mgmt_rp_read_info: address, version, manufacturer, supported and current settings, …
            guard let octets = reader.octets(6), reader.uint8() != nil, reader.uint16() != nil,
                let supported = reader.uint32(), let current = reader.uint32()
            else { return }
            let address = BluetoothAddress(littleEndian: octets, kind: .public)
            adapters[index]?.address = address.flatMap { $0.number == 0 ? nil : $0 }
            adapters[index]?.supported = AdapterSettings(rawValue: supported)
            adapters[index]?.settings = AdapterSettings(rawValue: current)
            adapters[index]?.prepared.insert(command.code)
        case .setPowered(let on):
            reader.uint32().map { adapters[index]?.settings = AdapterSettings(rawValue: $0) }
            if !on { adapters[index]?.prepared = [ManagementCommand.readInformation.code] }
        case .setLowEnergy, .setBondable, .setSecureConnections:
            reader.uint32().map { adapters[index]?.settings = AdapterSettings(rawValue: $0) }
            adapters[index]?.prepared.insert(command.code)
        default: adapters[index]?.prepared.insert(command.code)
        }
    }

    private mutating func failed(
        _ command: ManagementCommand, _ status: ManagementStatus, _ index: UInt16, at now: Int64,
        _ actions: inout ManagementActions
    ) {
        guard var adapter = adapters[index] else { return }
        switch (command, status) {
        case (_, .permissionDenied): adapter.condition = .denied
        case (.setPowered, .blockedByRfkill): adapter.condition = .blocked
        case (.setSecureConnections, _), (.setCapability, _), (.loadLongTermKeys, _), (.loadIdentityKeys, _),
            (.setBondable, _):
            // Devices that need no pairing work without.
            actions.log("\(adapter.name): command \(command.code) failed (\(status)); devices may not pair")
            adapter.prepared.insert(command.code)
            adapters[index] = adapter
            return
        default: adapter.condition = .failing("\(status)")
        }
        let pause =
            adapter.condition == .blocked
            ? Self.blockedPause : min(Self.firstPause << Int64(min(adapter.failures, 20)), Self.longestPause)
        adapter.failures += 1
        adapter.due = now + pause
        if adapter.failures == 1 { actions.log("\(adapter.name): \(adapter.condition.reason)") }
        adapters[index] = adapter
    }

    /// Those that could not be switched on, and nobody said why.
    var failing: [UInt16] {
        let plain = Adapter.Condition.failing("\(ManagementStatus.failed)")
        return adapters.values.filter { $0.condition == plain }.map(\.index).sorted()
    }

    /// One of those is blocked by rfkill.
    mutating func blocked(_ index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        guard failing.contains(index) else { return }
        adapters[index]?.condition = .blocked
        adapters[index]?.due = now + Self.blockedPause
        actions.log("hci\(index): \(Adapter.Condition.blocked.reason)")
    }

    private static func isPreparing(_ command: ManagementCommand) -> Bool {
        switch command {
        case .readInformation, .setPowered, .setBondable, .setLowEnergy, .setSecureConnections, .setCapability,
            .loadLongTermKeys, .loadIdentityKeys:
            true
        default: false
        }
    }

    // MARK: Preparing

    /// Takes the next step with an adapter, unless one is under way or to be waited for.
    private mutating func advance(_ index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        guard var adapter = adapters[index], !adapter.isAsked else { return }
        if let due = adapter.due {
            guard due <= now else { return }
            adapter.due = nil
        }
        let before = adapter.condition
        if let command = next(&adapter) {
            adapter.isAsked = true
            actions.send(command, to: index)
        }
        adapters[index] = adapter
        if adapter.condition != before, adapter.condition != .starting {
            let address = adapter.address.map { " \($0)" } ?? ""
            actions.log("\(adapter.name)\(address): \(adapter.condition.reason)")
        }
    }

    /// The command that brings an adapter nearer to use; sets its condition.
    private func next(_ adapter: inout Adapter) -> ManagementCommand? {
        if !adapter.prepared.contains(ManagementCommand.readInformation.code) { return .readInformation }
        guard adapter.supported.contains(.lowEnergy) else {
            adapter.condition = .unsuitable
            return nil
        }
        let isOn = adapter.settings.isSuperset(of: [.powered, .lowEnergy])
        switch owner {
        case .unknown: return nil
        case .bluetoothd:
            adapter.condition = isOn ? .ready : .off
            return nil
        case .vitald: break
        }
        let steps = preparation(of: adapter)
        if let step = steps.first(where: { !adapter.prepared.contains($0.code) }) {
            if adapter.condition == .ready { adapter.condition = .starting }
            return step
        }
        if !adapter.settings.contains(.lowEnergy) { return .setLowEnergy(true) }
        if !adapter.settings.contains(.powered) {
            if adapter.condition == .ready { adapter.condition = .starting }
            return .setPowered(true)
        }
        adapter.condition = .ready
        return nil
    }

    /// What is set once, while the adapter is still off where it can be.
    private func preparation(of adapter: Adapter) -> [ManagementCommand] {
        var steps: [ManagementCommand] = []
        if !adapter.settings.contains(.lowEnergy) { steps.append(.setLowEnergy(true)) }
        guard loadsKeys else { return steps }
        if adapter.supported.contains(.secureConnections), !adapter.settings.contains(.secureConnections) {
            steps.append(.setSecureConnections(true))
        }
        if !adapter.settings.contains(.bondable) { steps.append(.setBondable(true)) }
        // What is paired on its own, because a device demands it, has nobody beside it; `pair` says otherwise for itself.
        steps.append(.setCapability(.noInputNoOutput))
        let own = bonds.filter { $0.adapter == nil || $0.adapter == adapter.address }
        steps.append(.loadIdentityKeys(own.compactMap(\.identity)))
        steps.append(.loadLongTermKeys(own.flatMap(\.keys)))
        return steps
    }

    // MARK: Stuck adapters

    /// Takes note that a command was not answered in time.
    mutating func unanswered(
        _ command: ManagementCommand, index: UInt16, at now: Int64, _ actions: inout ManagementActions
    ) {
        guard let adapter = adapters[index] else { return }
        if Self.isPreparing(command) { adapters[index]?.isAsked = false }
        if adapter.condition == .resetting || command == .setPowered(false) {
            adapters[index]?.condition = .stuck
            adapters[index]?.due = now + Self.stuckPause
            actions.log("\(adapter.name): \(Adapter.Condition.stuck.reason)")
        } else {
            reset(index, at: now, &actions)
        }
    }

    /// Switches an adapter off and on again; only reports it where that is bluetoothd's to do.
    mutating func reset(_ index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        guard let adapter = adapters[index], adapter.condition != .resetting else { return }
        guard owner == .vitald else {
            adapters[index]?.condition = .stuck
            adapters[index]?.due = now + Self.stuckPause
            return actions.log("\(adapter.name): \(Adapter.Condition.stuck.reason)")
        }
        actions.log("\(adapter.name) stopped answering: it is switched off and on again")
        adapters[index]?.condition = .resetting
        adapters[index]?.due = nil
        adapters[index]?.isAsked = true
        actions.send(.setPowered(false), to: index)
    }

    /// Lets time pass.
    mutating func advance(at now: Int64, _ actions: inout ManagementActions) {
        for index in adapters.keys.sorted() where (adapters[index]?.due ?? .max) <= now {
            if adapters[index]?.condition == .stuck {
                adapters[index]?.due = nil
                adapters[index]?.prepared = []
                adapters[index]?.isAsked = false
                if owner == .vitald { reset(index, at: now, &actions) }
            }
            advance(index, at: now, &actions)
        }
    }

    /// The kernel refuses what vitald has no right to.
    mutating func deny(_ index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        guard let adapter = adapters[index], adapter.condition != .denied else { return }
        adapters[index]?.condition = .denied
        adapters[index]?.due = now + Self.longestPause
        actions.log("\(adapter.name): \(Adapter.Condition.denied.reason)")
    }

    var nextDue: Int64? { adapters.values.compactMap(\.due).min() }
}
