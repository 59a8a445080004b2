import Glibc

/// Why a port cannot be used, and what to do about it.
public struct LinkError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Nothing at that path: not plugged in, or a wrong name.
        case missing
        /// The user who runs this may not open it.
        case permission
        /// Another process holds it.
        case busy
        /// A file, but not a serial port.
        case notATerminal
        /// The driver or this program cannot do what the profile asks for.
        case unsupported
        /// Several ports fit, and only a person can tell which is meant.
        case ambiguous
        /// Another device than the profile's answers.
        case unanswered
        /// It is being found out whether the profile's device answers.
        case pending
        /// It was there and went away while in use.
        case gone
        /// Anything else the kernel reports.
        case other
    }

    public var code: Code
    /// The port's path.
    public var path: String
    /// What happened and what to do about it.
    public var message: String
    /// The kernel's error number; 0 when it did not come from the kernel.
    public var errno: Int32

    public init(_ code: Code, path: String, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.path = path
        self.message = message
        self.errno = errno
    }

    public var description: String { "\(path): \(message)" }

    /// The error of a system call on a port.
    static func system(_ errno: Int32, _ call: String, path: String) -> LinkError {
        switch errno {
        case ENOENT, ENOTDIR:
            LinkError(.missing, path: path, "no such port; is the device plugged in and its path right?", errno: errno)
        case ENODEV, ENXIO:
            LinkError(.missing, path: path, "no device behind this port; plug it in again", errno: errno)
        case EACCES, EPERM:
            LinkError(
                .permission, path: path,
                "permission denied; add the user that runs vitald to the group dialout "
                    + "(sudo usermod -aG dialout USER) and log in again", errno: errno)
        case EBUSY, EWOULDBLOCK:
            LinkError(
                .busy, path: path, "in use by another process; `fuser -v \(path)` names it, stop that one first",
                errno: errno)
        case ENOTTY:
            LinkError(.notATerminal, path: path, "not a serial port", errno: errno)
        case EIO:
            LinkError(.gone, path: path, "the device does not answer (input/output error)", errno: errno)
        default:
            LinkError(.other, path: path, "\(call): \(text(of: errno))", errno: errno)
        }
    }

    /// The kernel's text for an error number.
    static func text(of errno: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer -> String in
            guard let base = buffer.baseAddress, strerror_r(errno, base, buffer.count) == 0 else {
                return "error \(errno)"
            }
            return String(cString: base)
        }
    }
}
