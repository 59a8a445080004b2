import Profiles
import Vitals

/// Decides which Bluetooth LE devices are connected when.
///
/// A pure state machine: it hears of advertisers, of links that came up or ended and of the adapters there are, and says
/// whom to connect. An adapter has a fixed number of slots. A device whose address is known is waited for by the kernel,
/// which connects as soon as it advertises; waiting takes a slot too, so when there are more devices than slots they take
/// turns, who waits longest first, and who is heard before who is not. A link that is up is never taken down for another.
///
/// After a failure a device is left alone for a pause that doubles with each failure in a row and is spread by chance, so
/// that devices which failed together do not come back together. Nothing shortens it.
struct LinkPlan: Sendable {
    struct Settings: Hashable, Sendable {
        /// Links at once on one adapter. Cheap ones hold no more (a CSR8510 five).
        var slots = 5
        /// After a first failure; doubled after each further one.
        var firstPause: Int64 = 1000
        var longestPause: Int64 = 60_000
        /// Absence is no failure: between two waits for a device there is only this.
        var absentPause: Int64 = 500
        /// Somebody else, bluetoothd most likely, has the device.
        var heldPause: Int64 = 15_000
        /// How long to wait for a device to advertise, when nobody else needs the slot, and when somebody does.
        var patience: Int64 = 60_000
        var shortPatience: Int64 = 15_000
        /// Up for so long, a link counts as having worked.
        var stable: Int64 = 20_000
        /// Heard within so long, a device is there.
        var presence: Int64 = 12_000

        init() {}
    }

    /// Where a device was found.
    struct Place: Hashable, Sendable {
        var address: BluetoothAddress
        /// The adapter that heard it; `nil` when only its address is known.
        var adapter: UInt16?
        var heard: Int64?
    }

    enum Stage: Hashable, Sendable {
        /// Not to be connected before a moment.
        case waiting(until: Int64)
        /// Being waited for or connected, on an adapter.
        case connecting(adapter: UInt16, since: Int64)
        case connected(adapter: UInt16, since: Int64)
    }

    struct Entry: Sendable {
        var device: DeviceID
        var peer: PeerName
        /// Only listened to, never connected.
        var isListener: Bool
        /// Adapter that must be used, because it holds the bond.
        var bonded: BluetoothAddress?
        var place: Place?
        var stage = Stage.waiting(until: .min)
        var failures = 0
        /// The adapter on which it was waited for last, and did not come.
        var missed: UInt16?
    }

    /// How a link ended.
    enum End: Hashable, Sendable {
        /// The device did not advertise within the patience.
        case absent
        /// It could not be connected, or not be used.
        case failed
        /// Another process holds it.
        case held
        /// It was up and went down.
        case lost
        /// It was taken down on purpose: for another device's turn, or because the adapter went.
        case cancelled
    }

    enum Decision: Hashable, Sendable {
        /// Connect; wait for it to advertise for at most so many milliseconds.
        case connect(DeviceID, BluetoothAddress, adapter: UInt16, patience: Int64)
        /// Give up waiting for it.
        case cancel(DeviceID)
    }

    private(set) var entries: [DeviceID: Entry] = [:]
    let settings: Settings
    private var chance: UInt64

    /// - Parameter seed: of the chance that spreads the pauses.
    init(settings: Settings = Settings(), seed: UInt64) {
        self.settings = settings
        chance = seed
    }

    mutating func add(_ entry: Entry) {
        var entry = entry
        if case .address(let number, let kind?) = entry.peer {
            entry.place = Place(address: BluetoothAddress(number: number, kind: kind))
        }
        entries[entry.device] = entry
    }

    // MARK: What happens

    /// A device was heard that an entry may mean.
    mutating func heard(_ device: DeviceID, _ advertiser: Advertiser, at now: Int64) {
        guard let entry = entries[device] else { return }
        if let place = entry.place, place.address != advertiser.address {
            // `auto` stays with the device it has; a private address that changed is followed.
            let isGone = place.heard.map { now - $0 > settings.presence } ?? true
            guard isGone, case .waiting = entry.stage else { return }
        }
        entries[device]?.place = Place(address: advertiser.address, adapter: advertiser.adapter, heard: now)
        entries[device]?.missed = nil
    }

