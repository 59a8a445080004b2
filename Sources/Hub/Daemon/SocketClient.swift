import Glibc
import JSON5

/// Asks a running hub over its command socket.
public enum SocketClient {
    /// An answer that does not come within this time will not come.
    static let timeoutSeconds = 10

    /// Sends one request and returns the lines of the answer, without the closing `{"ok":true}`.
    ///
    /// - Throws: `SocketError` when nobody listens, the hub refuses, or the answer ends too early.
    public static func request(path: String, _ request: SocketRequest) throws(SocketError) -> [String] {
        guard let address = UnixAddress(path) else { throw SocketError("the socket path \(path) is too long") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("no socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard address.with({ connect(descriptor, $0, $1) }) == 0 else {
            throw SocketError(
                errno == EACCES
                    ? "no permission to talk to vitald at \(path): join its group, or ask as root"
                    : "vitald is not running (nobody listens at \(path))")
        }
        let bytes = Array((request.line + "\n").utf8)
        let sent: Int
        if let attached = request.attached {
            sent = try AttachedFile(attached).send(bytes, to: descriptor)
        } else {
            sent = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == bytes.count else {
            throw SocketError("vitald closed the connection")
        }
        return try answer(from: descriptor)
    }

    private static func answer(from descriptor: Int32) throws(SocketError) -> [String] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { throw SocketError("vitald did not answer in time") }
            received.append(contentsOf: chunk[..<count])
            guard received.last == UInt8(ascii: "\n") else { continue }
            var lines = String(decoding: received, as: UTF8.self).split(separator: "\n").map(String.init)
            guard let last = lines.last, let end = try? JSONDocument.parse(last, file: "answer").reader.object() else {
                continue
            }
            if end["ok"] != nil {
                lines.removeLast()
                return lines
            }
            if case .string(let message) = end["error"]?.value { throw SocketError(message) }
        }
    }
}

/// Why the hub could not be asked, or what it refused.
public struct SocketError: Error, Sendable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}
