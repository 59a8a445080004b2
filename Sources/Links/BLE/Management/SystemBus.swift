import CBluetooth
import Glibc

/// Asks the system's D-Bus one question: does somebody own a name?
///
/// bluetoothd owns `org.bluez` as long as it runs, and cannot run without the bus: no bus, no bluetoothd. Processes and
/// their files would tell as well, but a sandboxed service sees none of them. Source: D-Bus specification 0.43,
/// "Authentication Protocol" and "Message Protocol".
enum SystemBus {
    static let path = "/run/dbus/system_bus_socket"

    /// A bus that does not answer within this time will not.
    private static let timeoutSeconds = 2
    private static let longestMessage = 4096

    /// Whether bluetoothd runs; `unknown` when a bus is there that cannot be asked.
    static func bluetoothOwner(path: String = SystemBus.path) -> BluetoothOwner {
        guard access(path, F_OK) == 0 else { return .vitald }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .unknown }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        switch connect(descriptor, to: path) {
        case 0: break
        // A socket file that the bus left behind.
        case ECONNREFUSED: return .vitald
        default: return .unknown
        }
        guard let isOwned = ask(descriptor, name: "org.bluez") else { return .unknown }
        return isOwned ? .bluetoothd : .vitald
    }

    /// 0, or the error number.
    private static func connect(_ descriptor: Int32, to path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? 0 : errno
    }

    /// Authenticates, says hello and asks `NameHasOwner`.
    private static func ask(_ descriptor: Int32, name: String) -> Bool? {
        let user = String(getuid()).utf8.map { String($0, radix: 16) }.joined()
        guard send(Array("\0AUTH EXTERNAL \(user)\r\n".utf8), to: descriptor),
            let line = receiveLine(from: descriptor), line.starts(with: Array("OK ".utf8)),
            send(Array("BEGIN\r\n".utf8), to: descriptor),
            send(call("Hello", serial: 1), to: descriptor),
            send(call("NameHasOwner", serial: 2, argument: name), to: descriptor)
        else { return nil }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: longestMessage)
        while received.count <= 4 * longestMessage {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            received += chunk[..<count]
            while let message = BusMessage(received) {
                received.removeFirst(message.length)
                if message.replyTo == 2 { return message.isReturn ? message.body.first.map { $0 != 0 } : nil }
            }
        }
        return nil
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private static func receiveLine(from descriptor: Int32) -> [UInt8]? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < longestMessage, recv(descriptor, &byte, 1, 0) == 1 {
            line.append(byte)
            if byte == UInt8(ascii: "\n") { return line }
        }
        return nil
    }

    /// A method call to the bus itself, little-endian.
    static func call(_ member: String, serial: UInt32, argument: String? = nil) -> [UInt8] {
        let bus = "org.freedesktop.DBus"
        var fields: [UInt8] = []
        func field(_ code: UInt8, _ type: Character, _ text: String) {
            while fields.count % 8 != 0 { fields.append(0) }
            fields += [code, 1, type.asciiValue ?? 0, 0]
            if type == "g" {
                fields.append(UInt8(truncatingIfNeeded: text.utf8.count))
            } else {
                fields.append(littleEndian: UInt32(truncatingIfNeeded: text.utf8.count))
            }
            fields += Array(text.utf8) + [0]
        }
        field(1, "o", "/org/freedesktop/DBus")
        field(2, "s", bus)
        field(3, "s", member)
        field(6, "s", bus)
        if argument != nil { field(8, "g", "s") }
        var body: [UInt8] = []
        if let argument {
            body.append(littleEndian: UInt32(truncatingIfNeeded: argument.utf8.count))
            body += Array(argument.utf8) + [0]
        }
        var message: [UInt8] = [UInt8(ascii: "l"), 1, 0, 1]
        message.append(littleEndian: UInt32(truncatingIfNeeded: body.count))
        message.append(littleEndian: serial)
        message.append(littleEndian: UInt32(truncatingIfNeeded: fields.count))
        message += fields
        while message.count % 8 != 0 { message.append(0) }
        return message + body
    }
}

/// What is needed of a D-Bus message: whether it is a return, to which call, and its body.
struct BusMessage {
    var length: Int
    var isReturn: Bool
    var replyTo: UInt32?
    var body: [UInt8]

    /// Longer ones are nothing that was asked for.
    private static let longest = 65_536

    /// Reads the first whole message; `nil` when there is none yet, or it makes no sense.
    init?(_ bytes: [UInt8]) {
        var reader = OctetReader(bytes)
        guard reader.uint8() == UInt8(ascii: "l"), let type = reader.uint8(), reader.uint16() != nil,
            let bodyLength = reader.uint32(), reader.uint32() != nil, let fieldsLength = reader.uint32(),
            bodyLength <= Self.longest, fieldsLength <= Self.longest, let fields = reader.octets(Int(fieldsLength)),
            reader.octets((8 - (16 + Int(fieldsLength)) % 8) % 8) != nil, let body = reader.octets(Int(bodyLength))
        else { return nil }
        length = bytes.count - reader.remaining
        isReturn = type == 2
        self.body = body
        // Field 5 is REPLY_SERIAL, a uint32 (`u`), aligned to eight as each field is.
        var offset = 0
        while offset + 8 <= fields.count {
            if fields[offset] == 5, fields[offset + 1] == 1, fields[offset + 2] == UInt8(ascii: "u") {
                var value = OctetReader(fields[(offset + 4)...])
                replyTo = value.uint32()
                return
            }
            offset += 8
        }
    }
}
