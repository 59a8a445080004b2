import Profiles
import Vitals

/// Everything that goes over the management socket, in one pure state machine: adapters, scanning, pairing, and who is
/// around.
///
/// Messages and times go in; `take()` gives what is to be sent and logged, `takeHeard()` the reports of advertisers.
struct BluetoothRadio: Sendable {
    /// A report and what is known of its device with it.
    struct Hearing: Sendable {
        var advertiser: Advertiser
        var report: DeviceReport
        /// Whether it said something else than the last one.
        var isNews: Bool
    }

    private(set) var adapters: Adapters
    private(set) var scanner = Scanner()
    var agent: PairingAgent
    private(set) var table = AdvertiserTable()
    private var pending = PendingCommands()
    private var actions = ManagementActions()
    private var heard: [Hearing] = []
    private var identified: [(seenAs: BluetoothAddress, identity: BluetoothAddress)] = []
    private var demand = Scanner.Demand.none
    private var lastForgetting: Int64 = 0
    /// Devices that the kernel has links to, by adapter: also those that a run before this one left.
    private(set) var linked: [UInt16: Set<BluetoothAddress>] = [:]

    /// Forgetting looks through the whole table.
    private static let forgettingInterval: Int64 = 10_000

    init(bonds: [Bond] = [], loadsKeys: Bool = true) {
        adapters = Adapters(loadsKeys: loadsKeys)
        agent = PairingAgent(bonds: bonds)
        adapters.bonds = bonds
    }

    /// Adapters that can be used, with their own addresses.
    var ready: [(index: UInt16, address: BluetoothAddress?)] { adapters.ready.map { ($0.index, $0.address) } }

    mutating func begin() { adapters.begin(&actions) }

    mutating func owned(by owner: BluetoothOwner, at now: Int64) {
        adapters.owned(by: owner, at: now, &actions)
        settle(at: now)
    }

    /// Adapters that the kernel failed to switch on without saying why.
    var failing: [UInt16] { adapters.failing }

    /// It was found out that rfkill blocks such an adapter.
    mutating func blocked(_ index: UInt16, at now: Int64) { adapters.blocked(index, at: now, &actions) }

    /// How much is to be heard from now on.
    mutating func want(_ demand: Scanner.Demand, at now: Int64) {
        self.demand = demand
        settle(at: now)
    }

    private mutating func settle(at now: Int64) {
        scanner.want(demand, on: adapters.ready.map(\.index), at: now, &actions)
    }

    /// Takes a message of the kernel.
    ///
    /// - Parameter time: hub time, for bonds.
    mutating func take(_ packet: ManagementPacket, at now: Int64, time: Timestamp) {
        guard let event = ManagementEvent(packet) else {
            return actions.log("a message of the kernel ends too early (\(packet.code))")
        }
        let index = packet.index
        switch event {
        case .deviceFound(let report): return take(report, index, at: now)
        case .complete(let code, let status, let parameters): answered(code, status, parameters, index, at: now)
        case .status(let code, let status): answered(code, status, [], index, at: now)
        case .discovering(let isOn): scanner.discovering(isOn, index: index, at: now)
        case .indexRemoved:
            pending.drop(index: index)
            linked[index] = nil
            table.forget(at: now, adapter: index)
        case .deviceConnected(let address): linked[index, default: []].insert(address)
        case .deviceDisconnected(let address, _): linked[index]?.remove(address)
        default: break
        }
        let wasReady = Set(adapters.ready.map(\.index))
        adapters.take(event, index: index, at: now, &actions)
        agent.take(
            event, index: index, adapter: adapters.adapters[index]?.address, keeps: adapters.owner == .vitald,
            name: Self.subject(of: event).flatMap { table.advertisers[$0]?.advertisement.name }, at: time, &actions)
        if case .newIdentityKey(_, let seenAs, let key) = event, seenAs.number != 0 {
            identified.append((seenAs, key.address))
        }
        if agent.hasChanged { adapters.bonds = Array(agent.bonds.values) }
        welcome(since: wasReady)
        settle(at: now)
    }

