import Profiles
import Vitals

/// The services and characteristics a profile's steps and inputs imply. A profile names characteristics only: which service
/// holds them is known for assigned numbers and a few makers, and else taken from what the profile is recognised by.
struct GATTLayout {
    struct Characteristic {
        var uuid: BluetoothUUID
        var properties: Set<String> = []
    }

    private(set) var services: [(uuid: BluetoothUUID, characteristics: [Characteristic])] = []
    /// Characteristics the central subscribes to.
    private(set) var subscribed: Set<BluetoothUUID> = []
    private let profile: Profile

    /// Assigned Numbers, section 3.8, and the service specifications named in the profiles.
    private static let assigned: [UInt16: UInt16] = [
        0x2A37: 0x180D, 0x2A38: 0x180D, 0x2A39: 0x180D, 0x2A19: 0x180F, 0x2A2B: 0x1805, 0x2A53: 0x1814, 0x2A54: 0x1814,
        0x2A5B: 0x1816, 0x2A5C: 0x1816, 0x2A5E: 0x1822, 0x2A5F: 0x1822, 0x2A60: 0x1822, 0x2A1C: 0x1809, 0x2A35: 0x1810,
        0x2A18: 0x1808, 0x2A9D: 0x181D,
        // Contec's module; the service's number is not known and nobody asks for it.
        0xFF01: 0xFF00, 0xFF02: 0xFF00,
    ]

    /// Nordic's UART service and Polar's measurement service hold characteristics numbered after their own UUID.
    private static let families: [(prefix: String, service: String)] = [
        ("6e40000", "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"), ("fb005c8", "FB005C80-02E7-F387-1CAD-8ACD2D8DF0C8"),
    ]

    /// What is read and no input decodes: the features of RSC (stride length, distance) and CSC (wheel, crank).
    static let features: [UInt16: [UInt8]] = [0x2A54: [3, 0], 0x2A5C: [3, 0]]

    init(_ profile: Profile) {
        self.profile = profile
        for case .characteristic(let uuid) in profile.inputs.sorted(by: { $0.key < $1.key }).map(\.value) {
            add(uuid, [])
        }
        let recurring = (profile.poll + profile.keepAlive + profile.live.every).flatMap(\.steps)
        for step in profile.connect + profile.live.start + profile.live.stop + profile.disconnect + recurring {
            add(step)
        }
    }

    private mutating func add(_ step: Step) {
        switch step {
        case .read(let uuid, _): add(uuid, ["read"])
        case .subscribe(let uuid, _):
            add(uuid, ["notify"])
            subscribed.insert(uuid)
        case .indicate(let uuid, _):
            add(uuid, ["indicate"])
            subscribed.insert(uuid)
        case .write(let uuid, _, let response, _): add(uuid, [response ? "write" : "write-without-response"])
        case .command(_, let uuid, let response):
            if let uuid { add(uuid, [response ? "write" : "write-without-response"]) }
        case .ifOption(_, let inner), .forEachDay(_, let inner), .ask(let inner, _): add(inner)
        case .send, .wait, .driver: return
        }
    }

    private mutating func add(_ uuid: BluetoothUUID, _ properties: Set<String>) {
        let service = service(of: uuid)
        guard let place = services.firstIndex(where: { $0.uuid == service }) else {
            services.append((service, [Characteristic(uuid: uuid, properties: properties)]))
            return
        }
        if let index = services[place].characteristics.firstIndex(where: { $0.uuid == uuid }) {
            services[place].characteristics[index].properties.formUnion(properties)
        } else {
            services[place].characteristics.append(Characteristic(uuid: uuid, properties: properties))
        }
    }

    private func service(of uuid: BluetoothUUID) -> BluetoothUUID {
        if let number = uuid.assignedNumber, let service = Self.assigned[number] {
            return BluetoothUUID(assigned: service)
        }
        for sign in profile.match.any + profile.match.all {
            if case .service(let service, inGATT: true) = sign { return service }
        }
        if uuid.assignedNumber == nil {
            let text = uuid.lowercase
            for family in Self.families where text.hasPrefix(family.prefix) {
                if let service = BluetoothUUID(family.service) { return service }
            }
        }
        for sign in profile.match.any + profile.match.all {
            if case .service(let service, inGATT: false) = sign { return service }
        }
        return uuid
    }

    /// Services an advertisement names: what the profile is recognised by, and the standard ones the device has.
    var advertised: [BluetoothUUID] {
        var uuids: [BluetoothUUID] = []
        for sign in profile.match.any + profile.match.all {
            if case .service(let uuid, inGATT: false) = sign, !uuids.contains(uuid) { uuids.append(uuid) }
        }
        let generic: Set<UInt16> = [0x180F, 0x1805, 0xFF00]
        for (uuid, _) in services {
            guard let number = uuid.assignedNumber, !generic.contains(number), !uuids.contains(uuid) else { continue }
            uuids.append(uuid)
        }
        return uuids
    }

    /// A name by which the profile is recognised.
    var name: String? {
        for sign in profile.match.any + profile.match.all {
            guard case .name(let pattern) = sign, let example = pattern.example else { continue }
            // Makers put a number behind.
            return example.hasSuffix(" ") || example.hasSuffix("_") ? example + "1A2B" : example
        }
        return nil
    }
}
