import Glibc

/// An open serial port: exclusive, raw, non-blocking. Closes when it goes out of scope.
public struct SerialPort: ~Copyable, Sendable {
    /// The open descriptor. Stays owned by this value.
    public let descriptor: Int32

    /// Opens `path` with the given line settings and takes it for this process alone (`TIOCEXCL` keeps other users out,
    /// `flock` other programs that ask; root ignores the first).
    ///
    /// What arrived before the line format was set was sampled wrongly and is dropped. A pseudo-terminal has no line, so
    /// nothing is dropped there.
    public init(path: String, settings: SerialSettings) throws(LinkError) {
        let opened = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw LinkError.system(errno, "open", path: path) }
        do throws(LinkError) {
            try SerialPort.claim(opened, path: path)
            try SerialPort.configure(opened, settings, path: path)
        } catch {
            SerialPort.release(opened)
            throw error
        }
        descriptor = opened
    }

    /// Gives the descriptor away; whoever takes it ends with `release`.
    consuming func surrender() -> Int32 {
        let owned = descriptor
        discard self
        return owned
    }

    deinit { SerialPort.release(descriptor) }

    private static func claim(_ descriptor: Int32, path: String) throws(LinkError) {
        guard isatty(descriptor) == 1 else { throw LinkError.system(ENOTTY, "isatty", path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw LinkError.system(errno, "flock", path: path) }
        guard ioctl(descriptor, UInt(TIOCEXCL)) == 0 else { throw LinkError.system(errno, "TIOCEXCL", path: path) }
    }

    /// Closes at once: unsent bytes are dropped, for `close` would wait up to 30 s for a device that has stopped reading.
    static func release(_ descriptor: Int32) {
        _ = tcflush(descriptor, TCOFLUSH)
        _ = ioctl(descriptor, UInt(TIOCNXCL))
        _ = close(descriptor)
    }
}
