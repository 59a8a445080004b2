import CDisk
import Glibc
import Testing

/// What a call of this thread does to a file of the watched folder.
enum DiskStep {
    case create(name: String, file: Int)
    case write(file: Int, offset: Int, bytes: [UInt8])
    case truncate(file: Int, length: Int)
    case rename(from: String, to: String)
    case remove(name: String)
    /// Of a file's content, or (`nil`) of the folder's names.
    case sync(file: Int?)
    /// One that failed: what waited for it is in the system's memory, which takes it for written, and never on the disk.
    case failedSync(file: Int?)
    /// What the test says in between: so many commits are acknowledged.
    case acknowledged(UInt64)
}

/// Sees every change that the calling thread makes to the files of one folder, SQLite's and the store's own alike.
///
/// SQLite's `-shm` is memory that has a name, and a lock file is empty: both are passed over.
final class WatchedDisk {
    let folder: String
    /// The files' contents at the beginning, by number; names are numbered in their order.
    private(set) var contents: [Int: [UInt8]] = [:]
    private(set) var steps: [DiskStep] = []
    /// What becomes of a call: asked with its number, from 0; an `errno` fails it.
    var answer: (Int, DiskStep) -> Int32 = { _, _ in 0 }
    private(set) var calls = 0
    /// The file that each name stands for now.
    private var names: [String: Int] = [:]
    private var fileCount = 0
    let firstNames: [String: Int]

    init(_ folder: Folder) throws {
        self.folder = folder.path
        for name in folder.names where Self.isWatched(name) {
            names[name] = fileCount
            contents[fileCount] = try bytes(of: folder.path + "/" + name)
            fileCount += 1
        }
        firstNames = names
    }

    private static func isWatched(_ name: String) -> Bool { !name.hasSuffix("-shm") && !name.hasSuffix(".lock") }

    func acknowledge(_ sequence: UInt64) { steps.append(.acknowledged(sequence)) }

    /// Watches what `body` does.
    func watch<R>(_ body: () throws -> R) rethrows -> R {
        disk_begin_watch(
            { context, call in
                guard let context, let call else { return 0 }
                return Unmanaged<WatchedDisk>.fromOpaque(context).takeUnretainedValue().see(call.pointee)
            }, Unmanaged.passUnretained(self).toOpaque())
        defer { disk_begin_watch(nil, nil) }
        return try body()
    }

    private func see(_ call: disk_call) -> Int32 {
        guard let step = step(call) else { return call.change == disk_sync ? disk_pretend : 0 }
        let error = answer(calls, step)
        calls += 1
        guard error == 0 else {
            if case .sync(let file) = step { steps.append(.failedSync(file: file)) }
            return error
        }
        keep(step)
        // Nothing here waits for the disk of the machine.
        if case .sync = step { return disk_pretend }
        return 0
    }

    private func keep(_ step: DiskStep) {
        switch step {
        case .create(let name, let file):
            names[name] = file
            fileCount += 1
        case .rename(let from, let to): names[to] = names.removeValue(forKey: from)
        case .remove(let name): names[name] = nil
        default: break
        }
        steps.append(step)
    }

    /// `nil` for what is of no file of the folder.
    private func step(_ call: disk_call) -> DiskStep? {
        let path = call.path.map { String(cString: $0) } ?? Self.path(of: call.descriptor)
        if call.change == disk_sync, path == folder { return .sync(file: nil) }
        guard let name = name(path) else { return nil }
        switch call.change {
        case disk_create: return .create(name: name, file: fileCount)
        case disk_remove: return names[name] == nil ? nil : .remove(name: name)
        case disk_rename: return self.name(String(cString: call.to)).map { .rename(from: name, to: $0) }
        default: break
        }
        guard let file = names[name] else {
            // What is written to a file that was removed is gone with it.
            if !name.hasSuffix(" (deleted)") { Issue.record("\(name) was not seen being made") }
            return nil
        }
        switch call.change {
        case disk_write:
            let bytes = [UInt8](UnsafeRawBufferPointer(start: call.bytes, count: call.count))
            return .write(file: file, offset: Int(call.offset), bytes: bytes)
        case disk_truncate: return .truncate(file: file, length: Int(call.offset))
        default: return .sync(file: file)
        }
    }

    private func name(_ path: String) -> String? {
        guard path.hasPrefix(folder + "/") else { return nil }
        let name = String(path.dropFirst(folder.count + 1))
        return Self.isWatched(name) ? name : nil
    }

    private static func path(of descriptor: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
