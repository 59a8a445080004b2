import Glibc
import Vitals

/// Puts a finished store in the place of another, so that a power cut leaves the one or the other whole.
///
/// From the moment the new one has the name `<store>.ready` it is the store: whoever opens for writing next goes on from
/// where this was cut off. What was there before is kept, log included, as `<store>.old-1`, `-2` and so on.
enum StoreReplacement {
    private static func ready(_ path: String) -> String { path + ".ready" }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether a replacement was cut off.
    static func isPending(at path: String) -> Bool { exists(ready(path)) }

    /// Moves the store `draft` to its place. Only with the writer's lock held, and `draft` closed.
    ///
    /// - Returns: Where lies what was there; `nil` when there was nothing.
    static func put(_ draft: String, at place: StorePlace) throws(StoreError) -> String? {
        try synchronise(draft, O_RDWR, place)
        try move(draft, to: ready(place.path), place)
        return try finish(at: place)
    }

    /// Goes on with a replacement that was cut off. Only with the writer's lock held.
    @discardableResult
    static func finish(at place: StorePlace) throws(StoreError) -> String? {
        guard isPending(at: place.path) else { return nil }
        try synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
        var old: String?
        if exists(place.path) {
            var number = 1
            while exists("\(place.path).old-\(number)") { number += 1 }
            let name = "\(place.path).old-\(number)"
            // The log first: with its store gone, nobody would know whose it is.
            if exists(place.path + "-wal") { try move(place.path + "-wal", to: name + "-wal", place) }
            try move(place.path, to: name, place)
            old = name
        }
        // Readers of the old store keep it open; the new one's must not share its index.
        unlink(place.path + "-shm")
        try move(ready(place.path), to: place.path, place)
        return old
    }

    /// Durable when it returns: of two names that change, a disk may keep the later only, and a store beside another's log
    /// would take that for its own.
    private static func move(_ from: String, to: String, _ place: StorePlace) throws(StoreError) {
        guard rename(from, to) == 0 else { throw place.systemError("move \(from) to \(to)") }
        try synchronise(place.folder, O_RDONLY | O_DIRECTORY, place)
    }

    /// Makes a file's content, or a folder's names, durable.
    static func synchronise(_ path: String, _ flags: Int32, _ place: StorePlace) throws(StoreError) {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw place.systemError("open \(path)") }
        defer { close(descriptor) }
        // Some file systems have nothing to do for a folder and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw place.systemError("write \(path)") }
    }
}
