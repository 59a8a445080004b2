import Glibc
import Hub
import Storage
import Vitals

/// A store that is read beside its daemon, and what is to be said to its writer: by the daemon's command socket while one
/// runs, else directly.
struct FollowedStore {
    let path: String
    private let socket: String
    private let arguments: Arguments
    private(set) var store: SQLiteStore
    /// What file it was that was opened: a restored store is another one.
    private var file: (device: UInt, inode: UInt)
    private var seen: Int64 = 0

    /// How often a quiet store is looked at: a look reads one number from memory that all its users share.
    private static let pause: UInt32 = 200_000

    init(_ arguments: Arguments) throws {
        path = try arguments.required("store")
        socket = arguments.text("socket") ?? Configuration.defaultSocketPath
        self.arguments = arguments
        store = try StoreFile.open(arguments)
        file = Self.file(at: path)
    }

    private static func file(at path: String) -> (device: UInt, inode: UInt) {
        var status = stat()
        guard stat(path, &status) == 0 else { return (0, 0) }
        return (UInt(status.st_dev), UInt(status.st_ino))
    }

    /// Waits until something was committed; `true` when another store took this one's place, which is then open.
    mutating func wait() throws -> Bool {
        while true {
            let now = Self.file(at: path)
            if now != file, now != (0, 0) {
                try reopen()
                return true
            }
            let changes = try store.changes()
            if changes != seen {
                seen = changes
                return false
            }
            usleep(Self.pause)
        }
    }

    /// Opens it anew: its writer may have upgraded it.
    mutating func reopen() throws {
        store.close()
        store = try StoreFile.open(arguments)
        file = Self.file(at: path)
    }

    /// Tells the writer that a follower has everything up to a commit.
    func follow(_ name: String, after sequence: UInt64, by actor: String) throws {
        try order(.follow(name: name, after: sequence), by: actor) { store, at in
            try store.follow(name, after: sequence, at: at)
        }
    }

    func unfollow(_ name: String, by actor: String) throws {
        try order(.unfollow(name), by: actor) { store, _ in
            guard try store.unfollow(name) else {
                throw CommandError.failed("nobody of the name \(name) follows the store")
            }
        }
    }

    /// Has a record stored, with the order to do so.
    func put(_ record: Record, by actor: String) throws {
        let command = Command(id: .random(), actor: actor, action: .put(record))
        try write { store, at in
            var commit = Commit(at: at)
            commit.records = [record]
            commit.commands = [AppliedCommand(command: command, at: at)]
            try store.commit(commit)
        } orAsk: {
            .record(record, command)
        }
    }

    /// Writes directly, or has the daemon do it that writes the store.
    private func write(
        _ directly: (SQLiteStore, Timestamp) throws -> Void, orAsk request: () throws -> SocketRequest
    ) throws {
        let writer: SQLiteStore
        do {
            writer = try SQLiteStore.open(
                path: path, mode: .write(hub: .random(), createIfMissing: false),
                keyFile: arguments.text(StoreFile.keyFile))
        } catch  where error.code == .locked {
            _ = try SocketClient.request(path: socket, try request())
            return
        }
        defer { writer.close() }
        try directly(writer, try writer.lastCommit())
    }

    private func order(
        _ action: Command.Action, by actor: String, _ change: (SQLiteStore, Timestamp) throws -> Void
    ) throws {
        let command = Command(id: .random(), actor: actor, action: action)
        try write { store, at in
            let known = try store.followers().count
            try change(store, at)
            // Who begins or ends to follow is recorded, as the daemon does.
            guard try store.followers().count != known else { return }
            var commit = Commit(at: at)
            commit.commands = [AppliedCommand(command: command, at: at)]
            try store.commit(commit)
        } orAsk: {
            .command(command)
        }
    }
}
