/// What is asked of the kernel. Layouts: `lib/bluetooth/mgmt.h`, `struct mgmt_cp_…`.
enum ManagementCommand: Hashable, Sendable {
    case readIndexList
    case readInformation
    case setPowered(Bool)
    case setBondable(Bool)
    case setLowEnergy(Bool)
    case setSecureConnections(Bool)
    case setCapability(PairingCapability)
    case loadLongTermKeys([LongTermKey])
    case loadIdentityKeys([IdentityKey])
    case disconnect(BluetoothAddress)
    case getConnections
    case pair(BluetoothAddress, PairingCapability)
    case cancelPairing(BluetoothAddress)
    /// Deletes the kernel's keys of a device.
    case unpair(BluetoothAddress, disconnect: Bool)
    case confirm(BluetoothAddress, Bool)
    /// Six digits; `nil` refuses.
    case passkey(BluetoothAddress, UInt32?)
    /// LE devices of both kinds, of any service and any strength.
    case startDiscovery
    case stopDiscovery

    /// Public and random LE addresses: the address types of discovery are a set of bits.
    private static let lowEnergy: UInt8 = 0x06
    /// Any other threshold drops reports whose strength is unknown.
    private static let noThreshold: UInt8 = 127

    /// Whether it is about no adapter in particular.
    var isGlobal: Bool { self == .readIndexList }

    var code: UInt16 {
        switch self {
        case .readIndexList: 0x0003
        case .readInformation: 0x0004
        case .setPowered: 0x0005
        case .setBondable: 0x0009
        case .setLowEnergy: 0x000D
        case .loadLongTermKeys: 0x0013
        case .disconnect: 0x0014
        case .getConnections: 0x0015
        case .setCapability: 0x0018
        case .pair: 0x0019
        case .cancelPairing: 0x001A
        case .unpair: 0x001B
        case .confirm(_, true): 0x001C
        case .confirm(_, false): 0x001D
        case .passkey(_, .some): 0x001E
        case .passkey(_, nil): 0x001F
        case .stopDiscovery: 0x0024
        case .setSecureConnections: 0x002D
        case .loadIdentityKeys: 0x0030
        case .startDiscovery: 0x003A
        }
    }

    var parameters: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .readIndexList, .readInformation, .getConnections: break
        case .setPowered(let on), .setBondable(let on), .setLowEnergy(let on), .setSecureConnections(let on):
            bytes.append(on ? 1 : 0)
        case .setCapability(let capability): bytes.append(capability.rawValue)
        case .loadLongTermKeys(let keys):
            bytes.append(littleEndian: UInt16(clamping: keys.count))
            for key in keys.prefix(Int(UInt16.max)) { bytes += key.bytes }
        case .loadIdentityKeys(let keys):
            bytes.append(littleEndian: UInt16(clamping: keys.count))
            for key in keys.prefix(Int(UInt16.max)) { bytes += key.bytes }
        case .disconnect(let address), .cancelPairing(let address), .confirm(let address, _),
            .passkey(let address, nil):
            bytes.append(address)
        case .pair(let address, let capability):
            bytes.append(address)
            bytes.append(capability.rawValue)
        case .unpair(let address, let disconnect):
            bytes.append(address)
            bytes.append(disconnect ? 1 : 0)
        case .passkey(let address, .some(let passkey)):
            bytes.append(address)
            bytes.append(littleEndian: passkey)
        case .startDiscovery: bytes = [Self.lowEnergy, Self.noThreshold, 0, 0]
        case .stopDiscovery: bytes = [Self.lowEnergy]
        }
        return bytes
    }

    func packet(index: UInt16) -> ManagementPacket {
        ManagementPacket(
            code: code, index: isGlobal ? ManagementPacket.everywhere : index, parameters: parameters)
    }
}

/// What vitald can show and ask while a device is paired.
enum PairingCapability: UInt8, Hashable, Sendable {
    case displayOnly = 0
    case displayYesNo = 1
    case keyboardOnly = 2
    case noInputNoOutput = 3
    case keyboardDisplay = 4
}