    /// The kernel has a link to a device: where one of ours is that was not heard, for who is connected does not
    /// advertise. Ours from an earlier run is taken over; another process's is told as held when it is tried.
    mutating func linked(_ address: BluetoothAddress, adapter: UInt16) {
        for (device, entry) in entries where entry.place == nil {
            guard case .address(address.number, nil) = entry.peer else { continue }
            entries[device]?.place = Place(address: address, adapter: adapter)
        }
    }

    /// The link is up: the device answers.
    mutating func opened(_ device: DeviceID, at now: Int64) {
        guard case .connecting(let adapter, _) = entries[device]?.stage else { return }
        entries[device]?.stage = .connected(adapter: adapter, since: now)
    }

    /// The link ended.
    ///
    /// - Returns: the moment before which it is not tried again.
    @discardableResult
    mutating func ended(_ device: DeviceID, _ end: End, at now: Int64) -> Int64 {
        guard var entry = entries[device] else { return now }
        var wasStable = false
        if case .connecting(let adapter, _) = entry.stage, end == .absent || end == .cancelled {
            entry.missed = adapter
        }
        if case .connected(_, let since) = entry.stage { wasStable = now - since >= settings.stable }
        if wasStable { entry.failures = 0 }
        let pause: Int64
        switch end {
        case .absent:
            pause = spread(settings.absentPause)
            if !(entry.place?.address.isKept ?? true) { entry.place = nil }
        case .cancelled: pause = 0
        case .held:
            entry.failures += 1
            pause = spread(max(settings.heldPause, doubled(entry.failures)))
        case .failed, .lost:
            entry.failures += 1
            pause = spread(doubled(entry.failures))
        }
        let until = now + pause
        entry.stage = .waiting(until: until)
        entries[device] = entry
        return until
    }

    private func doubled(_ failures: Int) -> Int64 {
        min(settings.firstPause << Int64(min(max(failures - 1, 0), 20)), settings.longestPause)
    }

