/// What the kernel tells. Layouts: `lib/bluetooth/mgmt.h`, `struct mgmt_ev_…`.
enum ManagementEvent: Hashable, Sendable {
    /// A command ended; `parameters` is what it returns.
    case complete(command: UInt16, ManagementStatus, parameters: [UInt8])
    /// A command failed, or ended without anything to return.
    case status(command: UInt16, ManagementStatus)
    /// The adapter's hardware reported an error.
    case controllerError(UInt8)
    case indexAdded
    case indexRemoved
    case newSettings(AdapterSettings)
    case newLongTermKey(isToBeStored: Bool, LongTermKey)
    case newIdentityKey(isToBeStored: Bool, seenAs: BluetoothAddress, IdentityKey)
    case deviceConnected(BluetoothAddress)
    case deviceDisconnected(BluetoothAddress, reason: UInt8)
    case connectFailed(BluetoothAddress, ManagementStatus)
    /// `isJustWorks`: there is nothing to compare, only to agree.
    case confirmRequest(BluetoothAddress, isJustWorks: Bool, number: UInt32)
    case passkeyRequest(BluetoothAddress)
    /// The device's user has to type it there.
    case passkeyNotify(BluetoothAddress, passkey: UInt32, entered: UInt8)
    case authenticationFailed(BluetoothAddress, ManagementStatus)
    case deviceFound(DeviceReport)
    case discovering(Bool)
    case deviceUnpaired(BluetoothAddress)
    /// An event that nothing here needs, or one about Bluetooth Classic.
    case other(UInt16)

    /// Reads an event; `nil` when it ends too early.
    init?(_ packet: ManagementPacket) {
        var reader = OctetReader(packet.parameters)
        let event: ManagementEvent?
        switch packet.code {
        case 0x0001, 0x0002: event = Self.answer(packet.code, &reader)
        case 0x0003: event = reader.uint8().map { .controllerError($0) }
        case 0x0004: event = .indexAdded
        case 0x0005: event = .indexRemoved
        case 0x0006: event = reader.uint32().map { .newSettings(AdapterSettings(rawValue: $0)) }
        case 0x000A, 0x0018: event = Self.key(packet.code, &reader)
        case 0x0012: event = DeviceReport.read(&reader).map { $0.map { .deviceFound($0) } ?? .other(packet.code) }
        case 0x0013:
            event = reader.uint8().flatMap { _ in reader.uint8() }.map { .discovering($0 != 0) }
        case 0x000B, 0x000C, 0x000D, 0x000F, 0x0010, 0x0011, 0x0016, 0x0017:
            event = Self.device(packet.code, &reader)
        default: event = .other(packet.code)
        }
        guard let event else { return nil }
        self = event
    }

    private static func answer(_ code: UInt16, _ reader: inout OctetReader) -> ManagementEvent? {
        guard let command = reader.uint16(), let status = reader.uint8().map(ManagementStatus.init) else { return nil }
        return code == 0x0001
            ? .complete(command: command, status, parameters: reader.rest()) : .status(command: command, status)
    }

    private static func key(_ code: UInt16, _ reader: inout OctetReader) -> ManagementEvent? {
        guard let hint = reader.uint8() else { return nil }
        if code == 0x000A {
            guard reader.remaining >= LongTermKey.size else { return nil }
            return LongTermKey(&reader).map { .newLongTermKey(isToBeStored: hint != 0, $0) } ?? .other(code)
        }
        guard let random = reader.octets(6).flatMap({ BluetoothAddress(littleEndian: $0, kind: .random) }),
            reader.remaining >= IdentityKey.size
        else { return nil }
        return IdentityKey(&reader).map { .newIdentityKey(isToBeStored: hint != 0, seenAs: random, $0) } ?? .other(code)
    }

    /// Events that begin with the address of the device they are about.
    private static func device(_ code: UInt16, _ reader: inout OctetReader) -> ManagementEvent? {
        guard let found = reader.address() else { return nil }
        // Everything is read before a device of Bluetooth Classic is put aside: a truncated event stays one.
        let event: ((BluetoothAddress) -> ManagementEvent)?
        switch code {
        case 0x000B:
            guard reader.uint32() != nil, let length = reader.uint16(), reader.octets(Int(length)) != nil else {
                return nil
            }
            event = { .deviceConnected($0) }
        case 0x000C: event = reader.uint8().map { reason in { .deviceDisconnected($0, reason: reason) } }
        case 0x000D: event = reader.uint8().map { status in { .connectFailed($0, ManagementStatus(rawValue: status)) } }
        case 0x000F:
            guard let hint = reader.uint8(), let number = reader.uint32() else { return nil }
            event = { .confirmRequest($0, isJustWorks: hint != 0, number: number) }
        case 0x0010: event = { .passkeyRequest($0) }
        case 0x0011:
            event = reader.uint8().map { status in { .authenticationFailed($0, ManagementStatus(rawValue: status)) } }
        case 0x0016: event = { .deviceUnpaired($0) }
        default:
            guard let passkey = reader.uint32(), let entered = reader.uint8() else { return nil }
            event = { .passkeyNotify($0, passkey: passkey, entered: entered) }
        }
        guard let event else { return nil }
        return found.map(event) ?? .other(code)
    }
}

extension LongTermKey {
    /// Bytes in a message.
    fileprivate static let size = 36
}

extension IdentityKey {
    /// Bytes in a message.
    fileprivate static let size = 23
}

/// One report of an advertising device (`struct mgmt_ev_device_found`).
struct DeviceReport: Hashable, Sendable {
    var address: BluetoothAddress
    /// dBm; `nil` when the adapter does not know.
    var strength: Int?
    var isConnectable: Bool
    /// A scan response alone; else advertising data, with or without the response merged into it.
    var isScanResponse: Bool
    /// Advertising data: length, type, data; again and again.
    var data: [UInt8]

    /// `MGMT_DEV_FOUND_NOT_CONNECTABLE`, `MGMT_DEV_FOUND_SCAN_RSP`
    private static let notConnectable: UInt32 = 1 << 2
    private static let scanResponse: UInt32 = 1 << 5
    private static let unknownStrength: Int8 = 127

    /// `nil` when it ends too early; `.some(nil)` for a device of Bluetooth Classic.
    static func read(_ reader: inout OctetReader) -> DeviceReport?? {
        guard let found = reader.address(), let strength = reader.uint8().map({ Int8(bitPattern: $0) }),
            let flags = reader.uint32(), let length = reader.uint16(), let data = reader.octets(Int(length))
        else { return nil }
        return .some(
            found.map { address in
                DeviceReport(
                    address: address, strength: strength == unknownStrength ? nil : Int(strength),
                    isConnectable: flags & notConnectable == 0, isScanResponse: flags & scanResponse != 0, data: data)
            })
    }
}
