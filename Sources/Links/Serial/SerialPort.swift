import Glibc

/// An open serial port: exclusive, raw, non-blocking. Closes when it goes out of scope.
///
/// **DTR and RTS.** Linux raises both while it opens a port, before the program gets a say, and boards that restart on
/// DTR (an Arduino) do so when it rises. What can be done, and is:
/// - Lines that are up already do not rise: a port of a device that resets on opening (`resetsOnOpen`), and every port
///   that was only probed, is closed without `HUPCL`, which leaves them up. Such a device restarts at the first opening
///   after it was plugged in, and not again. The others get `HUPCL`: their lines drop when the port is closed.
/// - The two are never set apart: on an ESP32 one alone holds the chip in reset or starts its loader (`TIOCMBIC` after
///   opening would do that, and come too late besides). Nor are both lowered: many USB sensors send only while DTR is up.
///
/// **XON and XOFF.** `IXON` is never set: the kernel would take the bytes 0x11 and 0x13 out of a binary stream.
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

    /// Bytes that the kernel has not sent yet.
    static func unsent(_ descriptor: Int32) -> Int32 {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? count : 0
    }

    /// Closes at once: unsent bytes are dropped, for `close` would wait up to 30 s for a device that has stopped reading.
    static func release(_ descriptor: Int32) {
        // Only then: on a pseudo-terminal flushing also takes away what the other side has not read yet.
        if unsent(descriptor) > 0 { _ = tcflush(descriptor, TCOFLUSH) }
        _ = ioctl(descriptor, UInt(TIOCNXCL))
        _ = close(descriptor)
    }
}
