import Dispatch
import Glibc
import Links

/// The Unix socket that commands and queries come in by: JSON lines, peer credentials checked.
///
/// Lives on the queue it was given; every handler runs there.
final class CommandSocket: @unchecked Sendable {
    // @unchecked: every stored property is only touched on `queue`.
    private let path: String
    private let queue: DispatchQueue
    private let answer: Answer
    private var listener: (any DispatchSourceRead)?
    private var connections: [Int32: Connection] = [:]
    /// Left when every connection is closed; nobody waits for it.
    private let released = DispatchGroup()

    /// Answers a line, and what was attached to it.
    typealias Answer = @Sendable (String, AttachedFile?, Peer) -> [String]

    /// Who is at the other end, as the kernel tells.
    struct Peer: Sendable {
        var user: uid_t
        var groups: [gid_t]
    }

    private struct Connection {
        var watch: DescriptorWatch
        var received: [UInt8] = []
        /// What came last, for the line that is under way.
        var attached: AttachedFile?
        var peer: Peer
    }

    /// `SO_PEERGROUPS` of socket(7), which Glibc's module does not export.
    private static let peerGroups: Int32 = 59
    /// More than this many clients at once are turned away.
    private static let mostConnections = 32

    init(path: String, queue: DispatchQueue, answer: @escaping Answer) {
        self.path = path
        self.queue = queue
        self.answer = answer
    }

    /// Begins to listen. A socket file that nobody listens at any more is replaced.
    func start() throws(SocketError) {
        guard let address = UnixAddress(path) else { throw SocketError("the socket path \(path) is too long") }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError(path, errno) }
        let result = address.with { name, length in
            if connect(descriptor, name, length) == 0 { return EADDRINUSE }
            var status = stat()
            if stat(path, &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFSOCK else { return ENOTSOCK }
                unlink(path)
            }
            return bind(descriptor, name, length) == 0 && chmod(path, 0o660) == 0 && listen(descriptor, 16) == 0
                ? 0 : errno
        }
        guard result == 0 else {
            close(descriptor)
            if result == EADDRINUSE { throw SocketError("another vitald listens at \(path)") }
            throw SocketError(path, result)
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { @Sendable [weak self] in self?.accept(from: descriptor) }
        source.setCancelHandler { @Sendable in close(descriptor) }
        source.resume()
        listener = source
    }

    func stop() {
        guard let listener else { return }
        listener.cancel()
        self.listener = nil
        for (descriptor, _) in connections { drop(descriptor) }
        unlink(path)
    }

    private func accept(from listener: Int32) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            guard let peer = CommandSocket.peer(of: descriptor), isAllowed(peer),
                connections.count < Self.mostConnections
            else {
                write(["{\"error\":\"not allowed\"}"], to: descriptor)
                close(descriptor)
                continue
            }
            let watch = DescriptorWatch(
                descriptor, .reading, queue: queue, released: released, release: { _ = close($0) },
                handler: { [weak self] in self?.read(from: descriptor) })
            connections[descriptor] = Connection(watch: watch, peer: peer)
        }
    }

    /// Root, the daemon's own user, and members of its group.
    private func isAllowed(_ peer: Peer) -> Bool {
        peer.user == 0 || peer.user == getuid() || peer.groups.contains(getgid())
    }

    private static func peer(of descriptor: Int32) -> Peer? {
        // struct ucred: process, user, group; Glibc's module leaves it out.
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(credentials.count * MemoryLayout<UInt32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        var groups = [gid_t](repeating: 0, count: 256)
        var length = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        let result = getsockopt(descriptor, SOL_SOCKET, Self.peerGroups, &groups, &length)
        let known = result == 0 ? Array(groups.prefix(Int(length) / MemoryLayout<gid_t>.size)) : []
        return Peer(user: credentials[1], groups: known + [credentials[2]])
    }

    private func read(from descriptor: Int32) {
        guard var connection = connections[descriptor] else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        var isOpen = true
        while true {
            let (count, file) = AttachedFile.receive(into: &chunk, from: descriptor)
            if count > 0 {
                connection.received.append(contentsOf: chunk[..<count])
                if let file { connection.attached = file }
            } else {
                isOpen = count < 0 && (errno == EAGAIN || errno == EINTR)
                break
            }
            if connection.received.count > SocketRequest.longestLine { isOpen = false }
            if !isOpen { break }
        }
        var lines: [String] = []
        while let end = connection.received.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: connection.received[..<end], as: UTF8.self))
            connection.received.removeSubrange(...end)
        }
        let attached = connection.attached
        if !lines.isEmpty { connection.attached = nil }
        connections[descriptor] = connection
        // An answer that cannot be written drops the connection.
        for line in lines where connections[descriptor] != nil {
            write(answer(line, attached, connection.peer), to: descriptor)
        }
        if !isOpen { drop(descriptor) }
    }

    /// Answers are small against the socket's buffer; a client that does not read loses its connection.
    private func write(_ lines: [String], to descriptor: Int32) {
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        if send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) != bytes.count { drop(descriptor) }
    }

    private func drop(_ descriptor: Int32) {
        connections.removeValue(forKey: descriptor)?.watch.cancel()
    }
}

extension SocketError {
    init(_ path: String, _ code: Int32) { self.init("\(path): \(String(cString: strerror(code)))") }
}
