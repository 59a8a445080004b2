import Glibc
import Vitals

/// The right to write a store: an exclusive `flock` on the file `<store>.lock`, held until `release`.
///
/// It lies beside the store and not on it because SQLite holds POSIX locks on the store itself, which the kernel drops
/// as soon as the process closes *any* descriptor of that file (fcntl(2)). `flock` belongs to the open file: a second handle in the
/// same process is refused like a second process, and the kernel frees it when its holder dies. Readers never touch it,
/// but for those of a store in a folder they cannot write. The lock file stays behind: removing it would
/// let two writers hold locks on two files of the same name.
struct WriterLock: ~Copyable {
    private let descriptor: Int32
    /// How often, and after how many microseconds, a lock that another has is asked for again.
    private static let patience: (tries: Int, pause: UInt32) = (10, 20_000)

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// Gives it up; until then it is held.
    consuming func release() {}

    /// Takes the lock of the store at `path`, whose symbolic links are resolved; `.locked` when another has it.
    static func exclusive(store path: String) throws(StoreError) -> WriterLock {
        let name = path + ".lock"
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let error = errno
            throw StoreError(
                .unwritable, path: path,
                "cannot make its lock \(name) (\(String(cString: strerror(error)))): \(DiskAdvice.after(error))")
        }
        let lock = WriterLock(descriptor: descriptor)
        var isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        // A program that a former holder starts has the lock, too, for the moment until it is loaded.
        var tries = 0
        while !isTaken, tries < patience.tries {
            usleep(patience.pause)
            isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
            tries += 1
        }
        guard isTaken else {
            let holder = lock.holder.map { " (process \($0))" } ?? ""
            throw StoreError(
                .locked, path: path,
                "another vitald\(holder) writes this store: stop it first (`systemctl stop vitald`), "
                    + "or give the order to the running daemon")
        }
        lock.sign()
        return lock
    }

    /// Keeps writers away from a store that is read as if nothing could change it; `nil` when a writer is there, and
    /// a lock is not needed where no writer ever made the file.
    static func shared(store path: String) -> WriterLock? {
        let descriptor = open(path + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { return nil }
            return WriterLock(descriptor: -1)
        }
        let lock = WriterLock(descriptor: descriptor)
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
        return consume lock
    }

    /// Process id that the holder wrote into the file.
    private var holder: Int? {
        var buffer = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        let digits = buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    /// For the message of whoever is refused; a failure costs them the number, no more.
    private func sign() {
        let line = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, line, line.count, 0) }
    }
}
