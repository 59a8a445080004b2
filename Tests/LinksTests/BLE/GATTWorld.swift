import Profiles
import Simulator
import Vitals

@testable import Links

/// A hub's client and a device's server joined in memory, with a clock of their own.
struct GATTWorld {
    var client: GATTClient
    var server: GATTServer
    var now = Timestamp(milliseconds: 1_000_000)
    /// Everything the client said that is not for the device.
    var said: [GATTClient.Output] = []
    /// What the device heard and did.
    var events: [GATTServer.Event] = []
    /// Requests the device received.
    var requests: [ATTPacket] = []
    /// What becomes of a message from the device to the hub on its way.
    var air: (ATTPacket) -> [[UInt8]] = { [$0.bytes] }
    /// Whether the link becomes safer when that is asked for.
    var pairs = true

    init(_ server: GATTServer, mtu: Int? = nil, cache: HandleCache? = nil, isBonded: Bool = false) {
        client = GATTClient(mtu: mtu, cache: cache, isBonded: isBonded)
        self.server = server
    }

    mutating func start() {
        client.start(at: now)
        run()
    }

    /// Carries messages until nobody has any.
    mutating func run() {
        while true {
            let outputs = client.take()
            guard !outputs.isEmpty else { return }
            for output in outputs {
                switch output {
                case .send(let bytes):
                    if let packet = try? ATTPacket(bytes) { requests.append(packet) }
                    for event in server.receive(bytes) {
                        events.append(event)
                        if case .send(let answer) = event { carry(answer) }
                    }
                case .securityRequired(let level):
                    said.append(output)
                    if pairs {
                        server.security = level
                        client.raised(at: now)
                    } else {
                        client.refused("no agent", at: now)
                    }
                default: said.append(output)
                }
            }
        }
    }

    mutating func carry(_ bytes: [UInt8]) {
        now = now + .milliseconds(7)
        guard let packet = try? ATTPacket(bytes) else { return client.receive(bytes, at: now) }
        for message in air(packet) { client.receive(message, at: now) }
    }

    mutating func tell(_ uuid: BluetoothUUID, _ value: [UInt8]) {
        guard let bytes = server.tell(uuid, value) else { return }
        carry(bytes)
        run()
    }

    mutating func read(_ uuid: BluetoothUUID) -> Result<[UInt8], GATTError>? {
        let id = client.read(uuid, at: now)
        run()
        return result(id)
    }

    mutating func write(_ uuid: BluetoothUUID, _ value: [UInt8], withResponse: Bool = true) -> Result<
        [UInt8], GATTError
    >? {
        let id = client.write(uuid, value, withResponse: withResponse, at: now)
        run()
        return result(id)
    }

    mutating func subscribe(_ uuid: BluetoothUUID, _ subscription: GATTClient.Subscription = .notify) -> Result<
        [UInt8], GATTError
    >? {
        let id = client.subscribe(uuid, subscription, at: now)
        run()
        return result(id)
    }

    func result(_ id: GATTClient.OperationID) -> Result<[UInt8], GATTError>? {
        for case .finished(id, let result) in said { return result }
        return nil
    }

    /// The cache as of the last `ready` or `changed`, and whether it was the kept one.
    var ready: (cache: HandleCache, isFromCache: Bool)? {
        for output in said.reversed() {
            if case .ready(let cache, let isFromCache) = output { return (cache, isFromCache) }
            if case .changed(let cache) = output { return (cache, false) }
        }
        return nil
    }

    var failure: GATTError? {
        for case .failed(let error) in said { return error }
        return nil
    }

    var values: [[UInt8]] {
        said.compactMap { output -> [UInt8]? in if case .value(_, let value) = output { value } else { nil } }
    }
}

extension BluetoothUUID {
    static let heartRate = BluetoothUUID(assigned: 0x180D)
    static let measurement = BluetoothUUID(assigned: 0x2A37)
    static let location = BluetoothUUID(assigned: 0x2A38)
    static let controlPoint = BluetoothUUID(assigned: 0x2A39)
    static let battery = BluetoothUUID(assigned: 0x180F)
    static let batteryLevel = BluetoothUUID(assigned: 0x2A19)
    static let steps = BluetoothUUID(high: 0x0003_0001_78FC_48FE, low: 0x8E23_433B_3A19_42D0)
    static let motion = BluetoothUUID(high: 0x0003_0000_78FC_48FE, low: 0x8E23_433B_3A19_42D0)
}

extension GATTServer.Service {
    static let heartRate = GATTServer.Service(
        .heartRate,
        [
            .init(.measurement, .notify), .init(.location, .read, value: [1]), .init(.controlPoint, .write),
        ])
    static let battery = GATTServer.Service(.battery, [.init(.batteryLevel, [.read, .notify], value: [87])])
    static let motion = GATTServer.Service(
        .motion, [.init(.steps, [.read, .notify], value: [1, 2, 3, 4])])
    static func generic(hash: [UInt8]? = nil, hasServiceChanged: Bool = true) -> GATTServer.Service {
        GATTServer.Service(
            BluetoothUUID(assigned: 0x1801),
            (hasServiceChanged ? [.init(BluetoothUUID(assigned: 0x2A05), .indicate)] : [])
                + (hash.map { [.init(BluetoothUUID(assigned: 0x2B2A), .read, value: $0)] } ?? []))
    }
    static func information(serial: String = "H7-0815", firmware: String = "1.2") -> GATTServer.Service {
        GATTServer.Service(
            BluetoothUUID(assigned: 0x180A),
            [
                .init(
                    BluetoothUUID(assigned: 0x2A29), .read, value: Array("Acme Wearables of the Long Name Ltd.".utf8)),
                .init(BluetoothUUID(assigned: 0x2A24), .read, value: Array("Strap 7".utf8) + [0]),
                .init(BluetoothUUID(assigned: 0x2A25), .read, value: Array(serial.utf8)),
                .init(BluetoothUUID(assigned: 0x2A26), .read, value: Array(firmware.utf8)),
            ])
    }
}