    private static func subject(of event: ManagementEvent) -> BluetoothAddress? {
        switch event {
        case .newLongTermKey(_, let key): key.address
        case .newIdentityKey(_, let seenAs, _): seenAs
        default: nil
        }
    }

    /// An adapter became ready: asks which links it has.
    private mutating func welcome(since wasReady: Set<UInt16>) {
        for adapter in adapters.ready where !wasReady.contains(adapter.index) {
            actions.send(.getConnections, to: adapter.index)
        }
    }

    private mutating func take(_ report: DeviceReport, _ index: UInt16, at now: Int64) {
        let (advertiser, isNews) = table.take(report, adapter: index, at: now)
        heard.append(Hearing(advertiser: advertiser, report: report, isNews: isNews))
    }

    private mutating func answered(
        _ code: UInt16, _ status: ManagementStatus, _ parameters: [UInt8], _ index: UInt16, at now: Int64
    ) {
        guard let command = pending.answered(code, index: index) else { return }
        let wasReady = Set(adapters.ready.map(\.index))
        switch command {
        case .startDiscovery, .stopDiscovery:
            if status == .permissionDenied { adapters.deny(index, at: now, &actions) }
            let isSuspect = scanner.answered(command, status, index: index, at: now, &actions)
            if isSuspect { adapters.reset(index, at: now, &actions) }
        case .pair, .cancelPairing: agent.answered(command, status, index: index)
        case .getConnections: connections(status, parameters, index)
        default: adapters.answered(command, status, parameters, index: index, at: now, &actions)
        }
        welcome(since: wasReady)
        settle(at: now)
    }

    private mutating func connections(_ status: ManagementStatus, _ parameters: [UInt8], _ index: UInt16) {
        var reader = OctetReader(parameters)
        guard status == .success, reader.uint16() != nil else { return }
        var found: Set<BluetoothAddress> = []
        while let address = reader.address() { address.map { _ = found.insert($0) } }
        linked[index] = found
    }

    /// Lets time pass.
    mutating func advance(at now: Int64) {
        for order in pending.overdue(at: now) {
            scanner.unanswered(order.command, index: order.index, at: now)
            if case .pair = order.command { agent.answered(order.command, .timeout, index: order.index) }
            // That nobody answered at the device says nothing about the adapter.
            if case .pair = order.command { continue }
            adapters.unanswered(order.command, index: order.index, at: now, &actions)
        }
        adapters.advance(at: now, &actions)
        settle(at: now)
        scanner.advance(at: now, &actions)
        if now - lastForgetting >= Self.forgettingInterval {
            lastForgetting = now
            table.forget(at: now)
        }
    }

    // MARK: By hand

    mutating func pair(_ address: BluetoothAddress, on adapter: UInt16) {
        agent.pair(address, on: adapter, &actions)
    }

    mutating func answer(_ agrees: Bool, passkey: UInt32?) -> String? {
        agent.answer(agrees, passkey: passkey, &actions)
    }

    mutating func forget(_ address: BluetoothAddress) {
        agent.forget(address, on: adapters.ready.map(\.index), &actions)
        adapters.bonds = Array(agent.bonds.values)
    }

    // MARK: What comes of it

    /// What is to be sent and logged since the last call. Orders count as sent from `now` on.
    mutating func take(at now: Int64) -> ManagementActions {
        defer { actions.removeAll() }
        for order in actions.orders { pending.sent(order, at: now) }
        return actions
    }

    /// Reports since the last call.
    mutating func takeHeard() -> [Hearing] {
        defer { heard.removeAll(keepingCapacity: true) }
        return heard
    }

    /// Devices that gave away since the last call who they are: by the address that they were known by. From now on the
    /// kernel speaks of them by their identity.
    mutating func takeIdentified() -> [(seenAs: BluetoothAddress, identity: BluetoothAddress)] {
        defer { identified.removeAll() }
        return identified
    }

    /// When `advance` is to be called at the latest.
    var nextDue: Int64? { [pending.nextDue, adapters.nextDue, scanner.nextDue].compactMap { $0 }.min() }
}
