import Profiles
import Vitals

/// The devices of a household as frames need them: profile, wearers and decoder found once per configuration, not once
/// per frame.
struct DeviceTable {
    struct Entry {
        let device: Device
        /// In the order of the configuration: of two that overlap the first counts.
        let wearers: [Wearer]
        /// `nil` without a profile.
        var decoder: DeviceDecoder?
        /// The decoder's state as it was committed last.
        fileprivate var saved: [UInt8] = []
        fileprivate var isTouched = false
        /// Whose time zone the decoder reads local times by; -1 before the first frame.
        fileprivate var zoneOf = -1
    }

    struct Wearer {
        /// Place in the pipeline's `people`.
        let person: Int
        let from: Timestamp
        let to: Timestamp
    }

    private(set) var entries: [Entry] = []
    private var places: [DeviceID: Int] = [:]
    /// The device that was asked for last: mostly the next one too.
    private var last: (id: DeviceID, place: Int)?

    private static let component = "path/decoder/"
    private static let version = 1

    init() {}

    /// - Parameters:
    ///   - people: place of each person.
    ///   - old: decoders go on where a device's profile is the same.
    init(_ household: Household, people: [PersonID: Int], keeping old: DeviceTable = DeviceTable()) {
        // Sorted, so that what is committed does not depend on the order of a file.
        for device in household.configured.devices.sorted(by: { $0.id < $1.id }) where places[device.id] == nil {
            let wearers = household.configured.assignments.filter { $0.device == device.id }.compactMap { assignment in
                people[assignment.person].map { Wearer(person: $0, from: assignment.from, to: assignment.to) }
            }
            var entry = Entry(device: device, wearers: wearers)
            if let profile = household.profile(of: device) {
                if let known = old.place(of: device.id), let decoder = old.entries[known].decoder,
                    decoder.profile.fingerprint == profile.fingerprint
                {
                    entry = Entry(
                        device: device, wearers: wearers, decoder: decoder, saved: old.entries[known].saved,
                        isTouched: old.entries[known].isTouched)
                } else {
                    // A decoder lives by the profile it was made from; a changed file begins a new one.
                    entry.decoder = DeviceDecoder(profile)
                }
            }
            places[device.id] = entries.count
            entries.append(entry)
        }
    }

    private func place(of device: DeviceID) -> Int? { places[device] }

    mutating func find(_ device: DeviceID) -> Int? {
        if let last, last.id == device { return last.place }
        guard let place = places[device] else { return nil }
        last = (device, place)
        return place
    }

    /// Who wears the device at a place at a moment, by their place in `people`.
    func wearer(of place: Int, at time: Timestamp) -> Int? {
        for wearer in entries[place].wearers where wearer.from <= time && time < wearer.to { return wearer.person }
        return nil
    }

    /// Decodes bytes of the device at a place; `false` when nobody knows how.
    ///
    /// - Parameter zone: of the person `wearer`, asked for when the device has changed hands.
    mutating func feed(
        _ place: Int, _ bytes: [UInt8], input: String, at: Timestamp, wearer: Int, zone: () -> Zone,
        into decoded: inout Decoded
    ) -> Bool {
        guard entries[place].decoder != nil else { return false }
        if entries[place].zoneOf != wearer {
            entries[place].zoneOf = wearer
            entries[place].decoder?.zone = zone()
        }
        entries[place].isTouched = true
        entries[place].decoder?.feed(bytes, input: input, at: at, into: &decoded)
        return true
    }

    /// Forgets half-received frames: the link was lost in their middle.
    mutating func interrupt(_ place: Int) {
        entries[place].decoder?.reset()
        entries[place].isTouched = true
    }

    // MARK: State

    /// The decoders that changed since the last call, each a state of its own.
    mutating func changedStates() -> [ComponentState] {
        var states: [ComponentState] = []
        for place in entries.indices where entries[place].isTouched {
            entries[place].isTouched = false
            guard let now = entries[place].decoder?.checkpoint(), now != entries[place].saved else { continue }
            entries[place].saved = now
            states.append(
                ComponentState(
                    person: nil, component: "\(Self.component)\(entries[place].device.id)", version: Self.version,
                    bytes: now))
        }
        return states
    }

    /// Goes on where the states of a store left off. A decoder whose profile has changed since begins anew.
    ///
    /// - Parameter packed: what earlier versions kept in the state of the path itself.
    mutating func restore(_ states: [ComponentState], packed: [DeviceID: [UInt8]]) {
        var saved = packed
        for state in states where state.person == nil && state.version == Self.version {
            guard state.component.hasPrefix(Self.component),
                let device = DeviceID(String(state.component.dropFirst(Self.component.count)))
            else { continue }
            saved[device] = state.bytes
        }
        for place in entries.indices {
            let id = entries[place].device.id
            guard let bytes = saved[id] else { continue }
            entries[place].decoder?.restore(bytes)
            // What was packed is to be kept by itself from now on.
            if packed[id] == bytes { entries[place].isTouched = true } else { entries[place].saved = bytes }
        }
    }
}
