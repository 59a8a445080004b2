import Profiles
import Vitals

/// The household's Bluetooth LE devices: whose reports are whose, who is to be connected, and what is told of them.
///
/// A pure state machine between what the radio hears and the links: `take()` gives what is to be done. Devices whose
/// values are in their advertisements are decoded from these and never connected.
struct LinkRoster: Sendable {
    enum Action: Hashable, Sendable {
        case connect(DeviceID, BluetoothAddress, adapter: UInt16, patience: Int64)
        /// Give up waiting for a device.
        case cancel(DeviceID)
        case tell(LinkOutput)
        case log(String)
    }

    /// What was told of a device last.
    fileprivate enum Told: Hashable {
        /// Nothing yet, since a moment.
        case nothing(since: Int64)
        case connected
        case silent
        case lost

        var isNothing: Bool { if case .nothing = self { true } else { false } }
    }

    struct Member: Sendable {
        var device: Device
        var profile: Profile
        var peer: PeerName
        fileprivate var told: Told
        fileprivate var lastHeard: Int64?
        /// Why it is not connected, or how it was connected, in a few words.
        var reason = ""

        /// Whether its values are in its advertisements.
        var isListener: Bool { !profile.link.connects }
        /// A listener not heard for so long is lost.
        fileprivate var silence: Int64 { profile.silence?.milliseconds ?? LinkRoster.longestSilence }
    }

    private(set) var members: [DeviceID: Member] = [:]
    private(set) var plan: LinkPlan
    /// Members that an address may belong to, as long as it says the same.
    private var candidates: [BluetoothAddress: [DeviceID]] = [:]
    private var actions: [Action] = []
    private var obstacle: String?
    private var obstacleSince: Int64 = 0

    /// Advertisers say something at least every ten seconds; this many reports must be lost in a row.
    private static let longestSilence: Int64 = 120_000
    /// From the start until a device that was not seen is called lost.
    private static let firstPatience: Int64 = 30_000
    /// An adapter may take a moment to come up.
    private static let obstaclePatience: Int64 = 5000
    private static let mostCandidates = 2048

    /// - Parameters:
    ///   - places: where the devices were found in an earlier run.
    init(
        _ members: [(device: Device, profile: Profile, peer: PeerName)], places: [DeviceID: BluetoothAddress] = [:],
        settings: LinkPlan.Settings = LinkPlan.Settings(), seed: UInt64, at now: Int64
    ) {
        plan = LinkPlan(settings: settings, seed: seed)
        for (device, profile, peer) in members {
            let member = Member(device: device, profile: profile, peer: peer, told: .nothing(since: now))
            self.members[device.id] = member
            var entry = LinkPlan.Entry(device: device.id, peer: peer, isListener: member.isListener)
            if let kept = places[device.id], peer.allows(kept) { entry.place = LinkPlan.Place(address: kept) }
            plan.add(entry)
        }
    }

    /// Addresses to be found again after a restart.
    var places: [DeviceID: BluetoothAddress] {
        plan.entries.compactMapValues { $0.place?.address }.filter { $0.value.isKept }
    }

    // MARK: Hearing

    /// A device was heard.
    ///
    /// - Parameter time: hub time.
    /// - Returns: whether it may be one of the household.
    mutating func heard(_ hearing: BluetoothRadio.Hearing, at now: Int64, time: Timestamp) -> Bool {
        let address = hearing.advertiser.address
        if hearing.isNews || candidates[address] == nil {
            if candidates.count >= Self.mostCandidates { candidates.removeAll(keepingCapacity: true) }
            candidates[address] = members.values.filter { member in
                member.peer.means(hearing.advertiser) {
                    member.profile.match.evaluate(hearing.advertiser.advertisement) > .unknown
                }
            }.map(\.device.id).sorted()
        }
        let concerned = candidates[address] ?? []
        for device in concerned {
            if plan.holder(of: address).map({ $0 != device }) ?? false { continue }
            guard let member = members[device] else { continue }
            // `auto` follows nobody else while its own device is known and kept.
            if member.peer == .auto, let place = plan.entries[device]?.place, place.address.isKept,
                place.address != address
            {
                continue
            }
            plan.heard(device, hearing.advertiser, at: now)
            members[device]?.lastHeard = now
            if member.isListener { listened(member, hearing.report, time) }
        }
        return !concerned.isEmpty
    }

    /// Passes on what a listener's report holds.
    private mutating func listened(_ member: Member, _ report: DeviceReport, _ time: Timestamp) {
        // Only what this report says: data kept from an earlier one are no new measurement.
        var only = Advertiser(address: report.address, heard: 0, adapter: 0)
        only.merge(report.data)
        var frames: [(input: String, bytes: [UInt8])] = []
        for (input, source) in member.profile.inputs {
            switch source {
            case .manufacturerData(let company):
                only.advertisement.manufacturerData[company].map { frames.append((input, $0)) }
            case .serviceData(let uuid): only.serviceData[uuid].map { frames.append((input, $0)) }
            case .serial, .characteristic: break
            }
        }
        guard !frames.isEmpty else { return }
        tell(member.device.id, .connected, "heard advertising at \(report.address)", time)
        for frame in frames.sorted(by: { $0.input < $1.input }) {
            actions.append(
                .tell(.frame(device: member.device.id, input: frame.input, bytes: frame.bytes, at: time)))
        }
    }

