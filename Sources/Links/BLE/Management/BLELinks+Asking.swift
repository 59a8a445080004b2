import Synchronization
import Vitals

/// What people ask about Bluetooth devices, and pairing by hand.
///
/// Everything here returns at once: links may be waiting for whoever asks, so nobody waits for them.
extension BLELinks {
    /// How a device of the household stands.
    public struct Standing: Hashable, Sendable {
        /// Where it was found; `nil` until then.
        public var address: BluetoothAddress?
        /// `hci0`: the adapter that it is connected to, or was heard by.
        public var adapter: String?
        /// What its link does now, in a few words.
        public var link: String
        /// Why it is not connected, or how it was connected.
        public var reason: String
        /// Received signal strength in dBm of its last advertisement. A device that is connected rarely advertises.
        public var strength: Int?
        /// When that was heard.
        public var heard: Timestamp?
        /// As it told when it was connected last.
        public var identity: PeripheralIdentity
        public var bond: Bond?
    }

    /// Whom to pair with.
    public enum Target: Hashable, Sendable {
        case device(DeviceID)
        /// Anybody around.
        case peer(PeerName)
    }

    /// How the pairing that was begun last goes.
    public struct Pairing: Hashable, Sendable {
        /// `nil` until the device was found.
        public var address: BluetoothAddress?
        public var progress: PairingAgent.Progress
    }

    /// A copy of what may be asked for, made whenever something happened.
    struct Glimpse: Sendable {
        var standings: [DeviceID: Standing] = [:]
        var bonds: [Bond] = []
        var owner = BluetoothOwner.unknown
        var pairing: Pairing?
        /// Orders about pairing that were given. Until the last one was taken, `pairing` is what it will make of it.
        var orders = 0
    }

    /// An order to pair.
    struct PairingOrder: Sendable {
        /// Of `Glimpse.orders`, those that were taken.
        var taken = 0
        /// Who is still looked for, and until when.
        var target: Target?
        var until: Int64 = .min
        /// Why nobody was paired with.
        var refusal: String?
    }

    /// A device in pairing mode advertises several times a second; twice the longest interval there is.
    private static let search: Int64 = 20_000

    // MARK: Asking

    public nonisolated func standing(of device: DeviceID) -> Standing? { glimpse.withLock { $0.standings[device] } }

    public nonisolated var pairing: Pairing? { glimpse.withLock { $0.pairing } }

    /// Begins to pair; `pairing` tells how it goes.
    ///
    /// - Returns: why not; `nil` when it began.
    public nonisolated func pair(_ target: Target) -> String? {
        let refusal = glimpse.withLock { glimpse -> String? in
            if glimpse.owner == .bluetoothd {
                return "bluetoothd keeps the pairings of this machine; pair it there: bluetoothctl pair ADDRESS"
            }
            switch glimpse.pairing?.progress {
            case .running?, .asking?: return "a pairing is under way already; it ends within a minute or two"
            default: break
            }
            glimpse.pairing = Pairing(address: nil, progress: .running)
            glimpse.orders += 1
            return nil
        }
        guard refusal == nil else { return refusal }
        hop { links in
            links.order.taken += 1
            links.order.target = target
            links.order.refusal = nil
            links.order.until = links.around.stopwatch() + Self.search
            links.work()
        }
        return nil
    }

    /// Answers what the device that is being paired asks: agreed or not, or the digits that it shows.
    ///
    /// - Returns: why the answer was not taken; `nil` when it was.
    public nonisolated func answer(_ agrees: Bool, passkey: UInt32?) -> String? {
        let refusal = glimpse.withLock { glimpse -> String? in
            guard case .asking(let question)? = glimpse.pairing?.progress else { return "no device asks for anything" }
            if question == .enter, agrees, passkey.map({ $0 > 999_999 }) ?? true {
                return "a passkey has six digits"
            }
            // Nothing is to be answered to digits that are typed in at the device.
            if case .show = question, agrees { return nil }
            glimpse.pairing?.progress = .running
            glimpse.orders += 1
            return nil
        }
        guard refusal == nil, case .running? = pairing?.progress else { return refusal }
        hop { links in
            links.order.taken += 1
            if let line = links.radio.answer(agrees, passkey: passkey) { links.around.log(line) }
            links.work()
        }
        return nil
    }

