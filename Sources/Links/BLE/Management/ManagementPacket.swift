/// One message of the kernel's Bluetooth management interface: a command to it, or an event from it.
///
/// Source: `doc/mgmt-protocol.rst` of BlueZ 5.8x, "Packet Structures"; the numbers are in `lib/bluetooth/mgmt.h`.
struct ManagementPacket: Hashable, Sendable {
    /// The command's or the event's number.
    var code: UInt16
    /// The adapter it is about: 0 for `hci0`; `everywhere` for none.
    var index: UInt16
    var parameters: [UInt8]

    /// `MGMT_INDEX_NONE`
    static let everywhere: UInt16 = 0xFFFF
    /// Parameters' length is 16 bits, the header six bytes.
    static let longest = 6 + 0xFFFF

    init(code: UInt16, index: UInt16 = ManagementPacket.everywhere, parameters: [UInt8] = []) {
        self.code = code
        self.index = index
        self.parameters = parameters
    }

    /// Reads a message; `nil` when its length is not what its header says.
    init?(_ bytes: some Collection<UInt8>) {
        var reader = OctetReader(bytes)
        guard let code = reader.uint16(), let index = reader.uint16(), let length = reader.uint16(),
            reader.remaining == Int(length)
        else { return nil }
        self.init(code: code, index: index, parameters: reader.rest())
    }

    /// As it goes over the socket.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(6 + parameters.count)
        bytes.append(littleEndian: code)
        bytes.append(littleEndian: index)
        bytes.append(littleEndian: UInt16(truncatingIfNeeded: parameters.count))
        return bytes + parameters
    }
}
