@testable import Links

/// Messages of the kernel, as bytes.
enum Messages {
    static func address(_ address: BluetoothAddress) -> [UInt8] { address.littleEndian + [address.kind.rawValue] }

    static func event(_ code: UInt16, _ index: UInt16 = 0, _ parameters: [UInt8] = []) -> ManagementPacket {
        ManagementPacket(code: code, index: index, parameters: parameters)
    }

    static func complete(
        _ command: ManagementCommand, _ index: UInt16 = 0, _ status: ManagementStatus = .success,
        _ parameters: [UInt8] = []
    ) -> ManagementPacket {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: command.code)
        bytes.append(status.rawValue)
        return event(0x0001, command.isGlobal ? ManagementPacket.everywhere : index, bytes + parameters)
    }

    static func settings(_ settings: AdapterSettings) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: settings.rawValue)
        return bytes
    }

    /// `struct mgmt_rp_read_info`: 280 bytes.
    static func information(
        _ address: BluetoothAddress, supported: AdapterSettings, current: AdapterSettings
    ) -> [UInt8] {
        address.littleEndian + [0x09, 0x02, 0x00] + settings(supported) + settings(current)
            + [UInt8](repeating: 0, count: 3 + 249 + 11)
    }

    static func found(
        _ address: BluetoothAddress, strength: Int8 = -60, flags: UInt32 = 0, _ data: [UInt8], index: UInt16 = 0
    ) -> ManagementPacket {
        var bytes = Self.address(address) + [UInt8(bitPattern: strength)]
        bytes.append(littleEndian: flags)
        bytes.append(littleEndian: UInt16(data.count))
        return event(0x0012, index, bytes + data)
    }

    static func field(_ type: UInt8, _ data: [UInt8]) -> [UInt8] { [UInt8(data.count + 1), type] + data }

    /// Flags, the heart-rate service, a name.
    static func heartRate(_ name: String = "HR") -> [UInt8] {
        field(0x01, [0x06]) + field(0x03, [0x0D, 0x18]) + field(0x09, Array(name.utf8))
    }

    static let key: [UInt8] = (0..<16).map { UInt8($0) }

    static func longTermKey(_ address: BluetoothAddress, hint: UInt8 = 1, type: UInt8 = 2) -> ManagementPacket {
        event(0x000A, 0, [hint] + Self.address(address) + [type, 0, 16, 0x34, 0x12] + [1, 2, 3, 4, 5, 6, 7, 8] + key)
    }

    static func identityKey(_ address: BluetoothAddress, seenAs: BluetoothAddress) -> ManagementPacket {
        event(0x0018, 0, [1] + seenAs.littleEndian + Self.address(address) + key)
    }
}

extension BluetoothAddress {
    static let strap = BluetoothAddress(number: 0xC0_11_22_33_44_55, kind: .random)
    static let watch = BluetoothAddress(number: 0x00_1A_7D_DA_71_13, kind: .public)
    static let own = BluetoothAddress(number: 0xB8_27_EB_00_00_01, kind: .public)
    static let other = BluetoothAddress(number: 0xB8_27_EB_00_00_02, kind: .public)

    static func numbered(_ n: Int) -> BluetoothAddress {
        BluetoothAddress(number: 0xC0_00_00_00_00_00 | UInt64(n), kind: .random)
    }
}