    // MARK: Links

    /// The device answers and is being read.
    mutating func opened(_ device: DeviceID, _ reason: String, at now: Int64, time: Timestamp) {
        plan.opened(device, at: now)
        tell(device, .connected, reason, time)
    }

    /// The device answers, and sends nothing; or sends again.
    mutating func changed(_ device: DeviceID, _ state: LinkState, _ reason: String, time: Timestamp) {
        tell(device, state, reason, time)
    }

    /// The link ended.
    mutating func ended(_ device: DeviceID, _ end: LinkPlan.End, _ reason: String, at now: Int64, time: Timestamp) {
        guard let member = members[device] else { return }
        plan.ended(device, end, at: now)
        if end != .cancelled, reason != member.reason { actions.append(.log("\(member.device.name): \(reason)")) }
        switch end {
        case .cancelled: if member.told == .connected { tell(device, .lost, reason, time) }
        // Who was not heard yet gets its time from the start.
        case .absent where !member.told.isNothing && member.told != .silent: tell(device, .lost, reason, time)
        case .absent: break
        // Silence was told; that the link is opened anew because of it is no news.
        case .failed, .held, .lost: if member.told != .silent { tell(device, .lost, reason, time) }
        }
        members[device]?.reason = reason
    }

    private mutating func tell(_ device: DeviceID, _ state: LinkState, _ reason: String, _ time: Timestamp) {
        guard let member = members[device] else { return }
        let told: Told =
            switch state {
            case .connected: .connected
            case .silent: .silent
            case .lost, .plugged: .lost
            }
        // One `lost` an outage, however often it is tried meanwhile.
        guard told != member.told else { return }
        members[device]?.told = told
        members[device]?.reason = reason
        actions.append(.tell(.state(device: device, state, reason: reason, at: time)))
    }

    // MARK: Time

    /// Decides what is to be done at a moment.
    ///
    /// - Parameters:
    ///   - ready: adapters that can be used.
    ///   - obstacle: why there is none.
    mutating func advance(
        on ready: [(index: UInt16, address: BluetoothAddress?)], obstacle: String?, at now: Int64, time: Timestamp
    ) {
        if obstacle != self.obstacle {
            if self.obstacle == nil { obstacleSince = now }
            self.obstacle = obstacle
        }
        for member in members.values.sorted(by: { $0.device.id < $1.device.id }) {
            let device = member.device.id
            if let obstacle {
                if now - obstacleSince >= Self.obstaclePatience, !isUp(device) { tell(device, .lost, obstacle, time) }
            } else if case .nothing(let since) = member.told, now - since >= Self.firstPatience {
                tell(device, .lost, "not found: out of range, switched off, or connected to something else", time)
            } else if member.isListener, member.told == .connected, let heard = member.lastHeard,
                now - heard >= member.silence
            {
                tell(device, .lost, "not heard for \(TimeSpan.milliseconds(member.silence))", time)
            }
        }
        for decision in plan.decide(on: ready, at: now) {
            switch decision {
            case .connect(let device, let address, let adapter, let patience):
                actions.append(.connect(device, address, adapter: adapter, patience: patience))
            case .cancel(let device): actions.append(.cancel(device))
            }
        }
    }

    private func isUp(_ device: DeviceID) -> Bool {
        if case .connected = plan.entries[device]?.stage { true } else { false }
    }

    /// An adapter is gone: what it heard does not lead to its devices any more.
    mutating func drop(adapter: UInt16) { plan.drop(adapter: adapter) }

    /// A device gave away who it is.
    mutating func identified(_ seenAs: BluetoothAddress, as identity: BluetoothAddress) {
        plan.identified(seenAs, as: identity)
        candidates[seenAs] = nil
        candidates[identity] = nil
    }

    /// Devices that the kernel has links to, by adapter.
    mutating func linked(_ links: [UInt16: Set<BluetoothAddress>]) {
        for (adapter, addresses) in links { for address in addresses { plan.linked(address, adapter: adapter) } }
    }

    /// The bonds in force: their devices are connected by the adapter that they were paired with.
    mutating func bonded(_ bonds: [Bond]) { plan.bonded(bonds) }

    mutating func take() -> [Action] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    func demand(at now: Int64) -> Scanner.Demand { plan.demand(at: now) }

    func nextDue(after now: Int64) -> Int64? {
        var due = [plan.nextDue(after: now)].compactMap { $0 }
        if obstacle != nil { due.append(obstacleSince + Self.obstaclePatience) }
        for member in members.values {
            if case .nothing(let since) = member.told { due.append(since + Self.firstPatience) }
            if member.isListener, member.told == .connected, let heard = member.lastHeard {
                due.append(heard + member.silence)
            }
        }
        return due.filter { $0 > now }.min()
    }
}

extension PeerName {
    /// Whether a device found at an address in an earlier run can be the one that is meant now.
    fileprivate func allows(_ kept: BluetoothAddress) -> Bool {
        guard case .address(let number, let kind) = self else { return true }
        return kept.number == number && (kind == nil || kept.kind == kind)
    }
}
