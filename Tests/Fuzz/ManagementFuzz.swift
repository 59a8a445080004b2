import Vitals

@testable import Links

/// What may come over the kernel's management socket, advertisements of strangers among it.
///
/// Turns: a byte says what comes (an event of that number, an answer to the oldest command, or nothing while time
/// passes), then a length and its bytes. One bit of the first byte says whose the adapters are.
enum ManagementFuzz: FuzzTarget {
    static let corpus = "management"

    private static let start = Timestamp(milliseconds: 1_767_225_600_000)
    /// What happens in a turn, beside an event of the number in its low bits.
    private static let success: UInt8 = 0x40
    private static let answer: UInt8 = 0x80
    private static let pause: UInt8 = 0xC0

    static var seeds: [[UInt8]] {
        let address: [UInt8] = [0x55, 0x44, 0x33, 0x22, 0x11, 0xC0, 2]
        let information = [1, 2, 3, 4, 5, 6, 9, 2, 0] + [0xFF, 0x1F, 2, 0] + [0x11, 0x0A, 0, 0]
        func turn(_ kind: UInt8, _ bytes: [UInt8]) -> [UInt8] { [kind, UInt8(bytes.count)] + bytes }
        let ready =
            turn(success, [1, 0, 0, 0]) + turn(success, information.map { UInt8($0) })
            + (0..<12).flatMap { _ in turn(success, [0xD1, 0x0A, 0, 0]) }
        let advertisement: [UInt8] = [2, 1, 6, 3, 3, 0x0D, 0x18, 4, 9, 0x48, 0x52, 0x31, 5, 0xFF, 0x57, 1, 2, 3]
        let events: [(UInt8, [UInt8])] = [
            (0x12, address + [0xC4, 0, 0, 0, 0, UInt8(advertisement.count), 0] + advertisement),
            (0x0B, address + [0, 0, 0, 0, 0, 0]), (0x0C, address + [1]), (0x0D, address + [4]),
            (0x0F, address + [1, 0x40, 0xE2, 1, 0]), (0x10, address), (0x11, address + [5]), (0x13, [6, 0]),
            (0x16, address), (0x17, address + [0x40, 0xE2, 1, 0, 2]), (0x06, [0x10, 0, 0, 0]), (0x03, [1]), (0x05, []),
            (0x0A, [1] + address + [2, 0, 16] + [UInt8](repeating: 7, count: 26)),
            (0x18, [1, 1, 2, 3, 4, 5, 6] + address + [UInt8](repeating: 7, count: 16)),
        ]
        let told: [[UInt8]] = events.map { [0] + ready + turn($0.0, $0.1) + turn(pause, [3]) }
        return told + [[1] + ready, [2] + ready + events.flatMap { turn($0.0, $0.1) }]
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        if let wrong = message(bytes) { return wrong }
        var input = FuzzInput(bytes)
        let setting = input.byte()
        var radio = BluetoothRadio()
        var now: Int64 = 0
        var asked: [ManagementActions.Order] = []
        radio.begin()
        radio.owned(by: setting & 1 == 0 ? .vitald : .bluetoothd, at: now)
        radio.want(setting & 2 == 0 ? .constant : .spaced(5000), at: now)
        while !input.isEmpty {
            let actions = radio.take(at: now)
            for order in actions.orders {
                let packet = order.command.packet(index: order.index)
                if ManagementPacket(packet.bytes) != packet { return "the hub sends \(packet.bytes)" }
            }
            asked += actions.orders
            let kind = input.byte()
            let said = input.bytes(Int(input.byte()))
            now += 20
            switch kind & pause {
            case pause:
                now += Int64(said.first ?? 0) * 500
                radio.advance(at: now)
                if setting & 4 != 0 { radio.pair(BluetoothAddress(number: 0xC0_11_22_33_44_55, kind: .random), on: 0) }
            case success, answer:
                guard !asked.isEmpty else { continue }
                let order = asked.removeFirst()
                var parameters: [UInt8] = []
                parameters.append(littleEndian: order.command.code)
                if kind & pause == success { parameters.append(0) }
                take(0x0001, order.index, parameters + said, &radio, now)
            default: take(UInt16(kind & 0x3F), 0, said, &radio, now)
            }
            for hearing in radio.takeHeard() where hearing.advertiser.address != hearing.report.address {
                return "a report of \(hearing.report.address) is told of \(hearing.advertiser.address)"
            }
            if radio.table.advertisers.count > AdvertiserTable.most { return "the table of advertisers is not bounded" }
            if radio.agent.bonds.count > PairingAgent.most { return "bonds are not bounded" }
        }
        return nil
    }

    private static func take(
        _ code: UInt16, _ index: UInt16, _ parameters: [UInt8], _ radio: inout BluetoothRadio, _ now: Int64
    ) {
        let packet = ManagementPacket(code: code, index: index, parameters: parameters)
        radio.take(packet, at: now, time: start + .milliseconds(now))
    }

    /// Advertising data: what is made of it does not depend on being told twice.
    private static func message(_ bytes: [UInt8]) -> String? {
        if let packet = ManagementPacket(bytes), packet.bytes != bytes { return "\(packet) is written otherwise" }
        guard let address = BluetoothAddress(littleEndian: [1, 2, 3, 4, 5, 6], kind: .public) else { return nil }
        var once = Advertiser(address: address, heard: 0, adapter: 0)
        once.merge(bytes)
        var twice = once
        twice.merge(bytes)
        return once == twice ? nil : "advertising data said twice means something else"
    }
}
