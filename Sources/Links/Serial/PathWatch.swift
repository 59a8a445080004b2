import Dispatch
import Glibc

/// Notices when something appears at, vanishes from or changes at a path, by inotify.
///
/// Watches the directory of the path and, where the path is a symbolic link, of what it points to; a directory that
/// does not exist yet (`/dev/serial/by-id` before the first adapter) is stood for by its nearest existing ancestor.
/// Use from one queue only.
final class PathWatch {
    private let descriptor: Int32
    private var watch: DescriptorWatch?
    /// Watched directory to inotify's number for it.
    private var directories: [String: Int32] = [:]
    /// Last path components whose changes matter.
    private var names: Set<String> = []

    /// Longest chain of symbolic links followed; the kernel's own limit is 40.
    private static let longestChain = 8
    private static let events =
        UInt32(IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF)

    /// `nil` when the kernel gives no inotify instance (limit reached): the caller's retries must do then.
    init?(queue: DispatchQueue, released: DispatchGroup, handler: @escaping @Sendable () -> Void) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        watch = DescriptorWatch(
            descriptor, .reading, queue: queue, released: released, release: { _ = close($0) }, handler: handler)
    }

    func cancel() { watch?.cancel() }

    /// Looks at `path` anew: call before testing whether it exists, so that no change is missed in between.
    func follow(_ path: String) {
        var wanted: [String: Int32] = [:]
        names = []
        for place in PathWatch.places(of: path) {
            names.insert(place.name)
            let number = inotify_add_watch(descriptor, place.directory, PathWatch.events)
            if number >= 0 { wanted[place.directory] = number }
        }
        for (directory, number) in directories where wanted[directory] == nil && !wanted.values.contains(number) {
            _ = inotify_rm_watch(descriptor, number)
        }
        directories = wanted
    }

    /// Reads all pending events; whether one of them concerns the path.
    func drain() -> Bool {
        var matters = false
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while true {
                let size = read(descriptor, buffer.baseAddress, buffer.count)
                if size < 0 && errno == EINTR { continue }
                guard size > 0 else { return }
                if concern(UnsafeRawBufferPointer(rebasing: buffer[..<size])) { matters = true }
            }
        }
        return matters
    }

    private func concern(_ events: UnsafeRawBufferPointer) -> Bool {
        // struct inotify_event { int wd; uint32_t mask, cookie, len; char name[len]; }
        let headSize = 16
        var matters = false
        var offset = 0
        while offset + headSize <= events.count {
            let mask = events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            guard offset + headSize + length <= events.count else { break }
            let name = events[(offset + headSize)..<(offset + headSize + length)].prefix { $0 != 0 }
            if mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW | IN_IGNORED) != 0
                || names.contains(String(decoding: name, as: UTF8.self))
            {
                matters = true
            }
            offset += headSize + length
        }
        return matters
    }

    /// The directories to watch for `path`, each with the name to look for in it.
    static func places(of path: String) -> [(directory: String, name: String)] {
        var places: [(directory: String, name: String)] = []
        var current = path
        for _ in 0..<longestChain {
            var (directory, name) = split(current)
            var status = stat()
            while stat(directory, &status) != 0, directory != "/", directory != "." {
                (directory, name) = split(directory)
            }
            places.append((directory, name))
            guard let target = destination(of: current) else { break }
            current = target.hasPrefix("/") ? target : split(current).directory + "/" + target
        }
        return places
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
        let name = parts.last.map { String(Substring($0)) } ?? ""
        let parent = parts.dropLast().map { String(Substring($0)) }.joined(separator: "/")
        return (path.hasPrefix("/") ? "/" + parent : parent.isEmpty ? "." : parent, name)
    }

    /// What a symbolic link points to; `nil` for anything else.
    static func destination(of path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
            let size = readlink(path, base, buffer.count)
            guard size > 0 else { return nil }
            return String(decoding: buffer[..<size], as: UTF8.self)
        }
    }
}
