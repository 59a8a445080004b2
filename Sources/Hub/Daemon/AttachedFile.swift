import Glibc

/// A file that goes with a line of the command socket: what is too large for a line.
///
/// The descriptor travels (`SCM_RIGHTS`, unix(7)), not the bytes: however long a client takes, the daemon holds no memory for
/// it, and reads the whole at once.
final class AttachedFile: Sendable {
    let descriptor: Int32

    /// Takes an open descriptor over, and closes it in the end.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A file in memory that holds `bytes`.
    init(_ bytes: [UInt8]) throws(SocketError) {
        // Nameless from now on: nothing of it is left, and nothing of it reaches a disk.
        let name = "/vitald-\(UInt64.random(in: .min ... .max))"
        descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SocketError("a file in memory", errno) }
        shm_unlink(name)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SocketError("a file in memory", errno) }
            rest = rest.dropFirst(count)
        }
    }

    deinit { close(descriptor) }

    /// All it holds; `nil` for what is no file, larger than `most`, or changes meanwhile. Never waits for anybody.
    func bytes(atMost most: Int) -> [UInt8]? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= most else {
            return nil
        }
        let size = Int(status.st_size)
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while done < size {
                let read = pread(descriptor, buffer.baseAddress.map { $0 + done }, size - done, off_t(done))
                guard read > 0 else { break }
                done += read
            }
            count = done
        }
        return done == size ? bytes : nil
    }

    // MARK: Travelling

    /// Bytes of ancillary data with one descriptor (cmsg(3)): a header, and the number. No more: the padding behind it would
    /// take a second descriptor in, which nobody would close.
    private static let header = MemoryLayout<cmsghdr>.size
    private static let length = header + MemoryLayout<Int32>.size

    /// Sends bytes with the file; returns how many went, or −1.
    func send(_ bytes: [UInt8], to socket: Int32) -> Int {
        withUnsafeTemporaryAllocation(byteCount: Self.length, alignment: MemoryLayout<Int>.alignment) { control in
            control.initializeMemory(as: UInt8.self, repeating: 0)
            var head = cmsghdr()
            head.cmsg_len = Self.length
            head.cmsg_level = SOL_SOCKET
            head.cmsg_type = Int32(SCM_RIGHTS)
            control.storeBytes(of: head, as: cmsghdr.self)
            control.storeBytes(of: descriptor, toByteOffset: Self.header, as: Int32.self)
            var bytes = bytes
            return bytes.withUnsafeMutableBytes { buffer in
                Self.withMessage(buffer, control) { sendmsg(socket, &$0, Int32(MSG_NOSIGNAL)) }
            }
        }
    }

    /// Receives bytes, as `recv` does, and the file that came with them.
    static func receive(into buffer: inout [UInt8], from socket: Int32) -> (count: Int, file: AttachedFile?) {
        withUnsafeTemporaryAllocation(byteCount: length, alignment: MemoryLayout<Int>.alignment) { control in
            buffer.withUnsafeMutableBytes { buffer in
                withMessage(buffer, control) { message in
                    let count = recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
                    guard count > 0, message.msg_controllen >= length else { return (count, nil) }
                    let head = control.load(as: cmsghdr.self)
                    guard head.cmsg_level == SOL_SOCKET, head.cmsg_type == Int32(SCM_RIGHTS),
                        head.cmsg_len >= length
                    else { return (count, nil) }
                    return (count, AttachedFile(control.load(fromByteOffset: header, as: Int32.self)))
                }
            }
        }
    }

    private static func withMessage<R>(
        _ bytes: UnsafeMutableRawBufferPointer, _ control: UnsafeMutableRawBufferPointer, _ body: (inout msghdr) -> R
    ) -> R {
        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &vector) {
            var message = msghdr()
            message.msg_iov = $0
            message.msg_iovlen = 1
            message.msg_control = control.baseAddress
            message.msg_controllen = control.count
            return body(&message)
        }
    }
}
