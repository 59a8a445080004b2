import Glibc
import Synchronization

/// A serial line made of software: what is written here arrives at whoever opened `path`, and back.
///
/// Virtual devices and tests stand on it. Raw from the start, so that bytes sent before the other side configures the
/// port arrive unchanged. Closing it is unplugging: the other side reads end of file.
public final class PseudoTerminal: Sendable {
    /// Path of the other end, e.g. `/dev/pts/7`.
    public let path: String
    /// The symbolic link that leads to it, where one was asked for.
    public let link: String?
    /// −1 once closed.
    private let master: Mutex<Int32>

    // asm-generic/ioctls.h: _IOW('T', 0x31, int) and _IOR('T', 0x30, unsigned int).
    private static let unlock: UInt = 0x4004_5431
    private static let number: UInt = 0x8004_5430

    /// Where the other ends are (devpts, Documentation/filesystems/devpts.rst).
    private static let folder = "/dev/pts/"

    /// Opens a new pair; with `link`, a symbolic link to it. A link to a pseudo-terminal, which an earlier
    /// run left behind, is replaced; anything else that has the name is somebody's and stays.
    public init(link: String? = nil) throws(LinkError) {
        let device = "/dev/ptmx"
        let descriptor = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw LinkError.system(errno, "open", path: device) }
        do throws(LinkError) {
            var locked: Int32 = 0
            guard ioctl(descriptor, PseudoTerminal.unlock, &locked) == 0 else {
                throw LinkError.system(errno, "TIOCSPTLCK", path: device)
            }
            var index: UInt32 = 0
            guard ioctl(descriptor, PseudoTerminal.number, &index) == 0 else {
                throw LinkError.system(errno, "TIOCGPTN", path: device)
            }
            path = "\(PseudoTerminal.folder)\(index)"
            try PseudoTerminal.makeRaw(path)
            if let link { try PseudoTerminal.place(link, to: path) }
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        self.link = link
        master = Mutex(descriptor)
    }

    deinit { close() }

    /// Whether somebody has the other end open. Until the first reader, and between readers, nobody has.
    public var hasReader: Bool {
        master.withLock { descriptor in
            var ask = pollfd(fd: descriptor, events: 0, revents: 0)
            return descriptor >= 0 && poll(&ask, 1, 0) >= 0 && ask.revents & Int16(POLLHUP) == 0
        }
    }

    /// Sends bytes and returns how many the line took: fewer when the reader is slow. What it does not take is lost, as on
    /// a wire. What is sent while nobody has the other end open waits for the next reader, as far as the kernel's buffer
    /// goes; ask `hasReader` first where that is not wanted.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>) -> Int {
        let bytes = Array(bytes)
        return master.withLock { descriptor in
            var sent = 0
            while descriptor >= 0, sent < bytes.count {
                let size = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent)
                }
                if size < 0 && errno == EINTR { continue }
                guard size > 0 else { break }
                sent += size
            }
            return sent
        }
    }

    /// What the other side has sent so far; empty when nothing, or nobody is there.
    public func read() -> [UInt8] {
        master.withLock { descriptor in
            var bytes: [UInt8] = []
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                while descriptor >= 0 {
                    let size = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                    if size < 0 && errno == EINTR { continue }
                    guard size > 0 else { return }
                    bytes.append(contentsOf: buffer[..<size])
                }
            }
            return bytes
        }
    }

    /// Unplugs: removes the symbolic link if it is still ours and hangs up. Harmless when repeated.
    public func close() {
        let descriptor = master.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        guard descriptor >= 0 else { return }
        if let link, PathWatch.destination(of: link) == path { _ = unlink(link) }
        _ = Glibc.close(descriptor)
    }

    private static func makeRaw(_ path: String) throws(LinkError) {
        let slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw LinkError.system(errno, "open", path: path) }
        defer { _ = Glibc.close(slave) }
        var line = termios()
        guard tcgetattr(slave, &line) == 0 else { throw LinkError.system(errno, "tcgetattr", path: path) }
        cfmakeraw(&line)
        guard tcsetattr(slave, TCSANOW, &line) == 0 else { throw LinkError.system(errno, "tcsetattr", path: path) }
    }

    /// Makes the link under another name first, so that it is never absent while it is replaced.
    private static func place(_ link: String, to path: String) throws(LinkError) {
        var status = stat()
        if lstat(link, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFLNK else {
                throw LinkError(
                    .other, path: link, "exists and is not a symbolic link; choose another name", errno: EEXIST)
            }
            guard let destination = PathWatch.destination(of: link), destination.hasPrefix(folder) else {
                throw LinkError(
                    .other, path: link, "is a link to something else than a pseudo-terminal; choose another name",
                    errno: EEXIST)
            }
        }
        let temporary = "\(link).\(getpid()).new"
        _ = unlink(temporary)
        guard symlink(path, temporary) == 0 else { throw LinkError.system(errno, "symlink", path: link) }
        guard rename(temporary, link) == 0 else {
            let reason = errno
            _ = unlink(temporary)
            throw LinkError.system(reason, "rename", path: link)
        }
    }
}
