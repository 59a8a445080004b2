/// A key that encrypts the link to a device (`struct mgmt_ltk_info`).
struct LongTermKey: Hashable, Sendable {
    /// The device's identity.
    var address: BluetoothAddress
    /// 0 legacy, 1 legacy and authenticated, 2 and 3 the same of Secure Connections, 4 a debug key.
    var type: UInt8
    /// Of legacy keys: whether this side was the central when the key was given out.
    var central: UInt8
    /// Bytes of the key that count: 7 to 16.
    var size: UInt8
    var diversifier: UInt16
    var random: UInt64
    /// Sixteen bytes.
    var value: [UInt8]

    /// Whether somebody compared numbers or typed them in.
    var isAuthenticated: Bool { type == 1 || type == 3 }

    init(
        address: BluetoothAddress, type: UInt8, central: UInt8, size: UInt8, diversifier: UInt16, random: UInt64,
        value: [UInt8]
    ) {
        self.address = address
        self.type = type
        self.central = central
        self.size = size
        self.diversifier = diversifier
        self.random = random
        self.value = value
    }

    /// `nil` when it ends too early, or belongs to Bluetooth Classic.
    init?(_ reader: inout OctetReader) {
        guard let found = reader.address(), let address = found, let type = reader.uint8(),
            let central = reader.uint8(), let size = reader.uint8(), let diversifier = reader.uint16(),
            let random = reader.integer(UInt64.self), let value = reader.octets(16)
        else { return nil }
        self.init(
            address: address, type: type, central: central, size: size, diversifier: diversifier, random: random,
            value: value)
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(address)
        bytes += [type, central, size]
        bytes.append(littleEndian: diversifier)
        bytes.append(littleEndian: random)
        return bytes + value
    }
}

/// A key that tells whose a changing address is (`struct mgmt_irk_info`).
struct IdentityKey: Hashable, Sendable {
    /// The device's identity.
    var address: BluetoothAddress
    /// Sixteen bytes.
    var value: [UInt8]

    init(address: BluetoothAddress, value: [UInt8]) {
        self.address = address
        self.value = value
    }

    /// `nil` when it ends too early, or belongs to Bluetooth Classic.
    init?(_ reader: inout OctetReader) {
        guard let found = reader.address(), let address = found, let value = reader.octets(16) else { return nil }
        self.init(address: address, value: value)
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(address)
        return bytes + value
    }
}