    /// Deletes the keys of a device; a link to it is taken down.
    ///
    /// - Returns: why not; `nil` when they are being deleted.
    public nonisolated func forget(_ target: Target) -> String? {
        let (owner, found) = glimpse.withLock { glimpse -> (BluetoothOwner, BluetoothAddress?) in
            switch target {
            case .device(let device): (glimpse.owner, glimpse.standings[device]?.bond?.address)
            case .peer(.address(let number, let kind)):
                (
                    glimpse.owner,
                    glimpse.bonds.first {
                        $0.address.number == number && (kind == nil || $0.address.kind == kind)
                    }?.address
                )
            case .peer: (glimpse.owner, nil)
            }
        }
        if owner == .bluetoothd {
            return "bluetoothd keeps the pairings of this machine; delete it there: bluetoothctl remove ADDRESS"
        }
        guard let found else { return "it is not paired" }
        hop { links in
            links.radio.forget(found)
            links.work()
        }
        return nil
    }

    // MARK: Working

    /// Pairs with who is looked for as soon as it is known where it is.
    func advancePairing(at now: Int64) {
        guard let target = order.target else { return }
        if let place = place(of: target) {
            order.target = nil
            radio.pair(place.address, on: place.adapter)
        } else if now >= order.until {
            order.target = nil
            order.refusal =
                radio.adapters.obstacle ?? "the device was not heard; is it switched on, near, and in pairing mode?"
        } else {
            lookingUntil = max(lookingUntil, order.until)
        }
        if order.target == nil { lookingUntil = .min }
    }

    private func place(of target: Target) -> (address: BluetoothAddress, adapter: UInt16)? {
        let address: BluetoothAddress
        var adapter: UInt16?
        switch target {
        case .device(let device):
            guard let entry = roster.plan.entries[device], let place = entry.place else { return nil }
            address = place.address
            adapter = entry.adapter ?? place.adapter
        case .peer(let name):
            guard
                let heard = radio.table.advertisers.values.first(where: { name.means($0, fits: { false }) })
            else { return nil }
            address = heard.address
            adapter = heard.adapter
        }
        let ready = radio.ready.map(\.index)
        guard let index = adapter.flatMap({ ready.contains($0) ? $0 : nil }) ?? ready.first else { return nil }
        return (address, index)
    }

    /// Puts down how things are, for whoever asks next.
    func publish(at now: Int64, time: Timestamp) {
        let bonds = radio.agent.bonds
        var standings: [DeviceID: Standing] = [:]
        for (device, member) in roster.members {
            guard let entry = roster.plan.entries[device] else { continue }
            let heard = entry.place.flatMap { radio.table.advertisers[$0.address] }
            standings[device] = Standing(
                address: entry.place?.address,
                adapter: (entry.adapter ?? entry.place?.adapter).map { "hci\($0)" },
                link: Self.text(entry, at: now), reason: member.reason, strength: heard?.strength,
                heard: heard.map { time - .milliseconds(max(now - $0.heard, 0)) },
                identity: kept.caches[device]?.identity ?? PeripheralIdentity(),
                bond: entry.place.flatMap { bonds[$0.address] })
        }
        let order = order
        let session = radio.agent.session
        glimpse.withLock { glimpse in
            glimpse.standings = standings
            glimpse.bonds = Array(bonds.values)
            glimpse.owner = radio.adapters.owner
            guard glimpse.orders == order.taken, order.taken > 0 else { return }
            if let refusal = order.refusal {
                glimpse.pairing = Pairing(address: nil, progress: .failed(refusal))
            } else if order.target == nil, let session {
                glimpse.pairing = Pairing(address: session.address, progress: session.progress)
            }
        }
    }

    private static func text(_ entry: LinkPlan.Entry, at now: Int64) -> String {
        if entry.isListener { return "listened to, never connected" }
        switch entry.stage {
        case .connected: return "connected"
        case .connecting: return "waiting for it to advertise"
        case .waiting where entry.place == nil: return "searching"
        case .waiting(let until) where until > now: return "next try in \((until - now + 999) / 1000) s"
        case .waiting: return "waiting for an adapter"
        }
    }
}