    /// Between the pause and half as much again.
    private mutating func spread(_ pause: Int64) -> Int64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        chance &+= 0x9E37_79B9_7F4A_7C15
        var z = chance
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return pause + Int64(z >> 33) % max(pause / 2, 1)
    }

    // MARK: Deciding

    /// Whom to connect now, on adapters that are ready: their indices and own addresses.
    mutating func decide(on ready: [(index: UInt16, address: BluetoothAddress?)], at now: Int64) -> [Decision] {
        var decisions: [Decision] = []
        var free: [UInt16: Int] = [:]
        for adapter in ready { free[adapter.index] = settings.slots }
        // A kernel does not always tell who waits that the adapter went away.
        for entry in entries.values.sorted(by: { $0.device < $1.device }) {
            if case .connecting(let adapter, _) = entry.stage, free[adapter] == nil {
                decisions.append(.cancel(entry.device))
            }
        }
        for entry in entries.values {
            if let adapter = entry.adapter, let count = free[adapter] { free[adapter] = count - 1 }
        }
        decisions += entries.values.filter { isBetterElsewhere($0, free, at: now) }.map(\.device).sorted().map {
            .cancel($0)
        }
        var due = entries.values.filter { $0.isDue(at: now) }
        due.sort { first, second in
            let order = (isHeard(first, at: now) ? 0 : 1, isHeard(second, at: now) ? 0 : 1)
            if order.0 != order.1 { return order.0 < order.1 }
            return (first.waitingSince, first.device) < (second.waitingSince, second.device)
        }
        for entry in due {
            guard let place = entry.place else { continue }
            let allowed = ready.filter { entry.bonded == nil || $0.address == entry.bonded }.map(\.index)
            if allowed.isEmpty { continue }
            if let adapter = choice(allowed, entry, place, free) {
                free[adapter, default: 0] -= 1
                entries[entry.device]?.stage = .connecting(adapter: adapter, since: now)
                decisions.append(.connect(entry.device, place.address, adapter: adapter, patience: settings.patience))
            } else if let other = idleWait(on: allowed, for: entry, at: now) {
                // Its slot is free when its end is reported.
                if !decisions.contains(.cancel(other)) { decisions.append(.cancel(other)) }
            }
        }
        return decisions
    }

    /// The adapter that heard the device if it has room, else the one with the most room; one on which it was waited for
    /// in vain comes last.
    private func choice(_ allowed: [UInt16], _ entry: Entry, _ place: Place, _ free: [UInt16: Int]) -> UInt16? {
        let roomy = allowed.filter { free[$0, default: 0] > 0 }
        if let heard = place.adapter, heard != entry.missed, roomy.contains(heard) { return heard }
        let others = roomy.filter { $0 != entry.missed }
        return (others.isEmpty ? roomy : others).max { (free[$0, default: 0], $1) < (free[$1, default: 0], $0) }
    }

    /// A device that is waited for in vain may be near another adapter.
    private func isBetterElsewhere(_ entry: Entry, _ free: [UInt16: Int], at now: Int64) -> Bool {
        guard case .connecting(let adapter, let since) = entry.stage, entry.bonded == nil, free[adapter] != nil,
            now - since >= settings.shortPatience, !isHeard(entry, at: now)
        else { return false }
        return free.contains { $0.key != adapter && $0.value > 0 }
    }

    /// A device that is waited for in vain, whose slot another one can use: for one that is heard at once, for one that is
    /// not heard either after a turn's time.
    private func idleWait(on adapters: [UInt16], for entry: Entry, at now: Int64) -> DeviceID? {
        let heard = isHeard(entry, at: now)
        return entries.values.filter { other in
            guard case .connecting(let adapter, let since) = other.stage, adapters.contains(adapter) else {
                return false
            }
            if isHeard(other, at: now) { return false }
            return now - since >= (heard ? 1000 : settings.shortPatience)
        }.min { ($0.connectingSince, $0.device) < ($1.connectingSince, $1.device) }?.device
    }

    private func isHeard(_ entry: Entry, at now: Int64) -> Bool {
        entry.place?.heard.map { now - $0 <= settings.presence } ?? false
    }

    /// What is to be heard: nothing when every device is connected or waited for by its address.
    func demand(at now: Int64) -> Scanner.Demand {
        if entries.values.contains(where: \.isListener) { return .constant }
        let searched = entries.values.contains { $0.place == nil }
        return searched ? .spaced(Self.searchPause) : .none
    }

    /// Between rounds of searching; connections that wait have the radio meanwhile.
    private static let searchPause: Int64 = 3000

    /// The next moment at which deciding may bring something new.
    func nextDue(after now: Int64) -> Int64? {
        entries.values.compactMap { entry -> Int64? in
            guard !entry.isListener, entry.place != nil else { return nil }
            switch entry.stage {
            case .waiting(let until): return until > now ? until : nil
            case .connecting(_, let since):
                let turn = since + settings.shortPatience
                return turn > now ? turn : nil
            case .connected: return nil
            }
        }.min()
    }

    /// The device that an address belongs to, if one has it.
    func holder(of address: BluetoothAddress) -> DeviceID? {
        entries.values.first { $0.place?.address == address }?.device
    }

    /// The device at an address is known by another from now on.
    mutating func identified(_ seenAs: BluetoothAddress, as identity: BluetoothAddress) {
        for device in entries.keys where entries[device]?.place?.address == seenAs {
            entries[device]?.place?.address = identity
        }
    }

    /// The bonds in force.
    mutating func bonded(_ bonds: [Bond]) {
        for device in entries.keys {
            let address = entries[device]?.place?.address
            entries[device]?.bonded = bonds.first { $0.address == address }?.adapter
        }
    }

    /// Forgets what was heard by an adapter that is gone.
    mutating func drop(adapter: UInt16) {
        for device in entries.keys where entries[device]?.place?.adapter == adapter {
            entries[device]?.place?.adapter = nil
        }
    }
}

extension LinkPlan.Entry {
    var adapter: UInt16? {
        switch stage {
        case .waiting: nil
        case .connecting(let adapter, _), .connected(let adapter, _): adapter
        }
    }

    var waitingSince: Int64 { if case .waiting(let until) = stage { until } else { .max } }
    var connectingSince: Int64 { if case .connecting(_, let since) = stage { since } else { .max } }

    func isDue(at now: Int64) -> Bool {
        guard !isListener, place != nil, case .waiting(let until) = stage else { return false }
        return until <= now
    }
}
