import Profiles
import Simulator
import Vitals

@testable import Links

/// What a Bluetooth device may send: messages of the Attribute Protocol, and whole conversations.
///
/// The first byte chooses how the connection begins: its size, kept attributes, bond. Then turns: one byte says what the
/// device does with what the hub asks (answers as it should, answers something else first, after it or instead, is
/// silent) and what the hub wants of it meanwhile; a length and bytes follow where something is said.
enum AttributeFuzz: FuzzTarget {
    static let corpus = "attribute"

    private static let measurement = BluetoothUUID(assigned: 0x2A37)
    private static let level = BluetoothUUID(assigned: 0x2A19)
    private static let point = BluetoothUUID(assigned: 0x2A39)
    private static let changes = BluetoothUUID(assigned: 0x2A05)
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)

    private static func server(mtu: Int, hash: UInt8) -> GATTServer {
        let generic: [GATTServer.Characteristic] = [
            .init(changes, .indicate),
            .init(BluetoothUUID(assigned: 0x2B2A), .read, value: [UInt8](repeating: hash, count: 16)),
        ]
        return GATTServer(
            [
                .init(BluetoothUUID(assigned: 0x1801), generic),
                .init(
                    BluetoothUUID(assigned: 0x180D),
                    [
                        .init(measurement, .notify), .init(BluetoothUUID(assigned: 0x2A38), .read, value: [1]),
                        .init(point, .write, security: .medium),
                    ]),
                .init(BluetoothUUID(assigned: 0x180F), [.init(level, [.read, .notify], value: [87])]),
                .init(
                    BluetoothUUID(high: 0x0003_0000_78FC_48FE, low: 0x8E23_433B_3A19_42D0),
                    [
                        .init(
                            BluetoothUUID(high: 0x0003_0001_78FC_48FE, low: 0x8E23_433B_3A19_42D0), [.read, .write],
                            value: [UInt8](repeating: 7, count: 60))
                    ]),
            ], mtu: mtu)
    }

    /// Plain conversations, and one message of every kind in the place of the first answers.
    static var seeds: [[UInt8]] {
        let messages: [[UInt8]] = [
            [0x01, 0x02, 0x00, 0x00, 0x06], [0x03, 0x40, 0x00], [0x05, 0x01, 0x03, 0x00, 0x02, 0x29],
            [0x07, 0x01, 0x00, 0x05, 0x00], [0x09, 0x07, 0x02, 0x00, 0x10, 0x03, 0x00, 0x37, 0x2A], [0x0B, 0x57],
            [0x0D, 0x57], [0x11, 0x06, 0x01, 0x00, 0x09, 0x00, 0x0D, 0x18], [0x13],
            [0x17, 0x03, 0x00, 0x00, 0x00, 0x01],
            [0x19], [0x1B, 0x03, 0x00, 0x16, 0x48, 0x40, 0x03], [0x1D, 0x03, 0x00, 0x01, 0x00, 0xFF, 0xFF], [0x1E],
            [0x23, 0x03, 0x00, 0x02, 0x00, 0x00, 0x48], [0x02, 0x17, 0x00], [0x0A, 0x01, 0x00],
            [0x52, 0x01, 0x00, 0x00],
        ]
        let plain = [UInt8](repeating: 0, count: 40)
        let replaced: [[UInt8]] = messages.map { [0x01, 0x02, UInt8($0.count)] + $0 + plain }
        let between: [[UInt8]] = messages.map { [0x05] + plain + [0x01, UInt8($0.count)] + $0 + plain }
        return [[0] + plain, [3] + plain, [0x0C] + plain] + replaced + between
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        if let wrong = packet(bytes) { return wrong }
        var input = FuzzInput(bytes)
        let setting = input.byte()
        var server = server(mtu: setting & 1 == 0 ? ATTPacket.largestMTU : 23, hash: setting >> 4)
        let kept = setting & 4 != 0 ? HandleCache(table: Self.server(mtu: 23, hash: 0).table) : nil
        var client = GATTClient(mtu: setting & 2 != 0 ? 247 : nil, cache: kept, isBonded: setting & 8 != 0)
        var world = World()
        var now = start
        client.start(at: now)
        while !input.isEmpty, world.complaint == nil {
            let turn = input.byte()
            now = now + .milliseconds(10)
            world.want(turn >> 2, of: &client, at: now)
            let says = turn & 3 != 0 ? input.bytes(Int(input.byte())) : []
            if turn & 3 == 1 { client.receive(says, at: now) }
            world.carry(client.take(), to: &server, &client, answers: turn & 3 != 2, at: now)
            if turn & 3 == 2 { client.receive(says, at: now) }
            if turn & 3 == 3 {
                client.receive(says, at: now)
                now = now + .seconds(31)
                client.advance(to: now)
            }
        }
        return world.end(of: &client, at: now)
    }

    /// A message that is read is written as it was read.
    private static func packet(_ bytes: [UInt8]) -> String? {
        guard let packet = try? ATTPacket(bytes) else { return nil }
        guard let again = try? ATTPacket(packet.bytes) else { return "\(packet) is written so that it cannot be read" }
        return again == packet ? nil : "\(packet) is read again as \(again)"
    }

    /// Carries messages, and looks that every operation ends once.
    private struct World {
        var asked: Set<GATTClient.OperationID> = []
        var complaint: String?

        mutating func want(_ choice: UInt8, of client: inout GATTClient, at now: Timestamp) {
            switch choice {
            case 1: asked.insert(client.read(level, at: now))
            case 2: asked.insert(client.write(point, [1], withResponse: true, at: now))
            case 3: asked.insert(client.subscribe(measurement, at: now))
            case 4:
                let long = BluetoothUUID(high: 0x0003_0001_78FC_48FE, low: 0x8E23_433B_3A19_42D0)
                asked.insert(client.read(long, at: now))
                asked.insert(client.write(long, [UInt8](repeating: 9, count: 50), withResponse: true, at: now))
            case 5: client.refused("no", at: now)
            default: break
            }
        }

        mutating func carry(
            _ outputs: [GATTClient.Output], to server: inout GATTServer, _ client: inout GATTClient, answers: Bool,
            at now: Timestamp
        ) {
            for output in outputs {
                switch output {
                case .send(let bytes):
                    if (try? ATTPacket(bytes)) == nil { complaint = "the hub sends \(bytes)" }
                    if bytes.count > client.mtu {
                        complaint = "\(bytes.count) bytes where \(client.mtu) were agreed on"
                    }
                    for case .send(let answer) in server.receive(bytes) where answers {
                        client.receive(answer, at: now)
                    }
                case .finished(let id, _):
                    if asked.remove(id) == nil { complaint = "operation \(id) ends a second time" }
                case .securityRequired(let level):
                    guard answers else { continue }
                    server.security = level
                    client.raised(at: now)
                case .ready, .changed, .value, .failed: break
                }
            }
        }

        /// However it was left, time or the end of the connection ends what was asked.
        mutating func end(of client: inout GATTClient, at now: Timestamp) -> String? {
            var silent = GATTServer([])
            for seconds in stride(from: 31, through: 310, by: 31) {
                client.advance(to: now + .seconds(Int64(seconds)))
                carry(client.take(), to: &silent, &client, answers: false, at: now + .seconds(Int64(seconds)))
            }
            client.close("over")
            carry(client.take(), to: &silent, &client, answers: false, at: now)
            return complaint ?? (asked.isEmpty ? nil : "\(asked.count) operations never end")
        }
    }
}
