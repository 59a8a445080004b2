/// By what a device of a profile is recognised.
public struct Match: Hashable, Sendable {
    /// One sign of recognition.
    public enum Sign: Hashable, Sendable {
        /// A service in the advertisement, or, after connecting, in the GATT table.
        case service(BluetoothUUID, inGATT: Bool)
        /// The advertised name; the pattern may begin anywhere in it.
        case name(Pattern)
        /// Manufacturer data of a company, of a length if given.
        case manufacturer(UInt16, length: Int?)
        /// A USB adapter. With `probe` the id is shared with other gadgets and only the bytes decide.
        case usb(vendor: UInt16, product: UInt16?, probe: Bool)
        /// The name of a paired Bluetooth Classic serial device.
        case rfcomm(Pattern)
    }

    /// One of them must hold; empty asks nothing.
    public var any: [Sign] = []
    /// Each of them must hold.
    public var all: [Sign] = []
    /// None of them may hold.
    public var not: [Sign] = []

    public init() {}

    /// Whether a serial adapter with that USB id may carry such a device, and whether it must be probed first.
    public func usb(vendor: UInt16, product: UInt16) -> (matches: Bool, needsProbe: Bool) {
        for case .usb(let wanted, let wantedProduct, let probe) in any
        where wanted == vendor && (wantedProduct == nil || wantedProduct == product) {
            return (true, probe)
        }
        return (false, false)
    }

    /// Whether a paired Bluetooth Classic device of that name may be such a device.
    public func rfcomm(name: String) -> Bool {
        any.contains { sign in
            if case .rfcomm(let pattern) = sign { pattern.matches(anywhereIn: name) } else { false }
        }
    }
}

/// What a Bluetooth LE device says about itself before anybody connects.
public struct Advertisement: Hashable, Sendable {
    public var name: String?
    public var services: Set<BluetoothUUID>
    /// Company → data without the company's number.
    public var manufacturerData: [UInt16: [UInt8]]

    public init(
        name: String? = nil, services: Set<BluetoothUUID> = [], manufacturerData: [UInt16: [UInt8]] = [:]
    ) {
        self.name = name
        self.services = services
        self.manufacturerData = manufacturerData
    }
}

/// Whether a device is one of a profile.
public enum Verdict: Int, Comparable, Sendable {
    case no
    /// Nothing it advertises speaks for it or against it: only its GATT table can tell.
    case unknown
    /// What it advertises fits; its GATT table has the last word.
    case likely
    case yes

    public static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }
}

extension Match {
    /// Whether a Bluetooth LE device is one of this profile.
    ///
    /// - Parameter gatt: the services in its GATT table; `nil` before they are discovered.
    public func evaluate(_ advertisement: Advertisement, gatt: Set<BluetoothUUID>? = nil) -> Verdict {
        var isOpen = false
        for sign in not {
            guard let holds = holds(sign, advertisement, gatt) else {
                isOpen = true
                continue
            }
            if holds { return .no }
        }
        // What speaks for it already: signs of `all` count as well as one of `any`.
        var speaks = any.isEmpty && all.isEmpty ? false : any.isEmpty
        var isDecided = any.isEmpty
        for sign in any where !isDecided {
            switch holds(sign, advertisement, gatt) {
            case true?:
                speaks = true
                isDecided = true
            case nil: isOpen = true
            case false?: break
            }
        }
        if !isDecided, !any.contains(where: { holds($0, advertisement, gatt) == nil }) { return .no }
        if isDecided { isOpen = not.contains { holds($0, advertisement, gatt) == nil } }
        for sign in all {
            switch holds(sign, advertisement, gatt) {
            case true?: break
            case nil:
                isOpen = true
                if any.isEmpty { speaks = false }
            case false?: return .no
            }
        }
        // A profile without signs is only ever chosen by hand.
        guard !any.isEmpty || !all.isEmpty else { return .no }
        guard isOpen else { return .yes }
        return speaks ? .likely : .unknown
    }

    /// `nil`: not before discovery.
    private func holds(_ sign: Sign, _ advertisement: Advertisement, _ gatt: Set<BluetoothUUID>?) -> Bool? {
        switch sign {
        case .service(let uuid, inGATT: false):
            // What is in the table counts as well as what is advertised: many devices advertise less than they have.
            if advertisement.services.contains(uuid) { return true }
            return gatt?.contains(uuid) ?? false
        case .service(let uuid, inGATT: true): return gatt?.contains(uuid)
        case .name(let pattern): return advertisement.name.map { pattern.matches(anywhereIn: $0) } ?? false
        case .manufacturer(let company, let length):
            guard let data = advertisement.manufacturerData[company] else { return false }
            return length.map { $0 == data.count } ?? true
        case .usb, .rfcomm: return false
        }
    }
}

extension Pattern {
    /// Whether the pattern matches somewhere in a text.
    func matches(anywhereIn text: String) -> Bool {
        var matcher = Matcher()
        // A name is foreign and may be long; no pattern needs more of it.
        let bytes = Array(text.utf8.prefix(Program.longestFrame))
        return matcher.matches(self, anywhereIn: bytes.span)
    }
}

extension ProfileLibrary {
    /// Which profile a Bluetooth LE device belongs to.
    public struct Decision: Sendable {
        /// The best of those that fit for certain.
        public var profile: Profile?
        /// Better ones that the device's GATT table may still prove right, the best first. Decide again after discovery.
        public var open: [Profile]
    }

    /// Decides by priority among the profiles that match, before (`gatt: nil`) or after discovery.
    ///
    /// Of equal priority the first by id wins.
    public func match(_ advertisement: Advertisement, gatt: Set<BluetoothUUID>? = nil) -> Decision {
        var decision = Decision(open: [])
        var unknown: [Profile] = []
        for profile in profiles where profile.transport == .ble {
            switch profile.match.evaluate(advertisement, gatt: gatt) {
            case .yes:
                decision.profile = profile
                // If it is to be connected anyway, everything that discovery can tell is worth asking.
                decision.open = profiles.filter { open in
                    decision.open.contains { $0.id == open.id } || unknown.contains { $0.id == open.id }
                }
                return decision
            case .likely: decision.open.append(profile)
            case .unknown: unknown.append(profile)
            case .no: break
            }
        }
        // Nothing speaks for the unknown ones, so that nobody connects to a stranger to ask.
        if !decision.open.isEmpty {
            decision.open = profiles.filter { open in
                decision.open.contains { $0.id == open.id } || unknown.contains { $0.id == open.id }
            }
        }
        return decision
    }

    /// The profiles that a serial adapter may carry, the highest priority first; `needsProbe` tells whether its id is
    /// shared with other gadgets, so that only the bytes decide.
    public func match(usbVendor vendor: UInt16, product: UInt16) -> [(profile: Profile, needsProbe: Bool)] {
        profiles.compactMap { profile in
            guard profile.transport == .serial else { return nil }
            let (matches, needsProbe) = profile.match.usb(vendor: vendor, product: product)
            return matches ? (profile, needsProbe) : nil
        }
    }
}
